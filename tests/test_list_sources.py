"""Every source with golden pages but the ethics board's (which has its own), and whole visits of list sources to a
real server: paging, carrying over, politeness, and every way in which a list lies."""

import hashlib
import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from expectations.judge import Judge
from flows.night import run_ingest
from flows.workplace import open_workplace
from models.drafts import Draft
from models.storage.store import upgrade
from models.words import Severity, Verdict
from sources.archive.archive import Archive
from sources.contract import Bounds, RawItem, Reading, SourceBroken, Visit
from sources.pages.fields import looks_cut
from sources.pages.listing import ListSource
from sources.registry import WEB_SOURCES
from sources.sweden.ko_domar import KoDomar
from sources.sweden.reklamombudsmannen import Reklamombudsmannen
from sources.sweden.varningslistan import Varningslistan

PAGES = Path(__file__).parent / "pages"
AGENT = "Prov (+mailto:prov@forening.example)"
BOUNDS = Bounds(rows=(1, 100), quiet_days=30, max_age_days=3, delay=0)
LIST_KINDS = sorted(kind for kind, one in WEB_SOURCES.items() if isinstance(one, type) and issubclass(one, ListSource))


# ------------------------------------------------------------------------------------------------- golden pages


def golden_pages() -> list[Path]:
    return sorted(path for kind in LIST_KINDS for path in (PAGES / kind).glob("*.html"))


def parse(path: Path) -> list[Draft]:
    """The drafts of a golden page, none where the page breaks the source."""
    content = path.read_bytes()
    canonical = re.search(rb'<link rel="canonical" href="([^"]+)"', content)
    url = canonical.group(1).decode() if canonical else f"https://example.org/{path.stem}"
    source = WEB_SOURCES[path.parent.name](path.parent.name, ["https://example.org"], BOUNDS, AGENT)
    try:
        return list(source.parse(content, RawItem(url, hashlib.sha256(content).hexdigest())))
    except SourceBroken:
        return []


def read_golden(path: Path) -> list[dict] | dict:
    drafts = parse(path)
    if not drafts:
        source = WEB_SOURCES[path.parent.name](path.parent.name, ["https://example.org"], BOUNDS, AGENT)
        try:
            return list(source.parse(path.read_bytes(), RawItem("https://example.org/", "0" * 64)))  # the list is empty
        except SourceBroken as broken:
            return {"broken": broken.code}
    return [d.model_dump(mode="json", exclude_defaults=True, exclude={"raw": {"sha256"}}) for d in drafts]


