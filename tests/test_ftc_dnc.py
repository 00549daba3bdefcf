"""The FTC's daily files: real rows as golden file, the data page and its missing days against a real server."""

import json
import random
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from flows.looking.exports import EXPORTS, Asked
from flows.night import run_ingest
from flows.workplace import open_workplace
from models.storage.store import upgrade
from models.words import Severity
from sources.archive.archive import Archive
from sources.contract import Bounds, RawItem, SourceBroken, Visit
from sources.usa.ftc_days import find_day
from sources.usa.ftc_dnc import HEADERS, INFO, FtcDnc, read_us_number

PAGES = Path(__file__).parent / "pages" / "ftc_dnc"
BOUNDS = Bounds(rows=(1, 100_000), quiet_days=5, max_age_days=7, delay=0)
AGENT = "Prov (+mailto:prov@forening.example)"
HEADER = ",".join(HEADERS)
ROW = "2025550143,2021-07-07 10:00:00,2021-07-06 09:00:00,Riverside,California,951,Other,Y"


def parse(text: str | bytes):
    content = text.encode() if isinstance(text, str) else text
    source = FtcDnc("ftc", ["https://data.example/"], BOUNDS, AGENT)
    return list(source.parse(content, RawItem("dag.csv", "0" * 64)))


def parse_rows(*rows: str):
    return parse("\r\n".join([HEADER, *rows, ""]))


def codes(draft) -> list[str]:
    return [*draft.flags, *(fault.code for fault in draft.faults)]


# ------------------------------------------------------------------------------------------------------- rows


def test_the_golden_day():
    """Without its expectation the day is read, written down, and the test fails: read it, then keep or mend it."""
    drafts = parse((PAGES / "day.csv").read_bytes())
    found = [d.model_dump(mode="json", exclude_defaults=True, exclude={"raw": {"sha256"}}) for d in drafts]
    expectation = PAGES / "day.json"
    if not expectation.exists():
        expectation.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
        pytest.fail("day.json did not exist and was written: read it before you keep it")
    assert found == json.loads(expectation.read_text("utf-8"))


def test_a_valid_number_becomes_the_mention_and_nothing_personal_is_kept():
    (draft,) = parse_rows(ROW)
    assert draft.company == "+12025550143"
    assert draft.facts == {"city": "Riverside", "state": "California", "area_code": "951", "recorded": "Y"}
    assert (draft.received_on, draft.event_on) == (date(2021, 7, 7), date(2021, 7, 6))
    assert (draft.channel, draft.text, draft.org_number, draft.mentions) == ("phone", None, None, ())


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("2025550143", "+12025550143"),
        ("12025550143", "+12025550143"),
        ("(202) 555-0143", "+12025550143"),
        ("+1 202.555.0143", "+12025550143"),
        ("01146701234567", "+46701234567"),
        ("+46 70 123 45 67", "+46701234567"),
        ("112025550143", None),
        ("5560160680", None),
        ("2025550143222", None),
        ("5550143", None),
        ("0", None),
        ("862083116688", None),
        ("", None),
    ],
)
def test_only_what_can_be_called_from_the_usa_is_a_number(written, number):
    assert read_us_number(written) == number


@pytest.mark.parametrize("written", ["951677xxxx", "saidpress1", "20255501??", "2025550143;222", "202555\u06600143"])
def test_a_number_with_letters_or_signs_is_refused_and_keeps_its_id(written):
    (draft,) = parse_rows(ROW.replace("2025550143", written, 1))
    assert codes(draft) == ["phone-unreadable"]
    assert draft.company is None
    assert draft.source_id


def test_words_in_the_number_field_are_not_repeated():
    (draft,) = parse_rows(ROW.replace("2025550143", "my cousin Fredrik 1", 1))
    assert "Fredrik" not in draft.faults[0].value
    assert "cousin" not in draft.faults[0].value


def test_digits_that_are_no_number_name_nobody_so_that_they_match_no_organisation_number():
    (draft,) = parse_rows(ROW.replace("2025550143", "5560160680", 1))
    assert draft.company is None
    assert codes(draft) == ["phone-invalid"]
    assert draft.facts["number_shown"] == "5560160680"


def test_an_empty_number_names_nobody_and_keeps_the_row():
    (draft,) = parse_rows(ROW.removeprefix("2025550143"))
    assert draft.company is None
    assert codes(draft) == []


