"""A published CSV file ends with the end of a line. One that does not was cut short, perhaps inside its last cell."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import IO

from sources.files.tabular import Line, read_lines


def read_whole_lines(stream: IO[bytes], headers: Sequence[str]) -> Iterator[Line]:
    """Yield the rows of a CSV file as ``read_lines`` does; the last one is ragged when its line has no end.

    Half an id in the last cell would otherwise be the id of another complaint. Raises TableUnreadable.
    """
    cut = not _ends_with_line(stream)
    waiting: Line | None = None
    for line in read_lines(stream, headers):
        if waiting is not None:
            yield waiting
        waiting = line
    if waiting is not None:
        yield replace(waiting, ragged=True) if cut else waiting


def _ends_with_line(stream: IO[bytes]) -> bool:
    stream.seek(0)
    wide = stream.read(2) in (b"\xff\xfe", b"\xfe\xff")
    size = stream.seek(0, 2)
    stream.seek(max(0, size - (2 if wide else 1)))
    end = stream.read()
    stream.seek(0)
    return b"\n" in end or b"\r" in end
