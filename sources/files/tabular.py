"""CSV and XLSX files that people send: read by blocks, within limits, as text and nothing but text."""

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import IO

from sources.files.cells import Rows, TableUnreadable, clean, clean_all, squeeze
from sources.files.records import read_csv
from sources.files.workbook import read_xlsx

_VALUE = re.compile(r"\d[\d -]{7}|@")  # no header has a date, number or address in it: that is a row about somebody


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
        rows = read_xlsx(stream, sheet)
    elif start.startswith((b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise TableUnreadable("not-a-table", "an old .xls, a protected workbook or a PDF; save it as .xlsx or CSV")
    else:
        rows = read_csv(stream, headers, encoding)
    with closing(rows):  # now, and not when somebody collects it: the stream may be gone by then
        yield from _name_cells(rows, headers)


def _name_cells(batches: Iterator[Rows], headers: Sequence[str]) -> Iterator[Block]:
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
    return bool(clean("".join(cells)))  # once a row, not once a cell: a file may hold a million empty ones


def _make_block(rows: Rows, begin: int, header: list[str], key: str) -> Block:
    """Return the rows from ``begin`` on by column. A row without a cell under ``key`` may be empty altogether."""
    numbers, cells = rows.numbers[begin:], rows.cells[begin:]
    ragged = {at - begin: False for at in rows.unsound if at >= begin}
    width = len(header)
    if not set(map(len, cells)) <= {width}:
        for at, row in enumerate(cells):
            if len(row) != width:
                longer = _says_anything(row[width:])
                if longer or len(row) < width:
                    ragged[at] = longer
                cells[at] = (row + [""] * (width - len(row)))[:width]
    place = header.index(key)
    keyless = [at for at, named in enumerate(clean_all([row[place] for row in cells])) if not named]
    empty = {at for at in keyless if not ragged.get(at) and not _says_anything(cells[at])}
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
