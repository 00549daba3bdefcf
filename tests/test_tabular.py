"""CSV and XLSX as people send them: read as they stand, refused with a reason, never guessed and never swallowed."""

import io
import random
import re
import subprocess
import sys
import zipfile
from datetime import date, datetime, time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from sources.files import records
from sources.files.cells import TableUnreadable
from sources.files.records import find_encoding
from sources.files.tabular import Line, read_lines
from sources.files.workbook import show_cell

HEADERS = ["Nr", "Företag"]
CSV = "Nr;Inkom;Företag\r\n1;2026-01-01;Ångköket AB\r\n2;2026-01-02;Bröd & Co\r\n"


def read(content: bytes, headers: list[str] = HEADERS, **options: str) -> list[Line]:
    return list(read_lines(io.BytesIO(content), headers, **options))


def refused(content: bytes, headers: list[str] = HEADERS, **options: str) -> TableUnreadable:
    with pytest.raises(TableUnreadable) as caught:
        read(content, headers, **options)
    return caught.value


def workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(made := io.BytesIO())
    return made.getvalue()


def repack(content: bytes, name: str, change) -> bytes:
    """The workbook with one of its parts changed."""
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made := io.BytesIO(), "w", 8) as new:
        for entry in old.namelist():
            new.writestr(entry, change(old.read(entry)) if entry == name else old.read(entry))
    return made.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_every_encoding_and_separator_gives_the_same_rows(encoding: str, separator: str) -> None:
    lines = read(CSV.replace(";", separator).encode(encoding))
    assert [line.cells["Företag"] for line in lines] == ["Ångköket AB", "Bröd & Co"]
    assert [line.number for line in lines] == [2, 3] and not any(line.ragged for line in lines)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_every_line_end_gives_the_same_rows(ends: str) -> None:
    assert len(read(CSV.replace("\r\n", ends).encode())) == 2
    assert len(read(CSV.replace("\r\n", ends).rstrip().encode())) == 2


@pytest.mark.parametrize("hint", ["sep=,\r\n", "SEP=,\n", "sep=,"])
def test_excels_own_hint_names_the_separator_and_is_no_row(hint: str) -> None:
    content = (hint.rstrip() + "\r\n" + 'Nr,Företag\r\n1,"Bröd; och, bullar"\r\n').encode("cp1252")
    (line,) = read(content)
    assert line.cells == {"Nr": "1", "Företag": "Bröd; och, bullar"} and line.number == 3


def test_a_hint_with_a_tab_is_read() -> None:
    assert len(read(b"sep=\t\r\nNr\tF\r\n1\tx\r\n", ["Nr", "F"])) == 1


def test_a_configured_encoding_goes_before_what_the_bytes_look_like() -> None:
    assert read("Nr;F\n1;Þór\n".encode("iso-8859-10"), ["Nr"], encoding="iso-8859-10")[0].cells["F"] == "Þór"


def test_bytes_that_are_not_in_the_encoding_are_seen_as_damage_not_dropped() -> None:
    assert read(b"Nr;F\n1\x81;b\n", ["Nr"])[0].cells["Nr"] == "1\ufffd"
    assert read("Nr;F\n1;å\n".encode("cp1252"), ["Nr"], encoding="utf-8")[0].cells["F"] == "\ufffd"


def test_the_encoding_of_a_large_file_is_decided_by_its_last_byte_too() -> None:
    content = b"a" * ((1 << 20) - 1) + "å".encode()
    assert find_encoding(io.BytesIO(content)) == "utf-8"
    assert find_encoding(io.BytesIO(content + "å".encode("cp1252"))) == "cp1252"
    assert find_encoding(io.BytesIO(content[:-1])) == "cp1252"


def test_quoted_cells_may_hold_lines_separators_and_quotation_marks_and_a_row_is_numbered_where_it_begins() -> None:
    content = 'Nr;Företag;Text\r\n1;A;"rad ett\r\nrad; två"\r\n\r\n2;"B ""och"" C";x\r\n'.encode()
    first, second = read(content)
    assert (first.number, first.cells["Text"]) == (2, "rad ett\r\nrad; två")
    assert (second.number, second.cells["Företag"]) == (5, 'B "och" C')


