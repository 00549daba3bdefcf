"""The ethics board: pages of every layout and markup, golden pages, a whole visit against a real server, attacks."""

import json
import os
import random
import re
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from models.words import Channel, Evidence, Outcome, Severity
from sources.archive.archive import Archive
from sources.contract import Bounds, RawItem, SourceBroken, Visit
from sources.sweden.board_decision import tell_layout
from sources.sweden.dm_namnden import DM_NAMNDEN_INFO, DmNamnden, is_record_url
from tests.board_page_maker import MARKUPS, SIGNATURE, Sheet, make_page, sheet_from_fact

PAGES = Path(__file__).parent / "pages" / "dm_namnden"
FACTS = [json.loads(line) for line in (PAGES / "facts.jsonl").read_text("utf-8").splitlines()]
SOURCE = DmNamnden("etiska", ["https://nixnamnden.se"], DM_NAMNDEN_INFO.bounds, "Prov (+mailto:prov@forening.example)")
CODES = {check.code for check in DM_NAMNDEN_INFO.checks} | {
    "date-unreadable",
    "outcome-unknown",
    "text-damaged",
}


def parse(content: bytes, url: str = "https://nixnamnden.se/arenden/21-072", charset: str = ""):
    return list(SOURCE.parse(content, RawItem(url, "0" * 64, charset=charset)))


def page_outcome(drafts) -> str:
    outcomes = {draft.outcome.value for draft in drafts}
    return outcomes.pop() if len(outcomes) == 1 else "partly"


def fact_date(fact) -> date | None:
    digits = fact["uttalandedatum"].replace("-", "")
    return date.fromisoformat(digits) if len(digits) == 8 else None


def sheet(**changes) -> Sheet:
    """A plain page of the newest layout to which one thing is done."""
    labels = {
        "Uttalande": "2021-07-12",
        "Dnr": "21-072",
        "Anmälare": "En konsument",
        "Motpart": "Exempelbolaget AB",
        "Frågeställning": "Otillbörlig marknadsföring",
        "NIX-nämndens beslut": "Ärendet lämnas utan åtgärd",
    } | changes.pop("labels", {})
    sections = changes.pop(
        "sections", (("Anmälarens uppgifter", "Hon blev uppringd."), ("Företagets uppgifter", "Nej."))
    )
    return Sheet(
        layout="nix-v2",
        url="https://nixnamnden.se/arenden/21-072",
        title=changes.pop("title", "Exempelbolaget AB"),
        labels=tuple((label, value) for label, value in labels.items() if value is not None),
        sections=sections,
        **changes,
    )


# ------------------------------------------------------------------------------------------------- all facts


@pytest.mark.parametrize("number", range(len(FACTS)), ids=[f["diarienummer"][:20] for f in FACTS])
def test_every_known_decision_comes_out_right_in_every_markup(number):
    for markup in MARKUPS:
        check_against_fact(FACTS[number], make_page(sheet_from_fact(FACTS[number], number), markup))


def check_against_fact(fact, page: bytes) -> None:
    drafts = parse(page, fact["url"])
    assert [draft.source_id for draft in drafts] == fact["case_numbers"]
    assert page_outcome(drafts) == fact["outcome"]
    for draft in drafts:
        assert draft.faults == ()
        assert draft.received_on == fact_date(fact)
        assert draft.company == (fact["title"] if fact["motpart"] == "18-391" else fact["motpart"])
        assert draft.channel == fact["channel"]
        assert draft.reexamination == fact["reexamination"]
        assert draft.facts["title"] == fact["title"]
        assert draft.facts["layout"] == fact["layout"]
        assert draft.url == fact["url"]
        assert SIGNATURE.split(",")[0] not in (draft.text or "")
        assert "Anmälaren har berättat" not in (draft.text or "")


def test_the_facts_cover_every_layout_and_are_all_there():
    assert len(FACTS) == 62
    assert {fact["layout"] for fact in FACTS} == {"dm-wp", "dm-2019", "nix-v1", "nix-v2"}


