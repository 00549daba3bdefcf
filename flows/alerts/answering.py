"""What people see of an alert, and do to it: every act is one more line of the ledger, looking among them."""

import getpass
import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Table, select
from sqlmodel import Session

from flows.workplace import Workplace
from models.alerting.evaluation import Window
from models.alerting.ledger.acts import Act, find_alert, look
from models.alerting.ledger.ledger import AlertEvent, AlertState, What, alert_id, fold
from models.alerting.members_known import load_member_facts
from models.alerting.rules import CountingRule, FollowUpRule, RuleConfig, SourceLateRule, SourceOddRule
from models.alerting.tables import read_ledger, write_night
from models.audit import record_act
from models.counting import Scope, list_counted
from models.storage.store import writing
from models.storage.tables import Complaint
from models.storage.versions import find_versions

_C: Table = Complaint.__table__  # type: ignore[attr-defined]


def act_on(place: Workplace, number: str, by: str, do: Callable[[AlertState, Act], AlertEvent]) -> AlertState:
    """Do one thing to the alert called ``number`` and write it down; return where the alert stood before.

    Raises AlertUnknown and ActImpossible.
    """
    with place.exclusively(), writing(place.engine) as connection, Session(bind=connection) as session:
        state = find_alert(fold(read_ledger(connection)), number)
        event = do(state, make_act(place, by))
        write_night(session, [event], [])
        if event.kind is not What.SHOWN:  # looking decides nothing
            details = {"alert_event": event.event_id, "member": event.member or None}
            what = f"alert.{event.kind.value}"
            record_act(
                connection, what, alert_id(event.key), who=event.by, at=event.at, why=event.note, details=details
            )
    return state


def make_act(place: Workplace, by: str) -> Act:
    """Return who acts, and when."""
    run_id = f"{place.today().isoformat()}-manual-{uuid.uuid4().hex[:8]}"
    return Act(by or getpass.getuser(), place.clock(), place.today(), run_id)


def show_alert(place: Workplace, number: str, by: str = "") -> dict[str, Any]:
    """Return an alert with its history and every complaint behind it, and note who looked. Raises AlertUnknown."""
    state = act_on(place, number, by, look)
    rule = next((rule for rule in place.settings.rules if rule.id == state.key.rule_id), None)
    with place.engine.connect() as connection:
        members = load_member_facts(connection)
        history = [event for event in read_ledger(connection) if event.key == state.key]
        complaints = _list_complaints(connection, state, rule)
    member = members.get(state.key.member)
    told = state.told
    return {
        "alert": alert_id(state.key),
        "rule": state.key.rule_id,
        "member": state.key.member or None,
        "name": member.name if member else None,
        "channel": state.key.channel,
        "subject": state.key.subject or None,
        "standing": str(state.standing),
        "level": state.level,
        "silenced_until": state.silenced_until,
        "told_on": told.business_date if told else None,
        "count": told.count if told else None,
        "window_from": told.window_from if told else None,
        "window_to": told.window_to if told else None,
        "p": told.p if told else None,
        "known_at": told.known_at if told else None,
        "history": [_show_event(event) for event in history],
        "complaints": complaints,
    }


def _show_event(event: AlertEvent) -> dict[str, Any]:
    return {
        "on": event.business_date,
        "what": str(event.kind),
        "reason": str(event.reason) if event.reason else None,
        "count": event.count,
        "level": event.level or None,
        "by": event.by or None,
        "note": event.note or None,
    }


def _list_complaints(connection: Connection, state: AlertState, rule: RuleConfig | None) -> list[dict[str, Any]]:
    """Return the rows behind the last mail as they were known when it was written: as many as it said."""
    told = state.told or state.last
    if told is None or not state.key.member or isinstance(rule, SourceLateRule | SourceOddRule):
        return []
    if told.window_from is None or told.window_to is None:
        return _list_case(connection, state, tuple(told.sources))
    date_kind = rule.date if isinstance(rule, CountingRule | FollowUpRule) else "received"
    window = Window(told.window_from, told.window_to)
    scope = Scope(window, tuple(told.sources), date_kind, told.known_at)
    channel = state.key.channel
    rows = [r for r in list_counted(connection, scope, state.key.member) if channel in ("any", r[3])]
    urls = _load_urls(connection, {(source, source_id) for source, source_id, _, _ in rows})
    return [
        {
            "source": source,
            "source_id": source_id,
            "date": day,
            "channel": reached,
            "url": urls.get((source, source_id)),
        }
        for source, source_id, day, reached in rows
    ]


def _list_case(connection: Connection, state: AlertState, sources: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the one case of an alert about a decision, or the complaints of the day a first one came."""
    by_case = _C.c.source_id == state.key.subject
    mine = (_C.c.member == state.key.member) & (_C.c.received_on.cast(_C.c.source_id.type) == state.key.subject)
    asked = select(_C).where(_C.c.source.in_(sources), by_case | mine, _C.c.recorded_to.is_(None))
    return [
        {"source": r.source, "source_id": r.source_id, "date": r.received_on, "channel": r.channel, "url": r.url}
        for r in connection.execute(asked.order_by(_C.c.source, _C.c.source_id))
    ]


def _load_urls(connection: Connection, rows: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    return {(row.source, row.source_id): row.url for row in find_versions(connection, rows) if row.url is not None}
