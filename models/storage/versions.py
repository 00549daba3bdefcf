"""Complaints looked up by the ids of their sources, some hundred at a time, by an index whatever the moment."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, literal_column, select

from models.storage.tables import Complaint, Mention
from models.words import Band, Kind, Role, Status

_C = Complaint.__table__  # type: ignore[attr-defined]
_M = Mention.__table__  # type: ignore[attr-defined]
_CHUNK = 500


def _is(column: ColumnElement[Any], word: str) -> ColumnElement[bool]:
    """Spell a word out: SQLite takes an index of some rows only for a query that has its very words."""
    spelt: ColumnElement[bool] = column == literal_column(f"'{word}'")
    return spelt


IS_CURRENT_TIP = _is(_C.c.kind, Kind.TIP) & _C.c.recorded_to.is_(None)
IS_DOUBTFUL = _is(_C.c.band, Band.REVIEW) & _C.c.recorded_to.is_(None)
IS_MENTION_DOUBTFUL = _is(_M.c.band, Band.REVIEW) & _M.c.recorded_to.is_(None)
IS_CALLER = _is(_M.c.band, Band.ACCEPT) & _is(_M.c.role, Role.CALLER)
# A member's own, as far as words tell that: with "believed now" the condition of the index complaint_figures.
IS_MEMBERS_OWN = _is(_C.c.status, Status.ACCEPTED) & _is(_C.c.band, Band.ACCEPT) & _C.c.member.is_not(None)


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