def test_one_case_at_two_addresses_has_one_id_and_the_newer_layout_stands():
    drafts = [
        draft
        for number, fact in enumerate(FACTS)
        if fact["diarienummer"] == "22-118"
        for draft in parse(make_page(sheet_from_fact(fact, number), "paragraphs"), fact["url"])
    ]
    assert {draft.source_id for draft in drafts} == {"22-118"}
    assert max(drafts, key=lambda draft: draft.precedence).url == "https://nixnamnden.se/arenden/22-118"
    assert len({draft.precedence for draft in drafts}) == 2


def test_a_reexamination_stands_before_any_layout():
    again = parse(make_page(sheet(labels={"Dnr": "17-413 ompr"}), "breaks"), "http://dm-namnden.org/2018/03/notar-12/")
    first = parse(make_page(sheet(labels={"Dnr": "17-413"}), "breaks"), "https://nixnamnden.se/arenden/17-413")
    assert again[0].precedence > first[0].precedence


# ------------------------------------------------------------------------------------------------- golden pages


def golden_pages() -> list[Path]:
    return sorted(path for path in PAGES.glob("*.html"))


@pytest.mark.parametrize("path", golden_pages(), ids=lambda path: path.stem)
def test_golden_page(path):
    """A page without its expectation writes it and fails: read what was written, then keep or mend it."""
    content = path.read_bytes()
    canonical = re.search(rb'<link rel="canonical" href="([^"]+)"', content)
    url = canonical.group(1).decode().replace("&amp;", "&") if canonical else f"https://nixnamnden.se/{path.stem}"
    drafts = parse(content, url)
    found = [d.model_dump(mode="json", exclude_defaults=True, exclude={"raw": {"sha256"}}) for d in drafts]
    expectation = path.with_suffix(".json")
    if not expectation.exists():
        expectation.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
        pytest.fail(f"{expectation.name} did not exist and was written: read it before you keep it")
    assert found == json.loads(expectation.read_text("utf-8"))


def test_there_is_a_golden_page_for_every_layout_in_three_markups_or_more():
    found = [json.loads(path.with_suffix(".json").read_text("utf-8")) for path in golden_pages()]
    layouts = [drafts[0].get("facts", {}).get("layout") for drafts in found]
    assert all(layouts.count(layout) >= 3 for layout in ("dm-wp", "dm-2019", "nix-v1", "nix-v2")), layouts


# ------------------------------------------------------------------------------------------------- oddities


@pytest.mark.parametrize("markup", MARKUPS)
@pytest.mark.parametrize(
    ("written", "cases", "again"),
    [
        ("637/13, 638/13 samt 639/13 (totalt 3 st)", ["637/13", "638/13", "639/13"], False),
        ("20-419 samt 20-420", ["20-419", "20-420"], False),
        ("20-419 och 20-420", ["20-419", "20-420"], False),
        ("Dnr 20-162, 20-163", ["20-162", "20-163"], False),
        ("19-017 – 19-019", ["19-017", "19-018", "19-019"], False),
        ("19–017", ["19-017"], False),
        ("17-413 ompr", ["17-413"], True),
        ("25-174 omprövning", ["25-174"], True),
        ("23-406 samt 23-407 - omprövning", ["23-406", "23-407"], True),
    ],
)
def test_case_numbers_are_read_in_every_form(written, cases, again, markup):
    drafts = parse(make_page(sheet(labels={"Dnr": written}), markup), "https://nixnamnden.se/arenden/x")
    assert [draft.source_id for draft in drafts] == cases
    assert all(draft.reexamination is again and draft.faults == () for draft in drafts)


@pytest.mark.parametrize(
    "written", ["21-07x", "2l-072", "21-072 3", "21", "21_072", "21-0722", "1-072", "21-72", "21 072"]
)
def test_a_damaged_case_number_is_never_accepted(written):
    drafts = parse(make_page(sheet(labels={"Dnr": written}), "breaks"), "https://nixnamnden.se/arenden/x")
    assert all("case-number-unreadable" in {fault.code for fault in draft.faults} for draft in drafts)


def test_a_number_other_than_the_addresss_is_a_fault():
    (draft,) = parse(make_page(sheet(labels={"Dnr": "21-073"}), "breaks"))
    assert [fault.code for fault in draft.faults] == ["case-url-differs"]


