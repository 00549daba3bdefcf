"""Where everything stands, in one look: sources, alerts, quarantine, reviews, outbox."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import Connection, Table, func, select

from flows.cases import list_cases
from flows.looking.standing import load_source_states
from flows.mail.sending.bounces import count_stopped
from flows.workplace import Workplace
from models.alerting.ledger.ledger import Standing, alert_id, fold
from models.alerting.members_known import load_member_facts
from models.alerting.tables import OutboxRow, read_ledger
from models.storage.tables import Complaint, QuarantineItem, Run, SourceNight
from models.storage.versions import IS_DOUBTFUL
from models.words import Status, Verdict

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
        doubtful = IS_DOUBTFUL & (_C.c.status == Status.ACCEPTED)
        reviews = connection.execute(select(func.count()).where(doubtful)).scalar_one()
        stopped = count_stopped(place, connection)
        night = connection.execute(select(func.max(_R.c.business_date)).where(_R.c.kind == "nightly")).scalar()
        run = connection.execute(select(_R).order_by(_R.c.started_at.desc()).limit(1)).first()
    sources = []
    for name, state in states.items():
        fared = last.get(name)
        sources.append(
            {
                "source": name,
                "title": state.title,
                "verdict": state.verdict,
                "code": fared.code if fared else "",
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
    found = {
        "association": place.settings.association.name,
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
        "last_night": night,
        "failed": run.message if run and run.state == "failed" else "",
    }
    return {"todo": list(_list_todo(found, on or place.today())), **found}


def _list_todo(found: dict[str, Any], on: date) -> Iterator[dict[str, str]]:
    """Yield what needs somebody, the failing first: what it is, what to do, and whether it is a fault or work."""
    broken = [row for row in found["sources"] if row["verdict"] == Verdict.BROKEN]
    for row in broken:
        told = row["message"].removesuffix(f" [{row['code']}]")
        yield _todo("fault", f"{row['source']}: {row['code']}: {told}", row["do"])
    if found["failed"] and not broken:
        yield _todo("fault", found["failed"], "koll doctor")
    if dead := found["outbox"].get("dead", 0):
        yield _todo("fault", f"{dead} mail(s) were refused for good", "koll export mails")
    for group, count in found["stopped"].items():
        yield _todo("fault", f"mail to {count} address(es) of the group {group} has come back", "mend [mail.groups]")
    if not (last := found["last_night"]):
        yield _todo("work", "no night has run yet", "koll nightly")
    elif (on - last).days > 1:
        yield _todo("fault", f"no night has run since {last}", "koll nightly")
    for row in found["sources"]:
        if row["late"] and row["verdict"] not in (Verdict.BROKEN, "never read"):
            told = f"complete through {row['complete_through']}" if row["complete_through"] else "nothing told yet"
            yield _todo("work", f"{row['source']} is late: {told}", advise(row["source"], row["verdict"], True, 0))
    waiting = (
        ("quarantine", "row(s) in quarantine", "koll quarantine list"),
        ("reviews", "doubtful name(s) wait for an answer", "koll review"),
        ("open_alerts", "alert(s) wait for a decision", "koll alerts list"),
    )
    for name, what, do in waiting:
        if found[name]:
            yield _todo("work", f"{found[name]} {what}", do)
    if (due := found["next_follow_up"]) and due <= on:
        yield _todo("work", f"a case's follow-up is due since {due}", "koll case list")


def _todo(kind: str, what: str, do: str) -> dict[str, str]:
    return {"kind": kind, "what": what, "do": do}


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
    with place.engine.connect() as connection:
        states = fold(read_ledger(connection))
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
