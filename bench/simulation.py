"""Which rise rule sees a rise first, at the same number of false alerts: ``python -m bench.simulation [MEMBERS]``.

A register of members with lognormal yearly rates (median 0.8, sigma 1.5), season +-20 %, weekends 0.5 to 1.2 of a
weekday, clusters with variance 1.3 times the mean; three years of history and one year tested. Every method's
threshold is set so that a register of 300 members has at most 12 false episodes a year. Then, for members of a given
rate, complaints rise R-fold from a random day: how many of them open an episode within 90 days, and after how many
days (median)? An episode that was already running counts as not detected.
"""

import sys

import numpy as np

from models.alerting.budget import Chances, Counts, draw_counts, find_chances, find_threshold, list_starts
from models.alerting.rules import RiseRule, read_rule

SEED = 14
YEARS, TRIALS, WITHIN = 20, 1500, 90
BUDGET, PER_MEMBERS, DISPERSION = 12.0, 300, 1.3
CASES = ((4, 5), (4, 10), (12, 3), (12, 5), (48, 3), (48, 1))
KNOWN = {
    "fixed limit: 9 in 91 days": "12  58/80  57/78  89/42  already on  97",
    "ElastAlert spike 28/28, at least 5": "18  55/74  50/93  76/30  64/26  51",
    "EARS C2 weekly": "10  24  20  39  54/56  14",
    "exact test, max of 28 and 91 days": "37  80/38  42  81/40  92/27  10",
    "likelihood-ratio CUSUM, R = 3": "36  80/45  57/77  88/35  95/19  23",
}


def season(days: int, offset: np.ndarray) -> Chances:
    """Return each day's factor for members whose year begins at ``offset``; weekends are quiet."""
    day = np.arange(days)[None, :] + offset[:, None]
    week = np.array([1.2, 1.2, 1.2, 1.2, 1.2, 0.5, 0.5])
    return (1 + 0.2 * np.sin(2 * np.pi * day / 365.25)) * (week / week.mean())[day % 7]


def draw(dice: np.random.Generator, yearly: np.ndarray, days: int, rises: np.ndarray | None = None) -> Counts:
    offset = dice.integers(0, 365) * np.ones(len(yearly), dtype=np.int64)
    rates = yearly[:, None] / 365 * season(days, offset)
    return draw_counts(dice, rates if rises is None else rates * rises, DISPERSION)


def measure(name: str, windows: tuple[int, ...], baseline: int, min_count: int, clear_runs: int, members: int) -> None:
    dice = np.random.default_rng(SEED)
    history = 3 * 365
    nights = 365 + 91
    quiet = []
    for _ in range(YEARS):
        yearly = dice.lognormal(np.log(0.8), 1.5, members)
        found = find_chances(draw(dice, yearly, history + 365), windows, baseline, min_count, nights)
        quiet.append(found[found.min(axis=1) < 0.2])
    threshold = find_threshold(np.concatenate(quiet), clear_runs, BUDGET * YEARS * members / PER_MEMBERS)
    cells = []
    for rate, times in CASES:
        start = dice.integers(91, nights - WITHIN, TRIALS)
        day = np.arange(history + 365)[None, :]
        rises = np.where(day >= (history + 365 - nights + start)[:, None], times, 1.0)
        counts = draw(dice, np.full(TRIALS, float(rate)), history + 365, rises)
        starts = list_starts(find_chances(counts, windows, baseline, min_count, nights), threshold, clear_runs)
        night = np.arange(nights)[None, :]
        inside = starts & (night >= start[:, None]) & (night < start[:, None] + WITHIN)
        seen = inside.any(axis=1)
        waited = inside.argmax(axis=1)[seen] - start[seen]
        share = round(100 * seen.mean())
        cells.append(f"{share}/{int(np.median(waited))}" if share >= 40 and times > 1 else str(share))
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
    measure("defaults", rule.windows_days, rule.baseline_days, rule.min_count, rule.clear_runs, members)
    measure("two years before, at least 5 (koll.toml)", (28, 91), 730, 5, rule.clear_runs, members)
    measure("56 and 91 days, two years before, at least 5", (56, 91), 730, 5, rule.clear_runs, members)


if __name__ == "__main__":
    main()
