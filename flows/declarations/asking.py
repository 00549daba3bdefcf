"""Who owes what, and reminders now instead of tonight: the same rules, ledger, outbox and letters as the night's."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection
from sqlmodel import Session

from flows.alerts.settling import AlertReport, enclose_form, identify_sender, send_mail
from flows.declarations.finding import NotConfigured, NotReminded, find_member, find_rule
from flows.looking.standing import are_declarations_known, load_source_states
from flows.mail.compose import Mailing, compose_messages
from flows.workplace import Workplace
from models.alerting.evaluation import MemberFacts, Night
from models.alerting.kinds.deadlines import can_be_reached, key_of, remind_now
from models.alerting.ledger.decide import decide_reminders
from models.alerting.ledger.desk import Desk
from models.alerting.ledger.ledger import AlertEvent, AlertState, fold
from models.alerting.measuring.dues import find_due, find_year, load_received
from models.alerting.measuring.measure import measure_night
from models.alerting.moment import Moment
from models.alerting.rules import MEMBERS, DeadlineRule
from models.alerting.tables import read_ledger, write_night
from models.audit import record_act
from models.storage.store import writing


@dataclass(frozen=True)
class Reminders:
    """What was, or would be, written: the events, and how the mail fared (None on a dry run)."""

    events: list[AlertEvent]
    members: dict[str, MemberFacts]
    report: AlertReport | None


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
        ledger = read_ledger(connection)
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