def test_of_many_numbers_only_the_one_that_the_address_lacks_is_a_fault():
    page = make_page(sheet(labels={"Dnr": "20-394, 20-895, 20-396"}), "breaks")
    drafts = parse(page, "https://nixnamnden.se/arenden/20-394-20-395-20-396")
    assert [[fault.code for fault in draft.faults] for draft in drafts] == [[], ["case-url-differs"], []]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("20210712", date(2021, 7, 12)),
        ("2021-07-12", date(2021, 7, 12)),
        ("12 juli 2021", date(2021, 7, 12)),
        ("den 7 oktober 2022", date(2022, 10, 7)),
        ("20233-11-20", None),
        ("2021-13-40", None),
        ("i juli", None),
    ],
)
def test_dates_are_read_in_every_form_or_left_unknown_and_flagged(written, day):
    (draft,) = parse(make_page(sheet(labels={"Uttalande": None, "Uttalandedatum": written}), "breaks"))
    assert draft.received_on == day
    assert ("date-unreadable" in draft.flags) is (day is None)
    assert draft.faults == ()


@pytest.mark.parametrize(
    "party", ["Mälarenergi AB, Västerås", "Expressnus, Silverton AB", "Hi3G Access AB (Tre)", "Hjälper.se"]
)
def test_a_party_is_never_split(party):
    (draft,) = parse(make_page(sheet(labels={"Motpart": party}), "spans"))
    assert draft.company == party


@pytest.mark.parametrize("party", ["", "18-391", "–", "Dnr 18-391", None])
def test_a_party_that_is_no_name_is_taken_from_the_title(party):
    (draft,) = parse(make_page(sheet(labels={"Motpart": party}, title="Göta Energi"), "breaks"))
    assert draft.company == "Göta Energi"
    assert "party-from-title" in draft.flags


def test_a_case_year_far_from_the_decision_is_kept_as_written_and_flagged():
    page = make_page(sheet(labels={"Dnr": "10-074 ompr", "Uttalande": "2019-08-11"}), "breaks")
    (draft,) = parse(page, "https://nixnamnden.se/arenden/10-074-ompr")
    assert (draft.source_id, "case-year-odd" in draft.flags, draft.faults) == ("10-074", True, ())


def test_issues_are_joined_and_an_abbreviation_does_not_cut_them():
    page = make_page(
        sheet(labels={"Frågeställning": "Otrevlig. S.k. tysta samtal. Antal samtal, samt Frågan om reklam samt post"}),
        "spans",
    )
    assert parse(page)[0].category == "Otrevlig; S.k. tysta samtal; Antal samtal; Frågan om reklam samt post"


def test_a_stated_total_that_does_not_fit_is_flagged():
    page = make_page(sheet(labels={"Dnr": "20-419, 20-420 (totalt 3 st)"}), "breaks")
    assert all("case-count-differs" in draft.flags for draft in parse(page, "https://nixnamnden.se/arenden/x"))


@pytest.mark.parametrize("markup", ["paragraphs", "definitions", "fused", "cells"])
def test_a_tag_is_the_best_evidence_of_a_channel(markup):
    page = make_page(sheet(tags=("2023", "SMS eller MMS", "Friade", "Avgjorda ärenden")), markup)
    (draft,) = parse(page)
    assert (draft.channel, draft.channel_evidence) == (Channel.SMS, Evidence.TAG)


def test_a_menu_of_all_tags_tells_nothing():
    page = make_page(
        sheet(tags=("2024", "2023", "Telemarketing", "SMS eller MMS", "Fällda", "Friade", "Avgjorda ärenden")), "breaks"
    )
    (draft,) = parse(page)
    assert (draft.channel, draft.channel_evidence, draft.outcome) == (Channel.PHONE, Evidence.TEXT, Outcome.NO_BREACH)


@pytest.mark.parametrize(
    ("account", "channel", "evidence"),
    [
        ("Anmälaren fick reklam som sms till sitt telefonnummer.", Channel.SMS, Evidence.TEXT),
        ("Anmälaren blev uppringd.", Channel.PHONE, Evidence.TEXT),
        ("Anmälaren är missnöjd.", Channel.UNKNOWN, None),
        ("Anmälaren blev uppringd och fick sedan ett sms.", Channel.UNKNOWN, None),
    ],
)
def test_text_tells_a_channel_only_when_it_names_one(account, channel, evidence):
    (draft,) = parse(make_page(sheet(sections=(("Anmälarens uppgifter", account),)), "breaks"))
    assert (draft.channel, draft.channel_evidence) == (channel, evidence)


