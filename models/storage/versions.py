"""Complaints looked up by the ids of their sources, some hundred at a time, by an index whatever the moment."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from models.storage.tables import Complaint

_C = Complaint.__table__  # type: ignore[attr-defined]
_CHUNK = 500


def find_versions(
    connection: Connection, wanted: Iterable[tuple[str, str]], known_at: datetime | None = None
) -> Iterator[Row[Any]]:
    """Yield the version of each (source, source_id) that is believed now, or was at ``known_at``; those there are.

    What is current and what was closed since are asked for apart: each has its own index, and neither would serve
    both at once.
    """
    by_source: defaultdict[str, list[str]] = defaultdict(list)
    for source, source_id in sorted(set(wanted)):
        by_source[source].append(source_id)
    current = _C.c.recorded_to.is_(None)
    then = current if known_at is None else _C.c.recorded_from <= known_at
    for source, ids in by_source.items():
        for start in range(0, len(ids), _CHUNK):
            these = (_C.c.source == source) & _C.c.source_id.in_(ids[start : start + _CHUNK])
            yield from connection.execute(select(_C).where(these, current, then))
            if known_at is not None:
                yield from connection.execute(select(_C).where(these, _C.c.recorded_to > known_at, then))
