"""How few is too few: a source's own recent weeks say what a batch should hold, with room for chance.

Complaints come in bursts, so their weekly counts vary more than a Poisson distribution allows. A negative binomial
is fitted by moments: with mean m and variance v over the last weeks, its size is r = m^2 / (v - m); where v is no
larger than m it is a Poisson. Over k weeks the mean is k * m and the size stays r, as if all k weeks shared one good
or bad spell: the cautious reading, since neighbouring weeks do resemble each other. v is taken 1 + 1/n times as large
because m itself is only known from n weeks. (Moments: Anscombe 1949; the rule "P(X <= x) < 0.001" is the product's.)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WEEKS = 26  # of history at most
FEWEST_WEEKS = 8  # with fewer nothing can be said
TOO_UNLIKELY = 0.001
_SEASON_DAMPING = 5.0  # complaints; keeps a quiet year from making a season of chance
_LIMITS_OF_SEASON = (0.25, 4.0)


@dataclass(frozen=True)
class Forecast:
    """What a stretch should hold: ``mean`` complaints, spread as a negative binomial (``size`` None: Poisson)."""

    mean: float
    size: float | None = None

    def lower_tail(self, seen: int) -> float:
        """Return P(X <= seen), summed from the probability of none upwards."""
        if self.mean <= 0 or seen >= self.mean:
            return 1.0  # no need to be exact: only the low tail is asked about
        total, log_p = 0.0, self._log_none()
        for count in range(seen + 1):
            total += math.exp(log_p)
            log_p += self._log_step(count)
        return min(total, 1.0)

    def finds_too_few(self, seen: int) -> bool:
        """Tell whether so few would come by chance less than once in a thousand times."""
        return self.lower_tail(seen) < TOO_UNLIKELY

    def _log_none(self) -> float:
        if self.size is None:
            return -self.mean
        return self.size * math.log(self.size / (self.size + self.mean))

    def _log_step(self, count: int) -> float:
        """Return log(P(count + 1) / P(count))."""
        if self.size is None:
            return math.log(self.mean / (count + 1))
        return math.log((count + self.size) / (count + 1) * self.mean / (self.size + self.mean))


def forecast(weeks: Sequence[int], span: float, season: float = 1.0) -> Forecast | None:
    """Return what ``span`` weeks should hold after ``weeks`` of readings; None when they are too few to say.

    ``season`` is how this stretch of the year compares with the weeks before it (see ``find_season``).
    """
    if len(weeks) < FEWEST_WEEKS or span <= 0:
        return None
    number = len(weeks)
    mean = sum(weeks) / number
    variance = sum((week - mean) ** 2 for week in weeks) / (number - 1) * (1 + 1 / number)
    size = mean**2 / (variance - mean) if variance > mean > 0 else None
    return Forecast(mean * span * season, size)


def find_season(then: int, weeks_before: Sequence[int], span: float) -> float:
    """Return how the same stretch of last year compared with the weeks before it; 1 when too little is known.

    ``then`` is last year's count in the stretch, ``weeks_before`` last year's weeks before it.
    """
    if len(weeks_before) < WEEKS:
        return 1.0
    usual = sum(weeks_before) / len(weeks_before) * span
    low, high = _LIMITS_OF_SEASON
    return min(max((then + _SEASON_DAMPING) / (usual + _SEASON_DAMPING), low), high)
