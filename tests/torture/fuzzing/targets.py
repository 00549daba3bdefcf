"""Every parser of something from outside: real-shaped samples, how it is called, and how it may refuse."""

import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from itertools import islice
from pathlib import Path

from openpyxl import Workbook, load_workbook

from flows.mail.sending.bounces import read_report
from flows.review.answers import AnswerRefused, Desk
from flows.review.book import read_book, write_book
from models.configuration.settings import SettingsInvalid, load_settings
from models.configuration.source_settings import ExtractMail
from models.declarations.draft import DeclarationDraft
from models.drafts import Check, Draft
from models.matching.matcher import Matcher
from models.matching.mention import KnownMember, KnownName, Mention
from models.members.register import RegisterRefused, read_register
from models.words import Channel, NameKind
from sources.archive.archive import Archive
from sources.contract import Bounds, RawItem, SourceBroken, Visit
from sources.declarations.reading import MAX_FILE, read_declaration
from sources.encoding import decode_bytes
from sources.files.extract import Extract
from sources.files.extract_mail import MailedExtract
from sources.files.kind import EXTRACT_INFO
from sources.inbox.access import Access
from sources.inbox.tips import TIPS_INFO, Tips
from sources.pages.list_pages import Link, follow_lists
from sources.pages.wordpress import Opened, discover_records
from sources.registry import WEB_KINDS, WEB_SOURCES
from sources.usa.cfpb_search import read_answer
from sources.usa.ftc_days import find_days
from sources.web.robots import read_robots
from tests.declaration_world import fill, fill_json
from tests.small_world import ANNA, Small, total

KEY = b"a key for fuzzing"
NIGHT = date(2026, 8, 26)
NOW = datetime(2026, 8, 26, 1, 15, tzinfo=UTC)
AGENT = "Prov (+mailto:prov@forening.example)"
BOUNDS = Bounds(rows=(0, 1_000_000), quiet_days=30, max_age_days=3, delay=0)
ROOT = Path(__file__).parents[3]
PAGES, SAMPLES = ROOT / "tests" / "pages", ROOT / "samples"
GIANT = 100_000  # bytes
MOST_DRAFTS = 3_000  # of one input: a million short rows are one row many times
_MONTH = (date(2026, 8, 1), date(2026, 8, 31))


@dataclass(frozen=True)
class Sample:
    """One undamaged input, and the address it was found at."""

    content: bytes
    url: str = "https://example.org/"


Read = Callable[[bytes, Sample], Iterable[Draft] | None]


@dataclass(frozen=True)
class Target:
    """One parser. ``read`` may raise ``refusals`` and nothing else; ``keys`` is the form of an undamaged id."""

    name: str
    family: str
    samples: Sequence[Sample]
    read: Read
    refusals: tuple[type[Exception], ...] = (SourceBroken,)
    kind: str = ""  # of source, where drafts come out: they are judged by its suite
    checks: Sequence[Check] = ()
    keys: str = ""
    in_address: str = ""  # a pattern of the address: what it finds there is the only id the page may have


def list_targets(scratch: Path) -> list[Target]:
    """Return every parser; ``scratch`` is an empty folder for those that read from disk."""
    scratch.mkdir(parents=True, exist_ok=True)
    return [
        *_pages(), *_american(), *_lists(), *_extracts(), *_mails(scratch), *_register(scratch), *_declarations(),
        _workbook(scratch), _configuration(scratch), _robots(), *_names(),
    ]  # fmt: skip


def read_files(*patterns: str) -> list[Sample]:
    """Return the samples under these patterns, with the address each names as its own."""
    found = [path for pattern in patterns for path in sorted(ROOT.glob(pattern)) if path.is_file()]
    assert found, patterns
    return [Sample(path.read_bytes(), _find_address(path.read_bytes())) for path in found]


def _find_address(content: bytes) -> str:
    canonical = re.search(rb'<link rel="canonical" href="([^"]+)"', content)
    return canonical.group(1).decode() if canonical else Sample.url


