"""What the rules about counts share: why an alert begins, what a silence has kept back, and how it ends."""

from collections.abc import Iterator

from models.alerting.evaluation import Evaluation
from models.alerting.ledger.desk import Desk
from models.alerting.ledger.ledger import AlertEvent, AlertState, Reason, Standing, What

# The order in which the reasons that a silence kept back are told: the first that holds names the mail.
STRONGEST = (Reason.FIRST, Reason.RETURNED, Reason.HIGHER_LEVEL, Reason.CORRECTED_UP, Reason.FOUND_IN_BACKFILL,
             Reason.RULE_INTRODUCED, Reason.GREW)  # fmt: skip


def why_begun(desk: Desk, state: AlertState, *, without_late: bool, without_moved: bool) -> Reason:
    """Say why an alert begins: the rule is new, rows moved here, an old import, or what it looks like.

    ``without_late`` and ``without_moved``: whether it would have begun without those rows.
    """
    if desk.seeding:
        return Reason.RULE_INTRODUCED
    if not without_moved:
        return Reason.CORRECTED_UP
    if not without_late:
        return Reason.FOUND_IN_BACKFILL
    return Reason.RETURNED if state.was_closed else Reason.FIRST


def begin(desk: Desk, evaluation: Evaluation, state: AlertState, reason: Reason) -> AlertEvent:
    """Return the event that opens an episode."""
    return desk.write(state, What.OPENED, episode=state.episode + 1, reason=reason, evaluation=evaluation)


def tell_after_silence(
    desk: Desk, evaluation: Evaluation, state: AlertState, *, still: bool
) -> Iterator[AlertEvent]:  # fmt: skip
    """Tell what a silence that is over has kept back, if it ``still`` holds."""
    if not state.missed or state.is_silenced(desk.night.business_date) or not still:
        return
    assert state.silenced_until is not None
    reason = next(one for one in STRONGEST if one in state.missed)
    yield desk.write(
        state, What.UNMUTED, level=state.level, reason=reason, evaluation=evaluation,
        occasion=state.silenced_until.isoformat(),
    )  # fmt: skip


def clear(desk: Desk, evaluation: Evaluation, state: AlertState, *, over: bool, runs: int) -> Iterator[AlertEvent]:
    """Count complete nights on which the condition is ``over``; after ``runs`` of them the alert is resolved."""
    night = desk.night.business_date
    if not over:
        if state.below:
            yield desk.write(state, What.RECOVERED, evaluation=evaluation, occasion=night.isoformat())
    elif not evaluation.stale and (state.below_on is None or state.below_on < night):
        yield desk.write(state, What.BELOW, evaluation=evaluation, occasion=night.isoformat())
        if state.below + 1 >= runs:
            told = state.told is not None and state.standing is not Standing.CLOSED
            reason = Reason.RESOLVED if told else None
            yield desk.write(state, What.RESOLVED, level=state.level, reason=reason, evaluation=evaluation)
