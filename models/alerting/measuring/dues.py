"""What members owe tonight under a deadline rule, and what of it has come in."""

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from models.alerting.evaluation import Due
from models.alerting.moment import Moment
from models.alerting.rules import DeadlineRule
from models.alerting.survey import Survey
from models.declarations.due import business_year, due_on, last_ended, newest_begun, owes
from models.storage.tables import Declaration, Member, QuarantineItem

_D: Table = Declaration.__table__  # type: ignore[attr-defined]
_M: Table = Member.__table__  # type: ignore[attr-defined]
_Q: Table = QuarantineItem.__table__  # type: ignore[attr-defined]


def measure_dues(rule: DeadlineRule, survey: Survey) -> list[Due]:
    """Return what is owed: each member's newest year that is asked for by now, and those with an alert running."""
    asked: dict[str, set[int]] = {}
    for key in survey.attended(rule):
        asked.setdefault(key.member, set()).add(int(key.subject))
    connection, on = survey.connection, survey.moment.business_date
    received, waiting = load_received(connection, survey.moment), load_waiting(connection)
    dues = []
    for row in connection.execute(select(_M).order_by(_M.c.member)):
        for year in sorted({find_year(rule, row.year_end, on)} | asked.get(row.member, set())):
            if due := find_due(rule, row, year, on):
                one = (due.member, year)
                dues.append(replace(due, received_on=received.get(one), waiting=one in waiting))
    return dues


def find_year(rule: DeadlineRule | None, year_end: str | None, on: date) -> int:
    """Return the business year that is asked for on a day; the last that has ended where no rule asks."""
    return newest_begun(year_end, rule.due, rule.remind_days[0], on) if rule else last_ended(year_end, on)


def find_due(rule: DeadlineRule, row: Row[Any], year: int, on: date) -> Due | None:
    """Return what the member of a row owes for a business year, as if nothing had come in; None for nothing."""
    period = business_year(row.year_end, year)
    if not owes(period, row.joined_on, row.left_on, on):
        return None
    return Due(rule.id, row.member, year, period.start, period.end, due_on(row.year_end, year, rule.due))


def load_received(connection: Connection, moment: Moment) -> dict[tuple[str, int], date]:
    """Return when each declaration that is held came in for the first time, by member and year."""
    held = select(_D.c.member, _D.c.year).where(moment.knows(_D)).distinct()
    known = {(row.member, row.year) for row in connection.execute(held)}
    first: dict[tuple[str, int], date] = {}
    for row in connection.execute(select(_D.c.member, _D.c.year, _D.c.received_on)):
        key = (row.member, row.year)
        if key in known:
            first[key] = min(first.get(key, row.received_on), row.received_on)
    return first


def name_declaration(member: str, year: int) -> str:
    """Return the id under which a declaration stands in quarantine."""
    return f"{member}/{year}"


def load_waiting(connection: Connection) -> set[tuple[str, int]]:
    """Return the members and years of which something waits in quarantine."""
    asked = select(_Q.c.source_id).where(_Q.c.state == "open", _Q.c.source_id.contains("/"), ~_Q.c.kept)
    found = set()
    for row in connection.execute(asked):
        member, _, year = row.source_id.partition("/")
        if year.isdecimal() and len(year) == 4:
            found.add((member, int(year)))
    return found
