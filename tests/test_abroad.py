"""An association outside Sweden, in English: its nights, its numbers, and not one Swedish word; and the reverse."""

import re
from collections.abc import Iterator
from datetime import date
from email import message_from_bytes
from email.policy import default
from html import unescape
from pathlib import Path

import pytest
from openpyxl import load_workbook

from flows.cases import find_member, take_step
from flows.commands.looking import status as show_status
from flows.demo.nights import serve_sites
from flows.demo.worlds import SWEDEN, USA
from flows.dossier.draw import write_dossier
from flows.dossier.gather import gather
from flows.intake.matching import make_matcher
from flows.looking.exports import EXPORTS, Asked
from flows.night import run_night
from flows.review.answers import Desk
from flows.review.book import read_book, write_book
from flows.workplace import Workplace, open_workplace
from models.cases.steps import StepKind
from models.configuration.settings import SettingsInvalid, load_settings
from models.matching.mention import Mention
from models.members.country import Scheme, find_country
from models.members.identifiers import find_org_numbers, find_phones
from models.members.org_number import (
    OrgNumberInvalid,
    is_sole_trader,
    read_member_key,
    read_org_number,
    show_org_number,
)
from models.members.register import RegisterRefused, RegisterRow, read_register
from models.storage.store import upgrade
from samples.world import usa
from sources.inbox.privacy import mask_text

UNITED_STATES, NORWAY = find_country("US"), find_country("NO")
CENTRE = "US910000101"
SWEDISH = re.compile(
    r"[åäöÅÄÖ]|\b(?:och|att|för|av|med|inte|som|till|eller|ett|hittills|minst|källa|medlem|utan|efter|inga|alla|senast"
    r"|plats|telefon|sedan|enligt|varav|nya|dagar|namn|svar|anm\w+|klagom\w+|personnummer|adress|mejl|totalt|gräns)\b",
    re.IGNORECASE,
)
ENGLISH = re.compile(r"\b(?:the|of|is|was|are|has|with|from|not|which|another|than|have|been|complaints?)\b")


class America:
    """The American installation after its nights."""

    def __init__(self, root: Path, place: Workplace) -> None:
        self.root, self.place = root, place
        self.states: list[str] = []
        self.counts: dict[int, dict[str, dict]] = {}

    def night(self, number: int) -> None:
        day = USA.nights[number]
        run_night(self.place, (), day, lambda _line: None)
        self.states.append(list(EXPORTS["runs"](self.place, Asked()))[-1]["state"])
        self.counts[number] = {row["member"]: row for row in EXPORTS["counts"](self.place, Asked(as_of=day))}

    def mails(self) -> list[str]:
        found = []
        for path in sorted((self.root / "mail" / "new").glob("*")):
            mail = message_from_bytes(path.read_bytes(), policy=default)
            parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
            found.append("\n".join([str(mail["Subject"]), *map(strip_tags, parts)]))
        return found


def strip_tags(text: str) -> str:
    return unescape(re.sub(r"<(style|script)\b.*?</\1>|<[^>]+>", " ", text, flags=re.DOTALL))


@pytest.fixture(scope="module")
def america(tmp_path_factory: pytest.TempPathFactory) -> Iterator[America]:
    root = tmp_path_factory.mktemp("abroad") / "world"
    USA.lay_out(root)
    with serve_sites(root, USA) as addresses:
        place = open_workplace(USA.write_config(root, addresses), check=False)
        upgrade(place.engine)
        found = America(root, place)
        for number in (*USA.nights, 2):
            USA.deliver_day(root, number)
            found.night(number)
        yield found


def test_the_nights_of_another_country_count_what_its_world_was_made_to_lead_to(america: America) -> None:
    assert america.states == ["done"] * 3
    for number, counts in america.counts.items():
        for ein, told in usa.expect()[str(number)].items():
            row = counts[read_org_number(ein, Scheme.US)]
            assert {key: row[key] for key in told} == told, (number, ein)
    stored = list(EXPORTS["complaints"](america.place, Asked()))
    by_source = {name: sum(row["source"] == name for row in stored) for name in ("cfpb", "ftc_dnc", "tips")}
    assert by_source == usa.count_rows(2)
    assert not list(EXPORTS["quarantine"](america.place, Asked()))


def test_the_same_night_again_adds_no_row_and_sends_no_mail(america: America) -> None:
    subjects = [text.splitlines()[0].removeprefix("[US Contact Council] ") for text in america.mails()]
    assert len(subjects) == len(set(subjects))
    assert "10→25 complaints in 12 months: Copperfield Receivables Group, LLC (91-0000101)" in subjects


