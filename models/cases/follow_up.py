"""Have the complaints continued? The time after a demand beside the year up to it, over days that were really told.

Complaints are taken by the day of the event where it is known, else by the day they were received: a member is not
blamed after its demand for what happened before it. Only sources that told of both times are compared. Because any
date looks like a turn in a series that moves by itself, the same comparison is made for the other members, and for
earlier dates of the member's own on which nothing was demanded.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from models.alerting.evaluation import SourceState, Window, find_watermark
from models.alerting.exposure import Coverage
from models.alerting.statistics import compare_rates, judge_follow_up, pool_rates
from models.cases.settings import FollowUpConfig
from models.counting import Scope, count_periods, find_first_days, list_counted
from models.storage.tables import Member
from models.words import Channel

BEFORE_DAYS = 365
CHANNELS = ("any", str(Channel.PHONE))
_PLACEBO_EVERY = 28
_PLACEBOS = 6
_ENOUGH_TOLD = 0.8  # of a placebo's days


@dataclass(frozen=True)
class Asked:
    """A demand of ``demand`` with its ``deadline`` on a member, followed up on ``on``, as known at ``known_at``.

    ``sources`` are those to count; ``with_case`` the members that have or had a case, who are no comparison.
    """

    member: str
    demand: date
    deadline: date
    on: date
    sources: Mapping[str, SourceState]
    config: FollowUpConfig
    known_at: datetime | None = None
    with_case: Collection[str] = ()

    @property
    def before(self) -> Window:
        """The year up to the demand."""
        return Window(self.demand - timedelta(days=BEFORE_DAYS - 1), self.demand)

    @property
    def after_from(self) -> date:
        """The first day that counts as after the demand."""
        return self.deadline + timedelta(days=self.config.grace_days + 1)


def propose_follow_up(connection: Connection, asked: Asked) -> date:
    """Return the day when so much will have been expected that a verdict can be told, or the longest wait.

    That is the deadline, the grace, and as many days as the member's own rate needs for ``min_expected`` complaints:
    the morning after, when the sources can have told of them all.
    """
    names = _choose_sources(connection, asked)[0]
    coverage = _cover(connection, asked, names)
    scope = Scope(asked.before, names, "event", asked.known_at)
    count = len(list_counted(connection, scope, asked.member)) if names else 0
    longest = asked.config.longest_days
    needed = math.ceil(asked.config.min_expected * coverage.expose(asked.before) / count) if count else longest
    return asked.after_from + timedelta(days=min(needed, longest))


def follow_up(connection: Connection, asked: Asked) -> dict[str, Any]:
    """Return the comparison as plain JSON values, by channel; what cannot be told is null."""
    names, late, new = _choose_sources(connection, asked)
    watermark, _ = find_watermark(names, asked.sources)
    last = min(asked.on, watermark) if watermark else None
    after = Window(asked.after_from, last) if last and last >= asked.after_from else None
    coverage = _cover(connection, asked, names)
    whole = Window(asked.before.start, max(asked.before.end, after.end if after else asked.before.end))
    scope = Scope(whole, names, "event", asked.known_at)
    cuts = {name: through for name in names if name in late and (through := asked.sources[name].complete_through)}
    pairs = count_periods(connection, scope, [asked.before, after or _NONE], cuts) if names else []
    elsewhere = _count(connection, asked, new, after, "event") if new and after else Counter()
    found = {
        channel: _compare(
            connection, asked, channel, after, names, coverage, pairs, not late and not elsewhere[channel]
        )
        for channel in CHANNELS
    }
    return {
        "demand": asked.demand.isoformat(),
        "deadline": asked.deadline.isoformat(),
        "grace_days": asked.config.grace_days,
        "before": _show(asked.before),
        "after": _show(after) if after else None,
        "sources": list(names),
        "late": list(late),
        "new": list(new),
        "new_sources_after": elsewhere["any"],
        "channels": found,
        "tell_on": _tell_on(asked, found["any"]),
        "others": _compare_others(asked, pairs, after, coverage),
        "placebos": list(_compare_placebos(connection, asked, after, names, coverage)) if after else [],
    }


_NONE = Window(date.max, date.max)


def _choose_sources(connection: Connection, asked: Asked) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return (sources that told of both times, those that are late, those that began after the demand).

    A late source is compared as far as it reaches, and left out when it does not reach the time after. It may hide
    complaints, so with one nothing is said to have fallen or stopped.
    """
    first = find_first_days(connection, sorted(asked.sources), asked.known_at)
    late = tuple(name for name in first if asked.sources[name].late)
    new = tuple(name for name in first if first[name] > asked.demand)
    reach = {name: asked.sources[name].complete_through or date.min for name in first}
    old = tuple(name for name in first if name not in new)
    return tuple(name for name in old if reach[name] >= asked.after_from) or old, late, new


def _cover(connection: Connection, asked: Asked, names: Sequence[str]) -> Coverage:
    """Return what the sources could tell of each day, each weighed by the complaints a day it brings."""
    first = find_first_days(connection, names, asked.known_at)
    last = {name: through for name in names if (through := asked.sources[name].complete_through)}
    end = max(last.values(), default=asked.demand)
    scope = Scope(Window(asked.before.start, end), tuple(names), "event", asked.known_at)
    counts: Counter[str] = Counter()
    for _, _, source, (number,) in count_periods(connection, scope, [scope.window], {}) if names else ():
        counts[source] += number
    days = {name: max(1, (last.get(name, end) - max(first[name], asked.before.start)).days + 1) for name in names}
    weights = {name: counts[name] / days[name] for name in names}
    # With nothing counted at all, days are days.
    return Coverage(weights if any(weights.values()) else dict.fromkeys(names, 1.0), first, last)