def test_equal_rows_are_told_apart_by_their_number_in_the_file_and_flagged():
    drafts = parse_rows(ROW, ROW.replace("951", "952"), ROW)
    assert len({draft.source_id for draft in drafts}) == 3
    assert [draft.source_id.rpartition("-")[2] for draft in drafts] == ["1", "1", "2"]
    assert [codes(draft) for draft in drafts] == [[], [], ["row-identical"]]


def test_an_id_depends_on_neither_spacing_nor_the_order_of_columns_nor_line_ends():
    spaced = parse_rows(ROW.replace("Other", " Other  "))
    columns = HEADERS[::-1]
    cells = dict(zip(HEADERS, ROW.split(","), strict=True))
    turned = parse("\n".join([",".join(columns), ",".join(cells[name] for name in columns), ""]))
    assert spaced[0].source_id == turned[0].source_id == parse_rows(ROW)[0].source_id


def test_double_spaces_in_subjects_are_squeezed_and_new_subjects_flagged():
    known, new = parse_rows(ROW.replace("Other", "Warranties  & protection plans"), ROW.replace("Other", "Crypto"))
    assert known.category == "Warranties & protection plans"
    assert codes(known) == []
    assert codes(new) == ["subject-unknown"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("2021-07-06 09:00:00", "2021-07-07 10:00:01", "call-after-complaint"),
        ("2021-07-06 09:00:00", "soon", "event-date-unreadable"),
        ("2021-07-07 10:00:00", "07/07/2021 10:00", "date-unreadable"),
        ("2021-07-07 10:00:00", "2021-07-32 10:00:00", "date-unreadable"),
        ("Riverside", "92501", "place-left-out"),
        ("California", "12 Main Street 4", "place-left-out"),
        (",Y", ",Maybe", "recorded-unknown"),
        (",Y", "", "row-ragged"),
        (",Y", ",Y,Y", "row-ragged"),
    ],
)
def test_every_oddity_has_its_code(old, new, code):
    (draft,) = parse_rows(ROW.replace(old, new))
    assert codes(draft) == [code]


def test_a_file_cut_inside_its_last_cell_loses_that_row_to_the_quarantine():
    whole, cut = parse(f"{HEADER}\r\n{ROW}\r\n{ROW.removesuffix('Y')}")
    assert (codes(whole), codes(cut)) == ([], ["row-ragged"])


def test_a_damaged_file_is_read_or_refused_and_never_crashes():
    content = (PAGES / "day.csv").read_bytes()
    known = {draft.source_id for draft in parse(content)}
    chance = random.Random(7)
    for _ in range(100):
        cut = content[: chance.randrange(len(content))]
        try:
            assert {draft.source_id for draft in parse(cut) if not draft.faults} <= known
        except SourceBroken:
            continue


def test_a_column_more_is_told_and_a_column_less_breaks_the_file():
    (draft,) = parse(f"{HEADER},Carrier\r\n{ROW},X\r\n")
    assert codes(draft) == ["column-unknown"]
    with pytest.raises(SourceBroken, match="columns-missing"):
        parse(HEADER.replace("Subject", "Topic") + "\r\n" + ROW)


@pytest.mark.parametrize("body", ["<!doctype html><title>Not found</title>", "", "\r\n\r\n"])
def test_what_is_no_table_breaks_the_file(body):
    with pytest.raises(SourceBroken, match=r"html-for-table|file-empty|columns-missing"):
        parse(body)


def test_every_code_of_the_parser_is_declared():
    declared = {check.code for check in INFO.checks}
    assert {code for draft in parse((PAGES / "day.csv").read_bytes()) for code in codes(draft)} <= declared
    assert {check.severity for check in INFO.checks} <= set(Severity)


# ------------------------------------------------------------------------------------------------- data page


