"""Is it more than chance? Exact tests on counts that can be checked by hand.

The sums of binomial and negative binomial terms are scipy's incomplete beta and gamma functions, imported where they
are used: commands that only look should not wait for them. (The conditional test: Przyborowski and Wilenski, Biometrika
31:313, 1940.)
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Literal


def upper_tail(least: int, tries: int, chance: float) -> float:
    """Return P(X >= least) for X ~ Binomial(tries, chance)."""
    from scipy.special import betainc

    if least <= 0:
        return 1.0
    return float(betainc(least, tries - least + 1, chance)) if least <= tries else 0.0


def lower_tail(most: int, tries: int, chance: float) -> float:
    """Return P(X <= most) for X ~ Binomial(tries, chance)."""
    from scipy.special import betaincc

    if most >= tries:
        return 1.0
    return float(betaincc(most + 1, tries - most, chance)) if most >= 0 else 0.0


@lru_cache(maxsize=200_000)
def test_rise(now: int, before: int, share: float) -> float:
    """Return p for "the rate has not changed": P(X >= now | now + before) with X ~ Binomial(now + before, share).

    ``share`` is the current window's part of both exposures, E_c / (E_c + E_b).
    """
    return upper_tail(now, now + before, share)


test_rise.__test__ = False  # type: ignore[attr-defined]  # a test of counts, not of this code


def control_fdr(ps: Sequence[float]) -> list[float]:
    """Return the Benjamini-Hochberg q of each p, in the order given."""
    falling = sorted(range(len(ps)), key=lambda place: ps[place], reverse=True)
    qs, least = [1.0] * len(ps), 1.0
    for below, place in enumerate(falling):
        least = min(least, ps[place] * len(ps) / (len(ps) - below))
        qs[place] = least
    return qs


def bound_share(part: int, whole: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval for a share; (0, 1) of nothing."""
    if not whole:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share, spread = part / whole, z * z / whole
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / whole + spread / whole / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def bound_chance(part: int, whole: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Clopper and Pearson's exact interval for a binomial chance."""
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    low = 0.0 if part == 0 else float(betaincinv(part, whole - part + 1, tail))
    high = 1.0 if part == whole else float(betaincinv(part + 1, whole - part, 1 - tail))
    return low, high


def _solve(rising: Callable[[float], float], low: float = 0.0, high: float = 1.0) -> float:
    """Return where a rising function crosses zero, by halving."""
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)


@dataclass(frozen=True)
class RateRatio:
    """How a rate compares with the rate before, with its exact 95 % interval (high may be infinite)."""

    ratio: float
    low: float
    high: float


def compare_rates(after: int, days_after: float, before: int, days_before: float) -> RateRatio:
    """Return (after / days_after) / (before / days_before) with the interval from Clopper and Pearson's limits."""
    scale = days_before / days_after
    low, high = bound_chance(after, after + before) if after + before else (0.0, 1.0)
    ratio = after / before * scale if before else math.inf if after else math.nan
    return RateRatio(ratio, low / (1 - low) * scale, math.inf if high == 1 else high / (1 - high) * scale)


Verdict = Literal["too_early", "stopped", "fallen", "continued", "risen"]


@dataclass(frozen=True)
class FollowUp:
    """Whether complaints have continued; ``days_needed`` is how long after until a verdict can be told."""

    verdict: Verdict
    after: int
    expected: float
    ratio: RateRatio
    p_fall: float
    p_rise: float
    days_needed: int | None


def judge_follow_up(
    before: int, days_before: float, after: int, days_after: float, *,
    complete: bool, after_limit: int = 10, min_expected: float = 10, alpha: float = 0.05,
) -> FollowUp:  # fmt: skip
    """Compare the complaints after a demand (and its grace) with those of the time before it.

    With sources missing (not ``complete``) "stopped" and "fallen" are never said: what is missing may be complaints.
    """
    share, both = days_after / (days_before + days_after), before + after
    p_fall, p_rise = lower_tail(after, both, share), upper_tail(after, both, share)
    expected = before * days_after / days_before
    verdict: Verdict = "continued"
    if expected < min_expected and after < after_limit:
        verdict = "too_early"
    elif p_rise < alpha:
        verdict = "risen"
    elif p_fall < alpha and complete:
        verdict = "fallen" if after else "stopped"
    elif not after:
        verdict = "too_early"  # nothing seen, but not enough to say that it has stopped
    needed = math.ceil(min_expected * days_before / before) if before else None
    return FollowUp(
        verdict, after, expected, compare_rates(after, days_after, before, days_before), p_fall, p_rise, needed
    )


@dataclass(frozen=True)
class PooledRates:
    """How members' rates differ: Gamma(shape, rate), the rate in units of exposure."""

    shape: float
    rate: float

    def shrink(self, count: int, exposure: float) -> float:
        """Return a member's rate, drawn toward the others': what was picked for being high is partly luck."""
        return (self.shape + count) / (self.rate + exposure)


def pool_rates(counts: Sequence[int], exposures: Sequence[float]) -> PooledRates | None:
    """Fit members' rates by the marginal negative binomial likelihood; None without a single complaint."""
    from scipy.special import psi

    pairs = Counter((count, exposure) for count, exposure in zip(counts, exposures, strict=True) if exposure > 0)
    if not any(count for count, _ in pairs):
        return None

    def best_rate(shape: float) -> float:
        def rising(log_rate: float) -> float:
            rate = math.exp(log_rate)
            return -math.fsum(n * (shape / rate - (shape + x) / (rate + t)) for (x, t), n in pairs.items())

        return math.exp(_solve(rising, -30.0, 30.0))

    def falling(log_shape: float) -> float:
        """Minus the likelihood's slope in the shape, at the best rate for it."""
        shape = math.exp(log_shape)
        rate = best_rate(shape)
        at_shape = float(psi(shape))
        return -math.fsum(
            n * (float(psi(shape + x)) - at_shape + math.log(rate / (rate + t))) for (x, t), n in pairs.items()
        )

    shape = math.exp(_solve(falling, math.log(1e-3), math.log(1e4)))
    return PooledRates(shape, best_rate(shape))


def pool_dispersion(weeks: Iterable[Sequence[int]]) -> float:
    """Return how much burstier than chance weekly counts are, pooled over members: Pearson's sum over its degrees of
    freedom, at least 1.
    """
    total, freedom = 0.0, 0
    for counts in weeks:
        mean = sum(counts) / len(counts) if counts else 0.0
        if mean:
            total += sum((count - mean) ** 2 for count in counts) / mean
            freedom += len(counts) - 1
    return max(1.0, total / freedom) if freedom else 1.0


def negative_binomial_tails(seen: int, mean: float, size: float | None) -> tuple[float, float]:
    """Return (P(X <= seen), P(X >= seen)) with this mean and variance mean + mean^2 / size (None: Poisson)."""
    from scipy.special import betainc, betaincc, gammainc, gammaincc

    if mean <= 0:
        return 1.0, 1.0 if seen == 0 else 0.0
    if size is None:
        return float(gammaincc(seen + 1, mean)), float(gammainc(seen, mean)) if seen else 1.0
    chance = size / (size + mean)
    return float(betainc(size, seen + 1, chance)), float(betaincc(size, seen, chance)) if seen else 1.0
