"""How small p must be for a rise to be told: small enough that chance alone stays within the year's budget.

The register is simulated as if nothing ever changed: members' rates as they are spread today, complaints as bursty as
they come today. The rule runs over twenty such years, and the largest p that keeps within the budget is taken. The
seed is fixed: the same register gives the same p.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.alerting.ledger.ledger import AlertEvent, What
from models.alerting.rules import AlertsConfig, RiseRule
from models.alerting.statistics import PooledRates

Counts = NDArray[np.int64]
Chances = NDArray[np.float64]

MOST_MEMBERS = 1000  # above, a fixed p would give false alerts in proportion to size: the false share is kept instead
FALSE_SHARE = 0.10
USUAL_P = 0.001  # where there is too little to simulate a register from
YEARS = 20
_SEED = 20260301
_WARM_UP = 91  # nights before the year that is counted, so that it does not begin with a clean slate
_LARGEST, _SMALLEST = 0.2, 1e-8


@dataclass(frozen=True)
class Register:
    """What a register looks like to a rule: how many members, their rates per day, how bursty, each channel's part."""

    members: int
    rates: PooledRates
    dispersion: float
    parts: tuple[float, ...]


def name_budget(rule: RiseRule, alerts: AlertsConfig, on: date) -> str:
    """Return what a budget holds for: a month, a version of the rule, and so many false alerts a year."""
    return f"{on:%Y-%m} {rule.version()} {alerts.false_alerts_per_year:g}"


def find_budget(ledger: Iterable[AlertEvent], rule: RiseRule, alerts: AlertsConfig, on: date) -> float | None:
    """Return the p that was found for this month, or None when it is to be found."""
    wanted = (What.CALIBRATED, rule.id, name_budget(rule, alerts, on))
    return next((event.p for event in ledger if (event.kind, event.rule_id, event.occasion) == wanted), None)


def calibrate(register: Register, rule: RiseRule, false_per_year: float, years: int = YEARS) -> float:
    """Return the largest p with at most ``false_per_year`` false episodes a year over all the rule's channels."""
    dice = np.random.default_rng(_SEED)
    days = rule.baseline_days + max(rule.windows_days) + _WARM_UP + 365
    found: list[Chances] = []
    for _ in range(years):
        rates = dice.gamma(register.rates.shape, 1 / register.rates.rate, register.members)
        counts = draw_counts(dice, np.broadcast_to(rates[:, None], (register.members, days)), register.dispersion)
        for part in register.parts:
            some = counts if part >= 1 else dice.binomial(counts, part)
            chances = find_chances(some, rule.windows_days, rule.baseline_days, rule.min_count, _WARM_UP + 365)
            found.append(chances[chances.min(axis=1) < _LARGEST])
    return find_threshold(np.concatenate(found), rule.clear_runs, false_per_year * years)


def draw_counts(dice: np.random.Generator, rates: Chances, dispersion: float) -> Counts:
    """Draw daily counts with variance ``dispersion`` times the mean: complaints come in bursts."""
    if dispersion <= 1.0001:
        return dice.poisson(rates).astype(np.int64)
    size = np.maximum(rates / (dispersion - 1), 1e-12)
    return dice.negative_binomial(size, 1 / dispersion).astype(np.int64)


def find_chances(
    counts: Counts, windows: Sequence[int], baseline: int, min_count: int, nights: int, season: Chances | None = None,
) -> Chances:  # fmt: skip
    """Return the smallest p of the windows for each row of daily counts and each of the last ``nights`` days.

    1 where the longest window has fewer than ``min_count``. ``season``: what a day weighs, 1 without it.
    """
    days = np.ones(counts.shape[1]) if season is None else season
    sums, exposed = _sum_up(counts), _sum_up(days[None, :])[0]
    ends = np.arange(sums.shape[1] - nights, sums.shape[1])
    smallest = np.ones((len(counts), nights))
    for length in windows:
        begins, starts = ends - length, ends - length - baseline
        now, before = sums[:, ends] - sums[:, begins], sums[:, begins] - sums[:, starts]
        share = (exposed[ends] - exposed[begins]) / (exposed[ends] - exposed[starts])
        np.minimum(smallest, _test(now, before, np.broadcast_to(share, now.shape)), out=smallest)
    smallest[sums[:, ends] - sums[:, ends - max(windows)] < min_count] = 1.0
    return smallest


def _sum_up(rows: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([np.zeros((len(rows), 1), rows.dtype), np.cumsum(rows, axis=1)], axis=1)


def _test(now: Counts, before: Counts, share: Chances) -> Chances:
    """Return ``test_rise`` of each pair; what is not above its expectation is no rise and gets 1."""
    from scipy.special import betainc

    chances = np.ones(now.shape)
    above = now * (1 - share) > before * share
    chances[above] = betainc(now[above], before[above] + 1.0, share[above])
    return chances


def find_threshold(chances: Chances, clear_runs: int, most_episodes: float) -> float:
    """Return the largest p at which the rows of nightly p's make at most so many episodes after the warm-up."""
    low, high = math.log(_SMALLEST), math.log(_LARGEST)
    while high - low > 0.005:
        middle = (low + high) / 2
        if list_starts(chances, math.exp(middle), clear_runs)[:, _WARM_UP:].sum() > most_episodes:
            high = middle
        else:
            low = middle
    return math.exp(low)


def list_starts(chances: Chances, threshold: float, clear_runs: int) -> NDArray[np.bool_]:
    """Return on which nights episodes begin: p at the threshold, after ``clear_runs`` nights over it, or ever."""
    holds = (chances <= threshold).T
    starts = np.zeros(holds.shape, dtype=np.bool_)
    running = np.zeros(holds.shape[1], dtype=np.bool_)
    quiet = np.zeros(holds.shape[1], dtype=np.int64)
    for night, held in enumerate(holds):
        starts[night] = held & ~running
        quiet = np.where(held, 0, quiet + 1)
        running = (running | held) & (quiet < clear_runs)
    return starts.T