def test_mails_pages_status_workbook_and_dossier_hold_not_one_swedish_word(
    america: America, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {f"mail {number}": text for number, text in enumerate(america.mails())}
    for path in (america.root / "page").rglob("*.html"):
        text = path.read_text("utf-8")
        assert '<html lang="en"' in text
        told[path.name] = strip_tags(text)
    show_status(config=america.place.settings.file)
    told["status"] = capsys.readouterr().out
    write_book(Desk(america.place, "alice").list_open(), tmp_path / "review.xlsx", "en")
    told["workbook"] = "\n".join(list_cells(tmp_path / "review.xlsx"))
    take_step(america.place, CENTRE, StepKind.NOTICE, by="alice", why="Over the limit", on=date(2026, 8, 5))
    page, _ = write_dossier(america.place, gather(america.place, CENTRE, on=date(2026, 8, 5)), tmp_path)
    told["dossier"] = strip_tags(page.read_text("utf-8"))
    told["texts"] = "\n".join(str(row["match"]) for row in EXPORTS["complaints"](america.place, Asked()))
    assert {name: found.group() for name, text in told.items() if (found := SWEDISH.search(text))} == {}
    assert all(len(text) > 200 for text in told.values())


def list_cells(path: Path) -> Iterator[str]:
    for sheet in load_workbook(path).worksheets:
        yield sheet.title
        for row in sheet.iter_rows(values_only=True):
            yield from (str(cell) for cell in row if cell is not None)


def test_a_doubt_abroad_is_answered_by_candidate_and_by_number(america: America, tmp_path: Path) -> None:
    desk = Desk(america.place, "alice")
    questions = desk.list_open()
    asked = next(question for question in questions if question.candidates)
    assert asked.candidates[0]["member"] == "US350000105"  # by its number alone, which proves nothing
    write_book(questions, tmp_path / "review.xlsx", "en")
    book = load_workbook(tmp_path / "review.xlsx")
    place = 2 + questions.index(asked)
    book["review"].cell(place, 11).value = "35-0000105"
    book.save(tmp_path / "review.xlsx")
    given, faults = read_book(tmp_path / "review.xlsx", desk)
    assert [answer.member for answer in given] == ["US350000105"] and faults == []
    desk.undo(asked.id)
    book["review"].cell(place, 10).value, book["review"].cell(place, 11).value = 1, None
    book.save(tmp_path / "review.xlsx")
    given, faults = read_book(tmp_path / "review.xlsx", desk)
    assert [answer.member for answer in given] == ["US350000105"] and faults == []


def test_names_forms_numbers_and_phones_are_matched_as_they_are_written_there(america: America) -> None:
    matcher = make_matcher(america.place)

    def who(text: str) -> tuple[str | None, str]:
        found = matcher.match(Mention(text))
        return found.member, str(found.band)

    assert who("COPPERFIELD RECEIVABLES GROUP LLC.") == (CENTRE, "accept")
    assert who("+12065550110") == (CENTRE, "accept")
    assert who("(206) 555-0110") == (CENTRE, "accept")
    assert who("EIN 91-0000101") == (CENTRE, "accept")
    assert who("Juniper Ridge Lending Corp") == ("US940000104", "accept")
    assert who("Juniper Ridge")[1] != "accept"
    assert who("JUNIPER HOLLOW BANK, NATIONAL ASSOCIATION")[0] is None
    with america.place.engine.connect() as connection:
        for asked in ("91-0000101", "910000101", CENTRE):
            assert find_member(america.place, connection, asked) == CENTRE


def test_the_written_workbook_of_a_swedish_night_and_its_pages_hold_no_english(tmp_path: Path) -> None:
    root = tmp_path / "world"
    SWEDEN.lay_out(root)
    with serve_sites(root) as addresses:
        place = open_workplace(SWEDEN.write_config(root, addresses), check=False)
        upgrade(place.engine)
        SWEDEN.deliver_day(root, 1)
        run_night(place, (), SWEDEN.nights[1], lambda _line: None)
    questions = Desk(place, "anna").list_open()
    assert len(questions) > 3
    write_book(questions, tmp_path / "review.xlsx", "sv")
    told = {"workbook": "\n".join(list_cells(tmp_path / "review.xlsx"))}
    told |= {path.name: strip_tags(path.read_text("utf-8")) for path in (root / "page").rglob("*.html")}
    for number, path in enumerate((root / "mail" / "new").glob("*")):
        mail = message_from_bytes(path.read_bytes(), policy=default)
        body = mail.get_body(("plain",))
        told[f"mail {number}"] = f"{mail['Subject']}\n{body.get_content() if body else ''}"
    allowed = re.compile(r"Lyckoklöverns Lotteri AB called me .*|koll [a-z ]+.*|dm_gamla_arkivet.*")
    texts = {name: allowed.sub("", text) for name, text in told.items()}
    assert {name: found.group() for name, text in texts.items() if (found := ENGLISH.search(text))} == {}


# ------------------------------------------------------------------ numbers
@pytest.mark.parametrize(
    ("written", "scheme", "read", "shown"),
    [
        ("12-3456789", Scheme.US, "US123456789", "12-3456789"),
        ("123456789", Scheme.US, "US123456789", "12-3456789"),
        ("923 609 016", Scheme.NO, "NO923609016", "923 609 016"),
        ("NO 923609016 MVA", Scheme.NO, "NO923609016", "923 609 016"),
        ("559021-6296", Scheme.SE, "5590216296", "559021-6296"),
        ("m-1042", Scheme.OWN, "M-1042", "1042"),
        ("1042", Scheme.OWN, "M-1042", "1042"),
    ],
)
def test_a_number_is_read_by_its_countrys_rules_and_shown_as_people_write_it(
    written: str, scheme: Scheme, read: str, shown: str
) -> None:
    assert read_org_number(written, scheme) == read
    assert show_org_number(read) == shown
    assert read_member_key(read) == read
    assert not is_sole_trader(read)


@pytest.mark.parametrize(
    ("written", "scheme"),
    [
        ("00-1234567", Scheme.US),
        ("123-45-6789", Scheme.US),
        ("559021-6296", Scheme.US),
        ("923609017", Scheme.NO),
        ("12-3456789", Scheme.SE),
        ("M-1042", Scheme.SE),
        ("", Scheme.OWN),
        ("a/../b", Scheme.OWN),
    ],
)
def test_a_number_of_another_scheme_or_with_a_wrong_digit_is_refused(written: str, scheme: Scheme) -> None:
    with pytest.raises(OrgNumberInvalid):
        read_org_number(written, scheme)


def test_the_register_refuses_a_social_security_number_without_showing_it() -> None:
    row = RegisterRow("members.csv line 2", {"org_number": "123-45-6789", "legal_name": "Sam Fictive Calls"})
    with pytest.raises(RegisterRefused) as refused:
        read_register([row], [], b"key", UNITED_STATES)
    assert "an EIN has nine digits" in str(refused.value) and "6789" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "country", "phones"),
    [
        ("Call (206) 555-0142 or 1-888-555-0121 now", UNITED_STATES, ["+12065550142", "+18885550121"]),
        ("from 2065550142.", UNITED_STATES, ["+12065550142"]),
        ("fra 22 12 34 56 i går", NORWAY, ["+4722123456"]),
        ("fra +46 70 174 06 05", NORWAY, ["+46701740605"]),
    ],
)
def test_telephone_numbers_are_found_as_they_are_dialled_there(text: str, country: object, phones: list[str]) -> None:
    assert [phone.value for phone in find_phones(text, country)] == phones