def _item(content: bytes, sample: Sample, **more: object) -> RawItem:
    return RawItem(sample.url, hashlib.sha256(content).hexdigest(), **more)  # type: ignore[arg-type]


# -- publishers' pages


_FORMS = {  # the form of an undamaged key, and what of the address it must agree with
    "dm_namnden": (r"\d\d-\d{3,4}|[1-9]\d{0,3}/\d\d", r"(?<!\d)\d\d-\d{3,4}(?!\d)"),
    "ko_domar": (r"(?:PM[TÖÄ]D?|MD|FF|IF|T|Ö) \d{1,5}[-:/]\d{1,4}[a-z]?|(?:19|20)\d\d/\d{1,5}", ""),
    "varningslistan": (r"[^\x00-\x1f\x7f-\x9f\ufffd<>{}]{1,200}", ""),
    "reklamombudsmannen": (r"\d{4}-\d{1,4}", r"(?<=caseid=)\d{4}-\d{1,4}"),
    "forbrukertilsynet": (r"FOV-\d{4}-\d{1,5}[A-Z]?", r"fov-\d{4}-\d{1,5}[a-z]?"),
}  # fmt: skip


def _pages() -> Iterator[Target]:
    for kind, (keys, in_address) in _FORMS.items():
        source = WEB_SOURCES[kind](kind, ["https://example.org"], BOUNDS, AGENT)
        more = ["samples/site*/*/arenden/*/*", "samples/site/*/20*/*/*/*"]
        samples = read_files(f"tests/pages/{kind}/*.html", *(more if kind == "dm_namnden" else ()))

        def read(content: bytes, sample: Sample, source=source) -> Iterable[Draft]:
            if hasattr(source, "is_known_page") and len(content) < GIANT:  # the beginning of what follows
                source.is_known_page(decode_bytes(content).text)
            return islice(source.parse(content, _item(content, sample)), MOST_DRAFTS)

        yield Target(kind, "page", samples, read, kind=kind, checks=source.info.checks, keys=keys,
                     in_address=in_address)  # fmt: skip


def _american() -> Iterator[Target]:
    cfpb = WEB_SOURCES["cfpb"]("cfpb", ["https://api.example/v1/"], BOUNDS, AGENT)
    ftc = WEB_SOURCES["ftc_dnc"]("ftc_dnc", ["https://data.example/"], BOUNDS, AGENT)

    def parse(source) -> Read:
        return lambda content, sample: islice(source.parse(content, _item(content, sample)), MOST_DRAFTS)

    def answer(content: bytes, sample: Sample) -> Iterable[Draft]:
        read_answer(content, sample.url)
        return islice(cfpb.parse(content, _item(content, sample, covers=_MONTH)), MOST_DRAFTS)

    def page(content: bytes, sample: Sample) -> None:
        find_days(decode_bytes(content).text, sample.url)

    files = [*read_files("tests/pages/cfpb/*.csv")]
    made = r"[1-9]\d{0,11}|[0-9a-f]{32}-\d+"
    links = "".join(f'<li><a href="/f/dnc_{day}.csv">July {n}, 2021</a>' for n, day in enumerate(("2021-07-08",) * 9))
    yield Target("cfpb files", "csv", files, parse(cfpb), kind="cfpb", checks=cfpb.info.checks, keys=made)
    yield Target("cfpb search", "json", read_files("tests/pages/cfpb/*.hits"), answer, kind="cfpb",
                 checks=cfpb.info.checks, keys=made)  # fmt: skip
    yield Target("ftc files", "csv", read_files("tests/pages/ftc_dnc/*.csv"), parse(ftc), kind="ftc_dnc",
                 checks=ftc.info.checks, keys=r"[\w-]{8,80}")  # fmt: skip
    yield Target("ftc data page", "page", [Sample(f"<html><ul>{links}</ul></html>".encode())], page)


