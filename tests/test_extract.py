"""Extracts: what an authority sent becomes drafts; damage is refused by row or by file, and nothing is guessed."""

import io
import random
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from expectations.judge import Judge
from models.drafts import Draft
from models.members.org_number import member_id
from models.words import Channel, Evidence, Kind, Outcome
from sources.archive.archive import Archive
from sources.contract import Bounds, RawItem, Reading, SourceBroken, Visit
from sources.files.extract import Extract
from sources.files.kind import EXTRACT_INFO

KEY = b"a key for tests"
COLUMNS = {
    "source_id": "Diarienummer",
    "received_on": "Inkom",
    "event_on": "Hände",
    "company": "Företag",
    "org_number": "Orgnr",
    "channel": "Kanal",
    "category": "Typ",
    "outcome": "Beslut",
    "text": "Beskrivning",
}
HEADER = ";".join(COLUMNS.values())
CHANNELS = {"telefonförsäljning": Channel.PHONE, "uppgift saknas": Channel.UNKNOWN}
NOW = datetime(2026, 8, 26, 1, 15, tzinfo=UTC)
SOLE_TRADER = "670919-9530"
LEGAL = "556779-4218"
ITEM = RawItem("utdrag.csv", "0" * 64)


def extract(folder: Path = Path("extracts"), **more: object) -> Extract:
    given = {"columns": COLUMNS, "channels": CHANNELS, **more}
    return Extract("kv", folder, hash_key=KEY, bounds=Bounds((1, 1000), 60, 35), **given)


def parse(*rows: str, header: str = HEADER, **more: object) -> list[Draft]:
    content = "\r\n".join([header, *rows, ""]).encode()
    return list(extract(**more).parse(content, ITEM))


def row(number: str = "2026/1", **cells: str) -> str:
    given = {"source_id": number, "received_on": "2026-05-01", "company": "Bolaget AB", **cells}
    return ";".join(given.get(field, "") for field in COLUMNS)


def codes(draft: Draft) -> list[str]:
    return [fault.code for fault in draft.faults]


def judge(drafts: list[Draft]) -> list[Draft]:
    """What the source's own suite lets through."""
    one = Judge("kv", "extract", checks=EXTRACT_INFO.checks, rows=(1, 1000), business_date=NOW.date())
    return one.judge_chunk(drafts).accepted


def test_a_row_becomes_a_draft_with_its_place() -> None:
    cells = {"event_on": "2026-04-30", "org_number": LEGAL, "channel": "Telefonförsäljning", "category": "Avtal"}
    (draft,) = parse(row(**cells, outcome="breach", text="Ringde."))
    assert draft == Draft(
        source_id="2026/1",
        kind=Kind.COMPLAINT,
        raw={"sha256": "0" * 64, "locator": "row 2"},
        received_on=date(2026, 5, 1),
        event_on=date(2026, 4, 30),
        company="Bolaget AB",
        org_number="5567794218",
        channel=Channel.PHONE,
        channel_evidence=Evidence.FIELD,
        category="Avtal",
        outcome=Outcome.BREACH,
        text="Ringde.",
    )


def test_a_bare_row_is_a_complaint_about_nobody_by_an_unknown_channel() -> None:
    (draft,) = parse(
        "2026/1;2026-05-01", header="Diarienummer;Inkom", columns={"source_id": "Diarienummer", "received_on": "Inkom"}
    )
    assert (draft.company, draft.channel, draft.channel_evidence, draft.faults) == (None, Channel.UNKNOWN, None, ())


@pytest.mark.parametrize(
    ("written", "channel", "evidence"),
    [
        ("TELEFONFÖRSÄLJNING", Channel.PHONE, Evidence.FIELD),
        ("Telefonfo\u0308rsa\u0308ljning", Channel.PHONE, Evidence.FIELD),
        ("Uppgift  saknas", Channel.UNKNOWN, None),
        ("", Channel.UNKNOWN, None),
    ],
)
def test_a_channel_is_read_through_the_map_whatever_its_case_spaces_and_composition(written, channel, evidence) -> None:
    (draft,) = parse(row(channel=written))
    assert (draft.channel, draft.channel_evidence, draft.faults) == (channel, evidence, ())