def test_a_badge_against_the_wording_leaves_the_outcome_unknown():
    (draft,) = parse(make_page(sheet(badge="Fälld"), "breaks"))
    assert draft.outcome is Outcome.UNKNOWN
    assert "outcome-differs-from-tag" in draft.flags


def test_a_badge_tells_what_an_unknown_wording_does_not():
    page = make_page(sheet(badge="Fälld", labels={"NIX-nämndens beslut": "Nämnden är kritisk"}), "breaks")
    (draft,) = parse(page)
    assert (draft.outcome, "outcome-from-tag" in draft.flags) == (Outcome.BREACH, True)


def test_a_label_that_the_board_never_used_is_flagged_and_swallows_nothing():
    labels = {"Dnr": "21-072", "Motpart": "Exempelbolaget AB", "Ärendetyp": "Prövning"}
    (draft,) = parse(make_page(sheet(labels=labels), "paragraphs"))
    assert "label-unknown" not in draft.flags  # it stands after the decision here
    page = make_page(sheet(), "paragraphs").replace(b"<p>Fr\xc3\xa5ge", "<p>Ärendetyp: Prövning</p><p>Fråge".encode())
    (draft,) = parse(page)
    assert (draft.company, "label-unknown" in draft.flags) == ("Exempelbolaget AB", True)


def test_no_person_is_kept_in_the_text():
    sections = (
        ("Anmälarens uppgifter", "Anmälaren Saga Påhitt blev uppringd av Ringkraft Exempel AB. Hon bor på Gatan 1."),
        (
            "Företagets uppgifter",
            "Numret 070-123 45 67 och saga@prov.example hör till 850101-1236. Samtalet kom från Länken AB.",
        ),
        ("NIX-nämndens bedömning", "Så är det."),
    )
    for closing in (
        ("Med detta uttalande är ärendet avslutat.", "NIX-nämnden", "Fabel Saga, Sekreterare"),
        ("NIX-nämnden", "Fabel Saga, Sekreterare", "e.u. Dikt Diktsson, Beredningsjurist"),
        ("På nämndens vägnar", "Fabel Saga"),
        ("Fabel Saga",),
        ("Fabel Saga, ordförande",),
    ):
        for markup in MARKUPS:
            (draft,) = parse(make_page(sheet(sections=sections, closing=closing), markup))
            for secret in ("Saga", "Dikt", "070", "saga@", "850101", "Gatan"):
                assert secret not in (draft.text or ""), (markup, closing, draft.text)
            assert "Länken AB" in (draft.text or "")
            assert "Ringkraft Exempel AB" in (draft.text or "")


# ------------------------------------------------------------------------------------------------- attacks


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"<html><form><h1>Logga in</h1><input name=user></form></html>",
        "<html><p>Vi använder kakor. Godkänn alla</p></html>".encode(),
        "<html><h1>Sidan underhålls</h1></html>".encode(),
        b"<html><p>Checking your browser. Are you a robot?</p></html>",
        "<html><h1>Ärenden</h1><a href='/arenden/21-001'>Telia</a> Uttalande 2021-01-01</html>".encode(),
        b"\x00\xff\xfe" * 100,
        b"%PDF-1.7 Motpart Diarienummer",
    ],
)
def test_a_page_that_is_no_decision_is_never_read_as_one(page):
    (draft,) = parse(page)
    assert draft.source_id is None
    assert [fault.code for fault in draft.faults] == ["page-unknown"]


def judged(drafts) -> set[str]:
    return {draft.source_id for draft in drafts if draft.source_id and not draft.faults}


@pytest.mark.parametrize("markup", MARKUPS)
def test_a_page_cut_anywhere_gives_nothing_wrong(markup):
    fact = next(f for f in FACTS if f["diarienummer"].startswith("20-394"))
    whole = make_page(sheet_from_fact(fact, 0), markup)
    for end in range(0, len(whole), 23):
        drafts = parse(whole[:end], fact["url"])
        assert judged(drafts) <= set(fact["case_numbers"])
        for draft in drafts:
            assert draft.faults or draft.outcome in (Outcome.BREACH, Outcome.NO_BREACH)
            assert draft.faults or draft.company == fact["motpart"]


