"""The rise rule: told when it begins, and again only when a hundred times clearer and half as large again.

clear ── p at the threshold, count at the least ──► open ── p 100-fold smaller, count 1.5-fold ──► told again
  ▲                                                  │
  └── clear_runs complete nights over the threshold ─┘   or retracted, when corrections take it away
"""

from collections.abc import Iterator, Mapping

from models.alerting.evaluation import Evaluation, Window
from models.alerting.ledger.desk import Desk
from models.alerting.ledger.episodes import begin, clear, tell_after_silence, why_begun
from models.alerting.ledger.ledger import AlertEvent, AlertKey, AlertState, Reason, Standing, What
from models.alerting.rules import RiseRule

_CLEARER = 100
_LARGER = 1.5


def decide_rises(desk: Desk, rule: RiseRule, states: Mapping[AlertKey, AlertState]) -> Iterator[AlertEvent]:
    """Yield what is new for every member and channel tested under ``rule``; what is held stays as it is."""
    for evaluation in desk.night.evaluations:
        test = evaluation.test
        if evaluation.rule_id == rule.id and test and not test.held and desk.is_member(evaluation.member):
            key = AlertKey(rule.id, evaluation.member, evaluation.channel)
            yield from _decide(desk, rule, evaluation, states.get(key) or AlertState(key))


def _decide(desk: Desk, rule: RiseRule, evaluation: Evaluation, state: AlertState) -> Iterator[AlertEvent]:
    test = evaluation.test
    assert test is not None
    worse = _is_worse(evaluation, state)
    if _is_retracted(rule, evaluation, state):
        yield _retract(desk, evaluation, state)
    elif not state.active or (state.standing is Standing.CLOSED and worse):
        if test.holds:
            why = why_begun(desk, state, without_late=test.without_late, without_moved=test.without_moved)
            yield begin(desk, evaluation, state, why)
    elif state.standing is not Standing.CLOSED and worse:
        yield desk.write(
            state, What.GREW, level=state.level, reason=Reason.GREW, evaluation=evaluation,
            occasion=desk.night.business_date.isoformat(),
        )  # fmt: skip
    elif unmuted := list(tell_after_silence(desk, evaluation, state, still=test.holds)):
        yield from unmuted
    elif desk.seeding and not test.holds and not evaluation.stale:
        yield desk.write(state, What.RESOLVED, level=state.level, evaluation=evaluation, note="rule_changed")
    else:
        yield from clear(desk, evaluation, state, over=not test.holds, runs=rule.clear_runs)
        if test.holds:
            yield from desk.remind(state, evaluation)


def _is_worse(evaluation: Evaluation, state: AlertState) -> bool:
    test, told = evaluation.test, state.told
    if not test or not test.holds or told is None or told.episode != state.episode or not told.p or not told.count:
        return False
    return test.p <= told.p / _CLEARER and evaluation.count >= _LARGER * told.count


def _is_retracted(rule: RiseRule, evaluation: Evaluation, state: AlertState) -> bool:
    recount, told, test = evaluation.recount, state.told, evaluation.test
    if recount is None or recount.p is None or told is None or test is None or evaluation.stale or test.holds:
        return False
    if recount.event_id != told.event_id or told.episode != state.episode or told.config_hash != rule.version():
        return False
    return recount.count < (told.count or 0) and recount.p > test.threshold


def _retract(desk: Desk, evaluation: Evaluation, state: AlertState) -> AlertEvent:
    recount, told = evaluation.recount, state.told
    assert recount and told and told.window_from and told.window_to
    return desk.write(
        state, What.RETRACTED, level=state.level, reason=Reason.RETRACTED, count=recount.count, recount=recount,
        evaluation=evaluation, window=Window(told.window_from, told.window_to),
    )  # fmt: skip