def test_a_channel_that_is_not_in_the_map_is_a_fault_and_never_a_guess() -> None:
    (draft,) = parse(row(channel="Telefon"))
    assert draft.channel is None and draft.faults[0].model_dump() == {
        "code": "channel-unmapped",
        "field": "channel",
        "value": "Telefon",
    }


@pytest.mark.parametrize(
    "written", ["i våras", "25/8/2026", "03.04.2026", "2026-02-30", "20233-11-20", "2026", "41876"]
)
def test_a_vague_date_refuses_the_row_when_it_is_the_complaints_and_is_left_out_when_it_is_the_events(written) -> None:
    (draft,) = parse(row(received_on=written))
    assert draft.received_on is None and codes(draft) == ["date-unreadable"] and draft.faults[0].value == written
    (draft,) = parse(row(event_on=written))
    assert draft.event_on is None and draft.flags == ("event-date-unreadable",) and draft.faults == ()


@pytest.mark.parametrize(
    "written",
    ["2026-05-01", "2026-5-1", "20260501", "2026/05/01", "2026-05-01 13:40", "1 maj 2026", "2026-05-01T09:00:00Z"],
)
def test_a_date_with_one_reading_is_read(written: str) -> None:
    assert parse(row(received_on=written))[0].received_on == date(2026, 5, 1)


def test_an_outcome_that_is_none_of_our_words_is_a_fault() -> None:
    assert codes(parse(row(outcome="fälld"))[0]) == ["outcome-unmapped"]
    assert parse(row(outcome="No_Breach"))[0].outcome is Outcome.NO_BREACH


@pytest.mark.parametrize("written", [LEGAL, "5567794218", "16556779-4218", "SE556779421801", "556779\u20134218"])
def test_an_organisation_number_is_read_in_every_way_it_is_written(written: str) -> None:
    assert parse(row(org_number=written))[0].org_number == "5567794218"


def test_a_number_that_is_none_is_not_used_and_says_so() -> None:
    (draft,) = parse(row(org_number="556000-0000"))
    assert draft.org_number is None and draft.flags == ("org-number-invalid",)


@pytest.mark.parametrize("written", [SOLE_TRADER, "6709199530", "19670919-9530", "196709199530"])
def test_a_sole_traders_number_is_masked_in_every_column_it_may_stand_in(written: str) -> None:
    masked = member_id("6709199530", KEY)
    for cells in (
        {"org_number": written},
        {"company": f"Anders Måleri {written}"},
        {"category": written},
        {"text": f"Hen skrev {written} på avtalet"},
        {"channel": f"Telefon {written}"},
        {"received_on": written},
        {"outcome": written},
    ):
        (draft,) = parse(row(**cells))
        assert written not in draft.model_dump_json(), cells
        assert "199530" not in draft.model_dump_json() and "670919" not in draft.model_dump_json(), cells
        if cells.keys() & {"org_number", "company"}:
            assert draft.org_number == masked


def test_a_personal_number_with_a_slip_in_it_is_still_a_persons() -> None:
    (draft,) = parse(row(company="Anders Måleri 670919-9531"))
    assert draft.company == "Anders Måleri [personnummer]" and draft.org_number is None


@pytest.mark.parametrize("name", ["0771-123 456", "0701234567", "118 118", "Bolag 556779-4218", "Taxi 020-20 20 20"])
def test_numbers_that_tell_which_company_it_was_stay_in_its_name(name: str) -> None:
    assert parse(row(company=name))[0].company == name


