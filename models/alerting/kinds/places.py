"""The rules about where a member stands: its rank, the share of a channel, its first complaint."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from models.alerting.evaluation import Evaluation, FirstComplaint
from models.alerting.ledger.desk import Desk
from models.alerting.ledger.episodes import begin, clear, tell_after_silence, why_begun
from models.alerting.ledger.ledger import AlertEvent, AlertKey, AlertState, Delivery, Origin, Reason, Standing, What
from models.alerting.rules import FirstRule, RankRule, ShareRule
from models.alerting.statistics import bound_share

States = Mapping[AlertKey, AlertState]


def decide_ranks(desk: Desk, rule: RankRule, states: States) -> Iterator[AlertEvent]:
    """One alert per member, channel and year. Nothing is said while a source is late: others may pass by."""
    for evaluation in _evaluations(desk, rule):
        place = evaluation.place
        enough = evaluation.count >= rule.min_count and place is not None
        inside = enough and place is not None and place.position <= rule.top
        over = not enough or place is None or place.position > rule.leave
        late = evaluation.count_without_late_rows
        moved = evaluation.count_without_moved_rows
        yield from _decide(
            desk, evaluation, states, inside=inside, over=over, runs=rule.clear_runs,
            without_late=bool(place and place.without_late <= rule.top and (late is None or late >= rule.min_count)),
            without_moved=bool(
                place and place.without_moved <= rule.top and (moved is None or moved >= rule.min_count)
            ),
        )  # fmt: skip
    yield from _end_of_year(desk, states)


def decide_shares(desk: Desk, rule: ShareRule, states: States) -> Iterator[AlertEvent]:
    """One alert per member and year. What no channel is known of counts toward the whole: a share is "at least"."""
    for evaluation in _evaluations(desk, rule):
        whole = evaluation.whole or 0
        late, whole_late = evaluation.count_without_late_rows, evaluation.whole_without_late
        moved, whole_moved = evaluation.count_without_moved_rows, evaluation.whole_without_moved
        yield from _decide(
            desk, evaluation, states, runs=rule.clear_runs,
            inside=has_share(rule, evaluation.count, whole),
            over=whole < rule.min_total or evaluation.count < rule.clear_below * rule.min_share * whole,
            without_late=late is None or whole_late is None or has_share(rule, late, whole_late),
            without_moved=moved is None or whole_moved is None or has_share(rule, moved, whole_moved),
        )  # fmt: skip
    yield from _end_of_year(desk, states)


def has_share(rule: ShareRule, part: int, whole: int) -> bool:
    """Whether ``part`` of ``whole`` is the rule's share; for a rule that wants to be sure, Wilson's low bound is."""
    if not whole or whole < rule.min_total:
        return False
    return (bound_share(part, whole)[0] if rule.sure else part / whole) >= rule.min_share


def _evaluations(desk: Desk, rule: RankRule | ShareRule) -> Iterator[Evaluation]:
    for evaluation in desk.night.evaluations:
        if evaluation.rule_id == rule.id and not evaluation.stale and desk.is_member(evaluation.member):
            yield evaluation


def _decide(
    desk: Desk, evaluation: Evaluation, states: States, *,
    inside: bool, over: bool, runs: int, without_late: bool, without_moved: bool,
) -> Iterator[AlertEvent]:  # fmt: skip
    year = str(evaluation.watermark.year)
    key = AlertKey(evaluation.rule_id, evaluation.member, evaluation.channel, year)
    state = states.get(key) or AlertState(key)
    if not state.active:
        if inside:
            why = why_begun(desk, state, without_late=without_late, without_moved=without_moved)
            yield begin(desk, evaluation, state, why)
    elif desk.seeding and over:
        yield desk.write(state, What.RESOLVED, level=state.level, evaluation=evaluation, note="rule_changed")
    elif unmuted := list(tell_after_silence(desk, evaluation, state, still=not over)):
        yield from unmuted
    else:
        yield from clear(desk, evaluation, state, over=over, runs=runs)
        if not over:
            yield from desk.remind(state, evaluation)


def _end_of_year(desk: Desk, states: States) -> Iterator[AlertEvent]:
    """An alert about a year is over with it, once the sources have told all of that year."""
    years = {e.watermark.year for e in desk.night.evaluations if e.rule_id == desk.rule_id and not e.stale}
    for key, state in states.items():
        if key.rule_id == desk.rule_id and state.active and years and int(key.subject) < min(years):
            yield desk.write(state, What.RESOLVED, level=state.level, note="year_over")


def decide_firsts(desk: Desk, rule: FirstRule, states: States) -> Iterator[AlertEvent]:
    """One line of a digest per member and date; a complaint that comes in later and is older is no second first."""
    told: dict[str, list[str]] = {}
    for key in states:
        if key.rule_id == rule.id:
            told.setdefault(key.member, []).append(key.subject)
    for first in desk.night.firsts:
        if first.rule_id != rule.id or not desk.is_member(first.member):
            continue
        if any(_is_same_start(first, day, rule.quiet_days) for day in told.get(first.member, ())):
            continue
        key = AlertKey(rule.id, first.member, first.channel, first.day.isoformat())
        yield from _note_first(desk, rule, first, AlertState(key))


def _is_same_start(first: FirstComplaint, day: str, quiet_days: int | None) -> bool:
    return quiet_days is None or (first.day - timedelta(days=quiet_days)).isoformat() <= day


def _note_first(desk: Desk, rule: FirstRule, first: FirstComplaint, state: AlertState) -> Iterator[AlertEvent]:
    """Open and end it at once: it asks for nothing and waits for nobody."""
    reason = None if desk.seeding else Reason.CORRECTED_UP if first.moved else Reason.FIRST
    opened = desk.write(
        state, What.OPENED, episode=1, count=1, reason=reason, watermark=first.watermark,
        origin=Origin.SEED if desk.seeding else None, delivery=Delivery.DIGEST if reason else None,
        note="ever" if first.before is None else first.before.isoformat(),
    )  # fmt: skip
    yield opened
    yield desk.write(
        AlertState(state.key, standing=Standing.OPEN, episode=1), What.RESOLVED, watermark=first.watermark, note="noted"
    )
