"""Where one rule's events are written tonight: the facts every event carries, and how it reaches people."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from models.alerting.evaluation import Decision, Evaluation, Night, Recount, Window
from models.alerting.ledger.ledger import AlertEvent, AlertState, Delivery, Origin, Reason, Standing, What
from models.alerting.rules import AlertsConfig, FollowUpRule, LimitRule, RiseRule, RuleConfig

_ORIGINS = {
    Reason.RULE_INTRODUCED: Origin.SEED,
    Reason.FOUND_IN_BACKFILL: Origin.BACKFILL,
    Reason.CORRECTED_UP: Origin.CORRECTION,
    Reason.RETRACTED: Origin.CORRECTION,
}
_LINES_ONLY = {Reason.RULE_INTRODUCED, Reason.FOUND_IN_BACKFILL}
_QUIET_WITH_A_CASE = {Reason.FIRST, Reason.GREW, Reason.RETURNED}


@dataclass(frozen=True)
class Desk:
    """One rule's desk for a night. ``rule`` is None for rules that are no longer configured.

    ``seeding``: what holds tonight held before anybody looked, so it is told as "rule introduced".
    """

    rule: RuleConfig | None
    alerts: AlertsConfig
    night: Night
    seeding: bool

    @property
    def rule_id(self) -> str:
        """The rule's id, or nothing."""
        return self.rule.id if self.rule else ""

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources the rule speaks of: those it lists, or all."""
        if self.rule is None:
            return ()
        return self.rule.sources or tuple(sorted(self.night.sources))

    def is_member(self, member: str) -> bool:
        """Whether the register knows ``member`` and it has not left by tonight."""
        facts = self.night.members.get(member)
        return facts is not None and (facts.left_on is None or facts.left_on > self.night.business_date)

    def write(
        self,
        state: AlertState,
        kind: What,
        *,
        episode: int | None = None,
        level: int = 0,
        count: int | None = None,
        reason: Reason | None = None,
        origin: Origin | None = None,
        occasion: str = "",
        evaluation: Evaluation | None = None,
        watermark: date | None = None,
        sources: Iterable[str] | None = None,
        window: Window | None = None,
        recount: Recount | None = None,
        note: str = "",
        p: float | None = None,
        expected: float | None = None,
        delivery: Delivery | None = None,
        groups: tuple[str, ...] = (),
    ) -> AlertEvent:
        """Return one event about ``state``'s alert with everything the night and the rule say about it."""
        told = state.told
        window = window or (evaluation.window if evaluation else None)
        names = sources if sources is not None else self.sources
        test = evaluation.test if evaluation else None
        return AlertEvent(
            *state.key,
            episode=state.episode if episode is None else episode,
            kind=kind,
            level=level,
            occasion=occasion,
            run_id=self.night.run_id,
            at=self.night.now,
            business_date=self.night.business_date,
            known_at=self.night.known_at,
            origin=origin or (_ORIGINS.get(reason) if reason else None) or self._usual_origin(),
            config_hash=self.rule.version() if self.rule else "",
            reason=reason,
            delivery=delivery or self._choose_delivery(state, reason, evaluation),
            muted=reason is not None and state.is_silenced(self.night.business_date),
            count=evaluation.count if evaluation and count is None else count,
            count_before=told.count if told and state.active else None,
            level_before=told.level if told and state.active else 0,
            told_before=told.business_date if told and state.active else None,
            window_from=window.start if window else None,
            window_to=window.end if window else None,
            watermark=evaluation.watermark if evaluation else watermark,
            sources=self._show_sources(names),
            changes=_show_changes(recount) or self._show_moved(reason, evaluation),
            p=test.p if test else p,
            q=test.q if test else None,
            expected=test.expected if test else expected,
            previous_event_id=told.event_id if told else None,
            groups=groups or (self.rule.staff if self.rule else ()),
            note=note,
        )

    def remind(self, state: AlertState, evaluation: Evaluation | None = None) -> Iterator[AlertEvent]:
        """Ask again when nobody has answered for one of the reminder days; a missed night is caught up once."""
        if state.standing is not Standing.OPEN or state.asked_on is None or self._has_case(state):
            return
        if state.is_silenced(self.night.business_date):
            return
        waited = (self.night.business_date - state.asked_on).days
        due = max((day for day in self.alerts.reminder_days if day <= waited), default=0)
        if due > state.reminded:
            told = state.told
            yield self.write(
                state,
                What.REMINDED,
                level=state.level,
                count=told.count if told and evaluation is None else None,
                evaluation=evaluation,
                reason=Reason.REMINDER,
                occasion=f"{state.asked_on} day {due}",
            )

    def open_decision(self, state: AlertState, decision: Decision, through: date) -> AlertEvent:
        """Return the event of one board case that was not known as this member's."""
        horizon = through - timedelta(days=self.alerts.late_horizon_days)
        reason = Reason.EVENT
        if self.seeding:
            reason = Reason.RULE_INTRODUCED
        elif decision.moved:
            reason = Reason.CORRECTED_UP
        elif decision.decided_on is not None and decision.decided_on < horizon:
            reason = Reason.FOUND_IN_BACKFILL
        return self.write(
            state, What.OPENED, episode=state.episode + 1, reason=reason, watermark=through, note=decision.outcome.value
        )

    def _show_moved(self, reason: Reason | None, evaluation: Evaluation | None) -> tuple[dict[str, str], ...]:
        if reason is not Reason.CORRECTED_UP or evaluation is None:
            return ()
        return tuple({"sign": "+", **vars(row)} for row in evaluation.moved_rows)

    def _usual_origin(self) -> Origin:
        return Origin.SEED if self.seeding else Origin.NORMAL

    def _has_case(self, state: AlertState) -> bool:
        """Whether an open case asks already; a follow-up is what such a case asks."""
        facts = self.night.members.get(state.key.member)
        return facts is not None and facts.open_case is not None and not isinstance(self.rule, FollowUpRule)

    def _choose_delivery(
        self, state: AlertState, reason: Reason | None, evaluation: Evaluation | None
    ) -> Delivery | None:
        if reason is None:
            return None
        if reason is Reason.RESOLVED:
            return Delivery.WEEKLY
        if reason in _LINES_ONLY or (reason in _QUIET_WITH_A_CASE and self._case_quiets(state, evaluation)):
            return Delivery.DIGEST
        return Delivery.SINGLE

    def _case_quiets(self, state: AlertState, evaluation: Evaluation | None) -> bool:
        """An open case already asks for this member's decision, until complaints come in after its deadline."""
        facts = self.night.members.get(state.key.member)
        if not isinstance(self.rule, LimitRule | RiseRule) or facts is None or facts.open_case is None:
            return False
        deadline = facts.open_case.deadline
        newest = evaluation.newest_received if evaluation else None
        return deadline is None or newest is None or newest <= deadline

    def _show_sources(self, names: Iterable[str]) -> dict[str, dict[str, str | bool | None]]:
        return {
            name: {
                "complete_through": source.complete_through.isoformat() if source.complete_through else None,
                "late": source.late,
            }
            for name in sorted(set(names))
            if (source := self.night.sources.get(name))
        }


def _show_changes(recount: Recount | None) -> tuple[dict[str, str], ...]:
    if recount is None:
        return ()
    rows: Sequence[tuple[str, Iterable[object]]] = (("-", recount.removed), ("+", recount.added))
    return tuple({"sign": sign, **vars(row)} for sign, changed in rows for row in changed)
