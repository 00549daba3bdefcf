"""How many complaints to so many calls, with the interval that the count itself leaves open."""

from dataclasses import dataclass

PER_CALLS = 100_000


@dataclass(frozen=True)
class Rate:
    """``count`` complaints in ``calls`` calls: per 100,000 calls, between ``low`` and ``high`` (95 % sure)."""

    count: int
    calls: int
    per_100k: float
    low: float
    high: float


def rate_of(count: int | None, calls: int | None) -> Rate | None:
    """Return the rate, or None where there were no calls to have complaints about."""
    if count is None or not calls:
        return None
    low, high = bound_count(count)
    scale = PER_CALLS / calls
    return Rate(count, calls, count * scale, low * scale, high * scale)


def bound_count(count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a Poisson mean from one count (Garwood, Biometrika 28:437, 1936).

    Half a quantile of chi squared with 2k degrees of freedom is one of the gamma distribution with shape k.
    """
    from scipy.special import gammaincinv  # also as `scipy.stats.chi2`, whose import takes a second

    tail = (1 - confidence) / 2
    return float(gammaincinv(count, tail)) if count else 0.0, float(gammaincinv(count + 1, 1 - tail))
