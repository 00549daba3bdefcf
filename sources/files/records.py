"""A CSV file's records: which encoding, which separator, where each record begins.

Nothing is guessed by statistics: the encoding is the configured one, else a BOM, else strict UTF-8, else cp1252
(what Swedish Excel writes); the separator is the one under which the expected headers are found.
"""

import codecs
import csv
import io
import re
from collections.abc import Generator, Iterator, Sequence
from itertools import chain, islice
from typing import IO

from sources.files.cells import ROWS, Rows, TableUnreadable, squeeze

MAX_LINE = 1_000_000  # characters; more without a line end is no table
_SEPARATORS = ";,\t|"
_HINT = re.compile(r"sep=([^\"\r\n])\r?\n?", re.IGNORECASE)  # Excel's own, on a line before the header
_WHOLE_FILE = re.compile("unexpected end|field limit")  # faults of csv that are no longer about one row
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BLOCK = 1 << 20


def read_csv(stream: IO[bytes], headers: Sequence[str], encoding: str | None) -> Generator[Rows, None, None]:
    """Yield the records of a CSV file, its header row among them; a row that is not sound is named as such.

    ``stream`` must be seekable; ``headers`` tell the separator. Raises TableUnreadable.
    """
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


def _split_records(lines: _Lines, separator: str) -> Iterator[Rows]:
    """Yield the records of a CSV file, some at a time.

    A quotation mark in the middle of a quoted cell makes one row unsound. One that is left open would swallow the
    rows below it, so the whole file is refused.
    """
    reader = csv.reader(chain.from_iterable(lines), delimiter=separator, strict=True)
    rows, begins = Rows(), 1
    while True:
        held = len(rows.cells)
        try:
            rows.cells.extend(islice(reader, ROWS - held))
            fault = None
        except csv.Error as error:  # what was read before it is in
            fault = error
        begins = _number_rows(rows, begins, reader.line_num)
        if fault is not None:
            if reader.line_num != begins or _WHOLE_FILE.search(str(fault)):
                raise _break(begins, fault) from fault
            rows.unsound.add(len(rows.numbers))
            rows.numbers.append(begins)
            rows.cells.append(_read_loosely(lines.find(begins), separator, begins))
            begins += 1
        ended = fault is None and len(rows.cells) < ROWS
        if ended or len(rows.cells) == ROWS:
            yield _drop_hint(rows, separator)
            rows = Rows()
        if ended:
            return


def _break(line: int, fault: csv.Error) -> TableUnreadable:
    return TableUnreadable("csv-broken", f"at line {line}: {fault}; a quotation mark is probably left open")


def _read_loosely(line: str, separator: str, number: int) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator))
    except csv.Error as fault:  # what is between two stray marks is longer than any cell may be
        raise _break(number, fault) from fault


def _number_rows(rows: Rows, begins: int, read: int) -> int:
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


def _drop_hint(rows: Rows, separator: str) -> Rows:
    """Leave out Excel's own first line, which names the separator."""
    if rows.numbers[:1] == [1] and _HINT.fullmatch(separator.join(rows.cells[0])):
        return Rows(rows.numbers[1:], rows.cells[1:], {at - 1 for at in rows.unsound})
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
