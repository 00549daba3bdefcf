"""Every figure against scipy's and statsmodels', to a relative 1e-9."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.discrete.discrete_model import NegativeBinomial
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.rates import test_poisson_2indep as statsmodels_rise

from models.alerting import statistics
from models.alerting.statistics import (
    bound_chance,
    bound_share,
    compare_rates,
    control_fdr,
    judge_follow_up,
    lower_tail,
    negative_binomial_tails,
    pool_dispersion,
    pool_rates,
    upper_tail,
)

close = pytest.approx
COUNTS = st.integers(0, 3000)


def near(value, rel=1e-9, floor=1e-290):
    return pytest.approx(value, rel=rel, abs=floor)


@given(COUNTS, COUNTS, st.floats(0.001, 0.999))
def test_binomial_tails_are_scipys(x, y, chance):
    assert upper_tail(x, x + y, chance) == near(stats.binom.sf(x - 1, x + y, chance))
    assert lower_tail(x, x + y, chance) == near(stats.binom.cdf(x, x + y, chance))


def test_a_test_of_a_very_large_member_is_still_exact():
    assert upper_tail(9_000, 100_000, 0.07) == near(stats.binom.sf(8_999, 100_000, 0.07))


@pytest.mark.parametrize(
    ("x", "y", "p"),
    [(2, 0, 0.0051), (3, 0, 0.00036), (4, 1, 1.2e-4), (5, 3, 8.6e-5), (6, 3, 9.1e-6), (6, 12, 0.0011), (8, 12, 3.8e-5)],
)
def test_the_table_of_28_days_after_a_year_is_kept(x, y, p):
    found = statistics.test_rise(x, y, 28 / 393)
    assert found == near(stats.binom.sf(x - 1, x + y, 28 / 393))
    assert found == close(p, rel=0.05)


def test_the_published_example_of_the_conditional_test_is_kept():
    assert statistics.test_rise(3, 6, 28 / 393) == close(0.0217, abs=5e-4)


@given(st.integers(1, 400), st.integers(0, 400), st.sampled_from([28, 91]))
def test_a_rise_has_the_p_of_the_exact_conditional_test(now, before, days):
    known = statsmodels_rise(now, days, before, 365, method="exact-cond", alternative="larger")
    assert statistics.test_rise(now, before, days / (days + 365)) == near(known.pvalue)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_q_is_scipys_benjamini_hochberg(ps):
    assert control_fdr(ps) == close(list(stats.false_discovery_control(ps, method="bh")), rel=1e-9, abs=1e-300)
    assert control_fdr(ps) == close(list(multipletests(ps, method="fdr_bh")[1]), rel=1e-9, abs=1e-300)


@given(st.integers(0, 500), st.integers(0, 500))
def test_intervals_of_shares_are_scipys(part, rest):
    whole = part + rest
    if not whole:
        assert bound_share(0, 0) == (0.0, 1.0)
        return
    test = stats.binomtest(part, whole)
    exact, wilson = test.proportion_ci(0.95, "exact"), test.proportion_ci(0.95, "wilson")
    assert bound_chance(part, whole) == (near(exact.low, floor=1e-12), near(exact.high, floor=1e-12))
    assert bound_share(part, whole) == (near(wilson.low, floor=1e-12), near(wilson.high, floor=1e-12))
    known = proportion_confint(part, whole, method="wilson"), proportion_confint(part, whole, method="beta")
    assert bound_share(part, whole) == close(known[0], rel=1e-9, abs=1e-12)
    assert bound_chance(part, whole) == close(known[1], rel=1e-9, abs=1e-12)


def test_a_rate_ratio_has_the_interval_of_the_beta_quantiles():
    found = compare_rates(12, 56, 113, 237)
    low, high = stats.beta.ppf(0.025, 12, 114), stats.beta.ppf(0.975, 13, 113)
    scale = 237 / 56
    assert (found.ratio, found.low, found.high) == (
        near(12 / 113 * scale), near(low / (1 - low) * scale), near(high / (1 - high) * scale),
    )  # fmt: skip
    assert compare_rates(3, 10, 0, 10).high == math.inf


@given(st.integers(0, 400), st.floats(0.1, 200), st.one_of(st.none(), st.floats(0.05, 500)))
def test_negative_binomial_tails_are_scipys(seen, mean, size):
    known = stats.poisson(mean) if size is None else stats.nbinom(size, size / (size + mean))
    low, high = negative_binomial_tails(seen, mean, size)
    assert low == near(known.cdf(seen), floor=1e-290)
    assert high == near(known.sf(seen - 1), floor=1e-290)


def test_nothing_expected_and_nothing_seen_is_no_surprise():
    assert negative_binomial_tails(0, 0, None) == (1.0, 1.0)
    assert negative_binomial_tails(5, 0, None) == (1.0, 0.0)


def test_pooled_rates_are_where_statsmodels_finds_the_likelihood_highest():
    dice = random.Random(5)
    exposures = [dice.choice((0.5, 1.0)) for _ in range(400)]
    counts = [int(stats.poisson.rvs(dice.gammavariate(0.6, 3.0) * t, random_state=n)) for n, t in enumerate(exposures)]
    found = pool_rates(counts, exposures)
    model = NegativeBinomial(counts, [1.0] * len(counts), exposure=exposures)
    ours = [math.log(found.shape / found.rate), 1 / found.shape]
    best = model.fit(start_params=ours, method="newton", tol=1e-13, disp=False).params
    assert ours == [near(best[0]), near(best[1])]
    assert found.shrink(0, 1.0) < found.shape / found.rate < found.shrink(9, 1.0) < 9
    assert pool_rates([0, 0], [1.0, 1.0]) is None


def test_dispersion_is_found_again_and_never_below_one():
    phi, mean = 1.3, 2.0
    rows = stats.nbinom.rvs(mean / (phi - 1), 1 / phi, size=(200, 52), random_state=3)
    assert pool_dispersion(rows.tolist()) == close(phi, abs=0.06)
    assert pool_dispersion([[2, 2, 2, 2]]) == 1.0
    assert pool_dispersion([]) == 1.0


# The real case: 113 in 237 days, 37 of them by telephone.


@pytest.mark.parametrize(
    ("before", "days", "expected", "most"),
    [(113, 28, 13, 6), (113, 56, 27, 17), (113, 91, 43, 30), (37, 28, 4, 0), (37, 56, 9, 3), (37, 91, 14, 6)],
)
def test_the_real_case_counts_as_fallen_from_the_known_figures_on(before, days, expected, most):
    def verdict(after):
        return judge_follow_up(before, 237, after, days, complete=True, min_expected=0)

    assert round(verdict(most).expected) == expected
    assert verdict(most).verdict == ("fallen" if most else "stopped")
    assert verdict(most + 1).verdict == "continued"


def test_too_few_expected_is_too_early_with_the_days_it_takes():
    early = judge_follow_up(12, 365, 0, 28, complete=True)
    assert (early.verdict, early.days_needed) == ("too_early", 305)
    assert judge_follow_up(12, 365, 10, 28, complete=True).verdict == "risen"


def test_missing_data_never_makes_a_fall():
    assert judge_follow_up(113, 237, 0, 56, complete=True).verdict == "stopped"
    assert judge_follow_up(113, 237, 0, 56, complete=False).verdict == "too_early"
    assert judge_follow_up(113, 237, 5, 56, complete=False).verdict == "continued"
    assert judge_follow_up(113, 237, 80, 56, complete=False).verdict == "risen"
