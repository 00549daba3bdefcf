"""Getting the outbox out: claim, send, stamp. A crash at any point loses nothing and doubles at most with the same id.

Between the final dot and its answer a connection can die (RFC 1047): then the mail is sent again, byte for byte, and
its Message-ID lets whoever receives both drop one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, or_, update
from sqlmodel import Session, col, select

from flows.mail.sending.transports import MailNotTaken, ServerUnreachable, Transport
from models.alerting.tables import OutboxRow

LEASE = timedelta(minutes=15)
GIVE_UP_AFTER = timedelta(days=5)  # RFC 5321, 4.5.4.1: four to five days
_PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=60))
_FAILURES_IN_A_ROW = 2  # conversations that may break before the rest waits for the next pass


@dataclass(frozen=True)
class MailOutcome:
    """What became of one mail. Its recipient is named by group only."""

    key: str
    groups: tuple[str, ...]
    kind: str
    code: int | None
    reply: str
    attempts: int
    next_try: datetime | None = None


@dataclass
class DeliveryReport:
    """What a pass over the outbox did. ``waiting`` covers everything not out yet, due or not."""

    sent: list[MailOutcome] = field(default_factory=list)
    waiting: list[MailOutcome] = field(default_factory=list)
    dead: list[MailOutcome] = field(default_factory=list)

    @property
    def all_out(self) -> bool:
        """Whether nothing waits and nothing is dead: only then may a success be announced."""
        return not self.waiting and not self.dead


def deliver(
    session_factory: Callable[[], Session],
    transport: Transport,
    now: datetime,
    *,
    clock: Callable[[], datetime] | None = None,
    alone: bool = False,
) -> DeliveryReport:
    """Send what is due at ``now`` and return what became of everything that was not out before.

    Each mail is claimed, sent and stamped in its own transactions. Never raises for what a server answers. ``dead`` of
    the report lists the mails that died in this pass; ``list_dead`` has all. ``clock`` tells the time of acceptance.
    ``alone`` says that whoever claimed a mail before is certainly dead: what it left is taken over at once.
    """
    report = DeliveryReport()
    broken = 0
    try:
        for key in _list_due(session_factory, now, alone):
            if broken >= _FAILURES_IN_A_ROW:
                break
            mail = _claim(session_factory, key, now, alone)
            if mail is None:
                continue
            try:
                code, reply = transport.send(mail.key, mail.envelope_from, mail.recipient, mail.message)
            except MailNotTaken as failure:
                broken = broken + 1 if isinstance(failure, ServerUnreachable) else 0
                outcome = _stamp_failure(session_factory, mail, failure, now)
                if outcome.next_try is None:
                    report.dead.append(outcome)
            else:
                broken = 0
                accepted_at = clock() if clock else now
                report.sent.append(_stamp_accepted(session_factory, mail, code, reply, accepted_at))
    finally:
        transport.close()
    report.waiting = list_waiting(session_factory)
    return report


def list_waiting(session_factory: Callable[[], Session]) -> list[MailOutcome]:
    """Return every mail that is not out and not dead."""
    return _list(session_factory, ("waiting", "sending"))


def list_dead(session_factory: Callable[[], Session], since: datetime | None = None) -> list[MailOutcome]:
    """Return every mail that was refused for good, given up, or has bounced (queued since ``since``)."""
    return _list(session_factory, ("dead", "bounced"), since)


def try_again(connection: Connection, now: datetime) -> int:
    """Let what was refused for good or given up wait once more, as if written now; return how many mails that are.

    For when the cause is mended: an address in [mail.groups], or what the mail server would not let through.
    """
    dead = (col(OutboxRow.state) == "dead") & (col(OutboxRow.recipient) != "")  # else it has been forgotten
    fresh = {"state": "waiting", "attempts": 0, "next_try": now, "created": now}
    return connection.execute(update(OutboxRow).where(dead).values(**fresh)).rowcount


def _list(
    session_factory: Callable[[], Session], states: tuple[str, ...], since: datetime | None = None
) -> list[MailOutcome]:
    query = select(OutboxRow).where(col(OutboxRow.state).in_(states)).order_by(col(OutboxRow.created), OutboxRow.key)
    if since is not None:
        query = query.where(OutboxRow.created >= since)
    with session_factory() as session:
        return [_report(row, row.next_try if row.state in ("waiting", "sending") else None) for row in
                session.exec(query)]  # fmt: skip


def _is_due(now: datetime, alone: bool) -> object:
    waits = and_(col(OutboxRow.state) == "waiting", col(OutboxRow.next_try) <= now)
    claimed = col(OutboxRow.state) == "sending"
    return or_(waits, claimed if alone else and_(claimed, col(OutboxRow.lease_until) <= now))


def _list_due(session_factory: Callable[[], Session], now: datetime, alone: bool) -> list[str]:
    with session_factory() as session:
        due = select(OutboxRow.key).where(_is_due(now, alone)).order_by(col(OutboxRow.created), OutboxRow.key)  # type: ignore[arg-type]
        return list(session.exec(due))


def _claim(session_factory: Callable[[], Session], key: str, now: datetime, alone: bool) -> OutboxRow | None:
    """Take one mail, unless somebody else just did. A sender that dies gives it back when its lease ends."""
    with session_factory() as session:
        claimed = session.connection().execute(
            update(OutboxRow)
            .where(col(OutboxRow.key) == key, _is_due(now, alone))  # type: ignore[arg-type]
            .values(state="sending", lease_until=now + LEASE, attempts=col(OutboxRow.attempts) + 1)
        )
        session.commit()
        if claimed.rowcount != 1:
            return None
        mail = session.get_one(OutboxRow, key)
        session.expunge(mail)
        return mail


def _stamp_accepted(
    session_factory: Callable[[], Session], mail: OutboxRow, code: int, reply: str, now: datetime
) -> MailOutcome:
    return _stamp(session_factory, mail, state="accepted", accepted_at=now, last_code=code, last_reply=reply)


def _stamp_failure(
    session_factory: Callable[[], Session], mail: OutboxRow, failure: MailNotTaken, now: datetime
) -> MailOutcome:
    pause = _PAUSES[min(mail.attempts, len(_PAUSES)) - 1]
    if failure.permanent or now + pause > mail.created + GIVE_UP_AFTER:
        return _stamp(session_factory, mail, state="dead", last_code=failure.code, last_reply=failure.reply)
    return _stamp(
        session_factory, mail, state="waiting", last_code=failure.code, last_reply=failure.reply, next_try=now + pause
    )


def _stamp(
    session_factory: Callable[[], Session],
    mail: OutboxRow,
    *,
    state: str,
    last_code: int | None,
    last_reply: str,
    next_try: datetime | None = None,
    accepted_at: datetime | None = None,
) -> MailOutcome:
    """Write what became of a mail: one UPDATE and no reading before it, which SQLite would refuse under load."""
    reply = _mask(last_reply, mail)
    values: dict[str, object] = {"state": state, "lease_until": None, "last_code": last_code, "last_reply": reply}
    values |= {"accepted_at": accepted_at} if accepted_at else {}
    values |= {"next_try": next_try} if next_try else {}
    with session_factory() as session:
        session.connection().execute(update(OutboxRow).where(col(OutboxRow.key) == mail.key).values(**values))
        session.commit()
    return MailOutcome(mail.key, tuple(mail.groups), mail.kind, last_code, reply, mail.attempts, next_try)


def _mask(reply: str, mail: OutboxRow) -> str:
    """Servers repeat the address in their answer; reports name the group."""
    local = mail.recipient.rpartition("@")[0]
    masked = f"<{'+'.join(mail.groups)}>"
    for spelling in (f"<{mail.recipient}>", mail.recipient, f"{local}@"):
        start = reply.casefold().find(spelling.casefold())
        while start >= 0:
            reply = reply[:start] + masked + reply[start + len(spelling) :]
            start = reply.casefold().find(spelling.casefold(), start + len(masked))
    return reply


def _report(row: OutboxRow, next_try: datetime | None) -> MailOutcome:
    return MailOutcome(row.key, tuple(row.groups), row.kind, row.last_code, row.last_reply, row.attempts, next_try)
