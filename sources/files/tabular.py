"""CSV and XLSX files that people send: read row by row, within limits, as text and nothing but text.

Nothing is guessed by statistics: the encoding is the configured one, else a BOM, else strict UTF-8, else cp1252
(what Swedish Excel writes); the separator is the one under which the expected headers are found.
"""

import codecs
import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import chain, islice
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

MAX_ROWS_XLSX = 100_000
MAX_UNPACKED = 50_000_000  # bytes; a 247 KB file that unpacks to more has cost 73 s and 955 MB
MAX_RATIO = 100
MAX_ENTRIES = 1_000
MAX_COLUMNS = 200
MAX_LINE = 1_000_000  # characters; more without a line end is no table
_BLANK = " \t\r\n\u00a0"  # around a cell; a control character there is damage and stays to be seen
_SEPARATORS = ";,\t|"
_HINT = re.compile(r"sep=([^\"\r\n])\r?\n?", re.IGNORECASE)  # Excel's own, on a line before the header
_WHOLE_FILE = re.compile("unexpected end|field limit")  # faults of csv that are no longer about one row
_VALUE = re.compile(r"\d[\d -]{7}|@")  # no header has a date, number or address in it: that is a row about somebody
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BLOCK = 1 << 20
_ROWS = 20_000  # of a block
_ROW_TAGS = (b"<row ", b"<row>", b":row ")  # equally long, so that the tail of a block holds none whole


class TableUnreadable(ValueError):
    """The file is not a table we can read. ``code`` is stable; the text says what was found and what would do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Limits:
    """How large a workbook may be: rows of a sheet, bytes unpacked, times packed, files in the package."""

    rows: int = MAX_ROWS_XLSX
    unpacked: int = MAX_UNPACKED
    ratio: int = MAX_RATIO
    entries: int = MAX_ENTRIES
    cure: str = "send it as CSV instead"


@dataclass(frozen=True)
class Line:
    """One row below the header: its number in the file (from 1; where it begins), its cells by header, what is odd.

    ``ragged``: the row has not the header's cells, so none of them is certain; ``longer`` tells that it has more.
    """

    number: int
    cells: dict[str, str]
    ragged: bool = False
    longer: bool = False


@dataclass(frozen=True)
class Block:
    """Some rows below the header as columns: where each row begins in the file (from 1), its cells by header.

    Cells are as they stand in the file: ``clean`` them. ``ragged`` are the positions of rows that have not the
    header's cells, so that none of theirs is certain; True for those that have more.
    """

    numbers: Sequence[int]
    columns: Mapping[str, Sequence[str]]
    ragged: Mapping[int, bool] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.numbers)


@dataclass
class _Rows:
    """Rows as the file has them, in the file's order."""

    numbers: list[int] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    unsound: set[int] = field(default_factory=set)  # positions


def clean(cell: str) -> str:
    """Return a cell without the blanks around it."""
    return cell.strip(_BLANK)


def read_lines(
    stream: IO[bytes], headers: Sequence[str], *, encoding: str | None = None, sheet: str | None = None
) -> Generator[Line, None, None]:
    """Yield the rows of a table one by one, their cells cleaned; see ``read_blocks``."""
    with closing(read_blocks(stream, headers, encoding=encoding, sheet=sheet)) as blocks:
        for block in blocks:
            names = list(block.columns)
            for at, cells in enumerate(zip(*block.columns.values(), strict=True)):
                named = {name: clean(cell) for name, cell in zip(names, cells, strict=True)}
                yield Line(block.numbers[at], named, ragged=at in block.ragged, longer=block.ragged.get(at, False))


def read_blocks(
    stream: IO[bytes], headers: Sequence[str], *, encoding: str | None = None, sheet: str | None = None
) -> Generator[Block, None, None]:
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
    with closing(rows):  # now, and not when somebody collects it: the stream may be gone by then
        yield from _name_cells(rows, headers)


