"""Limits, measured: each member's count, and for those who newly reach a level what of it is news."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from sqlalchemy import Table, select

from models.alerting.evaluation import ChangedRow, Evaluation, Recount
from models.alerting.kinds.limits import reach
from models.alerting.ledger.ledger import AlertedWindow, AlertKey, AlertState
from models.alerting.measuring.counts import SURE, Ask, Counts
from models.alerting.rules import LimitRule
from models.alerting.survey import Survey
from models.counting import Scope, count_news, list_counted
from models.storage.tables import Complaint, EventLink
from models.storage.versions import find_versions
from models.words import Band, Status

_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_L: Table = EventLink.__table__  # type: ignore[attr-defined]


def ask_limit(rule: LimitRule, survey: Survey) -> list[Ask]:
    """Return what the rule has to know of every member."""
    names, watermark, _ = survey.open_sources(rule)
    if watermark is None:
        return []
    return [Ask(rule.window.ending(watermark), names, rule.channel, rule.date, least=_find_lowest(rule, survey))]


def _find_lowest(rule: LimitRule, survey: Survey) -> int:
    on = survey.moment.business_date
    return min(rule.levels_for(member, on)[0] for member in ("", *rule.member))


def evaluate_limit(rule: LimitRule, survey: Survey, counts: Counts) -> list[Evaluation]:
    """Return one evaluation per member at the lowest level or with a running alert."""
    names, watermark, stale = survey.open_sources(rule)
    if watermark is None:
        return []
    scope = Scope(rule.window.ending(watermark), names, rule.date, survey.moment.known_at)
    attended, lowest = survey.attended(rule), _find_lowest(rule, survey)
    watched = {key.member: told for key, told in attended.items()}
    mine = {member: found[0] for member, found in counts.items() if found[0] >= lowest or member in watched}
    news = _look_for_news(rule, survey, scope, watermark, mine)
    evaluations = []
    for member, count in sorted(mine.items()):
        late, moved = news.get(member, (0, 0))
        told = watched.get(member)
        evaluations.append(
            Evaluation(
                rule_id=rule.id,
                member=member,
                channel=rule.channel,
                count=count,
                window=scope.window,
                watermark=watermark,
                stale=stale,
                count_without_late_rows=count - late,
                count_without_moved_rows=count - moved,
                newest_received=_find_newest(survey, scope, rule.channel, member),
                moved_rows=_list_moved(survey, scope, rule.channel, member) if moved else (),
                recount=_recount(rule, survey, told) if told else None,
            )
        )
    return evaluations


def _look_for_news(
    rule: LimitRule, survey: Survey, scope: Scope, watermark: date, counts: Mapping[str, int]
) -> dict[str, tuple[int, int]]:
    """Return late and moved rows of those who reach a level that is new; nobody asks about the others."""
    if survey.is_novel(rule):
        return {}
    on, nobody = survey.moment.business_date, AlertState(AlertKey(rule.id, "", ""))
    crossing = [
        member
        for member, count in counts.items()
        if reach(rule.levels_for(member, on), count)
        > survey.states.get(AlertKey(rule.id, member, rule.channel), nobody).level
    ]
    horizon = survey.horizon(watermark)
    return count_news(survey.connection, scope, rule.channel, survey.moment.since, horizon, crossing)


def _find_newest(survey: Survey, scope: Scope, channel: str, member: str) -> date | None:
    """Return the day of the newest complaint of a member with an open case: has one come after its deadline?"""
    facts = survey.members.get(member)
    if facts is None or facts.open_case is None:
        return None
    days = [day for _, _, day, one in list_counted(survey.connection, scope, member) if channel in ("any", one) and day]
    return max(days, default=None)


def _list_moved(survey: Survey, scope: Scope, channel: str, member: str) -> tuple[ChangedRow, ...]:
    """Name the rows that were known when last decided and count for this member only since."""
    connection, moment = survey.connection, survey.moment
    then = replace(scope, known_at=moment.since)
    before = {row[:2] for row in list_counted(connection, then, member)}
    new = {row[:2] for row in list_counted(connection, scope, member) if channel in ("any", row[3])} - before
    known = (row for row in find_versions(connection, new, moment.since) if row.status == Status.ACCEPTED)
    found = sorted((row.source, row.source_id) for row in known)
    return tuple(ChangedRow(*row, "moved_here") for row in found)


def _recount(rule: LimitRule, survey: Survey, told: AlertedWindow) -> Recount | None:
    """Count the window of the last mail again, and name the rows that came or went since; None if none can have."""
    if not survey.was_touched(told):
        return None
    now = Scope(told.window, rule.sources, rule.date, survey.moment.known_at)
    rows_now, rows_then = (
        {
            (source, source_id)
            for source, source_id, _, channel in list_counted(survey.connection, scope, told.key.member)
            if rule.channel in ("any", channel)
        }
        for scope in (now, replace(now, known_at=told.known_at))
    )
    return Recount(
        event_id=told.event_id,
        count=len(rows_now),
        removed=tuple(_explain(survey, *row, told.key.member) for row in sorted(rows_then - rows_now)),
        added=tuple(ChangedRow(*row, "added") for row in sorted(rows_now - rows_then)),
    )


def _explain(survey: Survey, source: str, source_id: str, member: str) -> ChangedRow:
    """Say why a row that counted no longer does."""
    row = next(find_versions(survey.connection, [(source, source_id)], survey.moment.known_at), None)
    if row is None or row.status == Status.WITHDRAWN:
        return ChangedRow(source, source_id, "withdrawn")
    if row.member != member or row.band != Band.ACCEPT:
        return ChangedRow(source, source_id, "moved")
    second = (_L.c.two_source == source) & (_L.c.two_id == source_id) & _L.c.kind.in_(SURE)
    linked = survey.connection.execute(select(_L.c.id).where(second, survey.moment.knows(_L)).limit(1)).first()
    return ChangedRow(source, source_id, "duplicate" if linked else "changed")
