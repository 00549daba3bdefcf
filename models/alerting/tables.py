"""Two tables: the ledger (append only) and the outbox, written in one transaction, and how rows become events."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, Index, LargeBinary, String, Table, UniqueConstraint
from sqlmodel import Field, Session, select

from models.alerting.ledger.ledger import AlertEvent, Delivery, Origin, Reason, What
from models.storage.row import Row

TEXT = "text"  # the kind of a short text to a channel: it goes beside the mails and stands for none


class AlertEventRow(Row, table=True):
    """One ``AlertEvent``, field by field. Rows are only ever added."""

    __tablename__ = "alert_event"
    __table_args__ = (
        UniqueConstraint("rule_id", "member", "channel", "subject", "episode", "kind", "level", "occasion"),
    )

    id: int | None = Field(default=None, primary_key=True)
    event_id: str = Field(unique=True, max_length=32)
    rule_id: str = Field(max_length=40)
    member: str = Field(max_length=12, index=True)
    channel: str
    subject: str
    episode: int
    kind: What = Field(sa_type=String)
    level: int
    occasion: str
    run_id: str = Field(max_length=40)
    at: datetime
    business_date: date
    known_at: datetime
    origin: Origin = Field(sa_type=String)
    config_hash: str
    reason: Reason | None = Field(default=None, sa_type=String)
    delivery: Delivery | None = Field(default=None, sa_type=String)
    muted: bool = False
    count: int | None = None
    count_before: int | None = None
    level_before: int = 0
    told_before: date | None = None
    window_from: date | None = None
    window_to: date | None = None
    watermark: date | None = None
    sources: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    changes: list[dict[str, str]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    p: float | None = None
    q: float | None = None
    expected: float | None = None
    previous_event_id: str | None = None
    groups: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    note: str = ""
    by: str = ""
    until: date | None = None


class OutboxRow(Row, table=True):
    """One mail to one recipient, its bytes frozen. ``key`` is sha256(recipient | sorted event ids).

    ``state`` is waiting, sending (until ``lease_until``), accepted, dead, bounced, or withdrawn where the recipient has
    left its groups. ``groups`` are the recipient groups it was sent for: reports name these, never the address.
    """

    __tablename__ = "outbox"
    __table_args__ = (Index("outbox_due", "state", "next_try"),)

    key: str = Field(primary_key=True, max_length=64)
    recipient: str
    groups: list[str] = Field(sa_column=Column(JSON, nullable=False))
    kind: str
    event_ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    subject: str
    message: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    message_id: str
    envelope_from: str
    run_id: str = Field(max_length=40)
    business_date: date
    state: str = "waiting"
    attempts: int = 0
    next_try: datetime
    lease_until: datetime | None = None
    last_code: int | None = None
    last_reply: str = ""
    created: datetime
    accepted_at: datetime | None = None


_E: Table = AlertEventRow.__table__  # type: ignore[attr-defined]
_FIELDS = tuple(field.name for field in fields(AlertEvent))


def to_row(event: AlertEvent) -> AlertEventRow:
    """Return the row that keeps ``event``."""
    values = {name: getattr(event, name) for name in _FIELDS}
    values["changes"] = [dict(change) for change in event.changes]
    values["sources"] = {name: dict(state) for name, state in event.sources.items()}
    values["groups"] = list(event.groups)
    return AlertEventRow(event_id=event.event_id, **values)


def to_event(row: Mapping[str, Any]) -> AlertEvent:
    """Return the event that ``row`` keeps."""
    values = {name: row[name] for name in _FIELDS}
    values["kind"], values["origin"] = What(row["kind"]), Origin(row["origin"])
    values["reason"] = Reason(row["reason"]) if row["reason"] else None
    values["delivery"] = Delivery(row["delivery"]) if row["delivery"] else None
    values["changes"], values["groups"] = tuple(row["changes"]), tuple(row["groups"])
    return AlertEvent(**values)


def read_ledger(connection: Connection) -> list[AlertEvent]:
    """Return all events in the order in which they were written."""
    rows = connection.execute(_E.select().order_by(_E.c.id)).mappings()
    return [to_event(dict(row)) for row in rows]


def write_night(session: Session, events: list[AlertEvent], mails: list[OutboxRow]) -> tuple[int, int]:
    """Add what is not there yet to ledger and outbox, without committing; return (new events, new mails).

    The caller commits both with the rest of the night, so that no event can be without its mail.
    """
    known = set(session.exec(select(AlertEventRow.event_id)).all())
    keys = set(session.exec(select(OutboxRow.key)).all())
    new_events = {event.event_id: event for event in events if event.event_id not in known}
    new_mails = {mail.key: mail for mail in mails if mail.key not in keys}
    session.add_all(to_row(event) for event in new_events.values())
    session.add_all(new_mails.values())
    session.flush()
    return len(new_events), len(new_mails)


def read_weekly(session: Session, on: date) -> tuple[list[AlertEvent], set[str]]:
    """Return (weekly events that are in no mail yet, recipients of any mail of this night)."""
    mailed = {event_id for event_ids in session.exec(select(OutboxRow.event_ids)) for event_id in event_ids}
    weekly = _E.select().where(_E.c.delivery == Delivery.WEEKLY).order_by(_E.c.id)
    rows = session.connection().execute(weekly).mappings()
    waiting = [to_event(dict(row)) for row in rows if row["event_id"] not in mailed]
    return waiting, set(session.exec(select(OutboxRow.recipient).where(OutboxRow.business_date == on)))


def compare_outbox(session: Session) -> list[str]:
    """Return one line for each event that should have been mailed to a group and is in no mail to it.

    Weekly lines are left out: they wait for their day.
    """
    mailed = {
        (event_id, group)
        for event_ids, groups in session.exec(
            select(OutboxRow.event_ids, OutboxRow.groups).where(OutboxRow.kind != TEXT)
        )
        for event_id in event_ids
        for group in groups
    }
    return [
        f"event {event.event_id} ({event.rule_id}, {event.reason}) is in no mail to {group}"
        for event in read_ledger(session.connection())
        if event.tells and event.delivery is not Delivery.WEEKLY
        for group in event.groups
        if (event.event_id, group) not in mailed
    ]
