"""The CFPB's database: bulk files of every era, and the search interface with its traps on a real server."""

import json
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from flows.night import run_ingest
from flows.workplace import open_workplace
from models.storage.store import upgrade
from models.words import Channel, Evidence
from sources.archive.archive import Archive
from sources.contract import Bounds, RawItem, SourceBroken, Visit
from sources.usa.cfpb import INFO, Cfpb, read_us_date
from sources.usa.cfpb_search import list_weeks, read_address

PAGES = Path(__file__).parent / "pages" / "cfpb"
REGISTER = Path(__file__).parents[1] / "samples" / "register"
BOUNDS = Bounds(rows=(1, 1_000_000), quiet_days=14, max_age_days=30, delay=0)
AGENT = "Prov (+mailto:prov@forening.example)"
TODAY = date(2026, 8, 26)  # a Wednesday
HEADER = (PAGES / "search_2026.csv").read_text("utf-8").splitlines()[0]


def parse(content: str | bytes, covers=None):
    source = Cfpb("cfpb", ["https://api.example/v1/"], BOUNDS, AGENT)
    raw = content.encode() if isinstance(content, str) else content
    return list(source.parse(raw, RawItem("fil.csv", "0" * 64, covers=covers)))


def codes(draft) -> list[str]:
    return [*draft.flags, *(fault.code for fault in draft.faults)]


def row(number: int, day: date, company: str = "FICTIONAL BANK", response: str = "In progress") -> str:
    stamp = f"{day}T12:00:00.000Z"
    return f"{stamp},Mortgage,None,Issue,None,None,None,{company},OH,441XX,None,Web,{stamp},{response},Yes,{number}"


# ----------------------------------------------------------------------------------------------- golden files


@pytest.mark.parametrize("path", sorted([*PAGES.glob("*.csv"), *PAGES.glob("*.hits")]), ids=lambda path: path.stem)
def test_golden_file(path):
    """A file without its expectation writes it and fails: read what was written, then keep or mend it."""
    found = [
        draft.model_dump(mode="json", exclude_defaults=True, exclude={"raw": {"sha256"}})
        for draft in parse(path.read_bytes())
    ]
    expectation = path.with_suffix(".json")
    if not expectation.exists():
        expectation.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
        pytest.fail(f"{expectation.name} did not exist and was written: read it before you keep it")
    assert found == json.loads(expectation.read_text("utf-8"))


def test_every_code_of_the_parser_is_declared():
    declared = {check.code for check in INFO.checks}
    for path in PAGES.glob("*.csv"):
        assert {code for draft in parse(path.read_bytes()) for code in codes(draft)} <= declared


# ------------------------------------------------------------------------------------------------------- rows


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("11/03/2014", date(2014, 11, 3)),
        ("7/29/2013", date(2013, 7, 29)),
        ("2019-03-04", date(2019, 3, 4)),
        ("2025-07-11T14:42:24.000Z", date(2025, 7, 11)),
        ("2020-01-01T12:00:00-05:00", date(2020, 1, 1)),
        ("29/7/2013", None),
        ("2019-3-4", None),
        ("11/03/14", None),
        ("2025-07-11T", None),
        ("٢٠١٩-03-04", None),
        ("", None),
    ],
)
def test_a_date_is_read_in_the_forms_of_every_era_and_no_other(written, day):
    assert read_us_date(written) == day


def test_the_last_row_cut_short_is_refused_under_its_own_id():
    *whole, last = parse((PAGES / "bulk_2014.csv").read_bytes())
    assert codes(last) == ["row-ragged"]
    assert last.source_id == "1066397"
    assert last.company is None
    assert all(draft.received_on and not draft.faults for draft in whole)


def test_rows_without_an_id_are_told_apart_by_their_content_and_their_place_among_equals():
    text = (PAGES / "bulk_2016_without_ids.csv").read_text("utf-8")
    drafts = parse(text)
    assert len({draft.source_id for draft in drafts}) == len(drafts) == 13
    assert sum("row-identical" in draft.flags for draft in drafts) == 3
    assert all("key-made" in draft.flags and draft.url is None for draft in drafts)
    answered = parse(text.replace("7/30/2013,Closed with explanation,Yes,No", "7/30/2013,Closed,Yes,Yes"))
    padded = parse(text.replace("7/29/2013,", "07/29/2013,").replace("1/2", "01/2"))
    for later in (answered, padded):
        assert [draft.source_id for draft in later] == [draft.source_id for draft in drafts]


