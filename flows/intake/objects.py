"""Archived objects, opened and parsed: what a night and the work in quarantine share."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from io import BytesIO
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import IO, Protocol, runtime_checkable

from flows.workplace import Workplace
from models.draft_table import DraftTable
from models.drafts import Draft
from sources.contract import RawItem, Source
from sources.files.cells import TableUnreadable
from sources.files.tabular import read_lines

_IN_MEMORY = 16_000_000  # bytes of one object; larger ones are unpacked on disk
_ROWS = 20_000  # of a table
_HEAD = 100_000  # bytes of a CSV file that hold its header for sure
_LONGEST_HEADER = 60  # characters; a longer one is no header but what somebody wrote


@runtime_checkable
class Streaming(Protocol):
    """A source whose objects may be too large for memory."""

    def parse_stream(self, stream: IO[bytes], item: RawItem) -> Iterator[Draft]:
        """Parse from an open file."""
        ...


@runtime_checkable
class Columnar(Protocol):
    """A source whose objects hold so many rows that they are read as tables of drafts."""

    def parse_tables(self, stream: IO[bytes], item: RawItem) -> Iterator[DraftTable]:
        """Parse from an open file."""
        ...


@runtime_checkable
class Tabular(Protocol):
    """A source whose objects are tables with named columns."""

    @property
    def columns(self) -> Mapping[str, str]:
        """Our field -> their header."""
        ...

    @property
    def encoding(self) -> str | None:
        """What the tables are written in, where it is configured."""
        ...


def parse_item(place: Workplace, source: Source, item: RawItem) -> Iterator[Draft]:
    """Yield the drafts of one archived object; raises SourceBroken when it is not what was due."""
    if not isinstance(source, Streaming):
        yield from source.parse(place.archive.get(item.sha256), item)
        return
    with open_item(place, item.sha256) as stream:
        yield from source.parse_stream(stream, item)


def parse_tables(place: Workplace, source: Source, item: RawItem) -> Iterator[DraftTable]:
    """Yield the same as tables of some thousands of rows."""
    if isinstance(source, Columnar):
        with open_item(place, item.sha256) as stream:
            yield from source.parse_tables(stream, item)
        return
    drafts = parse_item(place, source, item)
    while rows := list(islice(drafts, _ROWS)):
        yield DraftTable.of(rows)


@contextmanager
def open_item(place: Workplace, sha256: str) -> Iterator[IO[bytes]]:
    """Give an archived object as a file: readers of tables go back and forth, which the archive's own cannot."""
    with place.archive.open(sha256) as packed, SpooledTemporaryFile(max_size=_IN_MEMORY) as stream:
        shutil.copyfileobj(packed, stream)
        stream.seek(0)
        yield stream


def read_header(place: Workplace, source: Source, item: RawItem) -> list[str]:
    """Return the columns of a table; nothing when it is none, which its parser tells better."""
    if not isinstance(source, Tabular):
        return []
    with place.archive.open(item.sha256) as packed:
        start = packed.read(_HEAD)
    if start.startswith(b"PK"):
        start = place.archive.get(item.sha256)  # a workbook cannot be read from its beginning, and is never large
    elif len(start) == _HEAD:
        start = start[: start.rfind(b"\n") + 1]
    try:
        with closing(read_lines(BytesIO(start), list(source.columns.values()), encoding=source.encoding)) as lines:
            first = next(lines, None)
    except TableUnreadable:
        first = None
    return [name[:_LONGEST_HEADER] for name in first.cells] if first else []
