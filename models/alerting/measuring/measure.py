"""Tonight, measured: what ``decide`` needs to know, counted from the database as known now."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, func, select
from sqlmodel import col

from models.alerting.evaluation import (
    Decision,
    Due,
    Evaluation,
    FirstComplaint,
    FollowUpDue,
    Night,
    SourceState,
    Window,
)
from models.alerting.ledger.ledger import AlertEvent
from models.alerting.measuring.batches import measure_batches
from models.alerting.measuring.counts import Ask, Counts, count_asked
from models.alerting.measuring.dues import measure_dues
from models.alerting.measuring.follow_ups import list_follow_ups
from models.alerting.measuring.limits import ask_limit, evaluate_limit
from models.alerting.measuring.places import ask_place, evaluate_rank, evaluate_share, find_firsts
from models.alerting.measuring.rises import ask_rise, evaluate_rise
from models.alerting.members_known import load_member_facts
from models.alerting.moment import Moment
from models.alerting.rules import (
    AlertsConfig,
    DeadlineRule,
    EventRule,
    FirstRule,
    FollowUpRule,
    LimitRule,
    RankRule,
    RiseRule,
    RuleConfig,
    ShareRule,
)
from models.alerting.survey import Survey
from models.cases.settings import FollowUpConfig
from models.storage.tables import Complaint, Run
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
    dues_known: bool = True,
) -> Night:
    """Return tonight's facts: members, decisions, and what each rule counts. ``replayed``: a past night's instead.

    The complaints are gone through once for all rules; what only a mail would need is looked up for the few that are
    about to get one. ``follow_ups`` says how the follow-up of a demand is judged; without it by what holds by default.
    ``dues_known``: whether everything that members have handed in could be read.
    """
    rules = list(rules)
    moment = replayed or Moment(business_date, last_decided(connection, run_id))
    survey = Survey(connection, alerts, sources, moment, load_member_facts(connection, business_date), ledger)
    found = _measure_rules(rules, survey, follow_ups or FollowUpConfig())
    deciding = [rule.source for rule in rules if isinstance(rule, EventRule)]
    return Night(
        business_date=business_date,
        run_id=run_id,
        known_at=moment.known_at or now,
        now=now,
        members=survey.members,
        sources=sources,
        evaluations=tuple(found.evaluations),
        decisions=tuple(_list_decisions(connection, deciding, moment)),
        firsts=tuple(found.firsts),
        batches=tuple(measure_batches(connection, sources, moment)),
        budgets=found.budgets,
        follow_ups=tuple(found.follow_ups.values()),
        dues=tuple(found.dues) if dues_known else None,
        missed=None if replayed else find_missed(connection, business_date),
    )


@dataclass
class _Found:
    """What the rules have found, by kind."""

    evaluations: list[Evaluation] = field(default_factory=list)
    firsts: list[FirstComplaint] = field(default_factory=list)
    follow_ups: dict[str, FollowUpDue] = field(default_factory=dict)  # by member and step: two rules find it once
    dues: list[Due] = field(default_factory=list)
    budgets: dict[str, float] = field(default_factory=dict)


def _measure_rules(rules: Sequence[RuleConfig], survey: Survey, follow_ups: FollowUpConfig) -> _Found:
    """Count for all rules at once, and let each find what it is about."""
    counts = _count(survey, rules, {rule.id: ask_rule(rule, survey) for rule in rules})
    found = _Found()
    for rule in rules:
        match rule:
            case LimitRule():
                found.evaluations += evaluate_limit(rule, survey, counts[rule.id])
            case RiseRule():
                rises, budget = evaluate_rise(rule, survey, counts[rule.id])
                found.evaluations += rises
                found.budgets |= {} if budget is None else {rule.id: budget}
            case RankRule():
                found.evaluations += evaluate_rank(rule, survey, counts[rule.id])
            case ShareRule():
                found.evaluations += evaluate_share(rule, survey, counts[rule.id])
            case FirstRule():
                found.firsts += find_firsts(rule, survey)
            case FollowUpRule():
                due = list_follow_ups(rule, survey, follow_ups)
                found.follow_ups |= {f"{one.member} {one.subject}": one for one in due}
            case DeadlineRule():
                found.dues += measure_dues(rule, survey)
    return found


def ask_rule(rule: RuleConfig, survey: Survey) -> list[Ask]:
    """Return the figures that a rule needs of every member."""
    match rule:
        case LimitRule():
            return ask_limit(rule, survey)
        case RiseRule():
            return ask_rise(rule, survey)
        case RankRule() | ShareRule():
            return ask_place(rule, survey)
    return []


def _count(survey: Survey, rules: Iterable[RuleConfig], asks: Mapping[str, list[Ask]]) -> dict[str, Counts]:
    """Count for all rules at once, and hand each rule its own figures of the members that it is about."""
    running = {rule.id: {key.member for key in survey.attended(rule)} for rule in rules if asks[rule.id]}
    every = [ask for mine in asks.values() for ask in mine]
    counted = count_asked(survey.connection, every, survey.moment, set().union(*running.values()))
    shares: dict[str, Counts] = {}
    place = 0
    for rule_id, mine in asks.items():
        first, place = place, place + len(mine)
        bounds = [(first + n, ask.least) for n, ask in enumerate(mine) if ask.least is not None]
        shares[rule_id] = {
            member: found[first:place]
            for member, found in counted.items()
            if member in running.get(rule_id, ()) or any(found[at] >= least for at, least in bounds)
        }
    return shares


def last_decided(connection: Connection, run_id: str) -> datetime:
    """Return when a night last decided on alerts; long ago when none has."""
    decided = col(Run.decided_at)
    asked = select(decided).where(decided.is_not(None), col(Run.run_id) != run_id).order_by(decided.desc()).limit(1)
    return connection.execute(asked).scalar() or _LONG_AGO


def find_missed(connection: Connection, tonight: date) -> Window | None:
    """Return the days between the last night that decided on alerts and tonight, if there are any."""
    earlier = col(Run.decided_at).is_not(None) & (col(Run.business_date) < tonight)
    last: date | None = connection.execute(select(func.max(col(Run.business_date))).where(earlier)).scalar()
    first, yesterday = (last or tonight) + timedelta(days=1), tonight - timedelta(days=1)
    return Window(first, yesterday) if first <= yesterday else None


def _list_decisions(connection: Connection, sources: Collection[str], moment: Moment) -> list[Decision]:
    """Return every accepted board case of a member, and whether it was another's when last decided."""
    if not sources:
        return []
    listed = (_C.c.kind == Kind.DECISION) & _C.c.source.in_(sorted(sources))
    columns = (_C.c.source, _C.c.source_id, _C.c.member, _C.c.outcome, _C.c.received_on, _C.c.url)
    before = {
        (row.source, row.source_id): row.member
        for row in connection.execute(select(*columns).where(listed, replace(moment, known_at=moment.since).knows(_C)))
    }
    current = select(*columns).where(
        listed, moment.knows(_C), _C.c.status == Status.ACCEPTED, _C.c.band == Band.ACCEPT, _C.c.member.is_not(None)
    )
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