def _count(connection: Connection, asked: Asked, names: Sequence[str], window: Window, by: Any) -> Counter[str]:
    scope = Scope(window, tuple(names), by, asked.known_at)
    counts: Counter[str] = Counter()
    for _, _, _, channel in list_counted(connection, scope, asked.member):
        counts[channel] += 1
        counts["any"] += 1
    return counts


_Pairs = Sequence[tuple[str, str, str, list[int]]]


def _compare(
    connection: Connection, asked: Asked, channel: str, after: Window | None, names: Sequence[str],
    coverage: Coverage, pairs: _Pairs, complete: bool,
) -> dict[str, Any]:  # fmt: skip
    sums = _sum_by_member(pairs, channel)
    x0, x1 = sums.get(asked.member, (0, 0))
    days_before = coverage.expose(asked.before)
    days_after = coverage.expose(after) if after else 0.0
    judged = _judge(asked.config, x0, days_before, x1, days_after, complete)
    register = connection.execute(select(func.count()).select_from(Member)).scalar_one()
    counts = [n for n, _ in sums.values()] + [0] * max(0, register - len(sums))
    pooled = pool_rates(counts, [days_before] * len(counts)) if days_before else None
    return {
        "before": x0,
        "after": x1,
        "after_received": _count(connection, asked, names, after, "received")[channel] if after and names else 0,
        "days_before": days_before,
        "days_after": days_after,
        "expected_shrunk": pooled.shrink(x0, days_before) * days_after if pooled else None,
        "complete": complete,
        **judged,
    }


def _judge(
    config: FollowUpConfig, x0: int, days_before: float, x1: int, days_after: float, complete: bool
) -> dict[str, Any]:
    """Return verdict, expectation, ratio and tails; too early while there is nothing to compare."""
    needed = math.ceil(config.min_expected * days_before / x0) if x0 else None
    if not days_before or not days_after:
        nothing = dict.fromkeys(("ratio", "low", "high", "p_fall", "p_rise"))
        return {"verdict": "too_early", "expected": 0.0, **nothing, "days_needed": needed}
    found = judge_follow_up(
        x0, days_before, x1, days_after, complete=complete, after_limit=config.after_limit,
        min_expected=config.min_expected, alpha=config.alpha,
    )  # fmt: skip
    return {
        "verdict": found.verdict,
        "expected": found.expected,
        "ratio": _finite(found.ratio.ratio),
        "low": _finite(found.ratio.low),
        "high": _finite(found.ratio.high),
        "p_fall": found.p_fall,
        "p_rise": found.p_rise,
        "days_needed": needed,
    }


def _sum_by_member(pairs: _Pairs, channel: str) -> dict[str, tuple[int, int]]:
    sums: dict[str, tuple[int, int]] = {}
    for member, found, _, (before, after) in pairs:
        if channel in ("any", found):
            x0, x1 = sums.get(member, (0, 0))
            sums[member] = (x0 + before, x1 + after)
    return sums


def _compare_others(asked: Asked, pairs: _Pairs, after: Window | None, coverage: Coverage) -> dict[str, Any]:
    """Return the same comparison for all members without a case, taken together."""
    sums = _sum_by_member(pairs, "any")
    others = [n for member, n in sums.items() if member != asked.member and member not in asked.with_case]
    x0, x1 = sum(n for n, _ in others), sum(n for _, n in others)
    e0, e1 = coverage.expose(asked.before), coverage.expose(after) if after else 0.0
    found = compare_rates(x1, e1, x0, e0) if e0 and e1 and x0 + x1 else None
    return {
        "members": len(others),
        "before": x0,
        "after": x1,
        "ratio": _finite(found.ratio) if found else None,
        "low": _finite(found.low) if found else None,
        "high": _finite(found.high) if found else None,
    }


def _compare_placebos(
    connection: Connection, asked: Asked, after: Window, names: Sequence[str], coverage: Coverage
) -> Iterable[dict[str, Any]]:
    """Yield the member's own comparison for earlier dates: both times lie before the demand, and were told of."""
    gap = (after.end - asked.demand).days
    earliest = asked.before.start - timedelta(days=gap + _PLACEBO_EVERY * _PLACEBOS)
    scope = Scope(Window(earliest, asked.demand), tuple(names), "event", asked.known_at)
    days = [day for _, _, day, _ in list_counted(connection, scope, asked.member) if day]
    for turn in range(_PLACEBOS):
        shift = timedelta(days=gap + turn * _PLACEBO_EVERY)
        before = Window(asked.before.start - shift, asked.before.end - shift)
        then = Window(after.start - shift, after.end - shift)
        e0, e1 = coverage.expose(before), coverage.expose(then)
        if e1 < _ENOUGH_TOLD * ((then.end - then.start).days + 1) or e0 < e1:
            continue
        x0, x1 = (sum(window.start <= day <= window.end for day in days) for window in (before, then))
        judged = _judge(asked.config, x0, e0, x1, e1, True)
        kept = {name: judged[name] for name in ("verdict", "expected", "ratio", "low", "high")}
        yield {"on": before.end.isoformat(), "before": x0, "after": x1, **kept}


def _tell_on(asked: Asked, found: Mapping[str, Any]) -> str | None:
    """Return the day from which a verdict can be told, while it is too early."""
    if found["verdict"] != "too_early" or found["days_needed"] is None:
        return None
    return (asked.after_from + timedelta(days=found["days_needed"])).isoformat()


def _show(window: Window) -> dict[str, str]:
    return {"from": window.start.isoformat(), "to": window.end.isoformat()}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