@pytest.mark.parametrize("path", golden_pages(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_golden_page(path):
    """A page without its expectation writes it and fails: read what was written, then keep or mend it."""
    found = read_golden(path)
    expectation = path.with_suffix(".json")
    if not expectation.exists():
        expectation.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
        pytest.fail(f"{expectation.name} did not exist and was written: read it before you keep it")
    assert found == json.loads(expectation.read_text("utf-8"))


@pytest.mark.parametrize("kind", ["ko_domar", "varningslistan", "reklamombudsmannen", "forbrukertilsynet"])
def test_no_golden_page_gives_an_undeclared_code(kind):
    declared = {check.code for check in WEB_SOURCES[kind].info.checks} | {"date-unreadable"}
    for path in (PAGES / kind).glob("*.json"):
        drafts = json.loads(path.read_text("utf-8"))
        for draft in drafts if isinstance(drafts, list) else []:
            assert {fault["code"] for fault in draft.get("faults", [])} | set(draft.get("flags", [])) <= declared, path


def test_a_norwegian_number_is_a_fact_and_never_a_swedish_one():
    found = [read_golden(path) for path in (PAGES / "forbrukertilsynet").glob("*.html")]
    drafts = [draft for one in found for draft in one]
    assert {draft.get("facts", {}).get("org_number_no") for draft in drafts} == {None, "919432942"}
    assert all("org_number" not in draft for draft in drafts)


def test_a_page_cut_anywhere_is_never_accepted_with_a_damaged_key_or_name():
    """Cut at every tenth byte: whatever has no fault has the whole page's key, date and company."""
    for path in golden_pages():
        whole = read_golden(path)
        if not isinstance(whole, list) or len(whole) != 1 or whole[0].get("faults"):
            continue
        source = WEB_SOURCES[path.parent.name]("x", ["https://example.org"], BOUNDS, AGENT)
        content = path.read_bytes()
        for end in range(0, len(content.rstrip()) - 1, 10):
            try:
                drafts = list(source.parse(content[:end], RawItem("https://example.org/x", "0" * 64)))
            except SourceBroken:
                continue
            assert all(draft.faults for draft in drafts), (path.name, end)


def test_the_judge_keeps_what_is_sound_and_refuses_what_is_not():
    """All golden pages of a kind in one reading; what the quarantine gets is what the pages were damaged in."""
    kept, refused = {}, {}
    for kind in ("ko_domar", "varningslistan", "reklamombudsmannen", "forbrukertilsynet"):
        info = WEB_SOURCES[kind].info
        judge = Judge("x", kind, checks=info.checks, rows=(1, 99), business_date=date(2026, 8, 1), expect_rows=True)
        judgement = judge.judge_chunk(
            [draft for path in sorted((PAGES / kind).glob("*.html")) for draft in parse(path)]
        )
        kept[kind] = [draft.source_id for draft in judgement.accepted]
        refused[kind] = sorted({one.code for one in judgement.quarantined if not one.kept})
    assert kept["ko_domar"] == ["PMÖD 2019:22", "MD 2016:9", "IF 2013/08b", "PMT 12325-16", "2018/55"]
    assert refused["ko_domar"] == ["case-ambiguous", "date-unreadable", "page-cut", "page-unknown"]
    assert len(kept["varningslistan"]) == 14 and "konstig dag ab" in kept["varningslistan"]
    assert refused["varningslistan"] == ["key-missing", "key-twice"]  # without its name a row has no key
    assert kept["reklamombudsmannen"] == ["1812-7", "2203-031", "2109-208"]
    assert kept["forbrukertilsynet"] == ["FOV-2019-12B", "FOV-2021-7008A", "FOV-2020-311"]


# ------------------------------------------------------------------------------------------------- whole visits


class Site:
    """A publisher on loopback whose pages can be changed between two nights; it answers conditional requests."""

    def __init__(self, server: HTTPServer, archive: Archive) -> None:
        self.server = server
        self.archive = archive
        self.pages: dict[str, str] = {}
        self.asked: list[str] = []
        self.last: Reading | None = None
        server.expect_request(re.compile(".*")).respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        place = request.full_path.rstrip("?")
        self.asked.append(place)
        if place not in self.pages:
            return Response("", 404)
        tag = f'"{hash(self.pages[place])}"'
        if request.headers.get("If-None-Match") == tag:
            return Response("", 304)
        return Response(self.pages[place], 200, {"ETag": tag, "Content-Type": "text/html; charset=utf-8"})

    def read(self, kind: type[ListSource], url: str = "", day: int = 1) -> Reading:
        """Read the site as the night of ``day``, after the last reading."""
        self.asked.clear()
        now = datetime(2026, 8, day, 1, 15, tzinfo=UTC)
        visit = Visit(self.archive, date(2026, 8, day), now, last=self.last, log=lambda line: None)
        source = kind(
            "prov", [self.server.url_for(url).rstrip("/") if not url else self.server.url_for(url)], BOUNDS, AGENT
        )
        self.last = source.read(visit)
        return self.last

    def ids(self, kind: type[ListSource]) -> list[str | None]:
        source = kind("prov", [], BOUNDS, AGENT)
        items = [item for item in self.last.items if item.role == "record"]
        return [d.source_id for item in items for d in source.parse(self.archive.get(item.sha256), item)]


@pytest.fixture
def site(httpserver: HTTPServer, tmp_path: Path) -> Site:
    return Site(httpserver, Archive(tmp_path / "archive"))


def html(body: str, title: str = "Sida") -> str:
    return f"<!doctype html><html><head><title>{title}</title></head><body>{body}</body></html>"


def case_page(case: str) -> str:
    return html(f"<h1>R</h1><p>Friad</p><p>Ärende: {case}</p><p>Datum: 2026-01-02</p><p>Annonsör: Provbolaget AB</p>")


def listing(*cases: str, more: str = "") -> str:
    links = "".join(f'<li><a href="/beslut/enskilt-beslut/?caseid={case}">Beslut {case}</a></li>' for case in cases)
    return html(f"<h1>Sök uttalanden</h1><ul>{links}</ul>{more}")


def put_cases(site: Site, *cases: str) -> None:
    site.pages |= {f"/beslut/enskilt-beslut/?caseid={case}": case_page(case) for case in cases}


def put_two_pages(site: Site) -> None:
    put_cases(site, "2101-1", "2101-2", "2101-3")
    site.pages["/sok-uttalanden"] = listing("2101-3", "2101-2", more='<a href="/sok-uttalanden?page=2">Nästa</a>')
    site.pages["/sok-uttalanden?page=2"] = listing("2101-1")


def test_every_page_of_a_list_is_followed_and_every_record_read(site):
    put_two_pages(site)
    reading = site.read(Reklamombudsmannen)
    assert reading.complete and reading.problems == ()
    assert site.ids(Reklamombudsmannen) == ["2101-1", "2101-2", "2101-3"]


def test_a_quiet_night_asks_for_the_list_pages_only(site):
    put_two_pages(site)
    site.read(Reklamombudsmannen)
    reading = site.read(Reklamombudsmannen, day=2)
    assert site.asked == ["/robots.txt", "/sok-uttalanden", "/sok-uttalanden?page=2"]
    assert reading.complete and all(item.unchanged for item in reading.items)
    assert site.ids(Reklamombudsmannen) == ["2101-1", "2101-2", "2101-3"]


def test_a_record_of_which_the_list_says_something_else_is_asked_for_again(site):
    put_two_pages(site)
    site.read(Reklamombudsmannen)
    site.pages["/sok-uttalanden?page=2"] = listing("2101-1").replace("Beslut 2101-1", "Beslut 2101-1 (ändrat)")
    site.read(Reklamombudsmannen, day=2)
    assert site.asked[-1] == "/beslut/enskilt-beslut/?caseid=2101-1" and len(site.asked) == 4


@pytest.mark.parametrize(
    "paging",
    [
        '<a rel="next" href="?page=2">2</a>',
        '<a class="next" href="/sok-uttalanden?page=2">pil</a>',
        '<a href="/sok-uttalanden?page=2">Visa fler uttalanden</a>',
        '<a href="/sok-uttalanden?page=1">1</a> <a href="/sok-uttalanden?page=2">2</a>',
        '<link rel="next" href="/sok-uttalanden?page=2">',
    ],
)
def test_paging_is_found_by_rel_class_word_or_number(site, paging):
    put_two_pages(site)
    site.pages["/sok-uttalanden?page=1"] = listing("2101-3", "2101-2", more=paging)
    site.pages["/sok-uttalanden"] = listing("2101-3", "2101-2", more=paging)
    site.read(Reklamombudsmannen)
    assert len(site.ids(Reklamombudsmannen)) == 3


def test_paging_without_an_end_stops_and_calls_nothing_gone(site):
    put_cases(site, "2101-1")
    site.pages["/sok-uttalanden"] = listing("2101-1", more='<a rel="next" href="?page=2">n</a>')
    for n in range(2, 40):
        site.pages[f"/sok-uttalanden?page={n}"] = listing("2101-1", more=f'<a rel="next" href="?page={n + 1}">n</a>')
    reading = site.read(Reklamombudsmannen)
    assert len(site.asked) < 10
    assert not reading.complete and [problem.code for problem in reading.problems] == ["listing-circles"]


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (html("<form><input type='password'></form>", "Logga in"), "listing-unknown"),
        (html("<h1>Just a moment...</h1>"), "listing-unknown"),
        (html("<h1>Sidan underhålls</h1>"), "listing-unknown"),
        (html("<h1>Vi använder cookies</h1><button>Godkänn</button>"), "listing-unknown"),
        (listing("2101-3", "2101-2")[:-20], "listing-cut"),
        (listing("2101-9"), "listing-shrunk"),
        ("", "listing-unknown"),
    ],
)
def test_a_list_that_is_not_the_list_breaks_the_source(site, page, code):
    put_two_pages(site)
    put_cases(site, "2101-9")
    site.read(Reklamombudsmannen)
    site.pages["/sok-uttalanden"] = page
    with pytest.raises(SourceBroken) as broken:
        site.read(Reklamombudsmannen, day=2)
    assert broken.value.code == code


