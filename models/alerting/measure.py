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
    FirstComplaint,
    FollowUpDue,
    MemberFacts,
    Night,
    Recount,
    SourceState,
    find_watermark,
)
from models.alerting.ledger import AlertedWindow, AlertEvent, AlertKey, alerted_windows, fold
from models.alerting.measure_batches import measure_batches
from models.alerting.measure_places import evaluate_ranks, evaluate_shares, find_firsts
from models.alerting.measure_rises import evaluate_rises
from models.alerting.moment import Moment
from models.alerting.rules import (
    AlertsConfig,
    FirstRule,
    FollowUpRule,
    LimitRule,
    RankRule,
    RiseRule,
    RuleConfig,
    ShareRule,
)
from models.cases.chain import load_cases
from models.cases.follow_up import Asked, follow_up
from models.cases.settings import FollowUpConfig
from models.cases.steps import StepKind, describe_open
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
    replayed: Moment | None = None,
    follow_ups: FollowUpConfig | None = None,
) -> Night:
    """Return tonight's facts: members, decisions, and what each rule counts. ``replayed``: a past night's instead.

    ``follow_ups`` says how the follow-up of a demand is judged; without it by what holds by default.
    """
    moment = replayed or Moment(business_date, last_decided(connection, run_id))
    members = load_member_facts(connection, business_date)
    night = Night(
        business_date=business_date,
        run_id=run_id,
        known_at=moment.known_at or now,
        now=now,
        members=members,
        sources=sources,
        decisions=tuple(_list_decisions(connection, moment)),
        batches=tuple(measure_batches(connection, sources, moment)),
    )
    present = [m.member for m in members.values() if m.left_on is None or m.left_on > business_date]
    evaluations: list[Evaluation] = []
    firsts: list[FirstComplaint] = []
    due: dict[str, FollowUpDue] = {}
    budgets: dict[str, float] = {}
    states = fold(ledger)
    for rule in rules:
        running = {key: None for key, state in states.items() if key.rule_id == rule.id and state.active}
        attended = running | {w.key: w for w in alerted_windows(states) if w.key.rule_id == rule.id}
        match rule:
            case LimitRule():
                evaluations += _evaluate_limit(connection, rule, alerts, sources, moment, attended)
            case RiseRule():
                found, budget = evaluate_rises(
                    connection, rule, alerts, sources, moment, present, attended, ledger
                )  # fmt: skip
                evaluations += found
                budgets |= {} if budget is None else {rule.id: budget}
            case RankRule():
                evaluations += _keep_attended(
                    rule, attended, evaluate_ranks(connection, rule, alerts, sources, moment, present)
                )
            case ShareRule():
                evaluations += _keep_attended(
                    rule, attended, evaluate_shares(connection, rule, alerts, sources, moment)
                )
            case FollowUpRule():
                names = rule.sources or tuple(sources)
                read = {name: sources[name] for name in names if name in sources and sources[name].complete_through}
                due |= {
                    f"{one.member} {one.subject}": one
                    for one in _list_follow_ups(connection, read, moment, follow_ups or FollowUpConfig())
                }
            case FirstRule():
                firsts += find_firsts(connection, rule, alerts, sources, moment)
    return replace(
        night,
        evaluations=tuple(evaluations),
        firsts=tuple(firsts),
        budgets=budgets,
        follow_ups=tuple(due.values()),
    )


def _list_follow_ups(
    connection: Connection, sources: Mapping[str, SourceState], moment: Moment, config: FollowUpConfig
) -> Iterable[FollowUpDue]:
    """Yield each open case that stands at a demand whose follow-up is due, with what its follow-up shows tonight."""
    cases = load_cases(connection, on=moment.business_date)
    for member, mine in sorted(cases.items()):
        case = mine[-1]
        demand = case.last
        if demand.kind is not StepKind.DEMAND or demand.deadline is None or demand.follow_up_on is None:
            continue
        if demand.follow_up_on <= moment.business_date:
            asked = Asked(
                member, demand.on, demand.deadline, moment.business_date, sources, config, moment.known_at,
                tuple(cases),
            )  # fmt: skip
            yield FollowUpDue(member, f"{case.number}/{demand.position}", follow_up(connection, asked))


def _keep_attended(
    rule: RankRule | ShareRule, attended: Iterable[AlertKey], found: list[Evaluation]
) -> list[Evaluation]:  # fmt: skip
    """Add a zero for each running alert whose member has nothing left to count, so that it can end."""
    if not found:
        return found
    there = {(one.member, one.channel) for one in found}
    like = found[0]
    gone = {(key.member, key.channel) for key in attended} - there
    return found + [
        Evaluation(rule.id, member, channel, 0, like.window, like.watermark, stale=like.stale, whole=0)
        for member, channel in sorted(gone)
    ]