def test_how_a_complaint_was_sent_in_says_nothing_of_how_the_company_came():
    by_phone, called = parse(
        "Complaint ID,Date received,Product,Issue,Sub-issue,Company,Submitted via\n"
        "1,2019-03-04,Mortgage,Other,,A BANK,Phone\n"
        "2,2019-03-04,Debt,Communication tactics,Frequent or repeated calls,A,Web\n"
    )
    assert (by_phone.channel, by_phone.channel_evidence) == (Channel.UNKNOWN, None)
    assert (called.channel, called.channel_evidence) == (Channel.PHONE, Evidence.ISSUE)


def test_the_text_none_is_no_company_no_category_and_no_text():
    _, draft = parse((PAGES / "search_2026.csv").read_bytes())
    assert draft.company is None
    assert draft.category == "Debt collection; Communication tactics; Called before 8am or after 9pm"
    assert "None" not in json.dumps(draft.model_dump(mode="json"))


def test_neither_zip_code_nor_tag_nor_address_of_the_complainant_is_kept():
    kept = json.dumps([draft.model_dump(mode="json") for draft in parse((PAGES / "bulk_18_columns.csv").read_bytes())])
    for personal in ("441", "Older American", "jane.roe"):
        assert personal not in kept
    assert "{$240.00}" in kept


def test_csv_and_json_of_the_interface_give_the_same_rows():
    by_csv = parse((PAGES / "search_2026.csv").read_bytes())
    by_json = parse((PAGES / "search_page.hits").read_bytes())
    assert {d.source_id: d.model_dump(exclude={"raw"}) for d in by_csv} == {
        d.source_id: d.model_dump(exclude={"raw"}) for d in by_json
    }


def test_a_letter_known_to_be_damaged_is_mended_and_any_other_damage_stays_to_be_seen():
    known, other = parse(
        "Complaint ID,Date received,Product,Issue,Company\n"
        '1,2019-03-04,A,B,"Fictional Solutions, S.\x85 r.l."\n2,2019-03-04,A,B,"Bank\x85  of  X"\n'
    )
    assert known.company == "Fictional Solutions, S.à r.l."
    assert other.company == "Bank\x85 of X"  # the common rules refuse a control character


def test_an_unnamed_first_column_is_somebodys_row_number_and_never_an_id():
    (draft,) = parse(",Date received,Product,Issue,Company\n549162,2019-03-04,A,B,A BANK\n")
    assert draft.source_id != "549162"
    assert draft.flags == ("key-made",)


def test_a_file_of_narratives_without_dates_and_companies_is_refused_naming_what_is_missing():
    with pytest.raises(SourceBroken, match=r"'Date received', 'Issue', 'Company'.*columns-missing"):
        parse(',Product,Consumer complaint narrative\n549162,Credit card,"I wrote\nto XXXX about {$240.00}."\n')


@pytest.mark.parametrize("number", ["3.17E+06", "-5", "0", "12a", "１２３"])
def test_an_id_that_a_spreadsheet_has_changed_is_refused(number):
    (draft,) = parse(f"Complaint ID,Date received,Product,Issue,Company\n{number},2019-03-04,A,B,C\n")
    assert draft.source_id is None
    assert codes(draft) == ["key-odd"]


def test_a_new_column_is_told():
    (draft,) = parse("Complaint ID,Date received,Product,Issue,Company,Mood\n1,2019-03-04,A,B,C,bad\n")
    assert codes(draft) == ["column-unknown"]


@pytest.mark.parametrize(
    "hits", ['"none"', '[{"_source": 1}]', '[{"_id": "1"}]', '[{"_source": {"product": {"a": 1}}}]', "[[]]", "{}"]
)
def test_a_page_of_another_shape_breaks_the_source_or_refuses_the_record(hits):
    try:
        drafts = parse(f'{{"hits": {{"hits": {hits}}}}}')
    except SourceBroken as fault:
        assert fault.code == "not-a-table"
    else:
        assert [codes(draft) for draft in drafts] == [["record-unreadable"] for _ in drafts]


