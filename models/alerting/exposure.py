"""How much could have been seen in a window: its days, weighed by season and by which sources told of them.

What a source has not told yet, and what came before it began, is not zero complaints. Each source weighs as much as
complaints it brings a day, so that a late mailbox does not count for as much as a late authority.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from models.alerting.evaluation import Window

YEAR = 365
_FEWEST_YEARS = 2  # with less, season and trend cannot be told apart
_DAMPING = 50.0  # complaints a month: a small register's months are chance, not season
_FLAT = (1.0,) * 12


@dataclass(frozen=True)
class Coverage:
    """What the sources could tell: each one's complaints a day, its first day, and the last one it has told of."""

    weights: Mapping[str, float]
    first: Mapping[str, date] = field(default_factory=dict)
    last: Mapping[str, date] = field(default_factory=dict)

    def on(self, day: date) -> float:
        """Return the part of all complaints that would have been told of a day, 0 to 1."""
        total = sum(self.weights.values())
        if not total:
            return 1.0
        told = (
            weight for name, weight in self.weights.items()
            if self.first.get(name, date.min) <= day <= self.last.get(name, date.max)
        )  # fmt: skip
        return sum(told) / total

    def expose(self, window: Window, season: Sequence[float] = _FLAT) -> float:
        """Return a window's exposure in days of complete data."""
        return sum(season[day.month - 1] * self.on(day) for day in list_days(window))


def list_days(window: Window) -> list[date]:
    """Return a window's days."""
    return [window.start + timedelta(days=n) for n in range((window.end - window.start).days + 1)]


def fit_season(days: Mapping[date, int], end: date) -> tuple[float, ...]:
    """Return how each month's complaints a day compare with its year's, over the whole years that end at ``end``.

    Flat with less than two years. Drawn toward flat where months have few complaints.
    """
    if not days:
        return _FLAT
    years = min(3, ((end - min(days)).days + 1) // YEAR)
    if years < _FEWEST_YEARS:
        return _FLAT
    seen, due = [0.0] * 12, [0.0] * 12
    for year in range(years):
        last = end - timedelta(days=YEAR * year)
        window = list_days(Window(last - timedelta(days=YEAR - 1), last))
        rate = sum(days.get(day, 0) for day in window) / YEAR
        for day in window:
            seen[day.month - 1] += days.get(day, 0)
            due[day.month - 1] += rate
    return tuple((s + _DAMPING) / (d + _DAMPING) for s, d in zip(seen, due, strict=True))