class Ftc:
    """The data page and its files on a real server."""

    def __init__(self, server: HTTPServer, root: Path) -> None:
        self.server = server
        self.archive = Archive(root / "archive")
        self.url = server.url_for("/data-sets/do-not-call-data")
        self.source = FtcDnc("ftc", [self.url], BOUNDS, AGENT)
        self.asked: list[str] = []
        self.files: dict[str, Response] = {}
        self.links: list[str] = []
        self.server.expect_request("/robots.txt").respond_with_data("", status=404)
        self.server.expect_request("/data-sets/do-not-call-data").respond_with_handler(self._page)

    def _page(self, _request) -> Response:
        return Response(
            "<h1>Data</h1><ul>" + "".join(self.links) + "</ul><a href='/about'>About</a>", mimetype="text/html"
        )

    def link(self, day: str, path: str | None = None, body: str | None = None, text: str = "CSV", **more) -> None:
        path = path or f"/files/DNC_Complaint_Numbers_{day}.csv"
        self.links.append(f"<li><a href='{path}'>{text}</a></li>")
        self.files[path] = Response(body if body is not None else f"{HEADER}\r\n{ROW}\r\n{ROW}\r\n", **more)
        self.server.expect_request(path).respond_with_handler(lambda request: self._file(request.path))

    def _file(self, path: str) -> Response:
        self.asked.append(path.rpartition("_")[2].removesuffix(".csv"))
        return self.files[path]

    def visit(self, day: str = "2021-07-09", **more):
        now = datetime.fromisoformat(day).replace(hour=3, tzinfo=UTC)
        last = self.archive.last_reading("ftc")
        visit = Visit(self.archive, date.fromisoformat(day), now, last, log=lambda line: None, **more)
        reading = self.source.read(visit)
        self.archive.save_reading(reading)
        return reading

    def days(self, reading) -> list[date]:
        return [find_day(item.name) for item in reading.items if item.role == "record"]


@pytest.fixture
def ftc(httpserver: HTTPServer, tmp_path: Path) -> Ftc:
    return Ftc(httpserver, tmp_path)


def test_files_are_taken_by_their_links_and_a_quiet_night_asks_only_for_the_page(ftc):
    ftc.link("2021-07-08", path="/odd/place/export-20210708-v2.csv")
    ftc.link("2021-07-07", path="/x/numbers.csv", text="July 7, 2021")
    first = ftc.visit()
    assert ftc.days(first)[1] == date(2021, 7, 8)
    assert [item.role for item in first.items] == ["listing", "record", "record"]
    assert first.complete_through == date(2021, 7, 7)  # the file of the 8th tells of the 7th
    assert len(ftc.asked) == 2
    second = ftc.visit("2021-07-10")
    assert len(ftc.asked) == 2
    assert [item.sha256 for item in second.items[1:]] == [item.sha256 for item in first.items[1:]]
    assert not second.complete


@pytest.mark.parametrize(
    "answer",
    [{"status": 404, "body": "gone"}, {"body": "\n <!DOCTYPE html><p>Page not found</p>"}, {"body": "  "}],
    ids=["404", "a page with status 200", "nothing"],
)
def test_a_missing_day_is_told_holds_the_watermark_and_is_asked_for_again(ftc, answer):
    ftc.link("2021-07-06")
    ftc.link("2021-07-07", **answer)
    ftc.link("2021-07-08")
    reading = ftc.visit()
    assert [problem.code for problem in reading.problems] == ["day-missing"]
    assert ftc.days(reading) == [date(2021, 7, 6), date(2021, 7, 8)]
    assert reading.complete_through == date(2021, 7, 5)
    ftc.files["/files/DNC_Complaint_Numbers_2021-07-07.csv"] = Response(f"{HEADER}\r\n{ROW}\r\n")
    mended = ftc.visit("2021-07-10")
    assert ftc.asked.count("2021-07-07") == 2
    assert ftc.asked.count("2021-07-08") == 1
    assert mended.problems == ()
    assert mended.complete_through == date(2021, 7, 7)


def test_a_whole_night_takes_in_every_row_and_the_next_adds_nothing(ftc, tmp_path):
    """Refused rows wait, the missing day makes the night odd, a number in the register finds its member."""
    config = tmp_path / "koll.toml"
    (tmp_path / "members.csv").write_text("org_number,legal_name\n449102-4172,Telefonhuset Norrsken AB\n", "utf-8")
    (tmp_path / "names.csv").write_text(
        "org_number,kind,value,valid_from,valid_to\n449102-4172,phone,+1 217 555 0101,,\n", "utf-8"
    )
    config.write_text(
        f"""
        association = {{name = "Prov", contact = "prov@forening.example"}}
        register = {{path = "{tmp_path}"}}
        mail = {{from = "koll@forening.example"}}
        [sources.ftc]
        kind = "ftc_dnc"
        url = "{ftc.url}"
        rows = [10, 100000]
        delay = 0
        """,
        "utf-8",
    )
    place = open_workplace(config, check=False)
    upgrade(place.engine)
    ftc.link("2021-07-08", body=(PAGES / "day.csv").read_text("utf-8"))
    ftc.link("2021-07-09", status=404)
    night = run_ingest(place, "ftc", date(2021, 7, 9), lambda line: None).nights[0]
    assert (night.drafts, night.accepted, night.quarantined, night.new) == (44, 40, 4, 40)
    assert night.verdict == "odd"
    assert "day-missing" in night.message
    assert night.complete_through == date(2021, 7, 7)
    linked = [row for row in EXPORTS["complaints"](place, Asked()) if row["member"]]
    assert [(row["company"], row["member"]) for row in linked] == [("+12175550101", "4491024172")]
    again = run_ingest(place, "ftc", date(2021, 7, 10), lambda line: None).nights[0]
    assert (again.new, again.changed, again.withdrawn) == (0, 0, 0)
    place.engine.dispose()


