"""The rules of koll.toml, read and checked: refused at load when they could not work.

``read_rule`` turns one ``[[rule]]`` table into its class; ``check_rules`` finds what only shows between rules, sources
and recipient groups. Every fault is a line; nothing stops at the first one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from models.alerting.rule_types import (
    MEMBERS,
    OPERATORS,
    AlertsConfig,
    CountingRule,
    DeadlineRule,
    EventRule,
    FirstRule,
    FollowUpRule,
    LimitRule,
    RankRule,
    RiseRule,
    Rule,
    RuleConfig,
    ShareRule,
    SourceLateRule,
    SourceOddRule,
    Threshold,
    WindowKind,
)

__all__ = [
    "MEMBERS",
    "OPERATORS",
    "AlertsConfig",
    "CountingRule",
    "DeadlineRule",
    "EventRule",
    "FirstRule",
    "FollowUpRule",
    "LimitRule",
    "RankRule",
    "RiseRule",
    "Rule",
    "RuleConfig",
    "ShareRule",
    "SourceLateRule",
    "SourceOddRule",
    "Threshold",
    "WindowKind",
    "check_rules",
    "read_rule",
]

_TYPES: Mapping[str, type[RuleConfig]] = {
    "limit": LimitRule,
    "rise": RiseRule,
    "rank": RankRule,
    "share": ShareRule,
    "first": FirstRule,
    "event": EventRule,
    "follow_up": FollowUpRule,
    "deadline": DeadlineRule,
    "source_late": SourceLateRule,
    "source_odd": SourceOddRule,
}


def read_rule(table: Mapping[str, object]) -> RuleConfig:
    """Turn one ``[[rule]]`` table into its rule.

    Raises ValueError for a type that is not known, and pydantic's ValidationError with all faults of the table.
    """
    if not isinstance(table, Mapping):
        raise ValueError("a rule is a table, written under [[rule]]")
    kind = table.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise ValueError(f"type = {kind!r}: no such rule type; known are {', '.join(sorted(_TYPES))}")
    return _TYPES[kind].model_validate(dict(table))


def check_rules(
    rules: Iterable[RuleConfig | Mapping[str, object]], sources: Iterable[str], groups: Mapping[str, Sequence[str]]
) -> list[str]:
    """Return one line per fault between rules, sources and recipient groups; an empty list when they fit.

    Takes rules, or their tables as they stand in the file: so the faults of a table that ``read_rule`` refuses are
    told in the same breath as its own.
    """
    faults: list[str] = []
    known = sorted(sources)
    seen: set[object] = set()
    for number, rule in enumerate(rules, 1):
        table = rule.model_dump() if isinstance(rule, Rule) else rule
        if not isinstance(table, Mapping):
            continue
        place = f"rule {table.get('id', number)}"
        if "id" in table and table["id"] in seen:
            faults.append(f"{place}: two rules have this id; an id names one rule for good")
        seen.add(table.get("id"))
        faults += [
            f"{place}.{key} = {name!r}: no such source; known are {', '.join(known) or 'none'}"
            for key in ("sources", "source")
            for name in _texts(table.get(key))
            if name not in known
        ]
        deadline = table.get("type") == "deadline"
        asked = [name for name in _texts(table.get("to")) if not (deadline and name == MEMBERS)]
        faults += [f"{place}.to = {name!r}: {why}" for name in asked if (why := _ask(name, groups))]
        if deadline:
            faults += _check_members(place, asked, groups)
    return faults


def _check_members(place: str, staff: Sequence[str], groups: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Say what keeps a deadline rule from writing to members, or from telling staff whom it cannot reach."""
    if MEMBERS in groups:
        yield f"mail.groups.{MEMBERS}: this name means each member's own contact; call the group something else"
    if not staff and not groups.get(OPERATORS):
        yield f"{place}.to: name a group of staff too, or one called {OPERATORS}: it gets the list of who is asked"


def _ask(group: str, groups: Mapping[str, Sequence[str]]) -> str:
    if group == MEMBERS and group not in groups:
        return "only a deadline rule writes to members; name a group under [mail.groups]"
    if group not in groups:
        return f"no such group under [mail.groups]; known are {', '.join(sorted(groups)) or 'none'}"
    return "" if groups[group] else "the group has no address under [mail.groups]"


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for text in value if isinstance(text, str)] if isinstance(value, list | tuple) else []
