"""Handed-in declarations, from the archive to the database: read, judged, kept as versions or quarantined.

Every file is archived before it is read. What is refused waits in quarantine under its bytes; where the register or
the calendar may change that, it is judged again each night while it lies in the folder. One transaction at the end.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, select, update

from expectations.data_docs import write_data_docs
from expectations.declarations import Judged, Standing, judge_declarations, sum_up
from expectations.judgement import Finding
from flows.workplace import Workplace
from models.alerting.measuring.dues import name_declaration
from models.declarations.draft import DeclarationDraft, Trouble
from models.declarations.due import business_year
from models.declarations.keeping import Accepted, Kept, keep_declarations
from models.members.identifiers import FREE_HOSTS, read_domain
from models.storage.store import upsert, writing
from models.storage.tables import (
    Member,
    MemberName,
    Parsed,
    QuarantineItem,
    SetAside,
    SourceNight,
    SourceState,
    Watermark,
)
from models.words import NameKind, Verdict
from sources.contract import Problem, RawItem, Reading
from sources.declarations.reading import read_declaration
from sources.declarations.source import MAIL, Declarations, read_start
from sources.files.extract_mail import proves_sender
from sources.inbox.mail import Mail, read_mail

if TYPE_CHECKING:
    from flows.intake.reading import Order

_MAY_CHANGE = ("member-unknown", "year-not-owed", "year-not-ended", "sender-unknown")
BY_HAND = "by_hand"  # the note on an item that a person brought
_M: Table = Member.__table__  # type: ignore[attr-defined]
_N: Table = MemberName.__table__  # type: ignore[attr-defined]
_P: Table = Parsed.__table__  # type: ignore[attr-defined]
_Q: Table = QuarantineItem.__table__  # type: ignore[attr-defined]
_A: Table = SetAside.__table__  # type: ignore[attr-defined]
_W: Table = Watermark.__table__  # type: ignore[attr-defined]
_S: Table = SourceState.__table__  # type: ignore[attr-defined]


def list_mailed(place: Workplace) -> list[str]:
    """Return the archived mails that the tip boxes have set aside as declarations, oldest first."""
    asked = select(_A.c.raw_sha256).where(_A.c.reason == "declaration").order_by(_A.c.first_seen, _A.c.source_id)
    with place.engine.connect() as connection:
        return [row.raw_sha256 for row in connection.execute(asked) if place.archive.holds(row.raw_sha256)]


def list_pending(place: Workplace, name: str) -> list[Reading]:
    """Return the readings that are not in the database yet, oldest first: also those of a run that was killed."""
    with place.engine.connect() as connection:
        since = connection.execute(select(_S.c.read_at).filter_by(source=name)).scalar()
    return [reading for reading in place.archive.readings(name) if since is None or reading.read_at > since]


def take_declarations(
    place: Workplace, source: Declarations, readings: Sequence[Reading], order: "Order", night: SourceNight
) -> list[Judged]:
    """Take in what ``readings`` brought, oldest first; fill in ``night`` and return what became of each file."""
    with place.engine.connect() as connection:
        fresh = _find_fresh(connection, source.name, readings, again=order.replay)
        items = [(item, day) for item, day in fresh if _is_kept(place, item)]
        members = _load_members(connection)
        drafts = [_read_item(place, connection, source, item, day) for item, day in items]
    judged = judge_declarations(drafts, members, source.info.checks)
    by_hand = {item.sha256 for item, _ in items if BY_HAND in item.note}
    newest, now = readings[-1], place.clock()
    with writing(place.engine) as connection:
        kept = keep_declarations(
            connection, _list_accepted(judged, members, by_hand), source=source.name, now=now, run_id=order.run_id
        )
        night.mended = _settle_quarantine(connection, source.name, judged, now, order.run_id)
        upsert(connection, _P, [_make_parsed(source.name, draft, now) for draft in drafts])
        night.complete_through = _move_watermark(connection, source.name, newest, now, order)
        state = {"source": source.name, "read_at": newest.read_at, "parser_version": source.info.parser_version}
        upsert(connection, _S, [state])
    results = sum_up(source.name, order.business_date, judged, source.info.checks)
    if judged:
        write_data_docs([results], place.data_docs)
    _report(night, judged, kept, [*newest.problems, *results.findings])
    return judged


def _find_fresh(
    connection: Connection, name: str, readings: Iterable[Reading], *, again: bool
) -> list[tuple[RawItem, date]]:
    """Return (file, day it came) of what is not in yet, once per bytes, in the order in which it counts.

    What waits because of the register or the calendar is looked at again, and first: it is never a later word than
    what is new.
    """
    asked = select(_Q.c.raw_sha256).where(_Q.c.source == name, _Q.c.state == "open", _Q.c.code.in_(_MAY_CHANGE))
    waiting = {row.raw_sha256 for row in connection.execute(asked)}
    known = set() if again else {row.sha256 for row in connection.execute(select(_P.c.sha256).filter_by(source=name))}
    known -= waiting
    fresh: list[tuple[RawItem, date]] = []
    for reading in readings:
        for item in reading.items:
            if BY_HAND in item.note or item.sha256 not in known:
                known.add(item.sha256)
                fresh.append((item, reading.business_date))
    if again:
        return fresh
    return sorted(fresh, key=lambda one: BY_HAND in one[0].note or one[0].sha256 not in waiting)


def _is_kept(place: Workplace, item: RawItem) -> bool:
    """Tell whether a file and the mail it came in are there: what was forgotten on purpose is passed by."""
    return not any(place.archive.is_forgotten(sha256) for sha256 in (item.sha256, item.note.get(MAIL)) if sha256)


def _load_members(connection: Connection) -> dict[str, Standing]:
    rows = connection.execute(select(_M.c.member, _M.c.year_end, _M.c.joined_on, _M.c.left_on))
    return {row.member: Standing(row.year_end, row.joined_on, row.left_on) for row in rows}


def _read_item(
    place: Workplace, connection: Connection, source: Declarations, item: RawItem, day: date
) -> DeclarationDraft:
    content = read_start(place.archive, item.sha256)
    draft = read_declaration(
        content, DeclarationDraft(item.name, item.sha256, day), place.hash_key, place.settings.country
    )
    if MAIL not in item.note or draft.member is None:
        return draft
    settings = place.settings.declarations()[source.name]
    code = _doubt_sender(connection, read_mail(place.archive.get(item.note[MAIL])), draft.member, settings.authserv)
    return replace(draft, troubles=(*draft.troubles, Trouble(code, "the mail"))) if code else draft


def _doubt_sender(connection: Connection, mail: Mail, member: str, authserv: str | None) -> str:
    """Return why a mail is not believed to come from a member, or nothing when it is."""
    sender = (mail.sender or "").casefold()
    domain = read_domain(sender)
    addresses = {str(address).casefold() for address in _list_addresses(connection, member)}
    own = {read_domain(address) for address in addresses} - {None, *FREE_HOSTS}
    if not sender or (sender not in addresses and domain not in own):
        return "sender-unknown"
    results = mail.headers.get("authentication-results", ())
    if authserv and not (results and proves_sender(results[0], authserv, sender.partition("@")[2])):
        return "sender-unproven"
    return ""


def _list_addresses(connection: Connection, member: str) -> list[Any]:
    """Return a member's own addresses and domains: its contact, and the names it is known by."""
    kinds = (NameKind.EMAIL, NameKind.DOMAIN)
    names = select(_N.c.value).where(_N.c.member == member, _N.c.kind.in_(kinds), _N.c.valid_to.is_(None))
    found = [row.value for row in connection.execute(names)]
    return found + [
        row.contact for row in connection.execute(select(_M.c.contact).filter_by(member=member)) if row.contact
    ]


