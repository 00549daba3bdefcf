"""The whole known case, and its dossier: the figures are the database's, the words harmless, the pages readable."""

import html
import re
from collections import Counter
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright
from sqlalchemy import text

from flows.cases import show_case, verify
from flows.demo.case import MEMBER, STEPS, move_case
from flows.demo.nights import NIGHTS, deliver_day
from flows.dossier.chart import draw_timeline, lay_weeks
from flows.dossier.draw import draw_html, draw_pdf, write_dossier
from flows.dossier.gather import gather
from flows.dossier.paper import Paper, Part, Words
from flows.dossier.phrases import CASE_PHRASES
from flows.dossier.phrases import STEPS as STEP_WORDS
from flows.dossier.wording import CaseWording
from flows.dossier.write import write_paper
from flows.mail.words.wording import plain
from models.cases.steps import StepKind
from models.storage.store import writing
from models.storage.tables import Declaration
from tests.case_world import DEADLINE, NIGHT, copy_world, make_case_world
from tests.demo_world import World, demo_world

END = date(2026, 8, 28)
HOSTILE = (
    'A</title><script>alert(1)</script> #eval("1/0") *b* $x^2$ @ref <lab> \\ `c` {{7*7}} \u202eBA\r\nBcc: x@y.z AB'
)
LOOK = [Path("/usr/bin/chromium"), Path("/usr/bin/chromium-browser"), Path("/usr/bin/google-chrome")]
BROWSER = next((path for path in LOOK if path.exists()), None)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The demo's three nights with its case, as the demo runs them."""
    with demo_world(tmp_path_factory.mktemp("dossier") / "world") as laid_out:
        for number, day in NIGHTS.items():
            deliver_day(laid_out.root, number)
            laid_out.night(day)
            move_case(laid_out.open(), number, laid_out.lines.append)
    return laid_out


@pytest.fixture(scope="module")
def page(world: World, tmp_path_factory: pytest.TempPathFactory) -> str:
    place = world.open()
    written, _ = write_dossier(place, gather(place, MEMBER, on=END), tmp_path_factory.mktemp("out"))
    return written.read_text("utf-8")


def figures(page: str) -> dict[str, str]:
    found = re.findall(r'<dd data-figure="([^"]*)">([^<]*)</dd>', page)
    return {name: html.unescape(value) for name, value in found}


def query(world: World, sql: str, **values: object) -> list[tuple]:
    with world.open().engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql), values)]


CURRENT = (
    "FROM complaint AS c WHERE recorded_to IS NULL AND status = 'accepted' AND band = 'accept'"
    " AND coalesce(received_on, event_on) BETWEEN '2025-08-26' AND '2026-08-25'"
    " AND NOT EXISTS (SELECT 1 FROM event_link AS l WHERE l.two_source = c.source AND l.two_id = c.source_id"
    " AND l.recorded_to IS NULL AND l.kind <> 'possible')"  # a second report of an event is listed under the first
)


def test_the_known_case_goes_from_notice_to_exclusion(world: World) -> None:
    case = show_case(world.open(), MEMBER)
    assert [step["step"] for step in case["steps"]] == [str(s.kind) for steps in STEPS.values() for s in steps]
    assert [step["step"] for step in case["steps"]][-3:] == ["follow_up", "board", "exclusion"]
    found = case["steps"][3]["follow_up"]
    assert found["after"]["to"] == "2026-08-25" and found["channels"]["any"]["verdict"] == "continued"
    told = [row for row in world.export("alerts") if row["rule_id"] == "follow-up" and row["reason"]]
    assert [(row["reason"], row["business_date"], row["delivery"]) for row in told] == [
        ("follow_up_due", "2026-08-27", "single")
    ]
    mails = [row["subject"] for row in world.export("mails") if "följa upp" in row["subject"]]
    assert len(mails) == 1 and "Telefonhuset Norrsken AB" in mails[0]
    assert verify(world.open()) == (6, len({one["raw_sha256"] for one in case["complaints"]}), [])


