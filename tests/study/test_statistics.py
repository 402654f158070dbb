"""Intervals and verdicts against scipy, against hand calculations, and against their own promise of coverage."""

import math

import numpy as np
import pytest
from scipy import stats

from sim.errors import InvariantError
from sim.study import statistics
from sim.study.statistics import (
    Judged,
    holm,
    joint,
    judge,
    mean_interval,
    paired,
    replications_needed,
    restricted,
    wilson,
)

RNG = np.random.default_rng(20260101)


def test_mean_interval_is_scipys_t_interval():
    values = RNG.normal(3, 2, 12).tolist()
    found = mean_interval(values, 0.9)
    low, high = stats.t.interval(0.9, 11, loc=np.mean(values), scale=stats.sem(values))
    assert (found.mean, found.sd) == pytest.approx((np.mean(values), np.std(values, ddof=1)), rel=1e-14)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-12)


def test_mean_interval_by_hand():
    # 1, 2, 3: mean 2, sd 1, t(.975, 2) = 4.302653; half-width 4.302653 / sqrt(3) = 2.484138
    found = mean_interval([1, 2, 3])
    assert (found.n, found.mean, found.sd) == (3, 2.0, 1.0)
    assert (found.low, found.high) == pytest.approx((2 - 2.484138, 2 + 2.484138), abs=1e-6)


def test_one_value_has_a_mean_and_no_interval():
    assert mean_interval([7.0]) == statistics.Interval(1, 7.0, None, None, None)
    assert mean_interval([]) == statistics.Interval(0, None, None, None, None)


def test_equal_values_have_themselves_as_interval():
    found = mean_interval([0.1] * 7)
    assert (found.mean, found.low, found.high, found.sd) == (0.1, 0.1, 0.1, 0.0)


def test_order_of_replications_moves_no_digit():
    values = (RNG.normal(size=50) * 10.0 ** RNG.integers(-8, 8, 50)).tolist()
    assert mean_interval(values) == mean_interval(sorted(values)) == mean_interval(values[::-1])


def test_paired_difference_is_scipys():
    users = RNG.normal(10, 5, 16)
    ours, theirs = (users * 0.9 + RNG.normal(0, 0.3, 16)).tolist(), users.tolist()
    found = paired(ours, theirs)
    expected = stats.ttest_rel(ours, theirs)
    interval = expected.confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-10)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-10)
    assert found.difference == pytest.approx(np.mean(ours) - np.mean(theirs), rel=1e-12)


def test_gain_of_pairing_by_hand():
    # baseline 1, 2, 3 (var 1), policy 2, 3, 5 (var 7/3), differences 1, 1, 2 (var 1/3): (1 + 7/3) / (1/3) = 10
    assert paired([2, 3, 5], [1, 2, 3]).gain == pytest.approx(10, rel=1e-14)


def test_identical_runs_differ_by_exactly_nothing():
    values = RNG.normal(size=8).tolist()
    found = paired(values, values)
    assert (found.difference, found.low, found.high, found.p, found.gain) == (0.0, 0.0, 0.0, 1.0, None)
    assert judge(found, 0.0, "lower", found.p, 1, 0.95).word == "no difference"


def test_a_difference_without_spread_is_certain():
    found = paired([3.0, 4.0, 5.0], [1.0, 2.0, 3.0])
    assert (found.low, found.high, found.p) == (2.0, 2.0, 0.0)
    assert judge(found, 1.9, "lower", 0.0, 1, 0.95).word == "worse"
    assert judge(found, 2.0, "lower", 0.0, 1, 0.95).word == "no difference"  # the zone's edge belongs to it


def test_unequal_numbers_of_runs_cannot_be_paired():
    with pytest.raises(ValueError, match="2 and 1 values found"):
        paired([1, 2], [1])
    with pytest.raises(ValueError, match="0 and 0"):
        paired([], [])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_an_error(bad):
    with pytest.raises(InvariantError, match=r"tao.price: (nan|inf|-inf) found in replication 1"):
        statistics.finite([1.0, bad], "tao.price")
    with pytest.raises(InvariantError):
        paired([1.0, bad], [1.0, 2.0])


def test_holm_by_hand():
    # Holm (1979): sorted .005, .01, .03, .04 times 4, 3, 2, 1, made monotone: .02, .03, .06, .06
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.01, None, 0.9]) == pytest.approx([0.02, None, 0.9])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_wilson_is_scipys_and_touches_the_ends():
    for reached, n in ((3, 10), (16, 16), (0, 16), (1, 2)):
        expected = stats.binomtest(reached, n).proportion_ci(0.95, method="wilson")
        assert wilson(reached, n) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert wilson(0, 5)[0] == 0.0
    assert wilson(5, 5)[1] == 1.0
    with pytest.raises(ValueError, match="6 of 5"):
        wilson(6, 5)


def test_times_that_never_came_count_as_the_horizon():
    assert restricted([1.0, None, 99.0], 10.0) == [1.0, 10.0, 10.0]


