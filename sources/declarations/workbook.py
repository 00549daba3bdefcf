"""A filled-in form as XLSX: the cells beside the codes, and a refusal of everything that is more than cells.

Nothing in it is ever worked out or run. A workbook with formulas, macros, hidden sheets or links to elsewhere is
refused as a whole: what a person sees in it may not be what stands in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from models.declarations.layout import ANSWER, CODE, HEADERS
from sources.files.cells import TableUnreadable, squeeze
from sources.files.workbook import MAX_COLUMNS, Limits, check_package, show_cell

if TYPE_CHECKING:
    from openpyxl import Workbook

LIMITS = Limits(rows=2_000, unpacked=20_000_000, cure="the form has some fifty rows")
_MACROS = ("vbaproject.bin", "vbaprojectsignature.bin", "vbadata.xml")
_LINKS = (
    "xl/externallinks/",
    "xl/embeddings/",
    "xl/activex/",
    "xl/connections.xml",
    "xl/querytables/",
    "xl/ctrlprops/",
)


class FileRefused(Exception):
    """The whole file is refused; ``code`` is a check's, ``place`` and ``found`` say where and what."""

    def __init__(self, code: str, place: str = "", found: str = "") -> None:
        super().__init__(code)
        self.code, self.place, self.found = code, place, found


@dataclass(frozen=True)
class Cell:
    """What stands beside a code, and where."""

    text: str
    place: str


def read_cells(content: bytes) -> Iterator[tuple[str, Cell]]:
    """Yield (code, answer) of every row of the form that has a code. Raises FileRefused."""
    try:
        names = [name.casefold() for name in check_package(BytesIO(content), LIMITS)]
    except TableUnreadable as error:
        raise FileRefused(
            "file-too-large" if error.code == "xlsx-too-large" else "file-broken", found=str(error)
        ) from None
    if any(name.endswith(_MACROS) for name in names):
        raise FileRefused("macros-inside")
    if any(name.startswith(_LINKS) for name in names):
        raise FileRefused("links-inside")
    yield from _find_answers(_read_sheets(content))


def _read_sheets(content: bytes) -> dict[str, list[list[str]]]:
    from openpyxl import load_workbook  # a tenth of a second that only forms need

    try:
        return _read_texts(load_workbook(BytesIO(content), read_only=True, data_only=False, keep_links=False))
    except FileRefused:
        raise
    except Exception as error:  # noqa: BLE001 - on a damaged file openpyxl raises whatever its readers stumble over
        raise FileRefused("file-broken", found=f"a damaged workbook ({type(error).__name__})") from None


def _read_texts(book: "Workbook") -> dict[str, list[list[str]]]:
    """Return the texts of every sheet, once it is certain that they are all there is."""
    if hidden := [sheet.title for sheet in book if sheet.sheet_state != "visible"]:
        raise FileRefused("sheet-hidden", place=f"sheet {hidden[0][:31]!r}")
    sheets: dict[str, list[list[str]]] = {}
    for sheet in book.worksheets:
        sheet.reset_dimensions()
        sheets[sheet.title] = rows = []
        for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), 1):
            if number > LIMITS.rows:
                raise FileRefused("file-too-large", found=f"more than {LIMITS.rows:,} rows; {LIMITS.cure}")
            if any(cell.data_type == "f" for cell in cells):
                raise FileRefused("formulas-inside", place=f"sheet {sheet.title[:31]!r} row {number}")
            rows.append([show_cell(cell.value) for cell in cells])
    return sheets


def _find_answers(sheets: dict[str, list[list[str]]]) -> Iterator[tuple[str, Cell]]:
    """Yield what stands under the headers of the one sheet that has them."""
    found = [
        (title, at, header) for title, rows in sheets.items() for at, row in enumerate(rows) if (header := _match(row))
    ]
    if len(found) != 1:
        raise FileRefused("not-a-declaration" if not found else "form-twice", place=f"{len(sheets)} sheet(s)")
    title, start, (code, answer) = found[0]
    for number, row in enumerate(sheets[title][start + 1 :], start + 2):
        if len(row) > code and row[code]:
            yield squeeze(row[code]), Cell(row[answer] if len(row) > answer else "", f"row {number}")


def _match(row: list[str]) -> tuple[int, int] | None:
    """Return the columns of code and answer when a row is the form's header, in either language."""
    squeezed = [squeeze(cell) for cell in row]
    for header in HEADERS.values():
        if header[CODE] in squeezed and header[ANSWER] in squeezed:
            return squeezed.index(header[CODE]), squeezed.index(header[ANSWER])
    return None
