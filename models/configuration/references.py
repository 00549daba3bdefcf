"""What one table of koll.toml names of another: sources, groups and channels that have to be there."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.alerting.rules import check_rules
from models.configuration.faults import show

_DECLARATIONS = "declarations"  # the one kind of source that tells of no complaints, so that no rule counts on it


def check_references(tables: Mapping[str, Any]) -> list[str]:
    """Return a line for each source, group or channel that a table names and that another should hold."""
    return [*_check_rules(tables), *_check_cases(tables)]


def _check_rules(tables: Mapping[str, Any]) -> list[str]:
    """Compare the rules with sources and groups as they stand in the file, faulty or not."""
    mail, sources, rules = (tables.get(key) for key in ("mail", "sources", "rule"))
    groups = mail.get("groups") if isinstance(mail, dict) else None
    listed = groups if isinstance(groups, dict) else {}
    readable = (
        [table for table in rules if isinstance(table, dict) and isinstance(table.get("id", ""), str)]
        if isinstance(rules, list)
        else []
    )
    kinds = {
        name: table.get("kind") if isinstance(table, dict) else None
        for name, table in (sources.items() if isinstance(sources, dict) else ())
    }
    telling = [name for name, kind in kinds.items() if kind != _DECLARATIONS]
    faults = check_rules(readable, telling, listed) + list(_check_channels(tables.get("alerts"), listed))
    if len(telling) == len(kinds):
        faults += [
            f"rule {table.get('id')}: it asks for declarations, so a [sources.NAME] of kind {_DECLARATIONS!r} is needed"
            for table in readable
            if table.get("type") == "deadline"
        ]
    return faults


def _check_channels(alerts: Any, groups: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the groups whose alerts a channel gets too."""
    channels = alerts.get("channels") if isinstance(alerts, dict) else None
    for name, told in channels.items() if isinstance(channels, dict) else ():
        for group in told if isinstance(told, list) else ():
            if group not in groups:
                known = ", ".join(sorted(groups)) or "none"
                yield f"alerts.channels.{name} = {group!r}: no such group under [mail.groups]; known are {known}"


def _check_cases(tables: Mapping[str, Any]) -> Iterator[str]:
    """Yield a fault for each source that cases should count and that is not configured."""
    cases, sources = tables.get("cases"), tables.get("sources")
    names = cases.get("sources") if isinstance(cases, dict) else None
    known = sorted(sources) if isinstance(sources, dict) else []
    for name in names if isinstance(names, list) else []:
        if name not in known:
            yield f"cases.sources = {show(name)}: no such source; known are {', '.join(known) or 'none'}"
