"""The staff page: what it says, that it stands by itself, and how it behaves in a browser."""

import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from typer.testing import CliRunner

from flows.cases import take_step
from flows.koll import app
from flows.looking.status import list_alert_states
from flows.page.write import write_pages
from models.cases.steps import StepKind
from models.storage.tables import Member
from tests.demo_world import SECOND, THIRD, World, demo_world
from tests.small_world import ANNA, BO, Small, total

CENTRE = "4491024172"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with demo_world(tmp_path_factory.mktemp("page") / "world", page=True) as laid_out:
        laid_out.three_nights()
        yield laid_out


@pytest.fixture(scope="module")
def folder(world: World) -> Path:
    return world.root / "page"


def read(folder: Path, name: str) -> str:
    return (folder / name).read_text("utf-8")


class Links(HTMLParser):
    """Collects what a page points at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, value) for name, value in attrs if name in ("href", "src", "srcset", "action") and value]


def test_the_night_writes_a_page_for_every_member_and_every_link_inside_leads_somewhere(
    world: World, folder: Path
) -> None:
    members = {row["member"] for row in world.export("counts")}
    assert {path.stem for path in (folder / "members").glob("*.html")} == members
    for path in folder.rglob("*.html"):
        for tag, target in Links(path.read_text("utf-8")).found:
            inside = not target.startswith(("http", "#"))
            assert not inside or (path.parent / target).resolve().is_file(), (path.name, target)
            assert inside or target.startswith("#") or tag == "a", f"{path.name} loads {target}"


def test_the_members_page_tells_the_known_case_with_its_limits_and_where_each_complaint_is_from(folder: Path) -> None:
    page = read(folder, f"members/{CENTRE}.html")
    assert "117, varav minst 41 via telefon" in page and "Konsumentverket 113" in page
    assert "gräns 100" in page and "2 i landet" in page
    assert page.count("<tr><td>") >= 117
    assert "inte vad som har bevisats" in page


def test_whoever_needs_a_look_most_comes_first_and_a_source_that_is_late_is_told_on_every_page(folder: Path) -> None:
    index = read(folder, "index.html")
    assert re.findall(r"members/(\w+)\.html", index)[0] == CENTRE
    for path in folder.rglob("*.html"):
        assert "Nämndens gamla arkiv har aldrig kunnat läsas" in path.read_text("utf-8"), path.name


def test_a_night_without_news_writes_the_same_pages_and_a_member_that_is_gone_loses_its_page(
    world: World, folder: Path
) -> None:
    def without_time(text: str) -> str:
        return re.sub(r"Skriven [^.]+\.|\d{1,2} \w+ \d{4} \d\d:\d\d", "", text)

    before = {path: without_time(path.read_text("utf-8")) for path in folder.rglob("*.html")}
    (folder / "members" / "5590000000.html").write_text("left behind", "utf-8")
    write_pages(world.open(), THIRD)
    assert {path: without_time(path.read_text("utf-8")) for path in folder.rglob("*.html")} == before


def test_the_steps_of_a_case_and_the_declaration_stand_on_the_members_page(world: World, folder: Path) -> None:
    declared = next(path for path in (folder / "members").glob("*.html") if "deklarerade" in path.read_text("utf-8"))
    assert "räknade" in declared.read_text("utf-8")
    take_step(world.open(), CENTRE, StepKind.NOTICE, by="anna", why="fler än 100", on=SECOND, today=THIRD)
    reply = "Vi ändrar manus. <b>Ring 070-123 45 67.</b>"
    take_step(world.open(), CENTRE, StepKind.REPLY, by="anna", why="brev", text=reply, on=THIRD, today=THIRD)
    write_pages(world.open(), THIRD)
    page = read(folder, f"members/{CENTRE}.html")
    assert "påpekande." in page and "Vi ändrar manus." in page
    assert "070-123" not in page and "<b>Ring" not in page
    assert page.count("påpekande") == 2, "in the list of steps and drawn into the year"


def test_a_page_that_cannot_be_written_fails_the_night_by_name_and_stops_nothing_else(tmp_path: Path) -> None:
    with demo_world(tmp_path / "world", page=True) as world:
        (world.root / "page").write_text("a file where the folder should be")
        world.open()
        night = world.night(THIRD, "tips")
        assert night.failed and "koll page" in night.sum_up() and night.alerts is not None
        (world.root / "page").unlink()
        assert write_pages(world.open(), THIRD) == world.root / "page" / "index.html"


def test_a_name_full_of_tricks_is_only_a_name(tmp_path: Path) -> None:
    with demo_world(tmp_path / "world", page=True) as world:
        place = world.open()
        world.night(THIRD, "tips")
        with place.engine.begin() as connection:
            name = '</script><img src=x onerror=alert(1)> \u202eAB\r\n"&'
            connection.execute(
                Member.__table__.update().where(Member.__table__.c.member == CENTRE).values(legal_name=name)
            )
        write_pages(place, THIRD)
        for path in ("index.html", f"members/{CENTRE}.html"):
            text = read(world.root / "page", path)
            assert "<img" not in text and "\u202e" not in text and "&lt;img src=x" in text


# -- in a browser

look = pytest.mark.browser


@pytest.fixture
def tab(chromium: Browser, folder: Path) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto((folder / "index.html").as_uri())
    yield page
    context.close()


def names(tab: Page) -> list[str]:
    return tab.locator("#list tbody tr:visible th a").all_inner_texts()


@look
def test_the_list_sorts_by_every_heading_both_ways(tab: Page) -> None:
    tab.get_by_role("button", name="På 12 månader").click()
    totals = [int(text) for text in tab.locator("#list tbody tr td:nth-child(3)").all_inner_texts()]
    assert totals == sorted(totals, reverse=True) and totals[0] == 117
    tab.get_by_role("button", name="På 12 månader").click()
    assert names(tab)[-1] == "Telefonhuset Norrsken AB"
    tab.get_by_role("button", name="Medlem", exact=True).click()
    listed = names(tab)
    assert listed[0].startswith("B") and listed[-1].startswith("Å"), "Å comes after Z in Swedish"
    assert tab.locator("th[aria-sort=ascending]").count() == 1


@look
def test_search_finds_by_part_of_a_name_and_by_number_with_or_without_the_hyphen(tab: Page) -> None:
    for words, count in (("norrsken tele", 1), ("449102-4172", 1), ("4491024172", 1), ("finns inte", 0), ("", 16)):
        tab.get_by_label("Sök medlem eller nummer").fill(words)
        assert len(names(tab)) == count, words


@look
def test_the_keyboard_alone_reaches_a_member(tab: Page) -> None:
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.get_by_label("Sök medlem eller nummer").focus()
    tab.keyboard.type("norrsken")
    tab.locator("#list tbody tr:visible th a").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/members/*.html")
    assert tab.get_by_role("heading", level=1).inner_text() == "Telefonhuset Norrsken AB"


@look
@pytest.mark.parametrize("name", ["index.html", f"members/{CENTRE}.html", "sources.html", "rules.html"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_light_or_dark_wide_or_narrow(
    chromium: Browser, folder: Path, name: str, scheme: str
) -> None:
    context = chromium.new_context(color_scheme=scheme, offline=True)
    page = context.new_page()
    page.goto((folder / name).as_uri())
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        found = Axe().run(page).response["violations"]
        serious = [
            (one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in ("serious", "critical")
        ]
        assert not serious
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page itself never scrolls sideways"
    context.close()


@look
def test_the_pages_speak_english_where_the_association_does(world: World, chromium: Browser, tmp_path: Path) -> None:
    text = world.config.read_text("utf-8")
    english = text.replace('language = "sv"', 'language = "en"').replace(f"{world.root}/page", str(tmp_path / "page"))
    other = World(world.root, tmp_path / "koll.toml")
    other.config.write_text(english, "utf-8")
    write_pages(other.open(), THIRD)
    page = chromium.new_page()
    page.goto((tmp_path / "page" / f"members/{CENTRE}.html").as_uri())
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.get_by_text("117, of which at least 41 by telephone").count() == 1
    assert not re.search(r"\b(anmälningar|gräns|okänd)\b", page.locator("body").inner_text())


def test_an_alert_tells_what_its_count_was_then_and_a_silenced_one_is_not_called_open(tmp_path: Path) -> None:
    small = Small(tmp_path, total(), day=date(2026, 3, 3), alerts=f"[page]\nfolder = '{tmp_path / 'page'}'", quiet=True)
    small.complain(BO)
    small.night()
    small.complain(ANNA, 12)
    small.night(1)
    small.complain(ANNA, 3)
    small.night(1)
    shown = (tmp_path / "page" / "members" / f"{ANNA}.html").read_text("utf-8")
    assert "total: nivå 10 sedan 4 mars 2026, då 12 anmälningar" in shown and "(öppet)" in shown
    [alert] = [a["alert"] for a in list_alert_states(small.open()) if a["member"] == ANNA]
    told = ["alerts", "silence", alert, "--until", "2099-01-31", "--config", str(tmp_path / "koll.toml")]
    assert CliRunner().invoke(app, told).exit_code == 0
    small.night(1)
    shown = (tmp_path / "page" / "members" / f"{ANNA}.html").read_text("utf-8")
    assert "(tystat t.o.m. 31 jan 2099)" in shown and "(öppet)" not in shown