def _list_accepted(
    judged: Iterable[Judged], members: dict[str, Standing], by_hand: set[str]
) -> Iterable[Accepted]:  # fmt: skip
    for one in judged:
        draft = one.draft
        if not one.code:
            assert draft.member is not None and draft.year is not None
            period = business_year(members[draft.member].year_end, draft.year)
            yield Accepted(draft, period, by_hand=draft.sha256 in by_hand)


def _settle_quarantine(
    connection: Connection, source: str, judged: Sequence[Judged], now: datetime, run_id: str
) -> int:
    """Quarantine what is refused; close what is accepted now, or has been replaced by a better file."""
    rows: dict[str, dict[str, Any]] = {}
    mended = 0
    for one in judged:
        if one.code:
            row = _quarantine(source, one, now, run_id)
            rows[row["key"]] = row
            continue
        same = (_Q.c.raw_sha256 == one.draft.sha256) | (_Q.c.source_id == _name(one.draft))
        waiting = update(_Q).where(_Q.c.source == source, _Q.c.state == "open", same)
        mended += connection.execute(waiting.values(state="mended")).rowcount
        for row in rows.values():
            if row["source_id"] == _name(one.draft):
                row["state"] = "mended"
    upsert(connection, _Q, list(rows.values()), keep=("first_seen", "last_seen", "run_id", "state"))
    _close_others(connection, source, rows)
    return mended