_ODD = ("'", ";", "\n", "\r", "\r\n", '""', "a", "\n\r", "")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.none() | st.lists(st.sampled_from(_ODD), max_size=4), max_size=12), rows_at_once=st.integers(1, 5)
)
def test_rows_are_numbered_where_they_begin_however_many_are_read_at_once(monkeypatch, rows, rows_at_once) -> None:
    """``rows``: the parts of a quoted cell, or None for a row with a stray quotation mark, which is told of."""
    monkeypatch.setattr(records, "ROWS", rows_at_once)
    content, line, due = "Nr;Text\n", 2, []
    for at, parts in enumerate(rows):
        text = "".join(parts or ())
        due.append((line, str(at), 'B b"' if parts is None else text.replace('""', '"'), parts is None))
        content += f'{at};"B" b"\n' if parts is None else f'{at};"{text}"\n'
        line += 1 + len(re.findall("\r\n|\r|\n", text))
    found = [(one.number, one.cells["Nr"], one.cells["Text"], one.ragged) for one in read(content.encode(), ["Nr"])]
    assert found == [(number, nr, text.strip(" \t\r\n"), odd) for number, nr, text, odd in due]


def test_headers_are_compared_without_double_spaces_line_breaks_and_composition() -> None:
    decomposed = '\u00a0Nr ;"Fo\u0308retag\n namn"\n1;x\n'
    assert read(decomposed.encode(), ["Nr", "Företag  namn"])[0].cells == {"Nr": "1", "Företag namn": "x"}


def test_rows_with_other_cells_than_the_header_are_ragged_and_empty_rows_are_none() -> None:
    lines = read("\n;;\nNr;Företag;\n1;A;\n2\n;;\n3;B;;;\n4;C;;x\n5;D;x;y\n".encode())
    assert [(line.cells["Nr"], line.ragged, line.longer) for line in lines] == [
        ("1", False, False),
        ("2", True, False),
        ("3", False, False),
        ("4", True, True),
        ("5", True, True),
    ]


def test_a_stray_quotation_mark_makes_its_own_row_ragged_and_no_other() -> None:
    lines = read('Nr;Företag\n1;A\n2;"Firma "B" och"\n3;C\n4;D "E" F\n'.encode())
    assert [(line.cells["Nr"], line.ragged) for line in lines] == [
        ("1", False),
        ("2", True),
        ("3", False),
        ("4", False),
    ]


@pytest.mark.parametrize(
    "content",
    [
        'Nr;Företag;T\n1;A;x\n2;B;"open\n3;C;x\n4;D;x\n',  # to the end of the file
        'Nr;Företag;T\n1;A;x\n2;B;"open\n3;C;x\n4;D;"closed"\n5;E;x\n',  # to the next cell in quotation marks
        'Nr;Företag;T\n1;A;x\n2;B;"open',  # the file was cut here
        'Nr;Företag;T\n"1;A;x\n' + "2;B;x\n" * 50_000,
    ],
)
def test_a_quotation_mark_left_open_swallows_no_rows(content: str) -> None:
    fault = refused(content.encode())
    assert fault.code == "csv-broken" and "at line " in str(fault) and "quotation mark" in str(fault)


def test_a_nul_byte_is_damage_that_can_be_seen_and_stored() -> None:
    assert read(b"Nr;F\n1\x002;b\n", ["Nr"])[0].cells["Nr"] == "1\ufffd2"


def test_control_characters_at_the_end_of_a_cell_are_not_tidied_away() -> None:
    assert read(b"Nr;F\n12\x1c;b \t\n", ["Nr"])[0].cells == {"Nr": "12\x1c", "F": "b"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-empty"),
        (b"\xef\xbb\xbf", "file-empty"),
        (b"\r\n \r\n;;;\r\n", "file-empty"),
        (b"<!DOCTYPE html><html><body>Logga in</body></html>", "html-for-table"),
        (b'\xef\xbb\xbf\r\n  <html lang="sv"><head>\r\n', "html-for-table"),
        (b'{"error": "log in"}', "columns-missing"),
        (b"Nr;Nr;F\xc3\xb6retag\n1;2;A\n", "columns-twice"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "not-a-table"),
        (b"%PDF-1.7\n...", "not-a-table"),
        (b"x" * 1_500_000, "not-a-table"),
        (b"PK\x03\x04" + b"\0" * 100, "xlsx-broken"),
        (b"PK\x03\x04", "xlsx-broken"),
    ],
)
def test_what_is_no_table_is_refused_with_its_own_code(content: bytes, code: str) -> None:
    assert refused(content).code == code