def test_a_day_that_never_comes_is_given_up_after_two_weeks(ftc):
    ftc.link("2021-07-07", status=404)
    ftc.link("2021-07-08")
    assert ftc.visit().complete_through is None
    later = ftc.visit("2021-07-22")
    assert later.problems == ()
    assert later.complete_through == date(2021, 7, 7)
    ftc.visit("2021-07-23")
    assert ftc.asked.count("2021-07-07") == 1
    ftc.visit("2021-07-24", since=date(2021, 7, 1))
    assert ftc.asked.count("2021-07-07") == 2


def test_days_that_came_while_nobody_looked_are_fetched_later(ftc):
    ftc.link("2021-07-08")
    ftc.visit()
    for day in ("2021-07-09", "2021-07-12", "2021-08-05"):
        ftc.link(day)
    assert len(ftc.days(ftc.visit("2021-08-06"))) == 4


def test_a_first_visit_goes_back_ninety_days_and_further_when_asked(ftc):
    ftc.link("2020-01-07")
    ftc.link("2021-07-08")
    assert ftc.days(ftc.visit()) == [date(2021, 7, 8)]
    assert len(ftc.days(ftc.visit(since=date(2020, 1, 1), until=date(2020, 2, 1)))) == 2
    assert len(ftc.days(ftc.visit("2021-07-10"))) == 2


def test_three_files_in_a_row_that_are_pages_break_the_source(ftc):
    for day in ("2021-07-06", "2021-07-07", "2021-07-08"):
        ftc.link(day, body="<html><title>Are you a robot?</title></html>")
    with pytest.raises(SourceBroken, match="day-missing"):
        ftc.visit()


@pytest.mark.parametrize("body", ["<title>Log in</title><input type=password>", "", "<a href='/x.csv'>dictionary</a>"])
def test_a_page_without_daily_files_breaks_the_source(httpserver, tmp_path, body):
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    httpserver.expect_request("/").respond_with_data(body, content_type="text/html")
    source = FtcDnc("ftc", [httpserver.url_for("/")], BOUNDS, AGENT)
    visit = Visit(Archive(tmp_path), date(2021, 7, 9), datetime(2021, 7, 9, tzinfo=UTC), log=lambda line: None)
    with pytest.raises(SourceBroken, match="listing-unknown"):
        source.read(visit)


def test_a_page_that_has_lost_the_newest_files_breaks_the_source(ftc):
    ftc.link("2021-07-07")
    ftc.link("2021-07-08")
    ftc.visit()
    ftc.links.pop()
    with pytest.raises(SourceBroken, match="listing-shrunk"):
        ftc.visit("2021-07-10")


def test_a_link_to_a_host_that_is_not_configured_breaks_the_source_naming_it(ftc):
    ftc.links.append("<a href='http://elsewhere.example/DNC_2021-07-08.csv'>CSV</a>")
    with pytest.raises(SourceBroken, match=r"elsewhere\.example.*host-not-allowed"):
        ftc.visit()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("https://h/DNC_Complaint_Numbers_2021-07-08.csv", date(2021, 7, 8)),
        ("https://h/2020-01/a%20file%2020210708_0.csv", date(2021, 7, 8)),
        ("July 8, 2021", date(2021, 7, 8)),
        ("Sept. 8 2021", date(2021, 9, 8)),
        ("7/8/2021 (CSV)", date(2021, 7, 8)),
        ("https://h/2021-13-45.csv", None),
        ("https://h/2021-02-30.csv", None),
        ("Dictionary", None),
    ],
)
def test_the_day_of_a_file_is_read_from_its_name_or_its_link(text, day):
    assert find_day(text) == day
