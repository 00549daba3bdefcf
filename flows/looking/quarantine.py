"""Quarantine as one looks at it: which rows were refused or flagged, why, and what stands in their raw objects."""

from typing import Any

from sqlalchemy import Connection, Table, select

from flows.workplace import Workplace
from models.storage.tables import QuarantineItem, RowDecision
from sources.contract import RawItem

_Q: Table = QuarantineItem.__table__  # type: ignore[attr-defined]
_D: Table = RowDecision.__table__  # type: ignore[attr-defined]


class RowNotWorked(Exception):
    """What was asked of a quarantined row cannot be done; the text says why, and what can be. Nothing was changed."""


def list_items(place: Workplace, source: str | None = None, *, every: bool = False) -> list[dict[str, Any]]:
    """Return the open items, or all of them, the newest first within a source."""
    asked = select(_Q).order_by(_Q.c.source, _Q.c.first_seen.desc(), _Q.c.source_id, _Q.c.key)
    asked = asked if every else asked.where(_Q.c.state == "open")
    with place.engine.connect() as connection:
        rows = connection.execute(asked if source is None else asked.where(_Q.c.source == source)).all()
    return [dict(row._mapping) for row in rows]


def show_item(place: Workplace, key: str) -> dict[str, Any]:
    """Return one item: why it is here, what was read, what stands in the raw object, what people said of it."""
    from flows.intake.objects import (
        open_item,  # what opens and reads every kind of object takes long, a list needs none
    )
    from sources.files.excerpt import cut_excerpt

    with place.engine.connect() as connection:
        item = find_item(connection, key)
        history = connection.execute(select(_D).where(_D.c.row == item.row).order_by(_D.c.id)).all()
    wanted = [fault["value"] for fault in item.draft.get("faults", ()) if fault.get("value")]
    raw = find_raw(place, item.source, item.raw_sha256, item.name)
    settings = place.settings.sources.get(item.source)
    with open_item(place, item.raw_sha256) as stream:
        lines = cut_excerpt(
            stream,
            raw,
            item.raw_locator,
            place.hash_key,
            encoding=getattr(settings, "encoding", None),
            wanted=wanted,
            country=place.settings.country,
        )
    said = ("said", "edits", "who", "why", "at")
    return {
        **{name: value for name, value in item._mapping.items() if name != "row"},
        "raw": lines,
        "history": [{name: getattr(row, name) for name in said} for row in history],
    }


def find_item(connection: Connection, key: str) -> Any:
    """Return the one item whose key begins so. Raises RowNotWorked when none does, or several do."""
    rows = connection.execute(select(_Q).where(_Q.c.key.startswith(key, autoescape=True))).all() if key else []
    if len(rows) != 1:
        why = f"{len(rows)} quarantined rows begin with" if rows else "no quarantined row is called"
        raise RowNotWorked(f"{why} {key!r}: `koll quarantine list` shows them")
    return rows[0]


def find_raw(place: Workplace, source: str, sha256: str, name: str = "") -> RawItem:
    """Return the archived object as the newest reading that lists it describes it."""
    found = [
        raw
        for reading in place.archive.readings(source)
        for raw in reading.items
        if raw.sha256 == sha256 and raw.role != "listing"
    ]
    named = [raw for raw in found if raw.name == name]
    return (named or found or [RawItem(name, sha256)])[-1]
