"""The deadline rule: one alert per member and year, told at each reminder day, over as soon as it has come in.

clear ── first reminder day, nothing accepted ──► open ── next reminder day ──► open, told again
  ▲                                               │
  └───────────── accepted, or no longer owed ─────┘

The level of an alert is the last reminder day reached, in days from the due date. A night that was missed is caught up
once, with the newest day. What has been due for long when the rule first looks is history. What waits in quarantine is
ours to look at, so its member is not written to.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from models.alerting.evaluation import Due, MemberFacts
from models.alerting.ledger.desk import Desk
from models.alerting.ledger.ledger import AlertEvent, AlertKey, AlertState, Delivery, Origin, Reason, Standing, What
from models.alerting.rule_types import MEMBERS, DeadlineRule

States = Mapping[AlertKey, AlertState]
_LONG_PAST = 180  # days after the last reminder day
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]{1,64}@[^\s<>()\[\],;:\"@]+\.[^\s<>()\[\],;:\"@]{2,}")


def decide_deadlines(desk: Desk, rule: DeadlineRule, states: States) -> Iterator[AlertEvent]:
    """Yield what is new about what members owe; nothing while it is not known what has come in."""
    if desk.night.dues is None:
        return
    owed = set()
    for due in desk.night.dues:
        if due.rule_id == rule.id and desk.is_member(due.member):
            key = key_of(due)
            owed.add(key)
            yield from _decide_due(desk, rule, due, states.get(key) or AlertState(key))
    for key, state in states.items():
        if key.rule_id == rule.id and state.active and key not in owed and desk.is_member(key.member):
            yield desk.write(state, What.RESOLVED, level=state.level, note="not_owed", sources=[])


def key_of(due: Due) -> AlertKey:
    """Return the alert about what is owed: rule, member, year."""
    return AlertKey(due.rule_id, due.member, "", str(due.year))


def _decide_due(desk: Desk, rule: DeadlineRule, due: Due, state: AlertState) -> Iterator[AlertEvent]:
    if due.received_on is not None:
        if state.active:
            told = state.told is not None and state.standing is not Standing.CLOSED
            yield desk.write(state, What.RESOLVED, level=state.level, reason=Reason.RESOLVED if told else None,
                             note="received", sources=[])  # fmt: skip
        return
    reached = reach(rule, due, desk)
    if reached is None or state.standing is Standing.CLOSED:
        return
    if not state.active:
        if (desk.night.business_date - due.on).days > rule.remind_days[-1] + _LONG_PAST:
            return
        yield _ask(desk, rule, due, state, What.OPENED, reached)
    elif reached > state.level:
        yield _ask(desk, rule, due, state, What.RAISED, reached)
    elif state.missed and not state.is_silenced(desk.night.business_date):
        assert state.silenced_until is not None
        yield _ask(desk, rule, due, state, What.UNMUTED, reached, occasion=state.silenced_until.isoformat())


def reach(rule: DeadlineRule, due: Due, desk: Desk) -> int | None:
    """Return the last reminder day that has come, or None."""
    passed = (day for day in rule.remind_days if due.on + timedelta(days=day) <= desk.night.business_date)
    return max(passed, default=None)


def remind_now(desk: Desk, rule: DeadlineRule, due: Due, state: AlertState, by: str) -> AlertEvent:
    """Return the reminder of one member that a person asks for, whatever the day; twice on one day it is the same."""
    today = desk.night.business_date
    event = desk.write(
        state, What.REMINDED, level=state.level, occasion=f"{today} by hand 0", count=max(0, (today - due.on).days),
        reason=Reason.DEADLINE, delivery=Delivery.DIGEST, origin=Origin.MANUAL, note=due.on.isoformat(), sources=[],
        groups=(MEMBERS,),
    )  # fmt: skip
    return replace(event, by=by, muted=False)


def _ask(
    desk: Desk, rule: DeadlineRule, due: Due, state: AlertState, kind: What, level: int, occasion: str = ""
) -> AlertEvent:
    """Return the event that asks for what is owed: of the member when it can be reached, and in the staff's list.

    What was late before the rule was there is told to staff only; they can have it reminded of by hand.
    """
    member = desk.night.members[due.member]
    groups = rule.staff
    if MEMBERS in rule.to and can_be_reached(member) and not (desk.seeding or due.waiting):
        groups = (MEMBERS, *groups)
    return desk.write(
        state, kind, episode=state.episode + (kind is What.OPENED), level=level, occasion=occasion,
        count=max(0, (desk.night.business_date - due.on).days),
        reason=Reason.RULE_INTRODUCED if desk.seeding else Reason.DEADLINE, delivery=Delivery.DIGEST,
        note=due.on.isoformat(), sources=[], groups=groups,
    )  # fmt: skip


def can_be_reached(member: MemberFacts) -> bool:
    """Tell whether the register has an address that mail can be sent to."""
    return member.contact is not None and _ADDRESS.fullmatch(member.contact) is not None