def test_the_dossiers_figures_are_those_of_the_database(world: World, page: str) -> None:
    mine = query(world, f"SELECT source, channel, count(*) {CURRENT} AND member = '4491024172' GROUP BY 1, 2")
    by_source = Counter[str]()
    for source, _, count in mine:
        by_source[source] += count
    phone = {source: count for source, channel, count in mine if channel == "phone"}
    shown = figures(page)
    assert by_source["konsumentverket"] == 113 and phone["konsumentverket"] == 37
    for source, count in by_source.items():
        numbers = [int(n) for n in re.findall(r"\d+", shown[f"source:{source}"])]
        assert numbers == ([count] if count == phone[source] else [count, phone[source]]), source
    assert shown["source:konsumentverket"] == "113, varav minst 37 via telefon"
    total = sum(by_source.values())
    assert [int(n) for n in re.findall(r"\d+", shown["total"])] == [total, sum(phone.values())]


def test_the_ranks_are_those_of_the_source_with_their_scope(world: World, page: str) -> None:
    rows = query(
        world, f"SELECT member, company, channel {CURRENT} AND source = 'konsumentverket' AND member IS NOT NULL"
    )
    totals = Counter(member for member, _, _ in rows)
    calls = Counter(member for member, _, channel in rows if channel == "phone")
    shown = figures(page)
    # Among members it is the first in both; one company that is no member has more in total.
    assert totals.most_common(1)[0][0] == calls.most_common(1)[0][0] == "4491024172"
    assert re.match(r"2 i landet \(bland alla bolag i källan Konsumentverket, \d+.st\)", shown["rank:any"])
    assert re.match(r"1 i landet \(bland alla bolag i källan Konsumentverket, \d+.st\)", shown["rank:phone"])


def test_every_complaint_behind_the_figure_is_listed_with_its_link(world: World, page: str) -> None:
    rows = query(world, f"SELECT source_id, url {CURRENT} AND member = '4491024172'")
    listed = page.partition("Anmälningarna, äldst först")[2].partition("</table>")[0]
    assert listed.count('<th scope="row">') == len(rows) == 117
    for source_id, url in rows:
        assert html.escape(source_id) in listed and (url is None or html.escape(url) in listed)
    assert listed.count("bestrids av medlemmen") == 1