def test_a_log_in_page_in_place_of_one_later_list_page_breaks_the_source(site):
    put_two_pages(site)
    site.read(Reklamombudsmannen)
    site.pages["/sok-uttalanden?page=2"] = html("<h1>Logga in</h1>")
    with pytest.raises(SourceBroken) as broken:
        site.read(Reklamombudsmannen, day=2)
    assert broken.value.code == "listing-unknown"


def test_a_later_list_page_that_is_suddenly_empty_breaks_the_source(site):
    put_two_pages(site)
    site.read(Reklamombudsmannen)
    site.pages["/sok-uttalanden?page=2"] = html("<h1>Sök uttalanden</h1>")
    with pytest.raises(SourceBroken) as broken:
        site.read(Reklamombudsmannen, day=2)
    assert broken.value.code == "listing-shrunk"


def test_a_log_in_page_in_place_of_a_known_record_keeps_what_was_read_and_is_told(site):
    put_two_pages(site)
    site.read(Reklamombudsmannen)
    site.pages["/beslut/enskilt-beslut/?caseid=2101-1"] = html("<h1>Logga in</h1>")
    site.pages["/sok-uttalanden?page=2"] = listing("2101-1").replace("Beslut 2101-1", "Nytt")
    reading = site.read(Reklamombudsmannen, day=2)
    assert [problem.code for problem in reading.problems] == ["page-unknown"] and not reading.complete
    assert "2101-1" in site.ids(Reklamombudsmannen)