def _name_cells(batches: Iterator[_Rows], headers: Sequence[str]) -> Iterator[Block]:
    header: list[str] | None = None
    for rows in batches:
        begin = 0
        if header is None:
            begin = next((at for at, cells in enumerate(rows.cells) if _says_anything(cells)), len(rows.cells))
            if begin == len(rows.cells):
                continue
            header = [squeeze(cell) for cell in rows.cells[begin]]
            _check_header(header, [squeeze(wanted) for wanted in headers])
            begin += 1
        block = _make_block(rows, begin, header, squeeze(headers[0]) if headers else header[0])
        if len(block):
            yield block
    if header is None:
        raise TableUnreadable("file-empty", "the file has no rows at all; ask the sender for it again")


def _says_anything(cells: Sequence[str]) -> bool:
    return any(map(clean, cells))


def _make_block(rows: _Rows, begin: int, header: list[str], key: str) -> Block:
    """Return the rows from ``begin`` on by column. A row without a cell under ``key`` may be empty altogether."""
    numbers, cells = rows.numbers[begin:], rows.cells[begin:]
    ragged = {at - begin: False for at in rows.unsound if at >= begin}
    width = len(header)
    if not set(map(len, cells)) <= {width}:
        for at, row in enumerate(cells):
            if len(row) != width:
                longer = any(map(clean, row[width:]))
                if longer or len(row) < width:
                    ragged[at] = longer
                cells[at] = (row + [""] * (width - len(row)))[:width]
    place = header.index(key)
    empty = {
        at for at, row in enumerate(cells) if not clean(row[place]) and not ragged.get(at) and not any(map(clean, row))
    }
    if empty:
        kept = [at for at in range(len(cells)) if at not in empty]
        ragged = {new: ragged[old] for new, old in enumerate(kept) if old in ragged}
        numbers, cells = [numbers[at] for at in kept], [cells[at] for at in kept]
    columns = dict(zip(header, zip(*cells, strict=True) if cells else [()] * width, strict=True))
    columns.pop("", None)
    return Block(numbers, columns, ragged)


def _check_header(found: list[str], wanted: Sequence[str]) -> None:
    if found[0].startswith("<"):
        raise TableUnreadable("html-for-table", "a web page, not a table: perhaps a log-in page was saved by mistake")
    missing = [header for header in wanted if header not in found]
    if missing:
        raise TableUnreadable(
            "columns-missing",
            f"no column {', '.join(map(repr, missing))}; {_show_header(found)}: mend the column map or the file",
        )
    twice = sorted({header for header in wanted if found.count(header) > 1})
    if twice:
        raise TableUnreadable("columns-twice", f"column {', '.join(map(repr, twice))} stands twice in the header row")


def _show_header(found: list[str]) -> str:
    """Say what stands where the headers should; without a header row that is somebody's complaint, so not shown."""
    if any(_VALUE.search(cell) or len(cell) > 60 for cell in found):
        return "the first row holds values (not shown) instead of headers"
    return f"the header row has {', '.join(repr(cell) for cell in found[:20])}"


def squeeze(text: str) -> str:
    """Return ``text`` with single spaces and composed letters, as headers and codes are compared."""
    return " ".join(text.split()) if text.isascii() else " ".join(unicodedata.normalize("NFC", text).split())


def _read_csv(stream: IO[bytes], headers: Sequence[str], encoding: str | None) -> Generator[_Rows, None, None]:
    chosen = encoding or find_encoding(stream)
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=chosen, errors="replace", newline="")
    try:
        first, hint = _first_lines(text)
        separator = hint or _find_separator(first, headers)
        text.seek(0)
        yield from _split_records(_Lines(text), separator)
    except UnicodeError as error:
        raise TableUnreadable("encoding-wrong", f"not {chosen} as it claims: {error}") from error
    finally:
        text.detach()