def test_personal_data_in_the_text_is_masked() -> None:
    text = "Jag heter Anna Svensson, ring 070-174 06 05 eller anna.svensson@gmail.com, Storgatan 5."
    (draft,) = parse(row(text=text))
    assert draft.text is not None
    for private in ("Svensson", "174 06", "gmail", "Storgatan 5"):
        assert private not in draft.text
    assert "[telefon]" in draft.text


def test_a_refused_value_is_kept_without_the_people_in_it() -> None:
    (draft,) = parse(row(channel="Han ringde från 070-174 06 05", received_on="fråga anna.svensson@gmail.com"))
    assert "174" not in draft.model_dump_json() and "gmail" not in draft.model_dump_json()


def test_a_ragged_row_keeps_its_key_and_nothing_that_may_have_slipped() -> None:
    (draft,) = parse(row(company="Bolaget; som Anna Svensson ringde", text="070-174 06 05"))
    assert draft.source_id == "2026/1" and codes(draft) == ["row-ragged"]
    assert "Anna" not in draft.model_dump_json() and "174" not in draft.model_dump_json()
    assert judge([draft]) == []


def test_a_ragged_row_whose_key_comes_after_other_cells_has_none() -> None:
    (draft,) = parse(
        "A;B;2026/1;2026-05-01",
        header="Företag;Diarienummer;Inkom",
        columns={"source_id": "Diarienummer", "received_on": "Inkom", "company": "Företag"},
    )
    assert draft.source_id is None and codes(draft) == ["row-ragged"]


@pytest.mark.parametrize(
    "written",
    ["#REF!", "#SAKNAS!", "#N/A", "#######", "2,02E+11", "2.02E+11", "2026-01-01", "2026-01-01 00:00"],
)
def test_a_key_that_a_spreadsheet_has_mangled_is_not_accepted(written: str) -> None:
    (draft,) = parse(row(written))
    assert draft.source_id is None and codes(draft) == ["key-mangled"] and judge([draft]) == []


@pytest.mark.parametrize(
    "written",
    ["2026\ufffd1", "2026/1\x00", "20\x1c26/1", "2026/\x7f1", "2026/1\x0b", '"2026/\n1"', "\u200b2026/1", "---"],
)
def test_a_key_with_damage_in_it_is_never_accepted(written: str) -> None:
    drafts = parse(row("2026/0"), row(written))
    assert [draft.source_id for draft in judge(drafts)] == ["2026/0"]


@pytest.mark.parametrize("written", ["2026/219", "2021/219 ", "KOV 2026/1", "3E05", "12345", "21-072", "a1b2-c3d4"])
def test_an_ordinary_key_is_accepted(written: str) -> None:
    assert [draft.source_id for draft in judge(parse(row(written)))] == [written.strip()]


def test_a_row_without_a_key_is_refused_and_one_without_a_company_only_flagged() -> None:
    drafts = parse(row(""), row("2026/2", company=""))
    assert [draft.source_id for draft in drafts] == [None, "2026/2"]
    (kept,) = judge(drafts)
    assert kept.flags == ("company-missing",)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-empty"),
        (b"<html><title>Logga in</title>", "html-for-table"),
        (b"Nr;Dag\n1;2026-01-01\n", "columns-missing"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not-a-table"),
        (f'{HEADER}\n2026/1;2026-05-01;"x\n'.encode(), "csv-broken"),
        (b"PK\x03\x04...", "xlsx-broken"),
    ],
)
def test_a_file_that_is_no_extract_breaks_the_source_naming_the_file(content: bytes, code: str) -> None:
    with pytest.raises(SourceBroken, match=r"utdrag\.csv") as caught:
        list(extract().parse(content, ITEM))
    assert caught.value.code == code


def test_a_wrong_column_map_names_the_missing_header_and_those_found() -> None:
    with pytest.raises(SourceBroken, match=r"no column 'Diarienummer'.*'Dnr', 'Inkom'"):
        list(extract().parse(HEADER.replace("Diarienummer", "Dnr").encode(), ITEM))


