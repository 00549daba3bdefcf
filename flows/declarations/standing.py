"""How members stand with their declarations: who has handed in, who is late, who cannot be reached."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from flows.declarations.finding import find_rule
from flows.workplace import Workplace
from models.alerting.evaluation import Due, MemberFacts
from models.alerting.kinds.deadlines import can_be_reached, key_of
from models.alerting.ledger.ledger import AlertState, fold
from models.alerting.measuring.dues import find_due, find_year, load_received, load_waiting
from models.alerting.moment import Moment
from models.alerting.rules import DeadlineRule
from models.alerting.tables import read_ledger
from models.declarations.due import business_year
from models.declarations.keeping import list_versions_of
from models.storage.tables import Member

_M: Table = Member.__table__  # type: ignore[attr-defined]


def list_status(place: Workplace, year: int | None = None, on: date | None = None) -> list[dict[str, Any]]:
    """Return where each present member stands with its declaration for a year: the one asked for now by default."""
    day, rule = on or place.today(), find_rule(place)
    with place.engine.connect() as connection:
        moment = Moment(day, place.clock())
        received, waiting = load_received(connection, moment), load_waiting(connection)
        states = fold(read_ledger(connection))
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
