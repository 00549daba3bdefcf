"""What a mail shows of one member under one rule: looked up only for those a mail will speak of."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Table, func, select, tuple_

from models.alerting.evaluation import Findings, MemberFacts, Night, Rank, SourceState, Window, find_watermark
from models.alerting.ledger.ledger import AlertEvent, fold
from models.alerting.rules import EventRule, LimitRule, RankRule, RiseRule, RuleConfig, ShareRule
from models.counting import (
    Scope,
    Tally,
    count_members,
    count_possible,
    count_weeks,
    list_counted,
    list_ranks,
    newest_by_member,
    rank_companies,
    rank_members,
)
from models.matching.duplicates import LinkKind
from models.storage.tables import Complaint, Declaration, EventLink
from models.words import Band, Kind, Outcome, Status

_C: Table = Complaint.__table__  # type: ignore[attr-defined]
_D: Table = Declaration.__table__  # type: ignore[attr-defined]
_L: Table = EventLink.__table__  # type: ignore[attr-defined]
_CHUNK = 400  # pairs a query: engines bound the number of values
_YEAR = 365  # days shown for rules that count nothing themselves


def look_up_findings(
    connection: Connection,
    wanted: Iterable[tuple[str, str]],
    rules: Mapping[str, RuleConfig],
    night: Night,
    ledger: list[AlertEvent],
    country: str | None,
) -> dict[tuple[str, str], Findings]:
    """Return the findings of each wanted (rule_id, member); ``country`` is the source that names all companies."""
    told = {(key.rule_id, key.member): state.told for key, state in fold(ledger).items() if state.told}
    scopes: dict[str, tuple[Scope, dict[str, Tally], str] | None] = {}
    found = {}
    for rule_id, member in sorted(wanted):
        if isinstance(rules[rule_id], EventRule):  # its letter is about one decision and shows no count
            found[rule_id, member] = Findings(0, **_look_beside(connection, member))
            continue
        if rule_id not in scopes:
            scopes[rule_id] = _count(connection, rules[rule_id], night.sources)
        counted = scopes[rule_id]
        if counted is None:
            continue
        scope, tallies, channel = counted
        tally = tallies.get(member, Tally())
        since = told.get((rule_id, member))
        new = _list_new(connection, scope, member, channel, since) if since else []
        found[rule_id, member] = Findings(
            total=tally.total,
            by_source=dict(tally.by_source),
            by_channel=dict(tally.by_channel),
            by_source_channel=_count_by_source(connection, scope, member),
            ranks=_rank(connection, scope, tallies, member, country, night.sources),
            weekly=tuple(count_weeks(connection, scope, member, channel, _list_gaps(scope, night.sources))),
            newest_received=newest_by_member(connection, scope).get(member),
            new_by_source=dict(Counter(source for source, _ in new)),
            new_before_step=_count_before_step(connection, new, night.members.get(member)),
            waiting_for_review=_count_review(connection, member),
            linked=_count_linked(connection, scope, member),
            perhaps_linked=count_possible(connection, scope).get(member, 0),
            weekly_by_channel=_count_channels(connection, scope, member, rules[rule_id], night.sources),
            **_look_beside(connection, member),
        )
    return found


def _look_beside(connection: Connection, member: str) -> dict[str, Any]:
    """Return what else is known of a member, whatever the letter is about."""
    return {
        "open_board_cases": _list_board_cases(connection, member),
        "declared": _find_declared(connection, member),
    }


def _count(
    connection: Connection, rule: RuleConfig, sources: Mapping[str, SourceState]
) -> tuple[Scope, dict[str, Tally], str] | None:
    names = rule.sources or tuple(sorted(sources))
    watermark, _ = find_watermark(names, sources)
    if watermark is None:
        return None
    if isinstance(rule, LimitRule | RankRule | ShareRule):
        scope = Scope(rule.window.ending(watermark), names, rule.date)
        channel = "any" if isinstance(rule, RankRule) else str(rule.channel)
    else:
        scope, channel = Scope(Window(watermark - timedelta(days=_YEAR - 1), watermark), names), "any"
    return scope, count_members(connection, scope), channel


def _rank(
    connection: Connection,
    scope: Scope,
    tallies: Mapping[str, Tally],
    member: str,
    country: str | None,
    sources: Mapping[str, SourceState],
) -> tuple[Rank, ...]:
    """Rank among all companies where a source of the rule names them, else among members; never on missing data."""
    names = scope.sources or ()
    if country in names and not sources[country].late:
        return list_ranks(rank_companies(connection, scope, country), member, sources[country].title)
    if any(sources[name].late for name in names if name in sources):
        return ()
    return list_ranks(rank_members(tallies), member, None)


def _list_gaps(scope: Scope, sources: Mapping[str, SourceState]) -> list[date]:
    return [day for name in scope.sources or () if name in sources for day in sources[name].missing_days]


def _count_channels(
    connection: Connection, scope: Scope, member: str, rule: RuleConfig, sources: Mapping[str, SourceState]
) -> dict[str, tuple[int | None, ...]]:
    """Return the weeks of each channel, for rules on several."""
    if not isinstance(rule, RiseRule | RankRule):
        return {}
    gaps = _list_gaps(scope, sources)
    return {str(name): tuple(count_weeks(connection, scope, member, name, gaps)) for name in rule.channels}


def _count_by_source(connection: Connection, scope: Scope, member: str) -> dict[str, dict[str, int]]:
    """Return each source's own figures by channel: what its publisher could check."""
    counts: dict[str, Counter[str]] = {}
    for source, _, _, channel in list_counted(connection, scope, member):
        counts.setdefault(source, Counter())[channel] += 1
    return {source: dict(counter) for source, counter in counts.items()}