def last_decided(connection: Connection, run_id: str) -> datetime:
    """Return when a night last decided on alerts; long ago when none has."""
    decided = col(Run.decided_at)
    asked = select(decided).where(decided.is_not(None), col(Run.run_id) != run_id).order_by(decided.desc()).limit(1)
    return connection.execute(asked).scalar() or _LONG_AGO


def load_member_facts(connection: Connection, on: date | None = None) -> dict[str, MemberFacts]:
    """Return every member of the register by id, with its open case as it stands, or stood ``on`` a day."""
    cases = {member: mine[-1] for member, mine in load_cases(connection, on=on).items() if mine[-1].is_open}
    rows = connection.execute(select(Member.__table__))  # type: ignore[attr-defined]
    return {
        row.member: MemberFacts(
            member=row.member,
            name=row.legal_name,
            size=None if row.size is None else round(row.size),
            size_unit=row.size_unit,
            left_on=row.left_on,
            open_case=describe_open(cases[row.member]) if row.member in cases else None,
        )
        for row in rows
    }


def _evaluate_limit(
    connection: Connection,
    rule: LimitRule,
    alerts: AlertsConfig,
    sources: Mapping[str, SourceState],
    moment: Moment,
    attended: Mapping[AlertKey, AlertedWindow | None],
) -> list[Evaluation]:
    watermark, stale = find_watermark(rule.sources, sources)
    if watermark is None:
        return []
    scope = Scope(rule.window.ending(watermark), rule.sources, rule.date, moment.known_at)
    tallies = count_members(connection, scope)
    horizon = watermark - timedelta(days=alerts.late_horizon_days)
    news = count_news(connection, scope, rule.channel, moment.since, horizon)
    newest = newest_by_member(connection, scope)
    evaluations = []
    watched = {key.member: window for key, window in attended.items()}
    for member in sorted(set(tallies) | set(watched)):
        count = tallies[member].of(rule.channel) if member in tallies else 0
        if not count and member not in watched:
            continue
        late, moved = news.get(member, (0, 0))
        window = watched.get(member)
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
                moved_rows=_list_moved(connection, scope, rule.channel, member, moment) if moved else (),
                recount=_recount(connection, rule, window, moment) if window else None,
            )
        )
    return evaluations


def _list_moved(
    connection: Connection, scope: Scope, channel: str, member: str, moment: Moment
) -> tuple[ChangedRow, ...]:
    """Name the rows that were known when last decided and count for this member only since."""
    then = replace(scope, known_at=moment.since)
    before = {row[:2] for row in list_counted(connection, then, member)}
    new = {row[:2] for row in list_counted(connection, scope, member) if channel in ("any", row[3])} - before
    at = replace(moment, known_at=moment.since)
    known = select(_C.c.source, _C.c.source_id).where(at.knows(_C), _C.c.status == Status.ACCEPTED)
    some = known.where(_C.c.source_id.in_(sorted({source_id for _, source_id in new})))
    return tuple(ChangedRow(*row, "moved_here") for row in sorted(map(tuple, connection.execute(some))) if row in new)


def _recount(connection: Connection, rule: LimitRule, told: AlertedWindow, moment: Moment) -> Recount:
    """Count the window of the last mail again, and name the rows that came or went since."""
    now = Scope(told.window, rule.sources, rule.date, moment.known_at)
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
        removed=tuple(_explain(connection, *row, told.key.member, moment) for row in sorted(rows_then - rows_now)),
        added=tuple(ChangedRow(*row, "added") for row in sorted(rows_now - rows_then)),
    )


def _explain(connection: Connection, source: str, source_id: str, member: str, moment: Moment) -> ChangedRow:
    """Say why a row that counted no longer does."""
    row = connection.execute(
        select(_C.c.status, _C.c.member, _C.c.band).where(
            _C.c.source == source, _C.c.source_id == source_id, moment.knows(_C)
        )
    ).first()
    if row is None or row.status == Status.WITHDRAWN:
        return ChangedRow(source, source_id, "withdrawn")
    moved = row.member != member or row.band != Band.ACCEPT
    return ChangedRow(source, source_id, "moved" if moved else "changed")


def _list_decisions(connection: Connection, moment: Moment) -> list[Decision]:
    """Return every accepted board case of a member, and whether it was another's when last decided."""
    since = moment.since
    current = select(_C).where(
        moment.knows(_C),
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
