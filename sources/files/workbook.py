"""A workbook's rows, and the look at its package that keeps a small file from unpacking to a huge one."""

import zipfile
from collections.abc import Generator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import IO, TYPE_CHECKING

from sources.files.cells import ROWS, Rows, TableUnreadable, clean

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

MAX_ROWS_XLSX = 100_000
MAX_UNPACKED = 50_000_000  # bytes; a 247 KB file that unpacks to more has cost 73 s and 955 MB
MAX_RATIO = 100
MAX_ENTRIES = 1_000
MAX_COLUMNS = 200
_BLOCK = 1 << 20
_ROW_TAGS = (b"<row ", b"<row>", b":row ")  # equally long, so that the tail of a block holds none whole


@dataclass(frozen=True)
class Limits:
    """How large a workbook may be: rows of a sheet, bytes unpacked, times packed, files in the package."""

    rows: int = MAX_ROWS_XLSX
    unpacked: int = MAX_UNPACKED
    ratio: int = MAX_RATIO
    entries: int = MAX_ENTRIES
    cure: str = "send it as CSV instead"


def read_xlsx(stream: IO[bytes], name: str | None) -> Generator[Rows, None, None]:
    """Yield the rows of the sheet ``name``, else of the first, their cells as text. Raises TableUnreadable."""
    from openpyxl import load_workbook  # a quarter of a second that only workbooks need

    check_package(stream)
    stream.seek(0)
    width = 0
    read = Rows()
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
            if len(read.numbers) == ROWS:
                yield read
                read = Rows()
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
    return clean(str(value))