def _list_new(
    connection: Connection, scope: Scope, member: str, channel: str, told: AlertEvent
) -> list[tuple[str, str]]:
    """Return (source, source_id) of the complaints in the rule's channel that were added since the last mail."""
    then = {row[:2] for row in list_counted(connection, replace(scope, known_at=told.known_at), member)}
    rows = list_counted(connection, scope, member)
    return [row[:2] for row in rows if row[:2] not in then and channel in ("any", row[3])]


def _count_before_step(connection: Connection, new: Sequence[tuple[str, str]], facts: MemberFacts | None) -> int | None:
    """Return how many of the new ones happened before the open case's last step, by the day of the event alone."""
    if not new or facts is None or facts.open_case is None:
        return None
    _, day = facts.open_case.last_taken
    before, found = _C.c.recorded_to.is_(None) & (_C.c.event_on < day), 0
    for start in range(0, len(new), _CHUNK):
        listed = tuple_(_C.c.source, _C.c.source_id).in_(new[start : start + _CHUNK])
        found += int(connection.execute(select(func.count()).select_from(_C).where(before & listed)).scalar_one())
    return found


def _list_board_cases(connection: Connection, member: str) -> tuple[str, ...]:
    """Return the numbers of the member's cases that a board has not decided yet, newest first."""
    mine = (_C.c.member == member) & (_C.c.band == Band.ACCEPT) & _C.c.recorded_to.is_(None)
    waiting = (_C.c.kind == Kind.DECISION) & (_C.c.outcome == Outcome.UNDECIDED) & (_C.c.status == Status.ACCEPTED)
    asked = select(_C.c.source_id).where(mine & waiting).order_by(_C.c.received_on.desc(), _C.c.source_id)
    return tuple(connection.execute(asked).scalars())


def _find_declared(connection: Connection, member: str) -> tuple[int, date] | None:
    mine = (_D.c.member == member) & _D.c.recorded_to.is_(None)
    asked = select(_D.c.year, _D.c.received_on).where(mine).order_by(_D.c.year.desc()).limit(1)
    row = connection.execute(asked).first()
    return (row.year, row.received_on) if row else None


def _count_linked(connection: Connection, scope: Scope, member: str) -> int:
    """Return how many reports are not counted because they tell of an event that is."""
    second = (_L.c.two_source == _C.c.source) & (_L.c.two_id == _C.c.source_id) & _L.c.recorded_to.is_(None)
    held = (_C.c.member == member) & (_C.c.band == Band.ACCEPT) & _C.c.recorded_to.is_(None)
    within = _C.c.received_on.between(scope.window.start, scope.window.end) & (_C.c.status == Status.ACCEPTED)
    asked = (
        select(func.count()).select_from(_C.join(_L, second)).where(held & within & (_L.c.kind != LinkKind.POSSIBLE))
    )
    return int(connection.execute(asked).scalar_one())


def _count_review(connection: Connection, member: str) -> int:
    waiting = (_C.c.member == member) & (_C.c.band == Band.REVIEW) & _C.c.recorded_to.is_(None)
    asked = select(func.count()).select_from(_C).where(waiting & (_C.c.status == Status.ACCEPTED))
    return int(connection.execute(asked).scalar_one())