class _Lines:
    """The lines of a text, handed out in lists; ``find`` gives back one of the list that was handed out last."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._lines: list[str] = []
        self._before = 0  # lines handed out before

    def __iter__(self) -> Iterator[list[str]]:
        tail = ""
        while block := self._text.read(_BLOCK):
            tail += block
            end = tail.rfind("\n") + 1 or tail.rfind("\r", 0, -1) + 1
            if end:
                yield self._hand_out(tail[:end])
                tail = tail[end:]
            elif len(tail) >= MAX_LINE:
                self._refuse()
        if tail:
            yield self._hand_out(tail)

    def _hand_out(self, piece: str) -> list[str]:
        self._before += len(self._lines)
        piece = piece.replace("\0", "\ufffd")  # no database takes a NUL
        self._lines = io.StringIO(piece, newline="").readlines()  # not splitlines, which splits at more than line ends
        if max(map(len, self._lines)) >= MAX_LINE:
            self._refuse()
        return self._lines

    def _refuse(self) -> None:
        raise TableUnreadable("not-a-table", f"a line of more than {MAX_LINE:,} characters; send .xlsx or CSV")

    def find(self, number: int) -> str:
        """Return line ``number``, counted from 1."""
        return self._lines[number - 1 - self._before]


def _split_records(lines: _Lines, separator: str) -> Iterator[_Rows]:
    """Yield the records of a CSV file, some at a time.

    A quotation mark in the middle of a quoted cell makes one row unsound. One that is left open would swallow the
    rows below it, so the whole file is refused.
    """
    reader = csv.reader(chain.from_iterable(lines), delimiter=separator, strict=True)
    rows, begins = _Rows(), 1
    while True:
        held = len(rows.cells)
        try:
            rows.cells.extend(islice(reader, _ROWS - held))
            fault = None
        except csv.Error as error:  # what was read before it is in
            fault = error
        begins = _number_rows(rows, begins, reader.line_num)
        if fault is not None:
            if reader.line_num != begins or _WHOLE_FILE.search(str(fault)):
                raise TableUnreadable(
                    "csv-broken", f"at line {begins}: {fault}; a quotation mark is probably left open"
                ) from fault
            rows.unsound.add(len(rows.numbers))
            rows.numbers.append(begins)
            rows.cells.append(next(csv.reader([lines.find(begins)], delimiter=separator)))
            begins += 1
        ended = fault is None and len(rows.cells) < _ROWS
        if ended or len(rows.cells) == _ROWS:
            yield _drop_hint(rows, separator)
            rows = _Rows()
        if ended:
            return


def _number_rows(rows: _Rows, begins: int, read: int) -> int:
    """Say where the rows read last begin, the first at line ``begins``; return the line after them.

    ``read`` is the last line read. Most rows are one line; how many others are is told by the line ends in them.
    """
    fresh = rows.cells[len(rows.numbers) :]
    if read - begins + 1 == len(fresh):
        rows.numbers += range(begins, begins + len(fresh))
        return begins + len(fresh)
    for cells in fresh:
        rows.numbers.append(begins)
        told = ";".join(cells)
        begins += 1 + told.count("\n") + told.count("\r") - told.count("\r\n")
    return begins


def _drop_hint(rows: _Rows, separator: str) -> _Rows:
    """Leave out Excel's own first line, which names the separator."""
    if rows.numbers[:1] == [1] and _HINT.fullmatch(separator.join(rows.cells[0])):
        return _Rows(rows.numbers[1:], rows.cells[1:], {at - 1 for at in rows.unsound})
    return rows


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


def _first_lines(text: io.TextIOWrapper) -> tuple[str, str | None]:
    """Return the first line that says anything, and the separator that a hint before it names."""
    hint = None
    for _ in range(100):
        line = text.readline(MAX_LINE)
        if found := _HINT.fullmatch(line):
            hint = found.group(1)
        elif line.strip() or not line:
            return line, hint
    return "", hint


def _find_separator(line: str, headers: Sequence[str]) -> str:
    wanted = [squeeze(header) for header in headers]

    def hits(separator: str) -> tuple[int, int]:
        try:
            cells = [squeeze(cell) for cell in next(csv.reader([line.strip()], delimiter=separator), [])]
        except csv.Error:
            return 0, 0
        return sum(header in cells for header in wanted), len(cells)

    return max(_SEPARATORS, key=hits)