def test_mutated_pages_never_crash_and_never_give_a_damaged_key():
    """With an address that spells the number, a changed digit is seen; without one, a changed character is."""
    dice = random.Random(20210712)
    known = {case for fact in FACTS for case in fact["case_numbers"]}
    wrong = []
    for round_ in range(600):
        number = dice.randrange(len(FACTS))
        fact = FACTS[number]
        page = bytearray(make_page(sheet_from_fact(fact, number), dice.choice(list(MARKUPS))))
        for _ in range(dice.randint(1, 12)):
            at = dice.randrange(len(page))
            page[at : at + dice.choice((0, 1, 1, 3))] = dice.choice(
                (b"", b"\xff", b"<", b"&", b"x", b"\xc3", b"</p>", b"7")
            )
        drafts = parse(bytes(page), fact["url"])
        for draft in drafts:
            assert {fault.code for fault in draft.faults} | set(draft.flags) <= CODES
        if fact["layout"] != "dm-wp":
            wrong += [(round_, case) for case in judged(drafts) - set(fact["case_numbers"])]
    assert known
    assert wrong == []


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_pages_are_read_in_the_encoding_they_declare(encoding):
    page = make_page(sheet(labels={"Motpart": "Göta Åkeri & Väst AB"}), "breaks", encoding=encoding)
    assert parse(page)[0].company == "Göta Åkeri & Väst AB"
    assert parse(page, charset=encoding)[0].company == "Göta Åkeri & Väst AB"


def test_a_company_in_broken_letters_is_a_fault():
    page = make_page(sheet(labels={"Motpart": "GÃ¶ta Energi"}), "breaks")
    assert "text-damaged" in {fault.code for fault in parse(page)[0].faults}


