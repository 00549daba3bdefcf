"""What has had its time is forgotten, each kind by its period; what an open case stands on is held."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update

from flows.privacy.from_members import (
    Reply,
    erase_replies,
    find_old_replies,
    find_old_versions,
    list_declaration_sources,
    strip_versions,
)
from flows.privacy.subject import KEPT_FACTS, MAIL
from flows.workplace import Workplace
from models.audit import record_act
from models.cases.chain import load_cases
from models.storage.stage import TEXT_KEPT
from models.storage.store import forgetting
from models.storage.tables import Complaint, ComplaintText, Declaration, OutboxRow, QuarantineItem, SetAside
from models.words import Kind
from sources.contract import RawItem, Reading

_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_T: Table = ComplaintText.__table__  # type: ignore[attr-defined]
_Q: Table = QuarantineItem.__table__  # type: ignore[attr-defined]
_S: Table = SetAside.__table__  # type: ignore[attr-defined]
_D: Table = Declaration.__table__  # type: ignore[attr-defined]
_O: Table = OutboxRow.__table__  # type: ignore[attr-defined]
_TABLES = {"text/csv", "application/xlsx", "application/zip"}
_STATE = "application/json"  # how far a mailbox was read: about no person
_OBJECTS = ("mails", "extracts", "pages", "declarations", "replies")
_RECEIVED = ("mails", "declarations")  # counted from their receipt, others from when they were last listed
_OUT = ("accepted", "dead", "bounced", "withdrawn")


@dataclass
class Due:
    """What is to be forgotten today: archived objects by kind, keys of rows by kind."""

    objects: dict[str, set[str]] = field(default_factory=lambda: {kind: set() for kind in _OBJECTS})
    texts: list[tuple[str, str]] = field(default_factory=list)
    quarantine: list[str] = field(default_factory=list)
    hashes: dict[int, dict[str, str]] = field(default_factory=dict)  # complaint row -> the facts that stay
    sent: list[str] = field(default_factory=list)
    versions: list[Mapping[str, Any]] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)

    def count(self) -> dict[str, int]:
        """Return how many there are of each kind, by the name that its period has in koll.toml."""
        rows = {name: len(getattr(self, name)) for name in ("texts", "quarantine", "hashes", "sent")}
        objects = {kind: len(shas) for kind, shas in self.objects.items()}
        objects["declarations"] += len(self.versions)
        objects["replies"] += len(self.replies)
        return rows | objects


def run_retention(place: Workplace, *, who: str, dry_run: bool = False) -> dict[str, int]:
    """Forget what has had its time and return how many of each kind; with ``dry_run`` only say how many.

    Killed anywhere it is finished by the next run. The night's lock must be held unless it is a dry run.
    """
    with place.engine.connect() as connection:
        due = find_due(place, connection)
    counts = due.count()
    if dry_run or not any(counts.values()):
        return counts
    with forgetting(place.engine) as connection:
        _forget_rows(connection, due)
        strip_versions(connection, due.versions)
        erase_replies(connection, due.replies, who=who, at=place.clock(), why="their time was over")
        record_act(connection, "retention.run", "", who=who, at=place.clock(), details=counts)
    for shas in due.objects.values():
        for sha256 in sorted(shas):
            place.archive.forget(sha256, for_good=False)
    return counts


def show_counts(counts: dict[str, int]) -> str:
    """Return what was forgotten in one line."""
    return ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()) if number) or "nothing"


def find_due(place: Workplace, connection: Connection) -> Due:
    """Return what has had its time and is not held."""
    periods, today = place.settings.retention, place.today()
    held = _Held(connection)
    due = Due()
    # The day stored with a text is by the default period; another moves it.
    stored = today + TEXT_KEPT - timedelta(days=periods.texts_days)
    for text_row in connection.execute(select(_T.c.source, _T.c.source_id).where(_T.c.delete_after <= stored)):
        if tuple(text_row) not in held.rows:
            due.texts.append((text_row.source, text_row.source_id))
    before = place.clock() - timedelta(days=periods.quarantine_days)
    for item in connection.execute(select(_Q).where(_Q.c.last_seen <= before)):
        if item.draft and (item.source, item.source_id) not in held.rows:
            due.quarantine.append(item.key)
    due.hashes = dict(_find_hashes(connection, today - timedelta(days=periods.hashes_days), held))
    old = _O.c.created <= place.clock() - timedelta(days=periods.sent_days)
    due.sent = list(
        connection.execute(select(_O.c.key).where(old & _O.c.state.in_(_OUT) & (_O.c.recipient != ""))).scalars()
    )
    due.versions = find_old_versions(connection, today - timedelta(days=periods.declarations_days), held.members)
    replies = find_old_replies(connection, today - timedelta(days=periods.replies_days))
    due.replies = [reply for reply in replies if reply.text]
    letters = {reply.attachment for reply in replies if reply.attachment}
    due.objects["replies"] = {sha256 for sha256 in letters if place.archive.holds(sha256)}
    for kind, sha256 in _list_old_objects(place, connection, today):
        if sha256 not in held.objects:
            due.objects[kind].add(sha256)
    return due


class _Held:
    """What an open case stands on: its member's complaints and declarations, and the objects they were read from."""

    def __init__(self, connection: Connection) -> None:
        self.rows: set[tuple[str, str]] = set()
        self.objects: set[str] = set()
        cases = load_cases(connection)
        members = sorted(member for member, all_of_it in cases.items() if any(case.is_open for case in all_of_it))
        self.members = members
        asked = select(_C.c.source, _C.c.source_id, _C.c.raw_sha256).where(_C.c.member.in_(members))
        for row in connection.execute(asked) if members else ():
            self.rows.add((row.source, row.source_id))
            self.objects.add(row.raw_sha256)
        handed_in = select(_D.c.raw_sha256).where(_D.c.member.in_(members))
        self.objects.update(connection.execute(handed_in).scalars() if members else ())


