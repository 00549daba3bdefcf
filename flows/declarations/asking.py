"""Who owes what, and reminders now instead of tonight: the same rules, ledger, outbox and letters as the night's."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, Table, select
from sqlmodel import Session

from flows.alerts.settling import AlertReport, enclose_form, identify_sender, send_mail
from flows.declarations.forms import NotConfigured, find_member, find_rule
from flows.looking.standing import are_declarations_known, load_source_states
from flows.mail.compose import Mailing, compose_messages
from flows.workplace import Workplace
from models.alerting.evaluation import Due, MemberFacts, Night
from models.alerting.kinds.deadlines import can_be_reached, key_of, remind_now
from models.alerting.ledger.decide import decide_reminders
from models.alerting.ledger.desk import Desk
from models.alerting.ledger.ledger import AlertEvent, AlertState, fold
from models.alerting.measuring.dues import find_due, find_year, load_received, load_waiting
from models.alerting.measuring.measure import measure_night
from models.alerting.moment import Moment
from models.alerting.rules import MEMBERS, DeadlineRule
from models.alerting.tables import read_ledger, write_night
from models.audit import record_act
from models.declarations.due import business_year
from models.declarations.keeping import list_versions_of
from models.storage.store import writing
from models.storage.tables import Member

_M: Table = Member.__table__  # type: ignore[attr-defined]


class NotReminded(RuntimeError):
    """A member cannot be reminded; the text says why, and what can be done. Nothing was written."""


@dataclass(frozen=True)
class Reminders:
    """What was, or would be, written: the events, and how the mail fared (None on a dry run)."""

    events: list[AlertEvent]
    members: dict[str, MemberFacts]
    report: AlertReport | None


def list_status(place: Workplace, year: int | None = None, on: date | None = None) -> list[dict[str, Any]]:
    """Return where each present member stands with its declaration for a year: the one asked for now by default."""
    day, rule = on or place.today(), find_rule(place)
    with place.engine.connect() as connection, Session(bind=connection) as session:
        moment = Moment(day, place.clock())
        received, waiting = load_received(connection, moment), load_waiting(connection)
        states = fold(read_ledger(session))
        rows = []
        for row in connection.execute(select(_M).order_by(_M.c.legal_name, _M.c.member)):
            if row.left_on is not None and row.left_on <= day:
                continue
            which = year or find_year(rule, row.year_end, day)
            key = (row.member, which)
            due = find_due(rule, row, which, day) if rule else None
            state = states.get(key_of(due)) if due else None
            rows.append(_show(connection, row, which, rule, due, state, received.get(key), key in waiting, day))
    return rows


def _show(
    connection: Connection, row: Row[Any], year: int, rule: DeadlineRule | None, due: Due | None,
    state: AlertState | None, received_on: date | None, waiting: bool, day: date,
) -> dict[str, Any]:  # fmt: skip
    told = state.told if state and state.told and state.told.reason else None
    facts = MemberFacts(row.member, row.legal_name, contact=row.contact)
    return {
        "member": row.member,
        "name": row.legal_name,
        "year": year,
        "period_to": business_year(row.year_end, year).end,
        "due_on": due.on if due else None,
        "state": _name_state(rule, due, received_on, waiting, day),
        "days_late": max(0, ((received_on or day) - due.on).days) if due else None,
        "received_on": received_on,
        "versions": len(list_versions_of(connection, row.member, year)) if received_on else 0,
        "last_asked": told.business_date if told else None,
        "contact": can_be_reached(facts),
        "year_end_known": row.year_end is not None,
    }


def _name_state(
    rule: DeadlineRule | None, due: Due | None, received_on: date | None, waiting: bool, day: date
) -> str:  # fmt: skip
    if received_on is not None:
        return "received late" if due and received_on > due.on else "received"
    if waiting:
        return "in quarantine"
    if rule is None:
        return "not received"
    if due is None:
        return "not owed"
    return "overdue" if due.on < day else "not due yet"


def remind(
    place: Workplace, members: Sequence[str], *, by: str, dry_run: bool = False, on: date | None = None
) -> Reminders:
    """Write the reminders that are due, or one to each of ``members`` whatever the day, and send them.

    Raises NotConfigured without a rule that asks, NotReminded naming the member and why.
    """
    rule = find_rule(place)
    if rule is None:
        raise NotConfigured(f'{place.settings.file.name} has no [[rule]] of type = "deadline", so nobody is asked')
    run_id = f"{(on or place.today()).isoformat()}-remind-{uuid.uuid4().hex[:8]}"
    with writing(place.engine) as connection, Session(bind=connection) as session:
        ledger = read_ledger(session)
        night = _measure(place, connection, ledger, on or place.today(), run_id)
        if night.dues is None:
            raise NotReminded("what has come in could not be read last time, so nobody is said to be late: koll status")
        if members:
            events, night = _remind_these(place, connection, rule, night, ledger, members, by)
        else:
            events = decide_reminders(place.settings.rules, place.settings.alerts, night, ledger)
        known = {event.event_id for event in ledger}
        events = [event for event in events if event.event_id not in known]
        if not dry_run:
            _write(place, connection, session, events, night, by)
    told = [event for event in events if event.tells]
    return Reminders(told, dict(night.members), None if dry_run else send_mail(place, lambda _: None, len(events)))


def _measure(place: Workplace, connection: Connection, ledger: list[AlertEvent], day: date, run_id: str) -> Night:
    return measure_night(
        connection,
        [rule for rule in place.settings.rules if isinstance(rule, DeadlineRule)],
        place.settings.alerts,
        ledger,
        load_source_states(place, connection, day),
        business_date=day,
        run_id=run_id,
        now=place.clock(),
        dues_known=are_declarations_known(place, connection, day),
    )


def _remind_these(
    place: Workplace, connection: Connection, rule: DeadlineRule, night: Night, ledger: list[AlertEvent],
    members: Sequence[str], by: str,
) -> tuple[list[AlertEvent], Night]:  # fmt: skip
    """Return one reminder for each member, and the night with what each of them owes."""
    if MEMBERS not in rule.to:
        raise NotReminded(f'rule {rule.id} does not write to members: put "{MEMBERS}" into its `to` first')
    states, desk = fold(ledger), Desk(rule, place.settings.alerts, night, seeding=False)
    moment = Moment(night.business_date, night.now)
    received = load_received(connection, moment)
    events, dues = [], {key_of(due): due for due in night.dues or ()}
    for asked in members:
        row = find_member(connection, asked)
        due = find_due(rule, row, find_year(rule, row.year_end, night.business_date), night.business_date)
        if due is None:
            raise NotReminded(f"{row.legal_name} owes no declaration now")
        if (due.member, due.year) in received:
            raise NotReminded(f"{row.legal_name} has handed in its declaration for {due.year} already")
        if not can_be_reached(night.members[due.member]):
            raise NotReminded(f"{row.legal_name} has no address in the register: write it into members.csv as contact")
        dues[key_of(due)] = due
        events.append(remind_now(desk, rule, due, states.get(key_of(due)) or AlertState(key_of(due)), by))
    return events, replace(night, dues=tuple(dues.values()))


def _write(
    place: Workplace, connection: Connection, session: Session, events: list[AlertEvent], night: Night, by: str
) -> None:
    settings = place.settings
    mailing = Mailing(
        settings.rules, settings.alerts, night, {}, identify_sender(place),
        enclose=lambda due: enclose_form(place, connection, due),
    )  # fmt: skip
    write_night(session, events, compose_messages(events, mailing))
    for event in events:
        if event.by:
            details = {"alert_event": event.event_id, "year": event.subject}
            record_act(connection, "declarations.remind", event.member, who=by, at=night.now, details=details)
