"""The tip inbox as it stands: every mail, what is in its thread, how many copies came; and which one is meant."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, select

from flows.workplace import Workplace
from models.matching.forms import fold
from models.storage.tables import Complaint, ComplaintText, SetAside
from models.storage.versions import IS_CURRENT_TIP
from models.tips.templates import find_templates
from models.tips.threads import thread_tips
from models.words import Band, Status

_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_T: Table = ComplaintText.__table__  # type: ignore[attr-defined]
_S: Table = SetAside.__table__  # type: ignore[attr-defined]
_STANDING = {Band.ACCEPT: "counted", Band.REVIEW: "asked", Band.NONE: "nobody"}
STANDINGS = ("counted", "asked", "nobody", "aside")


class TipNotWorked(Exception):
    """What was asked of a tip cannot be done; the text says why. Nothing was changed."""


@dataclass(frozen=True)
class FoundTip:
    """One mail of the inbox as it is stored: a complaint's row, or one set aside."""

    source: str
    source_id: str
    raw_sha256: str
    aside: str = ""  # why it is set aside, "" when it is a tip


def list_tips(
    place: Workplace, *, search: str = "", member: str = "", standing: str = "", source: str = ""
) -> list[dict[str, Any]]:
    """Return the inbox, newest first: each tip with where it stands, its thread and how many copies of it came."""
    with place.engine.connect() as connection:
        rows = [*list_current(connection), *_list_aside(connection)]
    wanted = fold(search)
    return [
        row
        for row in sorted(rows, key=lambda row: (str(row["received"]), row["tip"]), reverse=True)
        if (not search or wanted in fold(row["text"] or ""))
        and (not member or row["member"] == member)
        and (not standing or row["standing"].partition(":")[0] == standing)
        and (not source or row["source"] == source)
    ]


def list_current(connection: Connection) -> list[dict[str, Any]]:
    """Return the tips that are not set aside, the oldest first."""
    about = (_T.c.source == _C.c.source) & (_T.c.source_id == _C.c.source_id)
    asked = select(_C, _T.c.text).join(_T, about, isouter=True).where(is_current()).order_by(_C.c.received_on, _C.c.id)
    rows = connection.execute(asked).all()
    copies = find_templates({f"{row.source} {row.source_id}": row.text or "" for row in rows})
    threads = thread_tips(rows)
    sizes: dict[str, int] = {}
    for thread in threads.values():
        sizes[thread] = sizes.get(thread, 0) + 1
    return [
        {
            "tip": row.source_id,
            "source": row.source,
            "received": row.received_on,
            "event": row.event_on or (row.facts or {}).get("event_between"),
            "channel": str(row.channel),
            "standing": _STANDING[Band(row.band)],
            "member": row.member,
            "thread": sizes[threads[f"{row.source} {row.source_id}"]],
            "copies": len(copies.get(f"{row.source} {row.source_id}", ("",))),
            "text": row.text,
        }
        for row in rows
    ]


def _list_aside(connection: Connection) -> list[dict[str, Any]]:
    return [
        {
            "tip": row.source_id,
            "source": row.source,
            "received": row.received_on,
            "event": None,
            "channel": None,
            "standing": f"aside: {row.reason}",
            "member": None,
            "thread": 1,
            "copies": 1,
            "text": None,
        }
        for row in connection.execute(select(_S))
    ]


def is_current() -> Any:
    """Return what holds for the row of a tip as it is known now."""
    return IS_CURRENT_TIP & (_C.c.status == Status.ACCEPTED)


def find_tip(connection: Connection, ident: str) -> FoundTip:
    """Return the mail whose id begins so. Raises TipNotWorked when none does, or several do."""
    found: list[FoundTip] = []
    if ident:
        asked = is_current() & _C.c.source_id.startswith(ident, autoescape=True)
        found += [FoundTip(r.source, r.source_id, r.raw_sha256) for r in connection.execute(select(_C).where(asked))]
        aside = select(_S).where(_S.c.source_id.startswith(ident, autoescape=True))
        found += [FoundTip(r.source, r.source_id, r.raw_sha256, r.reason) for r in connection.execute(aside)]
    if len(found) != 1:
        raise TipNotWorked(f"{len(found) or 'no'} tips {ident}; `koll tips list` shows them")
    return found[0]


def is_of(table: Table, tip: FoundTip) -> Any:
    """Return what holds for the rows of one mail."""
    return (table.c.source == tip.source) & (table.c.source_id == tip.source_id)
