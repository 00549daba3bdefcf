"""Where everything stands, in one look: sources, alerts, quarantine, reviews, outbox."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, Table, func, select
from sqlmodel import Session

from flows.cases import list_cases
from flows.looking.standing import load_source_states
from flows.mail.sending.bounces import count_stopped
from flows.workplace import Workplace
from models.alerting.ledger.ledger import Standing, alert_id, fold
from models.alerting.measuring.measure import load_member_facts
from models.alerting.tables import OutboxRow, read_ledger
from models.storage.tables import Complaint, QuarantineItem, Run, SourceNight
from models.words import Band, Status, Verdict

_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_Q: Table = QuarantineItem.__table__  # type: ignore[attr-defined]
_N: Table = SourceNight.__table__  # type: ignore[attr-defined]
_O: Table = OutboxRow.__table__  # type: ignore[attr-defined]
_R: Table = Run.__table__  # type: ignore[attr-defined]


def read_status(place: Workplace, on: date | None = None) -> dict[str, Any]:
    """Return the state of the installation; sources that need somebody come first, each with the command to run."""
    with place.engine.connect() as connection:
        states = load_source_states(place, connection, on or place.today(), every=True)
        held = (_C.c.recorded_to.is_(None)) & (_C.c.status == Status.ACCEPTED)
        complaints = _count_by(connection, _C.c.source, held)
        open_rows = _count_by(connection, _Q.c.source, _Q.c.state == "open")
        last = {row.source: row for row in connection.execute(select(_N).order_by(_N.c.at))}
        outbox = _count_by(connection, _O.c.state, _O.c.state.is_not(None))
        reviews = connection.execute(select(func.count()).where(held & (_C.c.band == Band.REVIEW))).scalar_one()
        stopped = count_stopped(place, connection)
        run = connection.execute(select(_R).order_by(_R.c.started_at.desc()).limit(1)).first()
    sources = []
    for name, state in states.items():
        fared = last.get(name)
        sources.append(
            {
                "source": name,
                "title": state.title,
                "verdict": state.verdict,
                "message": fared.message if fared else "",
                "complete_through": state.complete_through,
                "late": state.late,
                "last_read": state.last_read,
                "complaints": complaints.get(name, 0),
                "quarantined": open_rows.get(name, 0),
                "do": advise(name, state.verdict, state.late, open_rows.get(name, 0)),
            }
        )
    sources.sort(key=lambda row: (row["verdict"] != Verdict.BROKEN, not row["late"], row["source"]))
    alerts = [row for row in list_alert_states(place) if row["standing"] == Standing.OPEN]
    cases = list_cases(place)
    return {
        "sources": sources,
        "open_alerts": len(alerts),
        "alerts": alerts,
        "cases": len(cases),
        "next_follow_up": cases[0]["follow_up_on"] if cases else None,
        "quarantine": sum(open_rows.values()),
        "reviews": reviews,
        "outbox": outbox,
        "stopped": stopped,
        "last_run": f"{run.run_id}: {run.state}. {run.message}" if run else None,
    }


def _count_by(connection: Connection, column: Any, condition: Any) -> dict[str, int]:
    asked = select(column, func.count()).where(condition).group_by(column).order_by(column)
    return {row[0]: row[1] for row in connection.execute(asked)}


def advise(name: str, verdict: str, late: bool, quarantined: int) -> str:
    """Return the command to run next for a source, or what to do; nothing when it needs nobody."""
    if verdict == Verdict.BROKEN:
        return f"koll ingest {name}"
    if verdict == "never read":
        return f"koll nightly --only {name}"
    if quarantined:
        return "koll quarantine list"
    return "ask the publisher for newer data" if late else ""


def list_alert_states(place: Workplace) -> list[dict[str, Any]]:
    """Return where each running alert stands."""
    with Session(place.engine) as session:
        states = fold(read_ledger(session))
    with place.engine.connect() as connection:
        members = load_member_facts(connection)
    rows = []
    for key, state in sorted(states.items()):
        if state.active and state.last:
            rows.append(
                {
                    "alert": alert_id(key),
                    "rule": key.rule_id,
                    "member": key.member or None,
                    "name": members[key.member].name if key.member in members else key.subject or None,
                    "channel": key.channel,
                    "subject": key.subject or None,
                    "standing": str(state.standing),
                    "level": state.level,
                    "count": state.told.count if state.told else state.last.count,
                    "since": state.asked_on or state.last.business_date,
                    "silenced_until": state.silenced_until,
                }
            )
    return rows
