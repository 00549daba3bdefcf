"""When a rule looks at the register with new eyes: what it finds then is no news."""

from collections.abc import Mapping

from models.alerting.evaluation import SourceState
from models.alerting.ledger.ledger import AlertEvent, What
from models.alerting.rules import DeadlineRule, FollowUpRule, RuleConfig, SourceLateRule, SourceOddRule


def list_readable(rule: RuleConfig, sources: Mapping[str, SourceState]) -> list[str]:
    """Return the rule's sources that have been read."""
    names = rule.sources or tuple(sources)
    return sorted(name for name in names if name in sources and sources[name].complete_through)


def find_novelty(rule: RuleConfig, sources: Mapping[str, SourceState], mark: AlertEvent | None) -> str:
    """Say why what the rule finds tonight goes into one digest, or nothing when it is news.

    So it is with a new rule, with a changed one, and when one of its sources has been read for the first time. A late
    or an odd source is news whenever it is so, and a follow-up whenever it is due. A deadline rule reads no source of
    complaints. ``mark`` is the last event about the rule itself.
    """
    asking = isinstance(rule, DeadlineRule)
    readable = [] if asking else list_readable(rule, sources)
    if isinstance(rule, FollowUpRule | SourceLateRule | SourceOddRule) or not (readable or asking):
        return ""
    if mark is None or mark.kind is What.REMOVED:
        return "new"
    if mark.config_hash != rule.version():
        return "changed"
    fresh = [name for name in readable if name not in mark.sources]
    return f"source {', '.join(fresh)}" if fresh else ""
