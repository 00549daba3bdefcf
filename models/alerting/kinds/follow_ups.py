"""The follow_up rule: told when a demand's follow-up is due, whatever it shows, and again until it has been done."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from models.alerting.evaluation import Window
from models.alerting.ledger.desk import Desk
from models.alerting.ledger.ledger import AlertEvent, AlertKey, AlertState, Reason, What
from models.alerting.rules import FollowUpRule


def decide_follow_ups(desk: Desk, rule: FollowUpRule, states: Mapping[AlertKey, AlertState]) -> Iterator[AlertEvent]:
    """Yield one event for each demand that is due; a next step in its case ends the alert without a mail."""
    waiting = set()
    for due in desk.night.follow_ups:
        key = AlertKey(rule.id, due.member, "any", due.subject)
        waiting.add(key)
        state = states.get(key) or AlertState(key)
        found, after = due.comparison["channels"]["any"], due.comparison["after"]
        if not desk.is_member(due.member):
            continue
        if not state.active:
            yield desk.write(
                state, What.OPENED, episode=state.episode + 1, reason=Reason.FOLLOW_UP_DUE, count=found["after"],
                expected=found["expected"], p=min(found["p_fall"], found["p_rise"]) if after else None,
                window=Window.read(after) if after else None, sources=due.comparison["sources"], note=found["verdict"],
            )  # fmt: skip
        else:
            for reminder in desk.remind(state):
                yield replace(reminder, note=found["verdict"], count=found["after"])
    for key, state in states.items():
        if key.rule_id == rule.id and state.active and key not in waiting and desk.is_member(key.member):
            yield desk.write(state, What.RESOLVED, note="step_taken")