def _lists() -> Iterator[Target]:
    """Sitemaps, feeds and lists: whatever one hostile page links to answers with that page again."""
    home = "https://nixnamnden.se/"
    feed = next(iter(read_files("samples/site/dm-namnden/feed/*")))
    place = f"{home}arenden/21-072"
    sitemap = (f'<?xml version="1.0"?>\n<urlset xmlns="x"><url><loc>{place}</loc><lastmod>2021-07-12</lastmod></url>'
               "</urlset>")  # fmt: skip
    index = f'<?xml version="1.0"?>\n<sitemapindex><sitemap><loc>{home}wp-sitemap-a.xml</loc></sitemap></sitemapindex>'
    lists = read_files("samples/site/*/page/*/*", "samples/site/*/index.html")

    def opens(content: bytes) -> Callable[[str], Opened]:
        text, left = decode_bytes(content).text, [40 if len(content) < GIANT else 1]  # one input, not many

        def open_page(url: str) -> Opened:
            left[0] -= 1
            if left[0] < 0:
                raise SourceBroken("enough", "a page of this test links on and on")
            return Opened(url, text)

        return open_page

    def discover(content: bytes, _: Sample) -> None:
        discover_records(home, opens(content), lambda url: "/arenden/" in url)

    def records(_: Opened, links: Sequence[Link]) -> list[tuple[str, str]]:
        return [(link.url, link.text) for link in links if "arenden" in link.url]

    def follow(content: bytes, _: Sample) -> None:
        starts = [f"{home}sok/", f"{home}avgjorda/"]
        follow_lists(starts, opens(content), lambda url: "/sok/" in url, records)

    xml = [Sample(sitemap.encode()), Sample(index.encode()), feed]
    yield Target("sitemap and feed", "page", xml, discover)
    yield Target("list pages", "page", lists, follow)


# -- files


_COLUMNS = {
    "source_id": "Diarienummer", "received_on": "Inkom", "event_on": "Händelsedatum", "company": "Företag",
    "org_number": "Organisationsnummer", "channel": "Försäljningssätt", "category": "Ärendetyp", "text": "Beskrivning",
}  # fmt: skip
_CHANNELS = {"telefonförsäljning": Channel.PHONE, "sms": Channel.SMS, "annat": Channel.OTHER}


def _extract() -> Extract:
    return Extract("extract", Path("extracts"), _COLUMNS, _CHANNELS, KEY, BOUNDS)


def _cut_lines(content: bytes, lines: int = 60) -> bytes:
    return b"".join(content.splitlines(keepends=True)[:lines])


def cut_book(content: bytes, rows: int = 40) -> bytes:
    """Return a workbook with its first rows only: large ones are fuzzed no better and take longer."""
    book = load_workbook(io.BytesIO(content))
    for sheet in book:
        sheet.delete_rows(rows, sheet.max_row)
    return _pack(book)


def _pack(book: Workbook) -> bytes:
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def _extracts() -> Iterator[Target]:
    source = _extract()

    def read(content: bytes, sample: Sample) -> Iterable[Draft]:
        return islice(source.parse(content, _item(content, sample)), MOST_DRAFTS)

    # An authority writes its numbers as it likes: only damage that no number has can be told.
    keys = r"(?!\s)[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffd]{1,200}(?<!\s)"
    tables = [Sample(_cut_lines(sample.content)) for sample in read_files("samples/extracts/*/*.csv")]
    books = [Sample(cut_book(sample.content)) for sample in read_files("samples/extracts/*/*.xlsx")]
    told = {"kind": "extract", "checks": EXTRACT_INFO.checks, "keys": keys}
    yield Target("extract CSV", "csv", tables, read, **told)  # type: ignore[arg-type]
    yield Target("extract XLSX", "xlsx", books, read, **told)  # type: ignore[arg-type]


