"""What members have declared, kept in versions: a corrected declaration closes the one before and never changes it."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, select, update

from models.declarations.draft import DeclarationDraft
from models.declarations.due import BusinessYear
from models.storage.tables import Declaration

_D: Table = Declaration.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Accepted:
    """A declaration that passed, with the period it is for; one that a person brought ``by_hand`` is the last word."""

    draft: DeclarationDraft
    period: BusinessYear
    by_hand: bool = False


@dataclass
class Kept:
    """How many declarations were new, and how many changed one that was there."""

    new: int = 0
    changed: int = 0


def keep_declarations(
    connection: Connection, accepted: Iterable[Accepted], *, source: str, now: datetime, run_id: str
) -> Kept:
    """Store each declaration as the newest version of its member's year, in the order given; equal ones not again.

    A file whose bytes made a version before makes none again, so that reading the archive anew changes nothing,
    unless a person has brought it once more.
    """
    kept = Kept()
    for one in accepted:
        draft, told = one.draft, hash_answers(one.draft)
        versions = connection.execute(
            select(_D).where(_D.c.member == draft.member, _D.c.year == draft.year).order_by(_D.c.id)
        ).all()
        current = next((row for row in versions if row.recorded_to is None), None)
        if _is_known(one, told, current, versions):
            continue
        if current is not None:
            connection.execute(update(_D).where(_D.c.id == current.id).values(recorded_to=now))
        connection.execute(_D.insert(), _make_row(one, told, source, now, run_id))
        kept.new += current is None
        kept.changed += current is not None
    return kept


def _is_known(one: Accepted, told: str, current: Row[Any] | None, versions: Iterable[Row[Any]]) -> bool:
    if current is not None and current.hash == told:
        return True
    older = [row for row in versions if row is not current and row.raw_sha256 == one.draft.sha256]
    return bool(older) and not one.by_hand


def _make_row(one: Accepted, told: str, source: str, now: datetime, run_id: str) -> dict[str, Any]:
    draft = one.draft
    row = Declaration(
        member=draft.member or "",
        year=one.period.year,
        period_from=one.period.start,
        period_to=one.period.end,
        form=draft.form or "",
        answers=dict(draft.answers),
        received_on=draft.received_on,
        source=source,
        name=draft.name,
        raw_sha256=draft.sha256,
        hash=told,
        recorded_from=now,
        run_id=run_id,
    )
    return row.model_dump(exclude={"id"})


def hash_answers(draft: DeclarationDraft) -> str:
    """Return 32 hex digits that change with any answer, and with nothing else."""
    told = json.dumps([draft.form, dict(draft.answers)], sort_keys=True, ensure_ascii=True)
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


def list_versions_of(connection: Connection, member: str, year: int | None = None) -> list[Row[Any]]:
    """Return every version a member has handed in, the newest year and version last."""
    asked = select(_D).where(_D.c.member == member).order_by(_D.c.year, _D.c.id)
    return list(connection.execute(asked if year is None else asked.where(_D.c.year == year)))


def load_current(connection: Connection, member: str, year: int, known_at: datetime | None = None) -> Row[Any] | None:
    """Return what a member declared for a year, as known at a moment (None: now), or None."""
    asked = select(_D).where(_D.c.member == member, _D.c.year == year, _known(known_at))
    return connection.execute(asked).first()


def list_declared(connection: Connection, known_at: datetime | None = None) -> list[tuple[str, int]]:
    """Return (member, year) of everything declared as known at a moment."""
    asked = select(_D.c.member, _D.c.year).where(_known(known_at)).order_by(_D.c.member, _D.c.year)
    return [(row.member, row.year) for row in connection.execute(asked)]


def _known(known_at: datetime | None) -> Any:
    if known_at is None:
        return _D.c.recorded_to.is_(None)
    return (_D.c.recorded_from <= known_at) & (_D.c.recorded_to.is_(None) | (_D.c.recorded_to > known_at))