def test_a_workbook_gives_the_same_drafts_as_the_csv() -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(list(COLUMNS.values()))
    when = date(2026, 5, 1)
    sheet.append(["2026/1", when, None, "Bolaget AB", 5567794218, "Telefonförsäljning", None, None, "Ringde."])
    book.save(made := io.BytesIO())
    (from_csv,) = parse(row(org_number=LEGAL, channel="Telefonförsäljning", text="Ringde."))
    assert list(extract().parse(made.getvalue(), ITEM)) == [from_csv]


A, B = date(2014, 1, 1), date(2014, 8, 25)


@pytest.mark.parametrize(
    ("covers", "name", "period"),
    [
        (None, "utdrag_2014-01-01_2014-08-25.csv", (A, B)),
        (None, "utdrag 20140101-20140825 (2).csv", (A, B)),
        (None, "utdrag_2014-08-25.csv", None),
        (None, "utdrag_2014-08-25_2014-01-01.csv", None),
        (None, "utdrag_2014-01-01_2014-08-25_skickad_2014-08-30.csv", None),
        (None, "utdrag_2014-13-01_2014-08-25.csv", None),
        (None, "KOV120140101220140825.csv", None),
        (None, "utdrag.csv", None),
        ("2014-01-01/2014-08-25", "utdrag.csv", (A, B)),
        (("2014-01-01", "2014-08-25"), "utdrag_2020-01-01_2020-02-01.csv", (A, B)),
        (r"(?P<from>\d{8})_till_(?P<to>\d{8})", "20140101_till_20140825.csv", (A, B)),
        (r"till_(?P<to>\S+?)_fran_(?P<from>\S+?)\.", "till_2014-08-25_fran_2014-01-01.csv", (A, B)),
        (r"(?P<from>\d{8})_till_(?P<to>\d{8})", "20140101_20140825.csv", None),
        (r"(?P<from>\d{8})_till_(?P<to>\d{8})", "20140825_till_20140101.csv", None),
    ],
)
def test_the_period_comes_from_the_configuration_else_from_the_name(covers, name, period) -> None:
    assert extract(covers=covers).find_period(name) == period


def read(folder: Path, archive: Archive, last: Reading | None = None) -> Reading:
    return extract(folder).read(Visit(archive, date(2026, 8, 25), NOW, last))


def test_files_are_archived_and_those_taken_before_stay_in_their_order_before_the_new(tmp_path: Path) -> None:
    folder, archive = tmp_path / "extracts", Archive(tmp_path / "archive")
    folder.mkdir()
    for name in ("b_2026-02-01_2026-02-28.csv", "a_2026-03-01_2026-03-31.CSV", "c_2026-01-01_2026-01-31.xlsx"):
        (folder / name).write_text(name)
    first = read(folder, archive)
    assert [item.name[0] for item in first.items] == ["c", "b", "a"]
    assert archive.get(first.items[0].sha256) == b"c_2026-01-01_2026-01-31.xlsx"
    (folder / "d_2025-01-01_2025-01-31.csv").write_text("d")
    (folder / "c_2026-01-01_2026-01-31.xlsx").write_text("changed")
    second = read(folder, archive, first)
    assert [(item.name[0], item.unchanged) for item in second.items] == [
        ("b", True),
        ("a", True),
        ("d", False),
        ("c", False),
    ]


def test_what_programs_leave_beside_a_file_is_not_taken_for_one(tmp_path: Path) -> None:
    for name in ("~$utdrag.xlsx", "._utdrag.csv", ".hidden.csv", "läsmig.md", "utdrag.csv"):
        (tmp_path / name).write_text("x")
    (tmp_path / "mapp.csv").mkdir()
    assert [item.name for item in read(tmp_path, Archive(tmp_path / "a")).items] == ["utdrag.csv"]