def _register(scratch: Path) -> Iterator[Target]:
    folder = scratch / "register"
    folder.mkdir(exist_ok=True)
    members, names = (SAMPLES / "register" / f"{one}.csv" for one in ("members", "names"))
    book = Workbook()
    book.remove(book.active)
    for path in (members, names):
        sheet = book.create_sheet(path.stem)
        for line in path.read_text("utf-8-sig").splitlines():
            sheet.append(line.split(","))

    def take(content: bytes, name: str) -> None:
        from sources.register_file import read_register_file

        for old in folder.iterdir():
            old.unlink()
        (folder / name).write_bytes(content)
        if name == "names.csv":
            (folder / "members.csv").write_bytes(members.read_bytes())
        chosen = folder if name.endswith(".csv") else folder / name
        register = read_register(*read_register_file(chosen), KEY)
        assert all(re.fullmatch(r"\d{10}|EF[0-9a-f]{10}", member.member) for member in register.members)

    for name, family, samples in (
        ("members.csv", "csv", [Sample(members.read_bytes())]),
        ("names.csv", "csv", [Sample(names.read_bytes())]),
        ("register.xlsx", "xlsx", [Sample(_pack(book))]),
    ):
        yield Target(f"register {name}", family, samples, lambda content, _, name=name: take(content, name),
                     (RegisterRefused,))  # fmt: skip


def _declarations() -> Iterator[Target]:
    def read(content: bytes, name: str) -> None:
        draft = read_declaration(content[: MAX_FILE + 1], DeclarationDraft(name, "0" * 64, NIGHT), KEY)
        assert draft.member is None or re.fullmatch(r"\d{10}|EF[0-9a-f]{10}", draft.member), draft.member
        for told in (*map(str, draft.answers.values()), *draft.places.values(), *map(str, draft.troubles)):
            told.encode()

    yield Target("declaration XLSX", "xlsx", [Sample(fill()), Sample(fill(language="en"))],
                 lambda content, _: read(content, "svar.xlsx"))  # fmt: skip
    yield Target("declaration JSON", "json", [Sample(fill_json())], lambda content, _: read(content, "svar.json"))


@cache
def small_world(folder: Path) -> Small:
    """Return an installation with open questions, for what is answered in a workbook."""
    world = Small(folder, total(), day=date(2026, 6, 12), quiet=True)
    for number, name in enumerate(("Anemon Telefon", "Blåklint Varme", "Cikoria Rese")):
        world.rows["agency"][f"a-{number}"] = world.rows["agency"].pop(world.complain(ANNA)[0])
        row = world.rows["agency"][f"a-{number}"]
        world.rows["agency"][f"a-{number}"] = type(row)(f"a-{number}", row.day, name, "")
    world.night()
    return world


def _workbook(scratch: Path) -> Target:
    place = small_world(scratch / "small").open()
    desk = Desk(place, "fuzz")
    path = scratch / "answers.xlsx"
    write_book(desk.list_open(), path, "sv")
    book = load_workbook(path)
    for row in book.active.iter_rows(min_row=2):
        row[9].value = "osäker"

    def read(content: bytes, _: Sample) -> None:
        path.write_bytes(content)
        read_book(path, desk)

    return Target("review workbook", "xlsx", [Sample(_pack(book))], read, (AnswerRefused,))


# -- mail


def _mails(scratch: Path) -> Iterator[Target]:
    samples = read_files("samples/inbox/*.eml")
    tips = Tips("tips", BOUNDS, None, scratch / "inbox", None, KEY, "kontakta.example")

    def read(content: bytes, sample: Sample) -> Iterator[Draft]:
        note = {"received": "2026-08-20T10:00:00+00:00"}
        for draft in tips.parse(content, _item(content, sample, note=note)):
            assert "mail-failed" not in [fault.code for fault in draft.faults], draft.faults
            yield draft

    yield Target("tip mail", "mail", samples, read, kind="tips", checks=TIPS_INFO.checks,
                 keys=r"(?:tip|raw)-[0-9a-f]{32}")  # fmt: skip

    folder = scratch / "mailed"
    folder.mkdir(exist_ok=True)
    (scratch / "extracts").mkdir(exist_ok=True)
    archive = Archive(scratch / "archive")
    rules = ExtractMail(
        maildir=folder, senders=["@konsumentverket.example"], authserv="mx.kontakta.example", lag_days=9
    )
    dropped = Extract("mailed", scratch / "extracts", _COLUMNS, _CHANNELS, KEY, BOUNDS)
    mailed = MailedExtract(dropped, rules, Access(lambda: None, ()))

    def take(content: bytes, sample: Sample) -> Iterator[Draft]:
        (folder / "one.eml").write_bytes(content)
        reading = mailed.read(Visit(archive, NIGHT, NOW, log=lambda line: None))
        for item in reading.items:
            if item.role == "record":
                yield from islice(mailed.parse(archive.get(item.sha256), item), MOST_DRAFTS)

    table = _cut_lines(read_files("samples/extracts/night-1/*.csv")[0].content, 12)
    yield Target("mailed extract", "mail", [Sample(mail_table(table))], take, kind="extract",
                 checks=EXTRACT_INFO.checks, keys=r"[^\x00-\x1f\x7f-\x9f\ufffd]{1,200}")  # fmt: skip
    yield Target("bounce report", "mail", [Sample(_BOUNCE)], lambda content, _: (read_report(content, KEY), None)[1])