def _find_hashes(connection: Connection, through: date, held: _Held) -> Iterator[tuple[int, dict[str, str]]]:
    old = (_C.c.kind == Kind.TIP) & (_C.c.received_on <= through)
    for row in connection.execute(select(_C.c.id, _C.c.source, _C.c.source_id, _C.c.facts).where(old)):
        kept = {name: value for name, value in row.facts.items() if name in KEPT_FACTS}
        if kept != row.facts and (row.source, row.source_id) not in held.rows:
            yield row.id, kept


def _list_old_objects(place: Workplace, connection: Connection, today: date) -> Iterator[tuple[str, str]]:
    """Yield (kind, sha256) of archived objects whose time is over and that are still there."""
    received = _load_receipts(connection)
    periods = place.settings.retention
    days = {"mails": periods.mails_days, "extracts": periods.extracts_days, "pages": periods.pages_days}
    days["declarations"] = periods.declarations_days
    handed_in = list_declaration_sources(place, connection)
    for sha256, (kind, counted_from) in _date_objects(place, today, handed_in).items():
        counted_from = min(counted_from, received.get(sha256, counted_from)) if kind == "mails" else counted_from
        if counted_from + timedelta(days=days[kind]) <= today and place.archive.holds(sha256):
            yield kind, sha256


def _load_receipts(connection: Connection) -> dict[str, date]:
    """Return when a mail was received, as it says itself: a copied mailbox has given all its mails a new time."""
    tips = select(_C.c.raw_sha256, _C.c.received_on).where(_C.c.kind == Kind.TIP)
    aside = select(_S.c.raw_sha256, _S.c.received_on)
    return {row.raw_sha256: row.received_on for row in connection.execute(tips.union(aside)) if row.received_on}


def _date_objects(place: Workplace, today: date, handed_in: Collection[str]) -> dict[str, tuple[str, date]]:
    """Return for each archived object its kind and the day from which its period runs.

    A mail's runs from its receipt, and so does that of a declaration, from the sources ``handed_in``. A page's or
    file's runs from the last reading that listed it, and what a source in use listed at its last reading is still
    published: it would only be fetched again.
    """
    found: dict[str, tuple[str, date]] = {}
    enabled = place.settings.enabled_sources()
    for source in place.archive.list_sources():
        reading: Reading | None = None
        for reading in place.archive.readings(source):
            _note(found, reading.items, reading.read_at.date(), handed_in=source in handed_in)
        if reading is not None and source in enabled and source not in handed_in:
            _note(found, reading.items, today)
    return found


def _note(found: dict[str, tuple[str, date]], items: Iterable[RawItem], day: date, handed_in: bool = False) -> None:
    for item in items:
        if item.media_type == _STATE:
            continue
        kind = "declarations" if handed_in else _name_kind(item)
        counted = _receipt_of(item, day) if kind == "mails" else day
        before = found.get(item.sha256)
        if before is None:
            found[item.sha256] = (kind, counted)
        else:
            found[item.sha256] = (before[0], (min if before[0] in _RECEIVED else max)(before[1], counted))


def _name_kind(item: RawItem) -> str:
    return "mails" if item.media_type == MAIL else "extracts" if item.media_type in _TABLES else "pages"


def _receipt_of(item: RawItem, day: date) -> date:
    told = item.note.get("received") or item.note.get("copied")
    days = [day, *([item.fetched_at.date()] if item.fetched_at else [])]
    return min([*days, datetime.fromisoformat(told).date()] if told else days)


def _forget_rows(connection: Connection, due: Due) -> None:
    for source, source_id in due.texts:
        connection.execute(delete(_T).filter_by(source=source, source_id=source_id))
    gone: dict[str, Any] = {"draft": {}, "reason": "what it said is forgotten: its time was over"}
    for key in due.quarantine:
        connection.execute(update(_Q).where(_Q.c.key == key).values(**gone))
    for row_id, facts in due.hashes.items():
        # The row's hash stays, so that reading the same again finds the same and brings nothing back.
        connection.execute(update(_C).where(_C.c.id == row_id).values(facts=facts))
    for key in due.sent:
        connection.execute(update(_O).where(_O.c.key == key).values(message=b"", recipient="", last_reply=""))