def test_a_header_without_rows_is_an_empty_table_not_a_broken_one() -> None:
    assert read("Nr;Företag\n".encode()) == []


def test_a_wrong_column_map_names_what_is_missing_and_what_was_found() -> None:
    told = str(refused(b"Dnr;Bolag;Inkom\n1;A;x\n", ["Nr", "Bolag", "Kanal"]))
    assert "'Nr', 'Kanal'" in told and "'Dnr', 'Bolag', 'Inkom'" in told and "column map" in told


@pytest.mark.parametrize(
    "row", ["2026/1;2026-01-01;Anna Ek, 070-174 06 05", "670919-9530;Anna Ek", "x;anna.ek@example.org"]
)
def test_a_file_without_a_header_row_does_not_have_its_first_row_quoted(row: str) -> None:
    told = str(refused(f"{row}\n".encode()))
    assert "first row holds values" in told and "Anna" not in told and "anna" not in told and "670919" not in told


def test_cells_of_a_workbook_read_as_a_person_sees_them() -> None:
    moment = datetime(2026, 1, 2, 13, 40, 5)  # noqa: DTZ001 - a workbook knows no time zones
    values = [5566778899, 5566778899.0, 0.5, True, date(2026, 1, 2), moment, datetime(2026, 1, 2), time(9), " x ", None]  # noqa: DTZ001
    (line,) = read(workbook(("A", [["Nr", *"bcdefghij", "k"], [*values, "end"]])), ["Nr"])
    shown = ["5566778899", "5566778899", "0.5", "True", "2026-01-02", "2026-01-02 13:40", "2026-01-02", "09:00:00"]
    assert list(line.cells.values()) == [*shown, "x", "", "end"]


def test_a_cell_that_is_no_number_at_all_is_shown_and_not_a_crash() -> None:
    assert show_cell(float("inf")) == "inf" and show_cell(float("nan")) == "nan"


def test_a_short_row_of_a_workbook_is_whole_and_a_longer_one_is_not() -> None:
    book = workbook(("A", [["Nr", "Företag", "T"], ["1", "A"], ["2", "B", "x", None], ["3", "C", "x", "y"]]))
    assert [line.ragged for line in read(book)] == [False, False, True]


def test_rows_of_a_workbook_keep_the_numbers_they_have_in_excel() -> None:
    book = workbook(("A", [[], ["Nr", "Företag"], [], ["1", "A"]]))
    assert [line.number for line in read(book)] == [4]


def test_the_named_sheet_is_read_whatever_its_case_and_else_the_first() -> None:
    book = workbook(("Annat", [["Nr", "Företag"], ["1", "A"]]), (" Names ", [["Nr", "Företag"], ["2", "B"]]))
    assert read(book)[0].cells["Nr"] == "1"
    assert read(book, sheet="names")[0].cells["Nr"] == "2"
    fault = refused(book, sheet="members")
    assert fault.code == "sheet-missing" and "Annat" in str(fault)


def test_a_workbook_that_lies_about_its_size_loses_no_row() -> None:
    book = workbook(("A", [["Nr", "Företag"], *([str(n), "A"] for n in range(5))]))
    lying = repack(book, SHEET, lambda xml: xml.replace(b'ref="A1:B6"', b'ref="A1"'))
    assert lying != book and len(read(lying)) == 5


def test_a_workbook_cut_anywhere_is_refused() -> None:
    book = workbook(("A", [["Nr", "Företag"], *([str(n), "A"] for n in range(50))]))
    for cut in range(4, len(book) - 1, 97):
        assert refused(book[:cut]).code == "xlsx-broken"


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    with zipfile.ZipFile(made := io.BytesIO(), "w") as package:
        package.writestr("hej.txt", "hej")
    assert refused(made.getvalue()).code == "not-a-table"


@pytest.mark.parametrize("rows", [b'<row r="1"/><row r="4000000000"/>', b'<row r="100002"><c r="A100002"/></row>'])
def test_a_row_number_beyond_all_bounds_is_refused_and_does_not_run_for_ever(rows: bytes) -> None:
    book = workbook(("A", [["Nr", "Företag"]]))
    huge = repack(book, SHEET, lambda xml: xml.replace(b"</sheetData>", rows + b"</sheetData>"))
    assert refused(huge).code in {"xlsx-too-large", "xlsx-broken"}