def test_what_was_frozen_stands_beside_what_is_known_today(world: World, page: str) -> None:
    table = page.partition("Fryst och känt i dag</caption>")[2].partition("</table>")[0]
    rows = [re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", row) for row in table.split("<tr>")[2:]]
    frozen = [step["total"] for step in show_case(world.open(), MEMBER)["steps"]]
    assert [int(row[2]) for row in rows] == frozen
    for row in rows[-3:]:
        assert row[2] == row[3] == "117"
    changed = [row for row in rows if row[2] != row[3]]
    assert changed, "night 2 and 3 corrected rows of the spring: the second column must show it"


def test_the_dossier_says_what_it_has_to(page: str) -> None:
    for said in (
        "Telefonhuset Norrsken AB uteslöts ur Kontakta den 28 aug 2026",
        "Siffrorna visar vad som har anmälts, inte vad som har bevisats.",
        "Anmälningarna har fortsatt.",
        "Kontakta utser ledamöter i den etiska nämnd",
        "Vi har bytt återförsäljare",
        "koll case verify 4491024172",
        "fram till 31 dec 2025 och från och med 26 aug 2026",
    ):
        assert said in page, said


def test_a_year_that_no_source_tells_of_is_unknown_beside_the_declaration_and_not_zero(page: str) -> None:
    part = page.partition("Medlemmens egen deklaration")[2].partition("</section>")[0]
    assert "<td>?</td>" in part and "Tiden innan är okänd" in part and "100 000 samtal" not in part


def test_the_page_needs_nothing_else_and_runs_nothing(page: str) -> None:
    assert "<script" not in page and "javascript:" not in page and " onload" not in page
    links = set(re.findall(r'(?:src|href|url)\s*[=(]\s*["\']?([^"\')\s>]+)', page))
    assert all(link.startswith("#gap") or urlsplit(link).scheme in ("http", "https") for link in links)
    assert not re.search(r"<(img|link|iframe|object|embed|base|form)\b", page)
    assert re.findall(r"<html lang=\"sv\">", page) and page.count("<h1") == 1


def test_both_languages_say_the_same_with_the_same_figures(world: World, page: str, tmp_path: Path) -> None:
    place = world.open()
    written, paper = write_dossier(place, gather(place, MEMBER, on=END), tmp_path, "en")
    english = written.read_text("utf-8")
    assert '<html lang="en">' in english and "113, of which at least 37 by telephone" in english
    assert "The complaints have continued." in english
    assert english.count("<section") == page.count("<section") and english.count("<tr>") == page.count("<tr>")
    assert figures(english).keys() == figures(page).keys()
    for path in (written, paper):
        assert path.stat().st_mode & 0o077 == 0


def test_every_phrase_is_there_in_both_languages_with_the_same_values() -> None:
    for name, (swedish, english) in {**CASE_PHRASES, **STEP_WORDS}.items():
        assert swedish and english, name
        assert set(re.findall(r"{\w+}", swedish)) == set(re.findall(r"{\w+}", english)), name
    assert set(STEP_WORDS) == set(StepKind)


def test_nobodys_private_data_is_in_it(world: World, page: str) -> None:
    assert not re.search(r"07\d-\d{3} \d\d \d\d|\d{6}-\d{4}(?<!449102-4172)|@(gmail|hotmail|telia)", page)


def test_the_same_dossier_twice_is_the_same_bytes(world: World, tmp_path: Path) -> None:
    place = world.open()
    found = gather(place, MEMBER, on=END)
    for folder in ("one", "two"):
        write_dossier(place, found, tmp_path / folder)
    for first, second in zip(sorted((tmp_path / "one").iterdir()), sorted((tmp_path / "two").iterdir()), strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_axe_finds_nothing_and_the_page_never_scrolls_sideways(page: str, tmp_path: Path) -> None:
    path = tmp_path / "dossier.html"
    path.write_text(page, "utf-8")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(BROWSER), args=["--no-sandbox"])
        tab = browser.new_page(bypass_csp=True)
        tab.goto(path.as_uri())
        for width in (390, 1280):
            tab.set_viewport_size({"width": width, "height": 900})
            assert Axe().run(tab).response["violations"] == []
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
        browser.close()


def test_a_hostile_name_and_reply_are_harmless_in_both(tmp_path: Path) -> None:
    world = copy_world(make_case_world(tmp_path / "made"), tmp_path / "world")
    with writing(world.open().engine) as connection:
        connection.execute(text("UPDATE member SET legal_name = :n WHERE member = '5590000013'"), {"n": HOSTILE})
    world.take("notice", NIGHT, why=HOSTILE)
    world.take("reply", NIGHT, text=HOSTILE)
    place = world.open(9)
    found = gather(place, "5590000013", on=NIGHT)
    paper = write_paper(found, CaseWording("sv", "Europe/Stockholm"), HOSTILE, HOSTILE, "Libertinus Serif")
    drawn = draw_html(paper)
    assert "<script" not in drawn and "&lt;script&gt;" in drawn and "\u202e" not in drawn
    assert "\r" not in paper.title and "\n" not in paper.title
    assert "{{7*7}}" in drawn
    pdf = draw_pdf(paper)  # raises when any of it is taken for markup
    assert pdf.startswith(b"%PDF") and len(pdf) > 10_000


@pytest.mark.parametrize("name", ["شركة الهاتف", "電話公司株式会社", "📞 Ring AB", "\ufffe\x00", "\ud800", "Ž" * 300])
def test_a_name_in_any_script_or_none_makes_a_paper(name: str) -> None:
    shown = plain(name, 80) or "-"
    paper = Paper(shown, name, "K", "sv", date(2026, 1, 1), "Sida", "", (Part(shown, (Words(name),)),))
    assert draw_pdf(paper).startswith(b"%PDF") and draw_html(paper)


def test_a_case_without_complaints_or_demand_has_a_dossier_too(tmp_path: Path) -> None:
    from flows.cases import take_step

    world = make_case_world(tmp_path)
    take_step(world.open(9), "559000-0039", StepKind.NOTICE, by="anna", why="a letter came in", on=NIGHT)
    place = world.open(9)
    pages = write_dossier(place, gather(place, "559000-0039"), tmp_path / "d")
    shown = pages[0].read_text("utf-8")
    assert "Inget krav har ställts" in shown and "Medlemmen har inte svarat" in shown
    assert figures(shown)["total"] == "0, ingen känd via telefon"
    assert pages[1].read_bytes().startswith(b"%PDF")


def test_a_dossier_while_the_demand_waits_says_when_it_is_followed_up(tmp_path: Path) -> None:
    world = make_case_world(tmp_path)
    world.take("notice", NIGHT)
    world.take("demand", NIGHT, deadline=DEADLINE)
    place = world.open(9)
    shown = write_dossier(place, gather(place, "559000-0013"), tmp_path / "d")[0].read_text("utf-8")
    assert "följs upp 12 sep 2024" in shown and "Det går att säga från och med 12 sep 2024" in shown


def test_what_the_member_declared_stands_beside_what_was_counted_in_the_same_year(tmp_path: Path) -> None:
    world = make_case_world(tmp_path)
    world.take("notice", NIGHT)
    row = Declaration(
        member="5590000013", year=2024, period_from=date(2024, 1, 1), period_to=date(2024, 12, 31), form="1",
        answers={"complaints_total": 10, "complaints_phone": 8, "calls_made": 400_000}, received_on=NIGHT,
        source="declarations", name="svar.xlsx", raw_sha256="0" * 64, hash="h", recorded_from=world.open(4).clock(),
        run_id="r",
    )  # fmt: skip
    with writing(world.open().engine) as connection:
        connection.execute(Declaration.__table__.insert(), row.model_dump(exclude={"id"}))
    place = world.open(9)
    shown = write_dossier(place, gather(place, "559000-0013"), tmp_path / "d", "en")[0].read_text("utf-8")
    table = shown.partition("Declared and counted</caption>")[2].partition("</table>")[0]
    rows = [re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", row) for row in table.split("<tr>")[2:]]
    assert rows[0] == ["in total", "10", "54", "+44"] and ["by telephone", "8", "18", "+10"] in rows
    assert "stated 400,000 calls" in shown and "14 counted complaints in 100,000 calls" in shown
    assert "can only grow" in shown and "not an accusation" in shown and "No declaration" not in shown


def test_the_timeline_shows_days_not_told_of_as_gaps_and_not_as_zero() -> None:
    first, last = date(2026, 3, 4), date(2026, 3, 24)
    weeks = lay_weeks(
        [(date(2026, 3, 10), True), (date(2026, 3, 11), False)], date(2026, 2, 23), date(2026, 3, 29), first, last
    )
    assert [(week.total, week.phone, week.missing) for week in weeks] == [
        (0, 0, 7), (0, 0, 2), (2, 1, 0), (0, 0, 0), (0, 0, 5),
    ]  # fmt: skip
    steps = [(str(n), date(2026, 3, 10)) for n in (1, 2, 3)] + [("4", date(2026, 3, 11))]
    svg = draw_timeline(weeks, steps, [f"m{n}" for n in range(12)], 'A "title" & <more>', "serif")
    assert svg.count('fill="url(#gap)"') == 3 and "1–3" in svg and "&lt;more&gt;" in svg
