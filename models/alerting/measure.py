"""Tonight, measured: what ``decide`` needs to know, counted from the database as known now."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, select
from sqlmodel import col

from models.alerting.evaluation import (
    ChangedRow,
    Decision,
    Evaluation,
    MemberFacts,
    Night,
    Recount,
    SourceState,
    find_watermark,
)
from models.alerting.ledger import AlertedWindow, AlertEvent, alerted_windows, fold, watched
from models.alerting.rules import AlertsConfig, LimitRule, RuleConfig
from models.counting import Scope, count_members, count_news, list_counted, newest_by_member
from models.tables import Complaint, Member, Run
from models.words import Band, Kind, Outcome, Status

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_C = Complaint.__table__  # type: ignore[attr-defined]


def measure_night(
    connection: Connection,
    rules: Iterable[RuleConfig],
    alerts: AlertsConfig,
    ledger: list[AlertEvent],
    sources: Mapping[str, SourceState],
    *,
    business_date: date,
    run_id: str,
    now: datetime,
) -> Night:
    """Return tonight's facts: members, decisions, and one evaluation per limit rule and member with a count."""
    since = last_decided(connection, run_id)
    states = fold(ledger)
    told = {(w.key.rule_id, w.key.member): w for w in alerted_windows(states)}
    evaluations: list[Evaluation] = []
    for rule in rules:
        if isinstance(rule, LimitRule):
            attended = {member for rule_id, member in watched(states) if rule_id == rule.id}
            evaluations += _evaluate_limit(connection, rule, alerts, sources, since, attended, told)
    return Night(
        business_date=business_date,
        run_id=run_id,
        known_at=now,
        now=now,
        members=load_member_facts(connection),
        sources=sources,
        evaluations=tuple(evaluations),
        decisions=tuple(_list_decisions(connection, since)),
    )


def last_decided(connection: Connection, run_id: str) -> datetime:
    """Return when a night last decided on alerts; long ago when none has."""
    decided = col(Run.decided_at)
    asked = select(decided).where(decided.is_not(None), col(Run.run_id) != run_id).order_by(decided.desc()).limit(1)
    return connection.execute(asked).scalar() or _LONG_AGO


def load_member_facts(connection: Connection) -> dict[str, MemberFacts]:
    """Return every member of the register by id."""
    rows = connection.execute(select(Member.__table__))  # type: ignore[attr-defined]
    return {
        row.member: MemberFacts(
            member=row.member,
            name=row.legal_name,
            size=None if row.size is None else round(row.size),
            size_unit=row.size_unit,
            left_on=row.left_on,
        )
        for row in rows
    }


def _evaluate_limit(
    connection: Connection,
    rule: LimitRule,
    alerts: AlertsConfig,
    sources: Mapping[str, SourceState],
    since: datetime,
    attended: set[str],
    told: Mapping[tuple[str, str], AlertedWindow],
) -> list[Evaluation]:
    watermark, stale = find_watermark(rule.sources, sources)
    if watermark is None:
        return []
    scope = Scope(rule.window.ending(watermark), rule.sources, rule.date)
    tallies = count_members(connection, scope)
    horizon = watermark - timedelta(days=alerts.late_horizon_days)
    news = count_news(connection, scope, rule.channel, since, horizon)
    newest = newest_by_member(connection, scope)
    evaluations = []
    for member in sorted(set(tallies) | attended):
        count = tallies[member].of(rule.channel) if member in tallies else 0
        if not count and member not in attended:
            continue
        late, moved = news.get(member, (0, 0))
        window = told.get((rule.id, member))
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
                newest_received=newest.get(member),
                recount=_recount(connection, rule, window) if window else None,
            )
        )
    return evaluations


def _recount(connection: Connection, rule: LimitRule, told: AlertedWindow) -> Recount:
    """Count the window of the last mail again, and name the rows that came or went since."""
    now = Scope(told.window, rule.sources, rule.date)
    then = replace(now, known_at=told.known_at)
    rows_now, rows_then = (
        {
            (source, source_id)
            for source, source_id, _, channel in list_counted(connection, scope, told.key.member)
            if rule.channel in ("any", channel)
        }
        for scope in (now, then)
    )
    return Recount(
        event_id=told.event_id,
        count=len(rows_now),
        removed=tuple(_explain(connection, *row, told.key.member) for row in sorted(rows_then - rows_now)),
        added=tuple(ChangedRow(*row, "added") for row in sorted(rows_now - rows_then)),
    )


def _explain(connection: Connection, source: str, source_id: str, member: str) -> ChangedRow:
    """Say why a row that counted no longer does."""
    row = connection.execute(
        select(_C.c.status, _C.c.member, _C.c.band).where(
            _C.c.source == source, _C.c.source_id == source_id, _C.c.recorded_to.is_(None)
        )
    ).first()
    if row is None or row.status == Status.WITHDRAWN:
        return ChangedRow(source, source_id, "withdrawn")
    moved = row.member != member or row.band != Band.ACCEPT
    return ChangedRow(source, source_id, "moved" if moved else "changed")


def _list_decisions(connection: Connection, since: datetime) -> list[Decision]:
    """Return every accepted board case of a member, and whether it was another's when last decided."""
    current = select(_C).where(
        _C.c.recorded_to.is_(None),
        _C.c.kind == Kind.DECISION,
        _C.c.status == Status.ACCEPTED,
        _C.c.band == Band.ACCEPT,
        _C.c.member.is_not(None),
    )
    before = {
        (row.source, row.source_id): row.member
        for row in connection.execute(
            select(_C.c.source, _C.c.source_id, _C.c.member).where(
                _C.c.kind == Kind.DECISION,
                _C.c.recorded_from <= since,
                _C.c.recorded_to.is_(None) | (_C.c.recorded_to > since),
            )
        )
    }
    return [
        Decision(
            source=row.source,
            case_number=row.source_id,
            member=row.member,
            outcome=Outcome(row.outcome or Outcome.UNKNOWN),
            decided_on=row.received_on,
            url=row.url,
            moved=(row.source, row.source_id) in before and before[row.source, row.source_id] != row.member,
        )
        for row in connection.execute(current.order_by(_C.c.source, _C.c.source_id))
    ]
