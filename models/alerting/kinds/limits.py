"""The limit rule: levels, one mail for each new highest level, an end only after complete nights below.

clear ── count reaches a level ──► open ── higher level, or grew since acknowledged ──► open, told again
  ▲                                 │
  └── clear_runs complete nights ───┘      or retracted, when corrections take the alerted window below its level
"""

from collections.abc import Iterator, Mapping, Sequence

from models.alerting.evaluation import Evaluation, Window
from models.alerting.ledger.desk import Desk
from models.alerting.ledger.episodes import STRONGEST, clear
from models.alerting.ledger.ledger import AlertEvent, AlertKey, AlertState, Origin, Reason, Standing, What, advance
from models.alerting.rules import LimitRule


def decide_limit(desk: Desk, rule: LimitRule, states: Mapping[AlertKey, AlertState]) -> Iterator[AlertEvent]:
    """Yield what is new for every member that was evaluated under ``rule``."""
    for evaluation in desk.night.evaluations:
        if evaluation.rule_id == rule.id and desk.is_member(evaluation.member):
            key = AlertKey(rule.id, evaluation.member, rule.channel)
            yield from _decide_member(desk, rule, evaluation, states.get(key) or AlertState(key))


def reach(levels: Sequence[int], count: int | None) -> int:
    """Return the highest level that ``count`` reaches, or 0."""
    return max((level for level in levels if count is not None and level <= count), default=0)


def _decide_member(desk: Desk, rule: LimitRule, evaluation: Evaluation, state: AlertState) -> Iterator[AlertEvent]:
    levels = rule.levels_for(state.key.member, desk.night.business_date)
    reached = reach(levels, evaluation.count)
    if _is_retracted(rule, evaluation, state, reached):
        yield from _retract(desk, evaluation, state, reached)
    elif not state.active or state.standing is Standing.CLOSED:
        if reached > state.level:
            yield _open(desk, evaluation, state, levels, reached)
        else:
            yield from _clear(desk, rule, evaluation, state, levels[0])
    elif reached > state.level:
        reason = _why_up(desk, evaluation, state, levels, Reason.HIGHER_LEVEL)
        yield desk.write(state, What.RAISED, level=reached, reason=reason, evaluation=evaluation)
    elif _has_grown(evaluation.count, state):
        yield desk.write(
            state, What.GREW, level=state.level, reason=Reason.GREW, evaluation=evaluation,
            occasion=desk.night.business_date.isoformat(),
        )  # fmt: skip
    elif missed := _why_unmuted(desk, evaluation, state, reached):
        assert state.silenced_until is not None
        yield desk.write(
            state, What.UNMUTED, level=reached, reason=missed, evaluation=evaluation,
            occasion=state.silenced_until.isoformat(),
        )  # fmt: skip
    else:
        yield from _clear(desk, rule, evaluation, state, levels[0])
        if evaluation.count >= levels[0]:
            yield from desk.remind(state, evaluation)


def _open(desk: Desk, evaluation: Evaluation, state: AlertState, levels: Sequence[int], reached: int) -> AlertEvent:
    usual = Reason.RETURNED if state.was_closed else Reason.FIRST
    reason = _why_up(desk, evaluation, state, levels, usual)
    return desk.write(
        state, What.OPENED, episode=state.episode + 1, level=reached, reason=reason, evaluation=evaluation
    )


def _why_up(desk: Desk, evaluation: Evaluation, state: AlertState, levels: Sequence[int], usual: Reason) -> Reason:
    """Say why a level is reached: the rule is new, rows moved here, an old import, or what it looks like."""
    if desk.seeding:
        return Reason.RULE_INTRODUCED
    without = {
        Reason.CORRECTED_UP: evaluation.count_without_moved_rows,
        Reason.FOUND_IN_BACKFILL: evaluation.count_without_late_rows,
    }
    for reason, count in without.items():
        if count is not None and reach(levels, count) <= state.level:
            return reason
    return usual


def _has_grown(count: int, state: AlertState) -> bool:
    """Half as many again as when it was acknowledged, and at least five."""
    seen = state.acknowledged_at
    return state.standing is Standing.ACKNOWLEDGED and seen is not None and count >= seen + max(5, 0.5 * seen)


def _why_unmuted(desk: Desk, evaluation: Evaluation, state: AlertState, reached: int) -> Reason | None:
    """Say what a silence that is over has kept back, or None when nothing of it is left."""
    if not state.missed or state.is_silenced(desk.night.business_date):
        return None
    told = state.told if state.told and state.told.episode == state.episode else None
    still_higher = reached > (told.level if told else 0)
    still_grown = Reason.GREW in state.missed and evaluation.count > (told.count or 0 if told else 0)
    if not still_higher and not still_grown:
        return None
    return next(reason for reason in STRONGEST if reason in state.missed)


def _is_retracted(rule: LimitRule, evaluation: Evaluation, state: AlertState, reached: int) -> bool:
    recount, told = evaluation.recount, state.told
    if recount is None or told is None or evaluation.stale or not state.active:
        return False
    if told.config_hash != rule.version():
        return False  # counted by another rule: what differs is the rule, not the data
    if recount.event_id != told.event_id or (told.episode != state.episode and told.kind is not What.RETRACTED):
        return False
    said = min(told.level, state.level)
    return recount.count < said and reached < said


def _retract(desk: Desk, evaluation: Evaluation, state: AlertState, reached: int) -> Iterator[AlertEvent]:
    """Take back what was said. A lower level that still holds goes on as a new episode, which the same mail tells."""
    recount, told = evaluation.recount, state.told
    assert recount and told and told.window_from and told.window_to
    retracted = desk.write(
        state, What.RETRACTED, level=state.level, reason=Reason.RETRACTED, count=recount.count, recount=recount,
        evaluation=evaluation, window=Window(told.window_from, told.window_to),
    )  # fmt: skip
    yield retracted
    if reached:
        after = advance(state, retracted)
        yield desk.write(
            after, What.OPENED, episode=after.episode + 1, level=reached, origin=Origin.CORRECTION,
            evaluation=evaluation, note="after_retraction",
        )  # fmt: skip


def _clear(desk: Desk, rule: LimitRule, evaluation: Evaluation, state: AlertState, lowest: int) -> Iterator[AlertEvent]:
    if not state.active:
        return
    if desk.seeding and evaluation.count < lowest and not evaluation.stale:
        yield desk.write(state, What.RESOLVED, level=state.level, evaluation=evaluation, note="rule_changed")
    else:
        over = evaluation.count < rule.clear_below * lowest
        yield from clear(desk, evaluation, state, over=over, runs=rule.clear_runs)