def spread(difference, half, n=16):
    """A paired finding whose 95 % interval is difference +- half."""
    sd = half * math.sqrt(n) / statistics.t_quantile(0.975, n - 1)
    p = statistics.two_sided_p(difference, sd, n)
    return statistics.Paired(n, 100.0, 100.0 + difference, difference, difference - half, difference + half, sd, p, 1.0)


@pytest.mark.parametrize(
    ("difference", "half", "direction", "word"),
    [
        (-10, 3, "lower", "better"),
        (10, 3, "lower", "worse"),
        (10, 3, "higher", "better"),
        (-10, 3, "higher", "worse"),
        (10, 3, "none", "higher"),
        (-10, 3, "none", "lower"),
        (1, 0.5, "lower", "no difference"),
        (-1.5, 0.5, "lower", "no difference"),
        (3, 2, "lower", "undecided"),
        (0, 5, "lower", "undecided"),
    ],
)
def test_words_go_by_the_interval_and_the_zone(difference, half, direction, word):
    found = spread(difference, half)
    assert judge(found, 2.0, direction, found.p, 1, 0.95).word == word


def test_a_clear_interval_that_holm_does_not_bear_out_is_undecided():
    found = spread(3.0, 2.5)
    judged = judge(found, 0.1, "lower", 0.2, 10, 0.95)
    assert judged.word == "undecided"
    assert judged.why.startswith("clear alone, not among 10 comparisons (Holm)")
    assert judged.needed > found.n


def test_one_replication_decides_nothing():
    judged = judge(paired([1.0], [2.0]), 0.1, "lower", None, 1, 0.95)
    assert (judged.word, judged.why, judged.needed) == ("undecided", "one replication gives no interval", 2)


def test_replications_needed_are_the_fewest_that_would_decide():
    found = spread(5.0, 4.0)
    needed = replications_needed(found, 2.0, 1, 0.95)
    assert statistics.half_width(found.sd, needed, 0.95) < 3.0 <= statistics.half_width(found.sd, needed - 1, 0.95)
    assert f"about {needed} replications would decide (have 16)" in judge(found, 2.0, "lower", found.p, 1, 0.95).why


def test_a_difference_on_the_edge_asks_for_more_runs_than_are_worth_telling():
    found = spread(2.0, 1.0)
    assert replications_needed(found, 2.0, 1, 0.95) is None
    assert "more than 100,000 replications" in judge(found, 2.0, "lower", found.p, 1, 0.95).why


@pytest.mark.parametrize(
    ("pool", "path", "both"),
    [
        ("better", "better", "better"),
        ("no difference", "no difference", "no difference"),
        ("better", "worse", "depends on how the coin is priced"),
        ("lower", "no difference", "depends on how the coin is priced"),
        ("better", "undecided", "undecided"),
        ("undecided", "undecided", "undecided"),
        ("not comparable", "better", "not comparable"),
        ("not supported", "undecided", "not supported"),
    ],
)
def test_the_joint_word_claims_what_both_kinds_agree_on(pool, path, both):
    judged = joint(
        {
            "pool": Judged(pool, needed=40 if pool == "undecided" else None),
            "path": Judged(path, needed=90 if path == "undecided" else None),
        }
    )
    assert judged.word == both
    if both == "undecided":
        assert judged.needed == 90
    if both.startswith("depends"):
        assert judged.why == f"pool: {pool}; path: {path}"


def coverage(confidence, studies, n):
    """In how many of `studies` seeded studies of n pairs the interval holds the true difference.

    Pairs as common users make them: a shared skewed part (lognormal), a small part of each policy's own; true difference 0.25.
    """
    rng = np.random.default_rng(7)
    users = rng.lognormal(0, 1, (studies, n))
    ours, theirs = users + 0.25 + rng.normal(0, 0.5, (studies, n)), users + rng.normal(0, 0.5, (studies, n))
    found = [paired(a, b, confidence) for a, b in zip(ours.tolist(), theirs.tolist(), strict=True)]
    return sum(one.low <= 0.25 <= one.high for one in found), sum(one.gain for one in found) / studies


@pytest.mark.parametrize(("confidence", "n"), [(0.95, 16), (0.9, 5)])
def test_paired_intervals_cover_as_often_as_they_say(confidence, n):
    studies = 1_000
    covered, gain = coverage(confidence, studies, n)
    # Bounds that a right interval leaves once in 10,000 seeds; the seed is fixed.
    low, high = stats.binom.ppf([5e-5, 1 - 5e-5], studies, confidence)
    assert low <= covered <= high
    assert gain > 3  # the shared part is most of the variance


@pytest.mark.long
def test_the_unpaired_interval_would_miss_its_promise():
    # The same studies with pairs torn apart cover far too often: the coverage test above can fail.
    rng = np.random.default_rng(7)
    users = rng.lognormal(0, 1, (300, 16))
    ours, theirs = users + 0.25 + rng.normal(0, 0.5, users.shape), users + rng.normal(0, 0.5, users.shape)
    covered = sum(
        interval.low <= 0.25 <= interval.high
        for interval in (
            stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95) for a, b in zip(ours, theirs, strict=True)
        )
    )
    assert covered > stats.binom.ppf(1 - 5e-5, 300, 0.95)