def test_half_a_character_in_an_answer_is_marked_as_damage():
    page = (PAGES / "search_page.hits").read_text("utf-8").replace("FICTIONAL SERVICER", "A\\ud800B\\u0000")
    assert parse(page)[1].company == "A\ufffdB\ufffd INC"


@pytest.mark.parametrize("path", sorted([*PAGES.glob("*.csv"), *PAGES.glob("*.hits")]), ids=lambda path: path.stem)
def test_a_damaged_file_is_read_or_refused_and_never_crashes_nor_takes_another_key(path):
    content = path.read_bytes()
    known = {draft.source_id for draft in parse(content)}
    chance = random.Random(path.stem)
    for _ in range(150):
        damaged = bytearray(content[: chance.randrange(len(content))] if chance.random() < 0.5 else content)
        for _ in range(chance.randrange(4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(128, 256)
        try:
            drafts = parse(bytes(damaged))
        except SourceBroken:
            continue
        made = {draft.source_id for draft in drafts if "key-made" in draft.flags}
        assert {draft.source_id for draft in drafts if draft.source_id and not draft.faults} - made <= known
        assert not made or path.stem == "bulk_2016_without_ids"


def test_an_id_cut_at_the_end_of_a_file_is_not_the_id_of_another_complaint():
    whole = "Date received,Product,Issue,Company,Complaint ID\n2019-03-04,A,B,C,3169001\n2019-03-05,A,B,C,3169002\n"
    *_, last = parse(whole[:-3])
    assert (last.source_id, codes(last)) == (None, ["row-ragged"])


def test_the_id_under_another_name_breaks_the_file_instead_of_making_every_complaint_new():
    with pytest.raises(SourceBroken, match=r"no column 'Complaint ID', but Case ID.*columns-missing"):
        parse("Case ID,Date received,Product,Issue,Company\n1,2019-03-04,A,B,C\n")


# ----------------------------------------------------------------------------------------------------- folder


def visit_of(archive: Archive, **more) -> Visit:
    now = datetime(2026, 8, 26, 3, tzinfo=UTC) + timedelta(minutes=more.pop("minute", 0))
    last = archive.last_reading("cfpb")
    return Visit(archive, more.pop("day", TODAY), now, last, log=lambda line: None, **more)


def test_bulk_files_are_taken_once_oldest_data_first(tmp_path):
    folder = tmp_path / "bulk"
    folder.mkdir()
    archive = Archive(tmp_path / "archive")
    source = Cfpb("cfpb", [], BOUNDS, AGENT, folder=folder)
    (folder / "a.csv").write_bytes((PAGES / "bulk_18_columns.csv").read_bytes())
    (folder / "b.csv").write_bytes((PAGES / "bulk_2014.csv").read_bytes())
    (folder / "complaints.csv.zip").write_bytes(b"PK")
    first = source.read(visit_of(archive))
    assert [item.name for item in first.items] == ["b.csv", "a.csv"]
    assert [problem.code for problem in first.problems] == ["not-a-table"]
    assert first.complete_through == date(2019, 2, 19)  # 15 days until all is published
    assert not first.complete
    archive.save_reading(first)
    again = source.read(visit_of(archive, minute=1))
    assert [(item.name, item.unchanged) for item in again.items] == [("b.csv", True), ("a.csv", True)]


@pytest.mark.parametrize(("made", "code"), [(False, "folder-missing"), (True, "folder-empty")])
def test_a_folder_that_holds_nothing_breaks_the_source(tmp_path, made, code):
    folder = tmp_path / "bulk"
    if made:
        folder.mkdir()
    with pytest.raises(SourceBroken, match=code):
        Cfpb("cfpb", [], BOUNDS, AGENT, folder=folder).read(visit_of(Archive(tmp_path / "archive")))


# --------------------------------------------------------------------------------------------------- interface


class Interface:
    """The search interface on a real server, with its habits: ``rows`` are (id, day), exports have a ceiling."""

    def __init__(self, server: HTTPServer, root: Path) -> None:
        self.archive = Archive(root / "archive")
        self.source = Cfpb("cfpb", [server.url_for("/api/v1") + "?company=FICTIONAL+BANK"], BOUNDS, AGENT)
        self.rows: dict[int, tuple[date, str]] = {}
        self.ceiling, self.page_size = 100, 2
        self.understands_dates = self.understands_after = self.inclusive = True
        self.meta: dict[str, object] = {"is_data_stale": False, "has_data_issue": False}
        self.asked: list[dict[str, str]] = []
        server.expect_request("/robots.txt").respond_with_data("", status=404)
        server.expect_request("/api/v1").respond_with_data("<title>Search</title>", content_type="text/html")
        server.expect_request("/api/v1/").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        asked = dict(request.args)
        self.asked.append(asked)
        found = sorted(self.rows.items(), reverse=True)
        if self.understands_dates and "date_received_min" in asked:
            first, last = (date.fromisoformat(asked[f"date_received_{end}"]) for end in ("min", "max"))
            last -= timedelta(days=0 if self.inclusive else 1)
            found = [(number, one) for number, one in found if first <= one[0] <= last]
        if asked.get("format") == "csv":
            if len(found) > self.ceiling:
                return Response('{"detail": "too many"}', status=400)
            lines = [HEADER, *(row(number, day, response=said) for number, (day, said) in found), ""]
            return Response("\n".join(lines), mimetype="text/csv")
        return Response(json.dumps(self._page(asked, found)), mimetype="application/json")

    def _page(self, asked: dict[str, str], found: list) -> dict:
        numbers = [number for number, _ in found]
        after = asked.get("search_after", "")
        start = numbers.index(int(after.partition("_")[2])) + 1 if after and self.understands_after else 0
        size = min(int(asked["size"]), self.page_size)
        hits = [
            {
                "_id": str(number),
                "sort": [1, str(number)],
                "_source": {
                    "complaint_id": str(number), "date_received": f"{day}T12:00:00.000Z", "product": "Mortgage",
                    "issue": "Issue", "company": "FICTIONAL BANK", "company_response": said,
                },
            }
            for number, (day, said) in found[start : start + size]
        ]  # fmt: skip
        return {"hits": {"total": {"value": len(found), "relation": "eq"}, "hits": hits}, "_meta": self.meta}

    def read(self, minute: int = 0, **more):
        reading = self.source.read(visit_of(self.archive, minute=minute, **more))
        self.archive.save_reading(reading)
        return reading

    def ids(self, reading) -> list[str]:
        """Return the ids of every row of a reading, one for each time it stands there."""
        records = [item for item in reading.items if item.role == "record"]
        return sorted(d.source_id for item in records for d in self.source.parse(self.archive.get(item.sha256), item))


@pytest.fixture
def interface(httpserver: HTTPServer, tmp_path: Path) -> Interface:
    made = Interface(httpserver, tmp_path)
    made.rows = {number: (TODAY - timedelta(days=number % 55), "In progress") for number in range(1000, 1060)}
    return made


@pytest.mark.parametrize("inclusive", [True, False], ids=["last day included", "last day left out"])
def test_sixty_days_are_read_week_by_week_and_every_row_once(interface, inclusive):
    interface.inclusive = inclusive
    reading = interface.read()
    assert interface.ids(reading) == sorted(map(str, interface.rows))
    assert reading.complete
    assert reading.complete_through == TODAY - timedelta(days=15)
    exports = [asked for asked in interface.asked if asked.get("format") == "csv"]
    assert len(exports) == len(reading.items) == 10
    assert all(asked["company"] == "FICTIONAL BANK" for asked in interface.asked)


def test_an_export_over_the_ceiling_is_asked_for_in_halves(interface):
    interface.ceiling = 4
    reading = interface.read()
    assert interface.ids(reading) == sorted(map(str, interface.rows))
    assert len(reading.items) > 10


@pytest.mark.parametrize(("inclusive", "pages"), [(True, 8), (False, 4)])
def test_one_day_over_the_ceiling_is_read_page_by_page(interface, inclusive, pages):
    interface.inclusive = inclusive
    interface.rows = dict.fromkeys(range(1000, 1007), (TODAY, "In progress"))
    interface.ceiling = 5
    reading = interface.read()
    assert interface.ids(reading) == [str(number) for number in range(1000, 1007)]
    assert sum("page" in item.name for item in reading.items) == pages


def test_paging_that_starts_over_ends_and_breaks_the_source(interface):
    interface.rows = dict.fromkeys(range(1000, 1007), (TODAY, "In progress"))
    interface.ceiling, interface.understands_after = 5, False
    with pytest.raises(SourceBroken, match=r"2 of 7 complaints.*paging-repeats"):
        interface.read()
    assert len(interface.asked) < 20


def test_a_filter_by_date_that_is_ignored_is_noticed(interface):
    interface.understands_dates = False
    reading = interface.read()
    with pytest.raises(SourceBroken, match="range-ignored"):
        interface.ids(reading)


def test_weeks_before_the_window_are_carried_over_and_those_inside_read_again(interface):
    interface.rows[900] = (TODAY - timedelta(days=100), "Closed")
    old = interface.read(since=TODAY - timedelta(days=101), until=TODAY - timedelta(days=99))
    assert interface.ids(old) == ["900"]
    assert old.complete_through is None
    before = len(interface.asked)
    interface.rows[1000] = (interface.rows[1000][0], "Closed")
    del interface.rows[1001]
    reading = interface.read(minute=1)
    assert interface.ids(reading) == sorted(map(str, interface.rows))
    assert [item.unchanged for item in reading.items] == [True, True] + [False] * 10
    assert len(interface.asked) - before == 11


def test_what_was_edited_and_what_was_taken_back_is_so_in_the_database_too(interface, tmp_path):
    """A whole night twice: of two rows of one week one is answered, the other is no longer published."""
    config = tmp_path / "koll.toml"
    config.write_text(
        f"""
        association = {{name = "Prov", contact = "prov@forening.example"}}
        register = {{path = "{REGISTER}"}}
        mail = {{from = "koll@forening.example"}}
        [sources.cfpb]
        kind = "cfpb"
        url = "{interface.source.sites[0]}"
        delay = 0
        """,
        "utf-8",
    )
    place = open_workplace(config, check=False)
    upgrade(place.engine)
    first = run_ingest(place, "cfpb", TODAY, lambda line: None).nights[0]
    assert (first.verdict, first.new, first.complete_through) == ("ok", 60, TODAY - timedelta(days=15))
    interface.rows[1000] = (interface.rows[1000][0], "Closed")
    del interface.rows[1001]
    second = run_ingest(place, "cfpb", TODAY, lambda line: None).nights[0]
    assert (second.new, second.changed, second.withdrawn, second.quarantined) == (0, 1, 1, 0)
    place.engine.dispose()


def test_the_address_gets_the_slash_without_which_a_web_page_answers():
    assert read_address("https://api.example/v1?company=A&company=B") == (
        "https://api.example/v1/",
        [("company", "A"), ("company", "B")],
    )


def test_a_web_page_in_the_interfaces_place_breaks_the_source(httpserver, tmp_path):
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    httpserver.expect_request("/api/v1/").respond_with_data("<title>Maintenance</title>", content_type="text/html")
    source = Cfpb("cfpb", [httpserver.url_for("/api/v1")], BOUNDS, AGENT)
    with pytest.raises(SourceBroken, match=r"a web page instead.*answer-unknown"):
        source.read(visit_of(Archive(tmp_path)))


@pytest.mark.parametrize("query", ["compny=A", "company=", "size=5", "format=json"])
def test_a_filter_that_would_be_ignored_is_refused(query):
    with pytest.raises(SourceBroken, match="filter-unknown"):
        read_address(f"https://api.example/v1/?{query}")


def test_what_the_publisher_says_of_its_own_data_is_passed_on(interface):
    interface.meta = {"is_data_stale": True, "has_data_issue": True}
    assert [problem.code for problem in interface.read().problems] == ["is-data-stale", "has-data-issue"]


def test_weeks_are_the_same_whatever_the_day():
    weeks = [list(list_weeks(day - timedelta(days=60), day)) for day in (TODAY, TODAY + timedelta(days=1))]
    assert weeks[0] == weeks[1]
    assert all(first.weekday() == 0 and last - first == timedelta(days=6) for first, last in weeks[0])


def test_a_source_has_a_folder_or_an_address_and_not_both(tmp_path):
    for sites, folder in (([], None), (["https://api.example/v1/"], tmp_path)):
        with pytest.raises(ValueError, match="one of folder"):
            Cfpb("cfpb", sites, BOUNDS, AGENT, folder=folder)
