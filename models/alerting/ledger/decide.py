"""What is new tonight: a pure function of rules, tonight's counts and the ledger. Run again, it finds nothing.

Missing data can hide complaints, never invent them: so a late source never resolves, retracts or clears anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from models.alerting.budget import find_budget, name_budget
from models.alerting.evaluation import Decision, Night
from models.alerting.kinds.deadlines import decide_deadlines
from models.alerting.kinds.follow_ups import decide_follow_ups
from models.alerting.kinds.limits import decide_limit
from models.alerting.kinds.novelty import find_novelty, list_readable
from models.alerting.kinds.places import decide_firsts, decide_ranks, decide_shares
from models.alerting.kinds.rises import decide_rises
from models.alerting.kinds.sources_told import decide_late_sources, decide_odd_sources
from models.alerting.ledger.desk import Desk
from models.alerting.ledger.ledger import AlertEvent, AlertKey, AlertState, Reason, Standing, What, fold, rule_marks
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
    SourceLateRule,
    SourceOddRule,
)
from models.words import Verdict

States = Mapping[AlertKey, AlertState]


def decide(
    rules: Sequence[RuleConfig], alerts: AlertsConfig, night: Night, ledger: Sequence[AlertEvent]
) -> list[AlertEvent]:
    """Return tonight's events, in the order in which they belong into the ledger.

    ``ledger`` is everything written so far, oldest first. The same arguments give the same events, and with those
    events added to the ledger none.
    """
    states = fold(ledger)
    marks = rule_marks(ledger)
    events = list(_drop_removed_rules({rule.id for rule in rules}, alerts, night, states, marks))
    for rule in rules:
        events += _decide_rule(rule, alerts, night, ledger, states, marks)
    return events


def decide_reminders(
    rules: Sequence[RuleConfig], alerts: AlertsConfig, night: Night, ledger: Sequence[AlertEvent]
) -> list[AlertEvent]:
    """Return what the deadline rules alone would say tonight: for whoever does not want to wait for the night."""
    states, marks = fold(ledger), rule_marks(ledger)
    asking = [rule for rule in rules if isinstance(rule, DeadlineRule)]
    return [event for rule in asking for event in _decide_rule(rule, alerts, night, ledger, states, marks)]


def _decide_rule(
    rule: RuleConfig,
    alerts: AlertsConfig,
    night: Night,
    ledger: Sequence[AlertEvent],
    states: States,
    marks: Mapping[str, AlertEvent],
) -> list[AlertEvent]:
    events: list[AlertEvent] = []
    mark = marks.get(rule.id)
    introduction = _introduce(rule, alerts, night, mark)
    desk = Desk(rule, alerts, night, seeding=introduction is not None)
    if introduction is not None:
        events.append(introduction)
    events += _leave(desk, states)
    match rule:
        case LimitRule():
            events += decide_limit(desk, rule, states)
        case RiseRule():
            events += _note_budget(desk, rule, ledger)
            events += decide_rises(desk, rule, states)
        case RankRule():
            events += decide_ranks(desk, rule, states)
        case ShareRule():
            events += decide_shares(desk, rule, states)
        case FirstRule():
            events += decide_firsts(desk, rule, states)
        case EventRule():
            events += _decide_decisions(desk, rule, states)
        case FollowUpRule():
            events += decide_follow_ups(desk, rule, states)
        case DeadlineRule():
            events += decide_deadlines(desk, rule, states)
        case SourceLateRule():
            events += decide_late_sources(desk, rule, states)
        case SourceOddRule():
            events += decide_odd_sources(desk, rule, states)
    return events


def _introduce(rule: RuleConfig, alerts: AlertsConfig, night: Night, mark: AlertEvent | None) -> AlertEvent | None:
    """Return the event that says why what the rule finds tonight is no news, if it is not."""
    note = find_novelty(rule, night.sources, mark)
    if not note or (isinstance(rule, DeadlineRule) and night.dues is None):
        return None
    state = AlertState(AlertKey(rule.id, "", ""), episode=mark.episode if mark else 0)
    return Desk(rule, alerts, night, seeding=True).write(
        state, What.INTRODUCED, episode=state.episode + 1, note=note, sources=list_readable(rule, night.sources)
    )


def _drop_removed_rules(
    kept: set[str], alerts: AlertsConfig, night: Night, states: States, marks: Mapping[str, AlertEvent]
) -> Iterator[AlertEvent]:
    desk = Desk(None, alerts, night, seeding=False)
    for rule_id, mark in marks.items():
        if rule_id not in kept and mark.kind is What.INTRODUCED:
            state = AlertState(AlertKey(rule_id, "", ""), episode=mark.episode)
            yield desk.write(state, What.REMOVED)
    for key, state in states.items():
        if key.rule_id not in kept and state.active:
            yield desk.write(state, What.CLOSED, level=state.level, note="rule_removed")


def _note_budget(desk: Desk, rule: RiseRule, ledger: Sequence[AlertEvent]) -> Iterator[AlertEvent]:
    """Write down the p that keeps the rule within its budget, on the night it was found anew."""
    found = desk.night.budgets.get(rule.id)
    if found is not None and find_budget(ledger, rule, desk.alerts, desk.night.business_date) is None:
        state = AlertState(AlertKey(rule.id, "", ""))
        occasion = name_budget(rule, desk.alerts, desk.night.business_date)
        yield desk.write(state, What.CALIBRATED, p=found, expected=desk.alerts.false_alerts_per_year, occasion=occasion)


def _leave(desk: Desk, states: States) -> Iterator[AlertEvent]:
    """Close the alerts of members who have left or are no longer listed; the weekly digest lists them."""
    if isinstance(desk.rule, SourceLateRule | SourceOddRule) or not desk.night.members:
        return
    for key, state in states.items():
        if key.rule_id == desk.rule_id and key.member and state.active and not desk.is_member(key.member):
            reason = None if state.standing is Standing.CLOSED else Reason.RESOLVED
            yield desk.write(state, What.CLOSED, level=state.level, note="member_left", reason=reason)


def _decide_decisions(desk: Desk, rule: EventRule, states: States) -> Iterator[AlertEvent]:
    """One event per board case and member, at however many addresses; gone or decided otherwise, it is retracted."""
    source = desk.night.sources.get(rule.source)
    if source is None or source.complete_through is None:
        return
    found: dict[AlertKey, Decision] = {}
    for decision in desk.night.decisions:
        if decision.source == rule.source and decision.outcome in rule.outcomes and desk.is_member(decision.member):
            found.setdefault(AlertKey(rule.id, decision.member, "any", decision.case_number), decision)
    for key, decision in found.items():
        state = states.get(key) or AlertState(key)
        if not state.active:
            yield desk.open_decision(state, decision, source.complete_through)
        else:
            yield from (replace(reminder, note=decision.outcome.value) for reminder in desk.remind(state))
    if source.late or source.verdict == Verdict.BROKEN:
        return
    for key, state in states.items():
        if key.rule_id == rule.id and state.active and key not in found and desk.is_member(key.member):
            reason = None if desk.seeding else Reason.RETRACTED
            kind = What.RESOLVED if desk.seeding else What.RETRACTED
            yield desk.write(state, kind, reason=reason, watermark=source.complete_through)
