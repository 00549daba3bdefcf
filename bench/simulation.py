"""Which rise rule sees a rise first, at the same number of false alerts: ``python -m bench.simulation [MEMBERS]``.

A register of members with lognormal yearly rates (median 0.8, sigma 1.5), season +-20 %, weekends 0.5 to 1.2 of a
weekday, clusters with variance 1.3 times the mean; three years of history and one year tested. Every method's
threshold is set so that a register of 300 members has at most 12 false episodes a year. Then, for members of a given
rate, complaints rise R-fold from a random day: how many of them open an episode within 90 days, and after how many
days (median)? An episode that was already running counts as not detected. As on real nights the season is fitted to
the register: here to the three years before the tested one.
"""

import sys
from datetime import date, timedelta

import numpy as np

from models.alerting.budget import Chances, Counts, draw_counts, find_chances, find_threshold, list_starts
from models.alerting.exposure import fit_season
from models.alerting.rules import RiseRule, read_rule

SEED = 14
FIRST_DAY = date(2022, 1, 1)
HISTORY, NIGHTS = 3 * 365, 365 + 91
YEARS, REGISTERS, TRIALS, WITHIN = 20, 20, 150, 90
BUDGET, PER_MEMBERS, DISPERSION = 12.0, 300, 1.3
CASES = ((4, 5), (4, 10), (12, 3), (12, 5), (48, 3), (48, 1))
OTHERS = {
    "one year before": {"baseline_days": 365},
    "at least 3": {"min_count": 3},
    "at least 5": {"min_count": 5},
    "42 and 91 days": {"windows_days": (42, 91)},
}
KNOWN = {
    "fixed limit: 9 in 91 days": "12  58/80  57/78  89/42  already on  97",
    "ElastAlert spike 28/28, at least 5": "18  55/74  50/93  76/30  64/26  51",
    "EARS C2 weekly": "10  24  20  39  54/56  14",
    "exact test, max of 28 and 91 days": "37  80/38  42  81/40  92/27  10",
    "likelihood-ratio CUSUM, R = 3": "36  80/45  57/77  88/35  95/19  23",
}


def shape(offset: int) -> Chances:
    """Return each day's factor in a register whose year begins at ``offset``; weekends are quiet."""
    day = np.arange(HISTORY + 365) + offset
    week = np.array([1.2, 1.2, 1.2, 1.2, 1.2, 0.5, 0.5])
    return (1 + 0.2 * np.sin(2 * np.pi * day / 365.25)) * (week / week.mean())[day % 7]


def draw(dice: np.random.Generator, yearly: np.ndarray, offset: int, rises: np.ndarray | float = 1.0) -> Counts:
    return draw_counts(dice, yearly[:, None] / 365 * shape(offset)[None, :] * rises, DISPERSION)


def fit(register: Counts) -> Chances:
    """Return what each day weighs: the product's season, fitted to all members before the tested year."""
    days = [FIRST_DAY + timedelta(days=n) for n in range(register.shape[1])]
    totals = dict(zip(days[:HISTORY], map(int, register.sum(axis=0)), strict=False))
    season = fit_season(totals, days[HISTORY - 1])
    return np.array([season[day.month - 1] for day in days])


def measure(name: str, rule: RiseRule, members: int) -> None:
    dice = np.random.default_rng(SEED)

    def test(counts: Counts, season: Chances) -> Chances:
        return find_chances(counts, rule.windows_days, rule.baseline_days, rule.min_count, NIGHTS, season)

    quiet = []
    for _ in range(YEARS):
        register = draw(dice, dice.lognormal(np.log(0.8), 1.5, members), int(dice.integers(0, 365)))
        found = test(register, fit(register))
        quiet.append(found[found.min(axis=1) < 0.2])
    threshold = find_threshold(np.concatenate(quiet), rule.clear_runs, BUDGET * YEARS * members / PER_MEMBERS)
    cells = []
    for rate, times in CASES:
        seen, waited = [], []
        for _ in range(REGISTERS):
            offset = int(dice.integers(0, 365))
            season = fit(draw(dice, dice.lognormal(np.log(0.8), 1.5, members), offset))
            start = dice.integers(91, NIGHTS - WITHIN, TRIALS)
            risen = np.arange(HISTORY + 365)[None, :] >= (HISTORY + 365 - NIGHTS + start)[:, None]
            counts = draw(dice, np.full(TRIALS, float(rate)), offset, np.where(risen, times, 1.0))
            starts = list_starts(test(counts, season), threshold, rule.clear_runs)
            night = np.arange(NIGHTS)[None, :]
            inside = starts & (night >= start[:, None]) & (night < start[:, None] + WITHIN)
            seen.append(inside.any(axis=1))
            waited.append((inside.argmax(axis=1) - start)[seen[-1]])
        share = round(100 * np.concatenate(seen).mean())
        cells.append(f"{share}/{int(np.median(np.concatenate(waited)))}" if share >= 40 and times > 1 else str(share))
    print(f"{name:<44} p* {threshold:.5f}  {'  '.join(f'{cell:>6}' for cell in cells)}", flush=True)


def main() -> None:
    members = int(sys.argv[1]) if len(sys.argv) > 1 else PER_MEMBERS
    rule = read_rule({"id": "rise", "type": "rise", "to": ["ethics"]})
    assert isinstance(rule, RiseRule)
    cases = "  ".join(f"{rate}->x{times}" for rate, times in CASES)
    print(f"{'per cent within 90 days / median days':<57} {cases}")
    for name, row in KNOWN.items():
        print(f"{name:<57} {row}")
    print("this product, at most 12 false episodes a year per 300 members:")
    measure("defaults", rule, members)
    for words, changes in OTHERS.items():
        measure(words, rule.model_copy(update=changes), members)


if __name__ == "__main__":
    main()