def mail_table(table: bytes) -> bytes:
    """Return a mail from a proven sender with a table attached."""
    from email.message import EmailMessage

    mail = EmailMessage()
    mail["Authentication-Results"] = "mx.kontakta.example; dmarc=pass header.from=konsumentverket.example"
    mail["From"], mail["To"] = "registrator@konsumentverket.example", "utdrag@kontakta.example"
    mail["Subject"], mail["Date"] = "Begärt utdrag", "Thu, 11 Jun 2026 08:00:00 +0200"
    mail.set_content("Här kommer utdraget.")
    mail.add_attachment(table, maintype="text", subtype="csv", filename="utdrag 2026-01-01 2026-06-30.csv")
    return bytes(mail)


_BOUNCE = b"""From: mailer-daemon@mx.example
To: studs+0123456789abcdef01234567.0123456789abcdef@kontakta.example
Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Gone.
--b
Content-Type: message/delivery-status

Final-Recipient: rfc822; studs+0123456789abcdef01234567.0123456789abcdef@kontakta.example
Status: 5.1.1

--b--
"""


# -- the rest


def _configuration(scratch: Path) -> Target:
    path = scratch / "koll.toml"
    demo = (SAMPLES / "koll.toml").read_bytes().replace(b"{root}", b"/srv/koll")

    def read(content: bytes, _: Sample) -> None:
        path.write_bytes(content)
        load_settings(path, {}, web_kinds=WEB_KINDS)

    return Target("koll.toml", "toml", [Sample(demo), *read_files("flows/koll.example.toml")], read, (SettingsInvalid,))


def _robots() -> Target:
    text = b"""# hej
User-agent: *
Disallow: /wp-admin/
Allow: /wp-admin/admin-ajax.php
Disallow: /*?s=
Crawl-delay: 5

User-agent: Medlemskoll
Disallow: /*/a/*/b/*$
Sitemap: https://example.org/x.xml
"""

    def read(content: bytes, _: Sample) -> None:
        robots = read_robots(content, AGENT)
        for path in ("/", "/" + "a/" * 200, "/?s=1", "/räksmörgås/%zz"):
            robots.allows(path)

    return Target("robots.txt", "robots", [Sample(text)], read, ())


def _names() -> Iterator[Target]:
    from sources.register_file import read_register_file

    register = read_register(*read_register_file(SAMPLES / "register"), KEY)
    known = [
        KnownMember(one.member, one.org_number, one.legal_name,
                    tuple(KnownName(NameKind(n.kind), n.value, n.valid_from, n.valid_to)
                          for n in register.names if n.member == one.member), one.joined_on, one.left_on)
        for one in register.members
    ]  # fmt: skip
    matcher = Matcher(known)
    names = [member.legal_name.encode() for member in register.members]
    texts = [sample.content for sample in read_files("samples/inbox/*.eml")]

    def match(content: bytes, _: Sample) -> None:
        matcher.match(Mention(content.decode("utf-8", "replace")[:300]))

    def find(content: bytes, _: Sample) -> None:
        matcher.find_in_text(content.decode("utf-8", "replace")[:20_000])

    yield Target("company's name", "text", [Sample(name) for name in names], match, ())
    yield Target("names in a text", "text", [Sample(text) for text in texts], find, ())