def test_yearly_lists_are_followed_from_the_overview_and_a_new_year_may_be_empty(site):
    root = "/aktuellt/mal-domar-och-forelagganden/"
    site.pages[root] = html(f'<h1>Mål</h1><a href="{root}domar/">Domar</a><a href="/om/">Om</a>')
    site.pages[f"{root}domar/"] = html(
        f'<h1>Domar</h1><a href="{root}domar/domar-2022/">2022</a><a href="{root}domar/domar-2023/">2023</a>'
    )
    site.pages[f"{root}domar/domar-2022/"] = html(f'<h1>2022</h1><a href="{root}domar/domar-2022/norrby/">Dom</a>')
    site.pages[f"{root}domar/domar-2023/"] = html("<h1>Domar 2023</h1><p>Inga domar ännu.</p>")
    golden = (PAGES / "ko_domar" / "paragraphs.html").read_text("utf-8")
    site.pages[f"{root}domar/domar-2022/norrby/"] = golden
    reading = site.read(KoDomar)
    assert reading.complete and site.ids(KoDomar) == ["PMT 12325-16"]
    assert "/om/" not in site.asked


def test_a_list_whose_rows_are_records_is_read_conditionally_and_a_company_that_left_is_gone(site):
    golden = (PAGES / "varningslistan" / "definitions.html").read_text("utf-8")
    site.pages["/aktuellt/varningslistan/"] = golden
    assert site.read(Varningslistan).complete
    assert len(site.ids(Varningslistan)) == 4
    assert all(item.unchanged for item in site.read(Varningslistan, day=2).items)
    site.pages["/aktuellt/varningslistan/"] = golden.replace("<dt>Ensam Rubrik AB</dt>", "")
    assert site.read(Varningslistan, day=3).complete
    assert "ensam rubrik ab" not in site.ids(Varningslistan)


def test_an_address_with_a_path_is_the_list_itself(site):
    site.pages["/nytt/stalle"] = (PAGES / "varningslistan" / "table.html").read_text("utf-8")
    site.read(Varningslistan, "/nytt/stalle")
    assert site.asked == ["/robots.txt", "/nytt/stalle"]


@pytest.mark.parametrize("kind", LIST_KINDS)
def test_no_source_says_that_an_error_is_less_than_it_costs(kind):
    costs = {check.code: check.severity for check in WEB_SOURCES[kind].info.checks}
    assert costs["page-unknown"] == costs["page-cut"] == costs["key-unreadable"] == Severity.ERROR