def test_an_old_workbook_is_told_and_stops_no_other_file(tmp_path: Path) -> None:
    for name in ("gammal.xls", "utdrag.csv", "inskannat.PDF"):
        (tmp_path / name).write_text("x")
    reading = read(tmp_path, Archive(tmp_path / "a"))
    assert [item.name for item in reading.items] == ["utdrag.csv"]
    assert [(problem.code, problem.name) for problem in reading.problems] == [
        ("not-a-table", "gammal.xls"),
        ("not-a-table", "inskannat.PDF"),
    ]
    assert all(".xlsx or CSV" in problem.message for problem in reading.problems)


def test_a_folder_with_nothing_but_what_cannot_be_read_is_broken_and_every_file_named(tmp_path: Path) -> None:
    for name in ("gammal.xls", "inskannat.PDF"):
        (tmp_path / name).write_text("x")
    with pytest.raises(SourceBroken, match=r"gammal\.xls: save it as .*; .*inskannat\.PDF: save it as"):
        read(tmp_path, Archive(tmp_path / "a"))


def test_an_unreadable_file_is_told_and_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x")
    (tmp_path / "b.csv").symlink_to("/proc/self/mem")  # a file that even root cannot read from its start
    reading = read(tmp_path, Archive(tmp_path / "a"))
    assert [item.name for item in reading.items] == ["a.csv"]
    assert reading.problems[0].code == "file-unreadable" and "b.csv" in reading.problems[0].message


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.write_text("x")])
def test_a_folder_that_is_not_there_names_its_path_and_its_key(tmp_path: Path, make) -> None:
    make(tmp_path / "extracts")
    with pytest.raises(SourceBroken, match=r"extracts: no such folder.*sources\.kv") as caught:
        read(tmp_path / "extracts", Archive(tmp_path / "a"))
    assert caught.value.code == "folder-missing"


def test_an_empty_folder_is_a_quiet_night(tmp_path: Path) -> None:
    assert read(tmp_path, Archive(tmp_path / "a")).items == ()


def mutate(rng: random.Random, content: bytes) -> bytes:
    mutated = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(max(len(mutated), 1))
        match rng.randrange(4):
            case 0 if mutated:
                mutated[place] = rng.choice([0, 7, 28, 127, 129, 157, 160, 255, rng.randrange(256)])
            case 1:
                del mutated[place : place + rng.randint(1, 40)]
            case 2:
                mutated[place:place] = rng.choice([b'"', b";", b"\n", b"\x00", rng.randbytes(3)])
            case 3 if rng.random() < 0.3:
                del mutated[place:]
    return bytes(mutated)


def test_five_thousand_damaged_files_break_in_order_and_no_damaged_key_is_accepted() -> None:
    rng = random.Random(20260825)
    keys = [f"2026/{100 + n}" for n in range(30)]
    text = "\r\n".join([HEADER, *(row(key, channel="Telefonförsäljning", text='"rad\r\nrad"') for key in keys), ""])
    source, originals = extract(), [text.encode(encoding) for encoding in ("utf-8", "cp1252", "utf-16")]
    book = Workbook()
    for line in ([*COLUMNS.values()], *([key, "2026-05-01"] for key in keys)):
        book.active.append(line)
    book.save(made := io.BytesIO())
    originals.append(made.getvalue())
    broken, damaged, suspects = 0, 0, []
    for number in range(5_000):
        content = mutate(rng, originals[number % 4])
        try:
            drafts = list(source.parse(content, ITEM))
        except SourceBroken as error:
            broken += 1
            assert "utdrag.csv" in str(error)
            continue
        # What is left to the suite: keys that are not as they were, in rows that the parser has not refused itself.
        damaged += sum("key-damaged" in codes(draft) for draft in drafts)
        suspects += [draft for draft in drafts if not draft.faults and draft.source_id not in keys]
    assert 500 < broken < 4_500
    damage = {draft.source_id: draft for draft in suspects}
    assert all(key is None or (key.isprintable() and "\ufffd" not in key) for key in damage)
    assert {draft.source_id for draft in judge(list(damage.values()))} <= set(damage) - {None}
    assert damaged > 20
