"""The same rows in another file: one that is sent again, renamed, sorted anew or saved anew says nothing new.

Such a file is known by its lines, whatever their order, before any of them is read. It need not be read again only if
nothing at all could come of it: its twin was read the same way, alone and without a remark, and is the last that was.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import IO

from sqlalchemy import Connection, Table, func, select

from flows.intake.reading import read_watermark
from flows.workplace import Workplace
from models.storage.tables import Complaint, Parsed
from sources import VERSION
from sources.contract import RawItem, Reading, Source

_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_BLOCK = 1 << 20
_KEYS = ("medlemskoll left", "medlemskollright")  # of SipHash: two prints of 64 bits each


def name_contents(place: Workplace, source: Source, fresh: Sequence[RawItem]) -> str | None:
    """Return what names the rows of the one file that is due, and how it would be read; None where nothing can."""
    if source.info.kind != "extract" or len(fresh) != 1:
        return None
    reader = repr(getattr(source, "extract", source))  # its columns, words, bounds and checks
    with place.archive.open(fresh[0].sha256) as stream:
        rows = print_rows(stream)
    told = f"{VERSION} {source.info.parser_version} {reader} {rows}"
    return rows and hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def print_rows(stream: IO[bytes]) -> str | None:
    """Return what two text files share whose first line and other lines are the same, whatever their order and ends.

    Where a cell may go on over lines (there is a quotation mark) their order counts too. None for what has no lines: a
    workbook, or text in UTF-16.
    """
    import numpy as np
    from pandas.util import hash_array

    total, number = np.zeros(2, np.uint64), 0
    in_order, rest, first, quoted = hashlib.blake2b(digest_size=16), b"", b"", False
    while True:
        block = stream.read(_BLOCK)
        if b"\0" in block or (not first and block.startswith(b"PK")):
            return None
        told = rest + block
        end = (told.rfind(b"\n") + 1 or told.rfind(b"\r", 0, -1) + 1) if block else len(told)
        said, rest = list(filter(None, told[:end].splitlines())), told[end:]
        first = first or next(iter(said), b"")
        quoted = quoted or b'"' in block
        lines = np.array(said, object)
        prints = np.stack([hash_array(lines, hash_key=key, categorize=False) for key in _KEYS])
        in_order.update(prints.T.tobytes())
        total += prints.sum(axis=1, dtype=np.uint64)
        number += len(said)
        if not block:
            return f"{first!r} {number} {in_order.hexdigest() if quoted else total.tobytes().hex()}"


def find_same(
    connection: Connection,
    contents: str | None,
    fresh: Sequence[RawItem],
    newest: Reading,
    known: Mapping[str, Parsed],
    on: date,
) -> Parsed | None:
    """Return the file that already stands for all that the fresh one holds; None when it must be read to know.

    ``newest`` lists the files that are there now, ``on`` is the business date. The twin must be the last file of all,
    complete for the same days, and those days must be over and told.
    """
    last = max(known.values(), key=lambda parsed: (parsed.parsed_at, parsed.place), default=None)
    if contents is None or last is None or last.contents != contents or last.last_day is None:
        return None
    told_through = read_watermark(connection, last.source)
    latest = connection.execute(select(func.max(_C.c.received_on)).where(_C.c.source == last.source)).scalar()
    if told_through is None or told_through < last.last_day or (latest and latest > on + timedelta(days=1)):
        return None
    return last if _covers_the_same(fresh[0], last, newest) else None


def _covers_the_same(item: RawItem, last: Parsed, newest: Reading) -> bool:
    """Tell whether two files with the same rows are complete for the same days, by their names or by their rows."""
    if item.covers or item.name == last.name:
        return item.covers in (None, (last.first_day, last.last_day))
    return any(twin.name == last.name and twin.covers is None for twin in newest.items)
