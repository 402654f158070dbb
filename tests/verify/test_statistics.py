"""Ratios, controls, intervals and verdicts, on numbers whose answers are known."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
from scipy import stats

from sim.verify import page, paths
from sim.verify.cases import case_of, entries
from sim.verify.estimate import Estimate, Sample, estimate
from sim.verify.judge import Row, judge
from sim.verify.laws import LAWS, rounded_moments
from sim.verify.peers import PeerRow
from sim.verify.plans import LARGEST, PLANS, relative, replications
from sim.verify.rounding import shift
from sim.verify.table import document, sentence, text


def test_without_controls_and_with_equal_denominators_it_is_students_mean():
    values = np.array([1.0, 4.0, 2.0, 7.0])
    found = estimate([Sample({"x": (value, 1.0)}) for value in values])["x"]
    assert found.value == pytest.approx(3.5)
    assert found.error == pytest.approx(values.std(ddof=1) / 2)
    low, high = stats.t.interval(0.95, 3, 3.5, values.std(ddof=1) / 2)
    assert found.interval() == pytest.approx((low, high))
    assert found.chance(low) == pytest.approx(0.05)


def test_a_ratio_weighs_replications_by_their_denominators():
    found = estimate([Sample({"x": (2.0, 1.0)}), Sample({"x": (3.0, 3.0)})])["x"]
    assert found.value == pytest.approx(5 / 4)


def test_a_control_takes_out_what_it_explains():
    rng = np.random.default_rng(1)
    control = rng.normal(size=30)
    noise = rng.normal(size=30) * 0.1
    samples = [Sample({"x": (5 + 2 * c + e, 1.0)}, (c,)) for c, e in zip(control, noise, strict=True)]
    with_control = estimate(samples)["x"]
    without = estimate([Sample(sample.ratios) for sample in samples])["x"]
    assert with_control.freedom == 28
    assert with_control.error < without.error / 10
    # Ordinary least squares on the same numbers, by SciPy.
    line = stats.linregress(control, [sample.ratios["x"][0] for sample in samples])
    assert with_control.value == pytest.approx(line.intercept)
    assert with_control.error == pytest.approx(line.intercept_stderr)


def test_intervals_cover_what_they_say():
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(2000):
        control = rng.normal(size=20)
        counts = rng.integers(50, 150, 20)
        sums = counts * (3 + 0.5 * control + rng.normal(size=20))
        found = estimate([Sample({"x": (s, n)}, (c,)) for s, n, c in zip(sums, counts, control, strict=True)])["x"]
        low, high = found.interval()
        inside += low <= 3 <= high
    # Binomial: 0.95 +- 4 x 0.0049.
    assert 0.93 < inside / 2000 < 0.97


def rows(misses: int, count: int = 60, off: float = 2.2) -> list[Row]:
    errors = [off] * misses + [0.5] * (count - misses)
    return [Row("f", str(i), "W", 1.0, Estimate(1 + z * 0.01, 0.01, 39), True) for i, z in enumerate(errors)]


@pytest.mark.parametrize(("misses", "fine"), [(0, True), (3, True), (7, True), (8, False), (20, False)])
def test_misses_are_judged_by_the_binomial(misses: int, fine: bool):
    verdict = judge(rows(misses))
    assert verdict.misses == misses
    assert verdict.chance == pytest.approx(stats.binom.sf(misses - 1, 60, 0.05))
    assert verdict.fine is fine


def test_one_case_that_is_far_off_fails_alone():
    verdict = judge(rows(1, off=6.0))
    assert verdict.chance > 0.9
    assert verdict.least < 1e-4
    assert not verdict.fine


def test_only_headlines_speak():
    quiet = [dataclasses.replace(row, headline=False) for row in rows(20)]
    assert judge([*rows(0), *quiet]).cases == 60
    with pytest.raises(ValueError, match="no headline"):
        judge(quiet)


def test_the_table_says_what_was_judged():
    told = text(rows(3), judge(rows(3)), [PeerRow("sarathi", "TTFT", 12_000, 1e-8)])
    assert told.count("MISSES") == 3
    assert "3 of 60 intervals of 95 % miss theory (p = 0.583)" in told
    assert "equal" in told
    found = json.loads(json.dumps(document(rows(3), judge(rows(3)), [PeerRow("sarathi", "TTFT", 12_000, 1e-6)])))
    assert found["fine"] is False
    assert found["peers"][0]["equal"] is False
    assert len(found["rows"]) == 60
    assert "NOT explained" in sentence(judge(rows(20)))


def test_time_at_each_level_is_the_windows():
    window = paths.Window(1.0, 5.0)
    # 0-2, 1-3, 2-2.5: levels over [1, 5): 2 in [1, 2), 2 in [2, 2.5), 1 in [2.5, 3), 0 after.
    begin, end = np.array([0.0, 1.0, 2.0]), np.array([2.0, 3.0, 2.5])
    share = paths.levels(begin, end, window)
    assert share.tolist() == [2.0, 0.5, 1.5, 0.0][: len(share)]
    assert window.average(begin, end) == (3.5, 4.0)


@pytest.mark.long
@pytest.mark.parametrize("law", LAWS)
def test_a_law_has_the_moments_it_declares(law: str):
    draws = LAWS[law].draw(np.random.default_rng(3), 400_000)
    assert draws.mean() == pytest.approx(1, abs=4.5 * max(draws.std(), 1e-12) / 400_000**0.5)
    if not law.startswith(("lognormal_scv4", "pareto")):
        squares = draws**2
        assert squares.mean() == pytest.approx(LAWS[law].second, abs=5 * max(squares.std(), 1e-12) / 400_000**0.5)
    x = np.quantile(draws, [0.1, 0.5, 0.9, 0.99])
    if law != "det":
        assert LAWS[law].beyond(x) == pytest.approx([0.9, 0.5, 0.1, 0.01], rel=0.06)
    mean, second = rounded_moments(law, 1000, 1_000_000)
    assert mean == pytest.approx(1, abs=2e-5)  # a token at least: of gamma 1/2, 1.8 % are below half of one
    assert second == pytest.approx(LAWS[law].second, rel=3e-4)


@pytest.mark.parametrize("family", PLANS)
def test_rounding_is_below_a_quarter_of_the_bound(family: str):
    for entry in entries(family):
        case = case_of(family, entry)
        bound = min(relative(case), 0.02)
        assert 0 <= shift(case) < bound / 4, case.name


def test_sizes_are_fixed_beforehand():
    for family in PLANS:
        for entry in entries(family):
            case = case_of(family, entry)
            assert PLANS[family].headline in case.values
            for whole in (False, True):
                count, customers = replications(PLANS[family], case, whole)
                assert count >= 16
                assert customers >= 1
                assert customers <= LARGEST


def test_a_control_of_one_quantity_serves_no_other():
    rng = np.random.default_rng(3)
    noise = rng.normal(size=30)
    samples = [Sample({"x": (5 + c, 1.0), "y": (5 + c, 1.0)}, (), {"x": (c,)}) for c in noise]
    found = estimate(samples)
    assert found["x"].value == pytest.approx(5)
    assert found["x"].error < 1e-9
    assert found["y"].freedom == 29
    assert found["y"].value == pytest.approx(5 + noise.mean())


def test_a_quantile_is_found_from_nearby_whatever_the_length_of_replications():
    rng = np.random.default_rng(4)
    # Exponential: the quantile of 99 % is ln 100. Replications of 300 have a biased one of their own.
    near = math.log(100) * 1.03
    samples = [Sample({"q": paths.quantile(rng.standard_exponential(300), 0.99, near)}) for _ in range(4000)]
    found = estimate(samples)["q"]
    assert abs(found.value - math.log(100)) < 4 * found.error
    assert found.error < 0.011


def test_a_quantile_inside_an_atom_is_zero():
    values = np.array([0.0] * 98 + [1.0, 2.0])
    assert paths.quantile(values, 0.95, 0.0) == (0.0, 1.0)
    assert paths.quantile(values, 0.99, 0.0)[0] > 0


def test_two_percent_are_for_loads_of_095_and_more_alone():
    wide = {case.name for case in page.cases() if relative(case) == 0.02}
    assert wide == {
        "mm1_rho0.95", "pod_d2_rho0.95", "pod_d2_rho0.99", "pod_d3_rho0.99", "mmc_c20_rho0.95", "mmc_c1000_rho0.99",
        "mm1_transient_1.2",
    }  # fmt: skip
