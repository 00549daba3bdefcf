"""When the register or a person's answer has changed: who is meant is asked again, and only what differs is written."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from sqlalchemy import Connection, Table, func, select, update

from flows.intake.linking import Linker
from flows.intake.reading import Order
from flows.workplace import Workplace
from models.drafts import Draft, MentionDraft, RawRef
from models.storage.stage import Link
from models.storage.store import upsert, writing
from models.storage.tables import Complaint, ComplaintText, Mention, Run, Why
from models.storage.versions import IS_CURRENT_TIP
from models.words import Kind, Role, Status

_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_T: Table = ComplaintText.__table__  # type: ignore[attr-defined]
_M: Table = Mention.__table__  # type: ignore[attr-defined]
_R: Table = Run.__table__  # type: ignore[attr-defined]
_LINK = ("member", "band", "why")
_ASKED = ("company", "org_number", "event_on", "received_on")
_CHUNK = 2_000


def relink(place: Workplace, order: Order, linkers: Callable[[str], Linker], log: Callable[[str], None]) -> int:
    """Match every current complaint again if the matcher knows something new; return how many links changed.

    A changed link is a new version of its complaint, so that "as known at" still gives the old one; the run says how
    many there were. One transaction: a kill leaves all as it was and the next run does it.
    """
    version = _name_version(linkers(""))
    changed = 0
    with writing(place.engine) as connection:
        if _last_versions(connection) != {version}:
            sources = connection.execute(select(_C.c.source).distinct().order_by(_C.c.source)).scalars().all()
            changed = sum(_relink_source(connection, linkers(source), order, place) for source in sources)
            changed += sum(_relink_mentions(connection, linkers(source), place) for source in sources)
        connection.execute(update(_R).where(_R.c.run_id == order.run_id).values(matcher=version))
    if changed:
        log(f"register: {changed} complaint(s) are linked otherwise than before")
    return changed


def _name_version(linker: Linker) -> str:
    """Name what decides a link: register, companies, code, and people's answers."""
    said = repr(sorted((key, answer.said, answer.member) for key, answer in linker.answers.items()))
    return f"{linker.matcher.version}-{hashlib.blake2b(said.encode(), digest_size=4).hexdigest()}"


def _last_versions(connection: Connection) -> set[str]:
    """Return what the newest runs matched by: several where a clock set back gave two runs the same beginning."""
    matched = _R.c.matcher.is_not(None)
    newest = select(func.max(_R.c.started_at)).where(matched).scalar_subquery()
    return set(connection.execute(select(_R.c.matcher).where(matched, _R.c.started_at == newest)).scalars())


def _relink_source(connection: Connection, linker: Linker, order: Order, place: Workplace) -> int:
    moved = [(ids, link) for ids, before, link in _ask_again(connection, linker) if link != before]
    upsert(connection, Why.__table__, list(linker.reasons.values()))  # type: ignore[attr-defined]
    now = place.clock()
    copied = [column.name for column in _C.columns if column.name not in ("id", "recorded_from", "run_id", *_LINK)]
    number = 0
    for ids, link in moved:
        for start in range(0, len(ids), _CHUNK):
            these = _C.c.id.in_(ids[start : start + _CHUNK])
            rows = [
                {**{name: row[name] for name in copied}, "recorded_from": now, "run_id": order.run_id, **vars(link)}
                for row in connection.execute(select(_C).where(these)).mappings()
            ]
            connection.execute(update(_C).where(these).values(recorded_to=now))
            connection.execute(_C.insert(), rows)
            number += len(rows)
    return number


def _relink_mentions(connection: Connection, linker: Linker, place: Workplace) -> int:
    """Judge the further companies named in decisions anew; those of tips follow their text."""
    about = (_C.c.source == _M.c.source) & (_C.c.source_id == _M.c.source_id) & _C.c.recorded_to.is_(None)
    asked = select(_M, _C.c.received_on, _C.c.event_on).join(_C, about)
    rows = connection.execute(
        asked.where((_M.c.source == linker.source) & _M.c.recorded_to.is_(None) & (_C.c.kind != Kind.TIP))
    ).all()
    now, number = place.clock(), 0
    for row in rows:
        named = MentionDraft(text=row.text, role=Role(row.role), sentence=row.sentence)
        link = linker.link_named(named, row.event_on or row.received_on)
        if link != Link(row.member, row.band, row.why):
            connection.execute(update(_M).where(_M.c.id == row.id).values(recorded_to=now))
            kept = {name: getattr(row, name) for name in ("source", "source_id", "role", "text", "sentence")}
            connection.execute(_M.insert(), {**kept, **vars(link), "recorded_from": now})
            number += 1
    upsert(connection, Why.__table__, list(linker.reasons.values()))  # type: ignore[attr-defined]
    return number


def _ask_again(connection: Connection, linker: Linker) -> Iterator[tuple[list[int], Link, Link]]:
    """Yield (complaint row ids, link now, link as matched anew) per distinct question."""
    current = (_C.c.source == linker.source) & _C.c.recorded_to.is_(None) & (_C.c.status == Status.ACCEPTED)
    groups: dict[tuple[Any, ...], list[int]] = {}
    columns = [_C.c[name] for name in (*_ASKED, *_LINK)]
    for row in connection.execute(select(_C.c.id, *columns).where(current & (_C.c.kind != Kind.TIP))):
        groups.setdefault(tuple(row[1:]), []).append(row.id)
    for key, ids in groups.items():
        company, number, event_on, received_on = key[: len(_ASKED)]
        draft = _draft(Kind.COMPLAINT, received_on, event_on, company=company, org_number=number)
        yield ids, Link(*key[len(_ASKED) :]), linker.link(draft)
    texts = select(_C, _T.c.text).join(_T, (_T.c.source == _C.c.source) & (_T.c.source_id == _C.c.source_id))
    for row in connection.execute(texts.where(current & IS_CURRENT_TIP)).all():
        draft = _draft(Kind.TIP, row.received_on, row.event_on, source_id=row.source_id, text=row.text, facts=row.facts)
        yield [row.id], Link(row.member, row.band, row.why), linker.link(draft)


def _draft(kind: Kind, received_on: date | None, event_on: date | None, **more: Any) -> Draft:
    asked = {"source_id": "asked again", "raw": RawRef(sha256=""), **more}
    return Draft(kind=kind, received_on=received_on, event_on=event_on, **asked)