@pytest.mark.parametrize(
    ("filler", "size"), [("<p>fyllnad utan mening</p>", 400_000), ("brutit mot god sed inte ", 2_000_000)]
)
def test_a_page_a_hundred_times_larger_than_any_is_read_and_one_larger_still_is_refused(filler, size):
    page = make_page(sheet(), "breaks")
    (draft,) = parse(page.replace(b"<footer>", filler.encode() * (size // len(filler)) + b"<footer>", 1))
    assert draft.source_id == "21-072"
    (draft,) = parse(page.replace(b"<footer>", filler.encode() * (5_000_000 // len(filler)) + b"<footer>", 1))
    assert draft.source_id is None and [fault.code for fault in draft.faults] == ["page-too-large"]


def test_a_picture_inside_a_page_does_not_make_it_too_large():
    picture = b"<img src='data:image/png;base64," + b"QUFB" * 1_000_000 + b"'><footer>"
    (draft,) = parse(make_page(sheet(), "breaks").replace(b"<footer>", picture, 1))
    assert draft.source_id == "21-072" and not draft.faults


def test_a_page_nested_deeper_than_anybody_writes_is_refused():
    (draft,) = parse(b"<div><b>Motpart:</b> " * 5_000)
    assert [fault.code for fault in draft.faults] == ["page-too-large"]


@pytest.mark.parametrize(
    "filler",
    [
        "<div><b>Motpart:</b> ",
        "Anmälarens uppgifter ",
        "Motpart: Dnr 21-072 ",
        "2024 Telemarketing Fällda Avgjorda ärenden ",
        "070-123 ",
        "Saga Saga ",
        "Saga, ordförande ",
        "s.k. ",
        "a@",
        "21-072, ",
        "Ärendetyp: ",
        "&nbsp;\u00ad\n",
    ],
)
def test_no_filler_costs_more_than_its_length(filler):
    short, long = seconds_to_parse(filler, 150_000), seconds_to_parse(filler, 600_000)
    assert long < max(12 * short, 1.0)


def seconds_to_parse(filler: str, size: int) -> float:
    body = filler * (size // len(filler.encode()))
    page = make_page(sheet(), "breaks")
    started = time.perf_counter()
    parse(page.replace(b"<footer>", body.encode() + b"<footer>", 1))  # after the sections
    parse(page.replace("utan åtgärd".encode(), body.encode(), 1))  # inside the decision
    return time.perf_counter() - started


def test_a_page_with_more_tags_than_anybody_writes_is_refused():
    (draft,) = parse(b"<b>" * 500_000)
    assert [fault.code for fault in draft.faults] == ["page-too-large"]


def test_every_code_has_a_severity_and_a_sentence():
    for check in DM_NAMNDEN_INFO.checks:
        assert check.severity in set(Severity)
        assert re.fullmatch(r"[a-z-]+", check.code)
        assert check.sentence.endswith(".")


@pytest.mark.parametrize(
    ("url", "layout"),
    [
        ("http://dm-namnden.org/2018/12/tre-3/", "dm-wp"),
        ("https://dm-namnden.org/2019/11/19-245", "dm-2019"),
        ("https://nixnamnden.se/2021/07/21-072", "nix-v1"),
        ("https://nixnamnden.se/arenden/25-164", "nix-v2"),
    ],
)
def test_the_address_tells_the_layout(url, layout):
    assert tell_layout(url) == layout
    assert is_record_url(url, frozenset({"nixnamnden.se", "dm-namnden.org"}))


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/arenden/",
        "/arenden/page/2/",
        "/2018/12/",
        "/2018/12/05/",
        "/om/",
        "/category/x/",
        "/arenden/x?s=1",
        "/feed/",
    ],
)
def test_other_addresses_are_no_records(path):
    assert not is_record_url("https://nixnamnden.se" + path, frozenset({"nixnamnden.se"}))


# ------------------------------------------------------------------------------------------------- a whole visit


class Site:
    """A WordPress site on loopback: a sitemap with lastmod, pages with ETags."""

    def __init__(self, server: HTTPServer, *, sitemap: bool = True) -> None:
        self.server, self.sitemap = server, sitemap
        self.host = f"{server.host}:{server.port}"
        self.pages: dict[str, bytes] = {}
        self.lastmod: dict[str, str] = {}
        self.failing: dict[str, int] = {}
        server.no_handler_status_code = 404
        server.expect_request(re.compile("/.*")).respond_with_handler(self.answer)

    def put(self, number: int, fact, *, lastmod: str = "2026-01-01T00:00:00+00:00") -> str:
        path = re.sub(r"^https?://[^/]+", "", fact["url"])
        self.pages[path] = make_page(sheet_from_fact(fact, number), "breaks")
        self.lastmod[path] = lastmod
        return self.server.url_for(path)

    def answer(self, request):
        from werkzeug import Response

        path = request.path
        if path in self.failing:
            return Response("", self.failing[path])
        if path == "/wp-sitemap.xml" and self.sitemap:
            rows = "".join(
                f"<url><loc>http://{self.host}{p}</loc><lastmod>{self.lastmod[p]}</lastmod></url>" for p in self.pages
            )
            body, kind = f"<urlset>{rows}</urlset>".encode(), "text/xml"
        elif path == "/" and not self.sitemap:
            body, kind = "".join(f'<a href="{p}">x</a>' for p in self.pages).encode(), "text/html"
        elif path in self.pages:
            body, kind = self.pages[path], "text/html; charset=utf-8"
        else:
            return Response("", 404)
        response = Response(body, content_type=kind)
        response.add_etag()
        return response.make_conditional(request)

    def asked(self) -> list[tuple[str, int]]:
        found = [(request.path, response.status_code) for request, response in self.server.log]
        self.server.clear_log()
        return [entry for entry in found if entry[0] != "/robots.txt"]


@pytest.fixture
def site(httpserver) -> Site:
    made = Site(httpserver)
    for number, fact in enumerate(FACTS[:8]):
        made.put(number, fact)
    return made


@pytest.fixture
def archive(tmp_path) -> Archive:
    return Archive(tmp_path / "archive")


def board(*sites: Site) -> DmNamnden:
    bounds = Bounds(rows=(1, 99), quiet_days=60, max_age_days=3, delay=0.0)
    return DmNamnden(
        "etiska", [f"http://{site.host}" for site in sites], bounds, "Prov (+mailto:prov@forening.example)"
    )


def visit(archive, last=None, **more) -> Visit:
    now = datetime(2026, 8, 26, 1, 15, tzinfo=UTC)
    return Visit(archive=archive, business_date=date(2026, 8, 26), now=now, last=last, log=lambda line: None, **more)


def test_a_first_visit_brings_home_every_decision_and_says_so(site, archive):
    reading = board(site).read(visit(archive))
    records = [item for item in reading.items if item.role == "record"]
    assert len(records) == 8
    assert (reading.complete, reading.complete_through, reading.problems) == (True, date(2026, 8, 26), ())
    assert all(archive.get(item.sha256) for item in reading.items)
    cases = {d.source_id for item in records for d in SOURCE.parse(archive.get(item.sha256), item)}
    assert cases == {case for fact in FACTS[:8] for case in fact["case_numbers"]}
    layouts = [tell_layout(item.name) for item in records]
    assert layouts == sorted(layouts)  # "dm-wp" < "nix-v1" < "nix-v2": the better page of one case comes later


def test_a_quiet_night_asks_for_the_sitemap_only_and_lists_everything(site, archive):
    first = board(site).read(visit(archive))
    site.asked()
    second = board(site).read(visit(archive, first))
    assert site.asked() == [("/wp-sitemap.xml", 304)]
    assert [item.name for item in second.items] == [item.name for item in first.items]
    assert [item.sha256 for item in second.items] == [item.sha256 for item in first.items]
    assert all(item.unchanged for item in second.items)
    assert second.complete


def test_only_new_and_changed_pages_are_fetched(site, archive):
    first = board(site).read(visit(archive))
    changed = "/arenden/25-164"
    site.lastmod[changed] = "2026-08-25T10:00:00+00:00"
    site.pages[changed] = site.pages[changed].replace("åtgärd".encode(), "vidare åtgärd".encode())
    touched = "/arenden/19-204"
    site.lastmod[touched] = "2026-08-25T11:00:00+00:00"
    new = site.put(9, FACTS[9])
    site.asked()
    second = board(site).read(visit(archive, first))
    asked = dict(site.asked())
    assert asked == {"/wp-sitemap.xml": 200, changed: 200, touched: 304, re.sub(r"^http://[^/]+", "", new): 200}
    assert len([item for item in second.items if item.role == "record"]) == 9
    third = board(site).read(visit(archive, second))
    assert site.asked() == [("/wp-sitemap.xml", 304)]
    assert third.complete


def test_a_page_that_the_archive_has_lost_is_fetched_again(site, archive, tmp_path):
    first = board(site).read(visit(archive))
    lost = next(item for item in first.items if item.name.endswith("/25-164"))
    next(path for path in (tmp_path / "archive").rglob("*") if lost.sha256[4:20] in path.name).unlink()
    site.asked()
    second = board(site).read(visit(archive, first))
    assert ("/arenden/25-164", 200) in site.asked()
    assert archive.get(lost.sha256)
    assert second.complete


def test_a_window_asks_again_for_the_pages_inside_it(site, archive):
    first = board(site).read(visit(archive))
    site.lastmod["/arenden/25-164"] = site.lastmod["/arenden/25-164"]
    site.asked()
    board(site).read(visit(archive, first, since=date(2026, 1, 1), until=date(2026, 1, 2)))
    assert {status for path, status in site.asked()} == {304}
    board(site).read(visit(archive, first, since=date(2026, 3, 1)))
    assert site.asked() == [("/wp-sitemap.xml", 304)]


def test_without_a_sitemap_known_pages_are_not_asked_for_again(httpserver, archive):
    site = Site(httpserver, sitemap=False)
    for number, fact in enumerate(FACTS[:3]):
        site.put(number, fact)
    first = board(site).read(visit(archive))
    site.asked()
    second = board(site).read(visit(archive, first))
    assert not [path for path, _ in site.asked() if path in site.pages]
    assert len(second.items) == len(first.items)


@pytest.mark.parametrize("status", [404, 410, 403])
def test_one_page_that_fails_is_a_problem_and_the_known_copy_stays(site, archive, status):
    first = board(site).read(visit(archive))
    site.failing["/arenden/25-164"] = status
    site.lastmod["/arenden/25-164"] = "2026-08-25"
    second = board(site).read(visit(archive, first))
    assert [problem.name.endswith("/arenden/25-164") for problem in second.problems] == [True]
    assert not second.complete
    assert len(second.items) == len(first.items)
    site.failing.clear()
    third = board(site).read(visit(archive, second))
    assert third.complete  # the new lastmod was not taken for known


def test_a_known_page_that_turns_into_a_login_page_keeps_its_last_good_copy(site, archive):
    first = board(site).read(visit(archive))
    before = next(item.sha256 for item in first.items if item.name.endswith("/25-164"))
    site.pages["/arenden/25-164"] = "<html><form>Logga in för att läsa</form></html>".encode()
    site.lastmod["/arenden/25-164"] = "2026-08-25"
    second = board(site).read(visit(archive, first))
    assert [problem.code for problem in second.problems] == ["page-unknown"]
    assert next(item.sha256 for item in second.items if item.name.endswith("/25-164")) == before
    assert not second.complete


def test_a_new_page_that_is_no_decision_goes_to_quarantine_and_is_asked_for_again(site, archive):
    site.pages["/arenden/26-001"] = b"<html><p>Nyhet</p></html>"
    site.lastmod["/arenden/26-001"] = "2026-08-25"
    first = board(site).read(visit(archive))
    item = next(item for item in first.items if item.name.endswith("/26-001"))
    (draft,) = SOURCE.parse(archive.get(item.sha256), item)
    assert draft.faults[0].code == "page-unknown"
    site.asked()
    board(site).read(visit(archive, first))
    assert ("/arenden/26-001", 200) in site.asked()


def test_a_site_whose_every_page_is_a_login_page_breaks_the_source(site, archive):
    for path in site.pages:
        site.pages[path] = b"<html><form>Logga in</form></html>"
    with pytest.raises(SourceBroken) as broken:
        board(site).read(visit(archive))
    assert broken.value.code == "pages-unknown"


def test_a_site_where_page_after_page_fails_breaks_the_source_early(site, archive):
    site.failing = dict.fromkeys(site.pages, 404)
    with pytest.raises(SourceBroken):
        board(site).read(visit(archive))
    assert len(site.asked()) <= 7


def test_a_listing_that_shrinks_breaks_the_source(site, archive):
    first = board(site).read(visit(archive))
    for path in list(site.pages)[:3]:
        del site.pages[path]
    with pytest.raises(SourceBroken) as broken:
        board(site).read(visit(archive, first))
    assert broken.value.code == "listing-shrunk"


def test_a_single_page_taken_away_is_no_alarm_and_is_listed_no_more(site, archive):
    first = board(site).read(visit(archive))
    gone = next(iter(site.pages))
    del site.pages[gone]
    second = board(site).read(visit(archive, first))
    assert second.complete
    assert len(second.items) == len(first.items) - 1


def test_a_listing_that_is_a_login_page_breaks_the_source(site, archive):
    first = board(site).read(visit(archive))
    site.sitemap = False
    site.pages = {"/": b"<html><form>Logga in</form></html>"}
    with pytest.raises(SourceBroken):
        board(site).read(visit(archive, first))


def test_one_site_that_fails_voids_the_night_but_the_other_is_archived(site, archive, tmp_path):
    other = HTTPServer()
    other.start()
    try:
        broken_site = Site(other)
        broken_site.sitemap = False
        with pytest.raises(SourceBroken):
            board(broken_site, site).read(visit(archive))
    finally:
        other.stop()
    stored = [name for _, _, names in os.walk(tmp_path / "archive") for name in names]
    assert len(stored) >= 9  # eight pages and the sitemap


def test_an_old_host_that_has_moved_keeps_what_was_read_from_it(site, archive):
    other = HTTPServer()
    other.start()
    try:
        old = Site(other)
        for number, fact in enumerate(FACTS[11:15]):
            old.put(number, fact)
        first = board(old, site).read(visit(archive))
        from werkzeug import Response

        old.answer = None
        other.clear_all_handlers()
        other.expect_request(re.compile("/.*")).respond_with_handler(
            lambda request: Response("", 301, {"Location": f"http://{site.host}{request.path}"})
        )
        second = board(old, site).read(visit(archive, first))
    finally:
        other.stop()
    names = {item.name for item in second.items if item.role == "record"}
    assert names == {item.name for item in first.items if item.role == "record"}
    assert second.complete


def test_what_was_read_from_a_site_no_longer_configured_stays(site, archive):
    first = board(site).read(visit(archive))
    renamed = [item for item in first.items if item.role == "record"]
    other = HTTPServer()
    other.start()
    try:
        fresh = Site(other)
        fresh.put(20, FACTS[20])
        second = board(fresh).read(visit(archive, first))
    finally:
        other.stop()
    assert {item.name for item in renamed} < {item.name for item in second.items}