def _read_xlsx(stream: IO[bytes], name: str | None) -> Generator[_Rows, None, None]:
    from openpyxl import load_workbook  # a quarter of a second that only workbooks need

    check_package(stream)
    stream.seek(0)
    width = 0
    read = _Rows()
    try:
        book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        sheet = _find_sheet(book, name)
        sheet.reset_dimensions()  # what the file says of its size may be wrong, and rows beyond would be lost
        rows = sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS)  # type: ignore[misc]  # the stubs' own slip
        for number, cells in enumerate(rows, 1):
            if number > MAX_ROWS_XLSX:
                raise TableUnreadable("xlsx-too-large", f"more than {MAX_ROWS_XLSX:,} rows must come as CSV")
            filled = max((place for place, cell in enumerate(cells, 1) if cell is not None), default=0)
            texts = [show_cell(cell) for cell in cells[:filled]]
            width = width or len(texts)
            # Trailing empty cells are not written in XLSX: a short row is normal there, not ragged.
            read.numbers.append(number)
            read.cells.append(texts + [""] * (width - len(texts)))
            if len(read.numbers) == _ROWS:
                yield read
                read = _Rows()
        yield read
    except TableUnreadable:
        raise
    except Exception as e:  # on a damaged file openpyxl raises whatever its readers stumble over
        raise TableUnreadable("xlsx-broken", f"a damaged workbook ({type(e).__name__}); ask for it again") from e


def _find_sheet(book: "Workbook", name: str | None) -> "ReadOnlyWorksheet":
    if name is None:
        return book.worksheets[0]
    found = [sheet for sheet in book.worksheets if sheet.title.strip().casefold() == name]
    if not found:
        raise TableUnreadable("sheet-missing", f"no sheet {name!r}; the workbook has {', '.join(book.sheetnames[:20])}")
    return found[0]


def check_package(stream: IO[bytes], limits: Limits = Limits()) -> list[str]:
    """Refuse a ZIP bomb and a huge sheet by the directory and a count of row tags, before any XML is parsed.

    Returns the names of the files in the package. Raises TableUnreadable.
    """
    try:
        with zipfile.ZipFile(stream) as package:
            entries = package.infolist()
            unpacked = sum(entry.file_size for entry in entries)
            packed = sum(entry.compress_size for entry in entries) or 1
            if len(entries) > limits.entries or unpacked > limits.unpacked:
                raise TableUnreadable("xlsx-too-large", f"unpacks to {unpacked:,} bytes; {limits.cure}")
            if unpacked / packed > limits.ratio:
                raise TableUnreadable("xlsx-too-large", f"packed {unpacked // packed} times: not an ordinary workbook")
            if not any(entry.filename == "xl/workbook.xml" for entry in entries):
                raise TableUnreadable("not-a-table", "a ZIP file that is no Excel workbook; send .xlsx or CSV")
            sheets = [entry for entry in entries if entry.filename.startswith("xl/worksheets/")]
            rows = max((_count_rows(package, entry, limits.rows) for entry in sheets), default=0)
    except TableUnreadable:
        raise
    except Exception as error:  # damaged directories make zipfile raise ten kinds of error
        raise TableUnreadable("xlsx-broken", "a damaged workbook; ask for it again") from error
    if rows > limits.rows:
        raise TableUnreadable("xlsx-too-large", f"more than {limits.rows:,} rows; {limits.cure}")
    return [entry.filename for entry in entries]


def _count_rows(package: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> int:
    rows, tail = 0, b""
    with package.open(entry) as sheet:
        while block := sheet.read(_BLOCK):
            joined = tail + block
            rows += sum(joined.count(tag) for tag in _ROW_TAGS)
            tail = joined[-4:]
            if rows > most:
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
    return str(value).strip(_BLANK)