NIGHT = """
[association]
name = "Provföreningen"
[database]
[archive]
path = "prov-archive"
[register]
path = "register"
[mail]
from = "koll@prov.example"
[alerts]
[sources.ro]
kind = "reklamombudsmannen"
sites = ["{base}"]
rows = [1, 10]
delay = 0
[sources.varning]
kind = "varningslistan"
url = "{base}/aktuellt/varningslistan/"
delay = 0
"""


def test_nights_take_new_kinds_in_from_their_table_alone_and_withdraw_what_left_a_list(site, tmp_path):
    put_two_pages(site)
    warned = (PAGES / "varningslistan" / "definitions.html").read_text("utf-8")
    site.pages["/aktuellt/varningslistan/"] = warned
    config = tmp_path / "koll.toml"
    config.write_text(NIGHT.replace("{base}", site.server.url_for("").rstrip("/")), "utf-8")
    place = open_workplace(config, check=False)
    upgrade(place.engine)
    for name, new in (("ro", 3), ("varning", 4)):
        fared = run_ingest(place, name, date(2026, 8, 1), lambda line: None).nights[0]
        assert (fared.code, fared.new, fared.quarantined) == ("", new, 0), fared.message
        again = run_ingest(place, name, date(2026, 8, 2), lambda line: None).nights[0]
        assert (again.new, again.changed, again.withdrawn) == (0, 0, 0), again.message
    site.pages["/aktuellt/varningslistan/"] = warned.replace("<dt>Ensam Rubrik AB</dt>", "")
    fared = run_ingest(place, "varning", date(2026, 8, 3), lambda line: None).nights[0]
    assert (fared.new, fared.changed, fared.withdrawn) == (0, 0, 1), fared.message
    site.pages["/aktuellt/varningslistan/"] = html("<input type='password'>", "Logga in")
    fared = run_ingest(place, "varning", date(2026, 8, 4), lambda line: None).nights[0]
    assert (fared.verdict, fared.code) == (Verdict.BROKEN, "listing-unknown")


def test_a_list_drawn_by_a_script_is_not_taken_for_a_cut_one():
    assert not looks_cut(html("<ul><li>x</li></ul><script>put('<ul><table>')</script>"))
    assert looks_cut(html("<ul><li>x</li>")) and looks_cut("<html><body><p>x</p></body>")


def test_control_characters_and_markup_in_a_name_keep_a_record_out():
    """ "page-damaged" and "name-damaged": both are bytes that nobody wrote."""
    source = WEB_SOURCES["reklamombudsmannen"]("x", ["https://example.org"], BOUNDS, AGENT)
    for old, new, code in (
        ("2101-1<", "2101-\x0b1\x02<", "page-damaged"),
        ("Provbolaget AB", "Provbolaget &lt;/dd AB", "name-damaged"),
    ):
        page = case_page("2101-1")
        assert old in page
        draft = next(source.parse(page.replace(old, new).encode(), RawItem("https://example.org/x", "0" * 64)))
        assert code in [fault.code for fault in draft.faults]


def test_a_damaged_row_of_a_list_is_refused_alone():
    page = (PAGES / "varningslistan" / "definitions.html").read_text("utf-8").replace("Exempla", "Exem\x01pla")
    source = WEB_SOURCES["varningslistan"]("x", ["https://example.org"], BOUNDS, AGENT)
    drafts = list(source.parse(page.encode(), RawItem("https://example.org/x", "0" * 64)))
    assert [[fault.code for fault in draft.faults] for draft in drafts] == [["page-damaged"], [], [], []]


def test_a_damaged_case_number_is_never_passed_over_for_the_appealed_one():
    page = (PAGES / "ko_domar" / "appeal-partly.html").read_text("utf-8")
    source = WEB_SOURCES["ko_domar"]("x", ["https://example.org"], BOUNDS, AGENT)
    for damaged in ("PM\ufffdD 2019:22", "PMÖD 2019Y22", "P\ufffdMÖD 2019:22"):
        content = page.replace("PMÖD 2019:22", damaged).encode()
        (draft,) = source.parse(content, RawItem("https://example.org/x", "0" * 64))
        assert draft.source_id is None, damaged
        assert "key-unreadable" in [fault.code for fault in draft.faults], damaged