@pytest.mark.parametrize("cell", ["ZZZZZZ2", "A-2", "22", ""])
def test_a_cell_outside_the_sheet_is_refused_or_left_out(cell: str) -> None:
    book = workbook(("A", [["Nr", "Företag"], ["1", "A"]]))
    odd = repack(book, SHEET, lambda xml: xml.replace(b'r="A2"', f'r="{cell}"'.encode()))
    try:
        assert len(read(odd)) <= 1
    except TableUnreadable as fault:
        assert fault.code == "xlsx-broken"


def test_an_impossible_date_in_a_workbook_is_no_crash() -> None:
    book = workbook(("A", [["Nr", "Företag"], [date(2026, 1, 1), "A"]]))
    odd = repack(book, SHEET, lambda xml: xml.replace(b"<v>46023</v>", b"<v>1e300</v>"))
    assert odd != book
    try:
        read(odd)
    except TableUnreadable as fault:
        assert fault.code == "xlsx-broken"


def test_too_many_rows_entries_and_a_high_ratio_are_refused_before_anything_is_parsed() -> None:
    book = workbook(("A", [["Nr", "Företag"]]))
    ratio = repack(book, SHEET, lambda xml: xml + b" " * 20_000_000)
    rows = b"".join(b'<x:row r="%d"/>%d' % (n, n * 7919) for n in range(2, 110_000))
    prefixed = repack(book, SHEET, lambda xml: xml.replace(b"</sheetData>", rows + b"</sheetData>"))
    with zipfile.ZipFile(made := io.BytesIO(), "w") as package:
        for number in range(1_100):
            package.writestr(f"{number}", b"")
    for content in (ratio, prefixed, made.getvalue()):
        assert refused(content).code == "xlsx-too-large"


_MEASURE = """
import resource, sys, time
from sources.files.cells import TableUnreadable
from sources.files.tabular import read_lines
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with open(sys.argv[1], "rb") as stream:
    try:
        list(read_lines(stream, ["Nr"]))
    except TableUnreadable as error:
        print(error.code, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def big_sheet(path: Path) -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n * 7919}</v></c></row>' for n in range(2, 200_001))
    book = workbook(("A", [["Nr"]]))
    path.write_bytes(repack(book, SHEET, lambda xml: xml.replace(b"</sheetData>", rows.encode() + b"</sheetData>")))


def small_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", b"<workbook/>")
        with package.open(SHEET, "w", force_zip64=True) as sheet:
            for _ in range(120):
                sheet.write(b"<row/>" * 170_000)


@pytest.mark.parametrize("make", [big_sheet, small_bomb])
def test_a_bomb_and_a_sheet_of_200_000_rows_are_refused_in_little_memory(tmp_path: Path, make) -> None:
    make(path := tmp_path / "x.xlsx")
    told = subprocess.run([sys.executable, "-c", _MEASURE, path], capture_output=True, text=True, check=True).stdout
    code, megabytes = told.split()
    assert code == "xlsx-too-large" and int(megabytes) < 100


def mutate(rng: random.Random, content: bytes) -> bytes:
    mutated = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        if not mutated:
            break
        place = rng.randrange(len(mutated))
        match rng.randrange(4):
            case 0:
                mutated[place] ^= 1 << rng.randrange(8)
            case 1:
                del mutated[place : place + rng.randint(1, 30)]
            case 2:
                mutated[place:place] = rng.randbytes(rng.randint(1, 6))
            case 3:
                del mutated[rng.randrange(len(mutated)) :]
    return bytes(mutated)


def test_a_thousand_damaged_workbooks_raise_nothing_but_the_one_error() -> None:
    rng = random.Random(20260826)
    book = workbook(("A", [["Nr", "Företag"], *([f"2026/{n}", "Bolaget AB"] for n in range(20))]))
    parts = [book, *(repack(book, SHEET, lambda xml: mutate(rng, xml)) for _ in range(150))]
    outcomes = set()
    for number in range(1_000):
        content = parts[number] if number < len(parts) else mutate(rng, book)
        try:
            outcomes.add(len(read(content)))
        except TableUnreadable as fault:
            outcomes.add(fault.code)
    assert {20, "xlsx-broken"} <= outcomes
