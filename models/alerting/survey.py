"""What measuring one night works with: the database, the sources, the moment, who is a member, what runs already."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from sqlalchemy import Connection

from models.alerting.evaluation import MemberFacts, SourceState, find_watermark
from models.alerting.kinds.novelty import find_novelty
from models.alerting.ledger.ledger import (
    AlertedWindow,
    AlertEvent,
    AlertKey,
    AlertState,
    alerted_windows,
    fold,
    rule_marks,
)
from models.alerting.measuring.counts import find_touched
from models.alerting.moment import Moment
from models.alerting.rules import AlertsConfig, RuleConfig


@dataclass
class Survey:
    """One night being measured. Everything on it is looked up at most once."""

    connection: Connection
    alerts: AlertsConfig
    sources: Mapping[str, SourceState]
    moment: Moment
    members: Mapping[str, MemberFacts]
    ledger: Sequence[AlertEvent]

    @cached_property
    def present(self) -> frozenset[str]:
        """Who is in the register tonight."""
        on = self.moment.business_date
        return frozenset(m.member for m in self.members.values() if m.left_on is None or m.left_on > on)

    @cached_property
    def states(self) -> dict[AlertKey, AlertState]:
        """Where every alert stands."""
        return fold(self.ledger)

    @cached_property
    def told(self) -> dict[AlertKey, AlertedWindow]:
        """The window last told of each running alert that is about a count."""
        return {told.key: told for told in alerted_windows(self.states)}

    @cached_property
    def touched(self) -> dict[str, datetime]:
        """Members from whose counts something was taken since the oldest mail about a running alert."""
        told = [window.known_at for window in self.told.values()]
        return find_touched(self.connection, min(told)) if told else {}

    @cached_property
    def running(self) -> dict[str, dict[AlertKey, AlertedWindow | None]]:
        """Each rule's running alerts, with the window last told of each that is about a count."""
        by_rule: defaultdict[str, dict[AlertKey, AlertedWindow | None]] = defaultdict(dict)
        for key, state in self.states.items():
            if state.active:
                by_rule[key.rule_id][key] = self.told.get(key)
        return by_rule

    @cached_property
    def marks(self) -> dict[str, AlertEvent]:
        """What was last said of each rule itself."""
        return rule_marks(self.ledger)

    def attended(self, rule: RuleConfig) -> Mapping[AlertKey, AlertedWindow | None]:
        """Return a rule's running alerts, with the window last told of each that is about a count."""
        return self.running.get(rule.id, {})

    def was_touched(self, told: AlertedWindow) -> bool:
        """Whether the days of a mail can have fewer complaints by now than it said."""
        last = self.touched.get(told.key.member)
        return last is not None and last > told.known_at

    def is_novel(self, rule: RuleConfig) -> bool:
        """Whether the rule looks with new eyes tonight: then nobody asks whether what it finds is news."""
        return bool(find_novelty(rule, self.sources, self.marks.get(rule.id)))

    def open_sources(self, rule: RuleConfig) -> tuple[tuple[str, ...], date | None, bool]:
        """Return (sources the rule counts on, its watermark, whether one of them is late)."""
        names = rule.sources or tuple(sorted(self.sources))
        return names, *find_watermark(names, self.sources)

    def horizon(self, watermark: date) -> date:
        """Return the day before which what only arrives now is history."""
        return watermark - timedelta(days=self.alerts.late_horizon_days)
