"""CSV and XLSX files that people send: read row by row, within limits, as text and nothing but text.

Nothing is guessed by statistics: the encoding is the configured one, else a BOM, else strict UTF-8, else cp1252
(what Swedish Excel writes); the separator is the one under which the expected headers are found.
"""

import codecs
import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import IO

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

MAX_ROWS_XLSX = 100_000
MAX_UNPACKED = 50_000_000  # bytes; a 247 KB file that unpacks to more has cost 73 s and 955 MB
MAX_RATIO = 100
MAX_ENTRIES = 1_000
MAX_COLUMNS = 200
MAX_CELL = 100_000  # characters
_SEPARATORS = ";,\t|"
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BLOCK = 1 << 20


class TableUnreadable(ValueError):
    """The file is not a table we can read. ``code`` is stable; the text says what was found and what would do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Line:
    """One row below the header: its number in the file (the header is 1), its cells by header, and what is odd."""

    number: int
    cells: dict[str, str]
    ragged: bool = False


def read_lines(
    stream: IO[bytes], headers: Sequence[str], *, encoding: str | None = None, sheet: str | None = None
) -> Iterator[Line]:
    """Yield the rows of a CSV or XLSX file whose header row holds ``headers`` (other columns are passed along).

    Empty rows are left out. ``stream`` must be seekable; ``sheet`` names
    one of a workbook's, else the first is read. Raises TableUnreadable: empty, not a table, a header
    missing (with what was found instead), over the limits, broken in the middle.
    """
    start = stream.read(8)
    stream.seek(0)
    if start.startswith(b"PK\x03\x04"):
        rows = _read_xlsx(stream, sheet)
    elif start.startswith((b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise TableUnreadable("not-a-table", "an old .xls, a protected workbook or a PDF; save it as .xlsx or CSV")
    else:
        rows = _read_csv(stream, headers, encoding)
    yield from _name_cells(rows, headers)


def _name_cells(rows: Iterator[tuple[int, list[str]]], headers: Sequence[str]) -> Iterator[Line]:
    header: list[str] | None = None
    for number, cells in rows:
        if not any(cells):
            continue
        if header is None:
            header = [_squeeze(cell) for cell in cells]
            _check_header(header, headers)
            continue
        extra = [cell for cell in cells[len(header) :] if cell]
        short = len(cells) < len(header)
        named = dict(zip(header, cells + [""] * (len(header) - len(cells)), strict=False))
        named.pop("", None)
        yield Line(number, named, ragged=bool(extra) or short)
    if header is None:
        raise TableUnreadable("file-empty", "the file has no rows at all; ask the sender for it again")


def _check_header(found: list[str], wanted: Sequence[str]) -> None:
    if "<" in found[0][:1] or found[0].lower().startswith("<!doctype"):
        raise TableUnreadable("html-for-table", "a web page, not a table: perhaps a log-in page was saved by mistake")
    missing = [header for header in wanted if header not in found]
    if missing:
        shown = ", ".join(repr(header[:40]) for header in found[:20])
        raise TableUnreadable(
            "columns-missing",
            f"no column {', '.join(map(repr, missing))}; the header row has {shown}: mend the column map or the file",
        )
    twice = sorted({header for header in wanted if found.count(header) > 1})
    if twice:
        raise TableUnreadable("columns-twice", f"column {', '.join(map(repr, twice))} stands twice in the header row")


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def _read_csv(stream: IO[bytes], headers: Sequence[str], encoding: str | None) -> Iterator[tuple[int, list[str]]]:
    chosen = encoding or find_encoding(stream)
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=chosen, errors="replace", newline="")
    try:
        first = _first_line(text)
        separator = _find_separator(first, headers)
        text.seek(0)
        if first.startswith("sep="):  # Excel's own hint
            text.readline()
        reader = csv.reader(text, delimiter=separator, strict=False)
        for cells in reader:
            yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise TableUnreadable(
            "csv-broken", f"near line {reader.line_num}: {error}; a quotation mark is probably left open"
        ) from error
    except UnicodeError as error:
        raise TableUnreadable("encoding-wrong", f"not {chosen} as it claims: {error.reason}") from error
    finally:
        text.detach()


def find_encoding(stream: IO[bytes]) -> str:
    """Return utf-8-sig, utf-16, utf-8 or cp1252: BOM first, then strict UTF-8 over the whole stream."""
    stream.seek(0)
    start = stream.read(4)
    for bom, name in _BOMS:
        if start.startswith(bom):
            return name
    stream.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        while block := stream.read(_BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _first_line(text: io.TextIOWrapper) -> str:
    for _ in range(100):
        line = text.readline(MAX_CELL)
        if line.strip() or not line:
            return line
    return ""


def _find_separator(line: str, headers: Sequence[str]) -> str:
    if line.startswith("sep=") and len(line.strip()) == 5:
        return line[4]

    def hits(separator: str) -> tuple[int, int]:
        try:
            cells = [_squeeze(cell) for cell in next(csv.reader([line.strip()], delimiter=separator), [])]
        except csv.Error:
            return 0, 0
        return sum(header in cells for header in headers), len(cells)

    return max(_SEPARATORS, key=hits)


def _read_xlsx(stream: IO[bytes], name: str | None) -> Iterator[tuple[int, list[str]]]:
    _check_package(stream)
    stream.seek(0)
    try:
        book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        sheet = _find_sheet(book, name)
        for number, cells in enumerate(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS), 1):
            texts = [show_cell(cell) for cell in cells]
            while texts and not texts[-1]:
                texts.pop()
            # Trailing empty cells are not written in XLSX: a short row is normal there, not ragged.
            yield number, texts + [""] * (len(cells) - len(texts))
    except (
        zipfile.BadZipFile,
        KeyError,
        IndexError,
        ValueError,
        TypeError,
        AttributeError,
        zlib.error,
        SyntaxError,
        EOFError,
    ) as e:
        raise TableUnreadable("xlsx-broken", f"a damaged workbook ({type(e).__name__}); ask for it again") from e


def _find_sheet(book: Workbook, name: str | None) -> ReadOnlyWorksheet:
    if name is None:
        return book.worksheets[0]
    found = [sheet for sheet in book.worksheets if sheet.title.strip().casefold() == name]
    if not found:
        raise TableUnreadable("sheet-missing", f"no sheet {name!r}; the workbook has {', '.join(book.sheetnames[:20])}")
    return found[0]


def _check_package(stream: IO[bytes]) -> None:
    """Refuse a ZIP bomb and a huge sheet by the directory and a count of row tags, before any XML is parsed."""
    try:
        with zipfile.ZipFile(stream) as package:
            entries = package.infolist()
            unpacked = sum(entry.file_size for entry in entries)
            packed = sum(entry.compress_size for entry in entries) or 1
            if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED:
                raise TableUnreadable("xlsx-too-large", f"unpacks to {unpacked:,} bytes; send it as CSV instead")
            if unpacked / packed > MAX_RATIO:
                raise TableUnreadable("xlsx-too-large", f"packed {unpacked // packed} times: not an ordinary workbook")
            if not any(entry.filename == "xl/workbook.xml" for entry in entries):
                raise TableUnreadable("not-a-table", "a ZIP file that is no Excel workbook; send .xlsx or CSV")
            rows = max((_count_rows(package, e) for e in entries if e.filename.startswith("xl/worksheets/")), default=0)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise TableUnreadable("xlsx-broken", "a damaged workbook; ask for it again") from error
    if rows > MAX_ROWS_XLSX:
        raise TableUnreadable("xlsx-too-large", f"{rows:,} rows; more than {MAX_ROWS_XLSX:,} must come as CSV")


def _count_rows(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    rows, tail = 0, b""
    with package.open(entry) as sheet:
        while block := sheet.read(_BLOCK):
            joined = tail + block
            rows += joined.count(b"<row")
            tail = joined[-3:]
            if rows > MAX_ROWS_XLSX:
                break
    return rows


def show_cell(value: object) -> str:
    """Return a cell as the text a person would read: ISO dates, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
