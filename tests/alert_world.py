"""A small world for the tests of alerts and mail: three members, three sources, four rules, and nights to order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flows.mail.compose import Mailing, compose_messages
from flows.mail.sender import MailIdentity
from models.alerting.evaluation import Decision, Evaluation, Findings, MemberFacts, Night, Rank, SourceState
from models.alerting.ledger.decide import decide
from models.alerting.ledger.ledger import AlertEvent, AlertKey, AlertState, fold
from models.alerting.rules import AlertsConfig, LimitRule, RuleConfig, read_rule
from models.alerting.tables import OutboxRow

FIRST_NIGHT = date(2026, 3, 3)
MEMBER = "5590216296"
OTHER = "5560000001"


def limit(**changes: Any) -> RuleConfig:
    table = {
        "id": "total-12m",
        "type": "limit",
        "sources": ["agency", "tips"],
        "window": {"rolling_days": 365},
        "levels": [10, 25, 50, 100],
        "to": ["ethics"],
        "next_step": "notice",
    }
    return read_rule({**table, **changes})


def event(**changes: Any) -> RuleConfig:
    return read_rule({"id": "board-upheld", "type": "event", "source": "board", "to": ["ethics"], **changes})


def source_late(**changes: Any) -> RuleConfig:
    return read_rule({"id": "late", "type": "source_late", "to": ["operators"], **changes})


def phone(**changes: Any) -> RuleConfig:
    return limit(**{"id": "phone-12m", "channel": "phone", "levels": [5, 15, 35], **changes})


def members(*ids: str, **names: str) -> dict[str, MemberFacts]:
    return {id_: MemberFacts(id_, f"Exempel {id_[-2:]} AB") for id_ in (ids or (MEMBER, OTHER))}


@dataclass
class World:
    """Nights one after the other over one ledger. ``counts`` are by (rule_id, member), ``late`` names late sources."""

    rules: list[RuleConfig] = field(default_factory=lambda: [limit()])
    alerts: AlertsConfig = field(default_factory=AlertsConfig)
    ledger: list[AlertEvent] = field(default_factory=list)
    day: date = FIRST_NIGHT
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    members: dict[str, MemberFacts] = field(default_factory=members)
    decisions: list[Decision] = field(default_factory=list)
    late: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    details: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def sources(self) -> dict[str, SourceState]:
        titles = {"agency": "Konsumentmyndigheten", "tips": "Tipslådan", "board": "Etiknämnden"}
        return {name: self._source(name, title) for name, title in titles.items()}

    def _source(self, name: str, title: str) -> SourceState:
        through = None if name in self.unread else self.day - timedelta(days=12 if name in self.late else 1)
        verdict = "broken" if name in self.late | self.unread else "ok"
        return SourceState(name, title, through, self.at(), verdict, name in self.late | self.unread, 10)

    def at(self) -> datetime:
        return datetime.combine(self.day, time(2, 15), UTC)

    def night(self) -> Night:
        evaluations = tuple(
            self._evaluate(rule, member, count)
            for rule in self.rules
            if isinstance(rule, LimitRule)
            for (rule_id, member), count in self.counts.items()
            if rule_id == rule.id
        )
        return Night(
            self.day, f"run-{self.day}", self.at(), self.at(), self.members, self.sources(), evaluations,
            tuple(self.decisions),
        )  # fmt: skip

    def _evaluate(self, rule: LimitRule, member: str, count: int) -> Evaluation:
        watermark = self.day - timedelta(days=1)
        made = Evaluation(
            rule.id, member, rule.channel, count, rule.window.ending(watermark), watermark,
            stale=bool(self.late & set(rule.sources)),
        )  # fmt: skip
        return replace(made, **self.details.get((rule.id, member), {}))

    def decide(self) -> list[AlertEvent]:
        """Decide tonight without writing it."""
        return decide(self.rules, self.alerts, self.night(), self.ledger)

    def run(self, count: int | None = None, *, member: str = MEMBER, rule: str = "total-12m") -> list[AlertEvent]:
        """Set a count, decide, write; every night is decided twice, and the second time must bring nothing."""
        if count is not None:
            self.counts[rule, member] = count
        events = self.decide()
        self.ledger += events
        again = self.decide()
        assert again == [], f"{[one.kind for one in events]} and then {[one.kind for one in again]}"
        return events

    def next(self, days: int = 1) -> "World":
        self.day += timedelta(days=days)
        return self

    def started(self) -> "World":
        """Introduce the rules on an empty register, so that what follows is news."""
        self.run()
        return self.next()

    def state(self, member: str = MEMBER, rule: str = "total-12m", channel: str = "any") -> AlertState:
        return fold(self.ledger)[AlertKey(rule, member, channel)]

    def mailing(self, language: str = "sv", findings: dict[tuple[str, str], Findings] | None = None) -> Mailing:
        return Mailing(self.rules, self.alerts, self.night(), findings or {}, identity(language))

    def mails(self, events: Sequence[AlertEvent], **more: Any) -> list[OutboxRow]:
        return compose_messages(events, self.mailing(**more))


def identity(language: str = "sv", **groups: list[str]) -> MailIdentity:
    return MailIdentity(
        association="Kontakta",
        language="sv" if language == "sv" else "en",
        timezone="Europe/Stockholm",
        sender="koll@example.org",
        groups=groups or {"ethics": ["etik@example.org"], "operators": ["drift@example.org"]},
        key=b"secret",
        bounce="studs@example.org",
        reply_to="arenden@example.org",
    )


def told(events: Iterable[AlertEvent]) -> list[str]:
    """Return why mail goes out, of those events that anybody hears of."""
    return [event.reason.value for event in events if event.reason and not event.muted]


REAL_CASE = Findings(
    total=113,
    by_source={"agency": 112, "tips": 1},
    by_channel={"phone": 37, "unknown": 62, "other": 14},
    by_source_channel={"agency": {"phone": 36, "unknown": 62, "other": 14}, "tips": {"phone": 1}},
    ranks=(Rank("any", 1, 214, "country", "Konsumentmyndigheten"), Rank("phone", 2, 61, "members")),
    weekly=(*range(12), None, *range(13)),
    newest_received=date(2026, 3, 1),
    new_by_source={"agency": 93, "tips": 1},
)