def _close_others(connection: Connection, source: str, rows: dict[str, dict[str, Any]]) -> None:
    """A file stands in quarantine for one thing at a time: what it is refused for now."""
    for key, row in rows.items():
        again = (_Q.c.key == key) & _Q.c.state.in_(("mended", "replaced"))
        connection.execute(update(_Q).where(again).values(state=row["state"]))
        others = (_Q.c.source == source) & (_Q.c.raw_sha256 == row["raw_sha256"]) & (_Q.c.key != key)
        connection.execute(update(_Q).where(others & (_Q.c.state == "open")).values(state="replaced"))


def _name(draft: DeclarationDraft) -> str | None:
    return name_declaration(draft.member, draft.year) if draft.member and draft.year else None


def _quarantine(source: str, one: Judged, now: datetime, run_id: str) -> dict[str, Any]:
    """Return the row of a refused declaration: what is wrong, never an answer."""
    draft = one.draft
    told = f"{source} {one.code} {draft.sha256}"
    shown = {"member": draft.member, "year": draft.year, "form": draft.form, "faults": [{"code": one.code}]}
    return {
        "key": hashlib.blake2b(told.encode(), digest_size=8).hexdigest(),
        "source": source,
        "source_id": _name(draft),
        "row": hashlib.blake2b(draft.sha256.encode(), digest_size=16).hexdigest(),
        "name": draft.name,
        "code": one.code,
        "reason": one.reason,
        "kept": False,
        "raw_sha256": draft.sha256,
        "raw_locator": one.place,
        "draft": shown,
        "state": "open",
        "first_seen": now,
        "last_seen": now,
        "run_id": run_id,
    }


def _make_parsed(source: str, draft: DeclarationDraft, now: datetime) -> dict[str, Any]:
    ids = [name] if (name := _name(draft)) else []
    return Parsed(source=source, name=draft.name, sha256=draft.sha256, source_ids=ids, parsed_at=now).model_dump()


def _move_watermark(
    connection: Connection, source: str, newest: Reading, now: datetime, order: "Order"
) -> date | None:  # fmt: skip
    before = connection.execute(
        select(_W.c.complete_through).filter_by(source=source).order_by(_W.c.id.desc()).limit(1)
    ).scalar()
    through = newest.complete_through
    if through is None or (before is not None and through <= before):
        return before
    row = {"source": source, "complete_through": through, "recorded_at": now, "run_id": order.run_id}
    connection.execute(_W.insert(), row)
    return through


def _report(night: SourceNight, judged: Sequence[Judged], kept: Kept, told: Sequence[Problem | Finding]) -> None:
    night.items = night.drafts = len(judged)
    night.quarantined = sum(bool(one.code) for one in judged)
    night.accepted = night.items - night.quarantined
    night.new, night.changed = kept.new, kept.changed
    night.message = "; ".join(f"{one.message} [{one.code}]" for one in told)[:1000]
    night.verdict = Verdict.ODD if told else Verdict.OK
