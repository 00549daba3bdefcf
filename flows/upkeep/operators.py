"""Mail to those who run the installation when a night failed, broke off, or did not come. Sent at most once a day each.

A flow of its own: Prefect's automations start it (see ``automations``), since a night that never began cannot write.
"""

import hashlib
from datetime import date
from pathlib import Path
from typing import Any, Literal

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from sqlalchemy import Table, select

from flows.alerts.settling import send_mail
from flows.mail.plain import write_plain
from flows.mail.sending.bounces import find_stopped
from flows.workplace import Workplace, configured, open_workplace
from models.alerting.rule_types import OPERATORS
from models.alerting.tables import OutboxRow
from models.storage.store import upsert, writing
from models.storage.tables import Run

KIND = "operators"
What = Literal["failed", "missing"]
_R: Table = Run.__table__  # type: ignore[attr-defined]
SUBJECT = {
    ("sv", "failed"): "[{name}] Nattkörningen {day} gick inte bra",
    ("sv", "missing"): "[{name}] Ingen nattkörning har kommit",
    ("en", "failed"): "[{name}] The night of {day} did not go well",
    ("en", "missing"): "[{name}] No night has come",
}
_TEXT = {
    ("sv", "failed"): """Nattkörningen {day} ({state}):

{told}

Läget just nu:  koll status
""",
    ("sv", "missing"): """Ingen nattkörning har slutförts på så länge som den borde. Den senaste som började var {last}.

Se efter att servern, arbetaren (prefect worker) och databasen är igång, och kör sedan:

    koll doctor
    koll nightly
""",
    ("en", "failed"): """The night of {day} ({state}):

{told}

How things stand now:  koll status
""",
    ("en", "missing"): """No night has ended for longer than it should. The last one that began was {last}.

See that the server, the worker (prefect worker) and the database are up, then run:

    koll doctor
    koll nightly
""",
}


@flow(name="tell-operators", flow_run_name="tell-operators", validate_parameters=True)
def tell_operators(what: What, state: str = "", config: str | None = None) -> State[Any]:
    """Mail the group ``operators`` that a night ended in ``state``, or that none has come."""
    place = open_workplace(Path(config or configured()))
    queued = queue_words(place, what, state)
    if not place.settings.mail.groups.get(OPERATORS):
        return Failed(message="nobody to tell; name somebody as operators under [mail.groups]")
    report = send_mail(place, get_run_logger().info)
    return Completed(message=f"{queued} mail(s) written, {report.sent} sent, {report.waiting} waiting")


def queue_words(place: Workplace, what: What, state: str = "") -> int:
    """Put the mails into the outbox; return how many. What was told today is not told again."""
    mail = place.settings.mail
    with writing(place.engine) as connection:
        words = _find_words(place, connection, what, state)
        stopped = find_stopped(place, connection)
        rows = [_write(place, what, to, words) for to in mail.groups.get(OPERATORS, ()) if to not in stopped]
        told = set(connection.execute(select(OutboxRow.key).where(OutboxRow.kind == KIND)).scalars())  # type: ignore[call-overload]
        fresh = [row for row in rows if row["key"] not in told]
        if fresh:
            upsert(connection, OutboxRow.__table__, fresh)  # type: ignore[attr-defined]
    return len(fresh)


def _find_words(place: Workplace, connection: Any, what: What, state: str) -> dict[str, str]:
    nights = select(_R).where(_R.c.kind == "nightly").order_by(_R.c.started_at.desc()).limit(1)
    last = connection.execute(nights).first()
    day = last.business_date if last and what == "failed" else place.today()
    broke_off = last is not None and last.state == "running"
    return {
        "name": place.settings.association.name,
        "day": str(day),
        "state": state or (last.state if last else ""),
        "told": "koll doctor" if last is None or broke_off else "\n".join(last.message.split(" | ")),
        "last": str(last.business_date) if last else "-",
    }


def _write(place: Workplace, what: What, to: str, words: dict[str, str]) -> dict[str, Any]:
    language, mail, now = place.settings.association.language, place.settings.mail, place.clock()
    key = hashlib.sha256(f"{KIND}|{what}|{words['day']}|{to}".encode()).hexdigest()
    message_id = f"<{key[:32]}@{mail.sender.rpartition('@')[2]}>"
    subject = SUBJECT[language, what].format(**words)
    message = write_plain(
        _TEXT[language, what].format(**words),
        sender=mail.sender,
        to=to,
        subject=subject,
        at=now,
        message_id=message_id,
        auto="auto-generated",
    )
    return OutboxRow(
        key=key,
        recipient=to,
        groups=[OPERATORS],
        kind=KIND,
        event_ids=[],
        subject=subject,
        message=message.as_bytes(),
        message_id=message_id,
        envelope_from=mail.bounce or mail.sender,
        run_id="",
        business_date=date.fromisoformat(words["day"]),
        next_try=now,
        created=now,
    ).model_dump()