def test_numbers_of_companies_are_found_in_texts_by_their_countrys_form() -> None:
    assert [one.value for one in find_org_numbers("EIN 12-3456789, ref 99-12345678", Scheme.US)] == ["US123456789"]
    assert [one.value for one in find_org_numbers("org.nr 923 609 016 og 923609017", Scheme.NO)] == ["NO923609016"]
    assert find_org_numbers("member 1042", Scheme.OWN) == []


def test_what_is_masked_abroad_is_masked_in_english_and_companies_numbers_stay() -> None:
    told = (
        "Jane Miller, SSN 123-45-6789, of 14 N. Main Street Apt 4, Seattle, WA 98101, was called from 206-555-0142 by"
        " EIN 91-0000101; write to jane.miller@gmail.com"
    )
    masked = mask_text(told, b"key", country=UNITED_STATES)
    for gone in ("Jane", "6789", "Main", "Seattle", "98101", "0142", "gmail"):
        assert gone not in masked.text
    assert masked.numbers == ("US910000101",) and "91-0000101" in masked.text and len(masked.phones) == 1
    assert not SWEDISH.search(masked.text)


def test_settings_of_another_country_are_checked_by_name(tmp_path: Path) -> None:
    text = (USA.folder / "koll.toml").read_text("utf-8").replace("{root}", ".").replace("{ftc}", "http://127.0.0.1:1")
    config = tmp_path / "koll.toml"
    config.write_text(text, "utf-8")
    kinds = ("cfpb", "ftc_dnc")
    assert load_settings(config, {}, web_kinds=kinds).country == UNITED_STATES
    config.write_text(text.replace('"US"', '"usa"').replace('kind = "Type"', 'sort = "Type"'), "utf-8")
    with pytest.raises(SettingsInvalid) as refused:
        load_settings(config, {}, web_kinds=kinds)
    assert "association.country" in str(refused.value) and "sort" in str(refused.value)
