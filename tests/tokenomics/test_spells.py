"""Laws of spells: lengths by inversion have the declared mean, and what is left of one met follows renewal theory."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.scenario.catalogue import tables
from sim.tokenomics.spells import SPELLS
from tests.moments import check_moments

LAWS = {
    "exponential": SPELLS["exponential"](),
    "constant": SPELLS["constant"](),
    "lognormal": SPELLS["lognormal"](sigma=0.8),
    "median": SPELLS["lognormal"](sigma=0.8, states="median"),
}
CLOSED = {
    "exponential": stats.expon(scale=7.0),
    "lognormal": stats.lognorm(s=0.8, scale=7.0 * np.exp(-0.32)),
    "median": stats.lognorm(s=0.8, scale=7.0),
}


def test_every_kind_is_tested_and_listed():
    assert {law.kind for law in LAWS.values()} == set(SPELLS)
    assert SPELLS in tables()


@pytest.mark.parametrize("name", CLOSED)
def test_lengths_are_the_quantiles_of_the_law(name):
    law, closed = LAWS[name], CLOSED[name]
    uniforms = np.array([1e-12, 1e-6, 0.02, 0.3, 0.5, 0.7, 0.98, 1 - 1e-6])
    found = law.length(law.mean_s(7.0), -np.log1p(-uniforms))
    assert found == pytest.approx(closed.ppf(uniforms), rel=1e-9)
    assert law.mean_s(7.0) == pytest.approx(closed.mean(), rel=1e-12)


def test_a_median_of_two_hours_and_its_mean():
    # exp(1.5^2 / 2) = 3.0802
    law = SPELLS["lognormal"](states="median")
    assert law.mean_s(7200.0) == pytest.approx(7200 * 3.0802168489, rel=1e-9)
    assert float(law.length(law.mean_s(7200.0), np.log(2.0))) == pytest.approx(7200.0, rel=1e-12)


def test_the_tail_is_exact_where_a_uniform_would_round_to_one():
    law = SPELLS["lognormal"](sigma=1.0)
    assert float(law.length(1.0, 80.0)) == pytest.approx(float(np.exp(stats.norm.isf(np.exp(-80.0)) - 0.5)), rel=1e-12)


@pytest.mark.parametrize("name", LAWS)
def test_a_sample_has_the_declared_moments(name):
    # Lengths of nodes' lives and repairs, times between outages, and parts of training rounds are all drawn so.
    law, rng = LAWS[name], np.random.default_rng(13)
    mean_s = law.mean_s(7.0)
    scv = {"exponential": 1.0, "constant": 0.0}.get(name, np.exp(0.8**2) - 1)
    drawn = np.broadcast_to(law.length(mean_s, rng.standard_exponential(200_000)), 200_000)
    check_moments(drawn, mean_s, scv * mean_s**2)


@pytest.mark.parametrize("name", LAWS)
def test_what_is_left_at_a_fixed_instant_of_a_process_that_runs_for_long(name):
    # 4,000 processes of spells end to end, looked at after 60 mean lengths: the spell met there is simulated, not derived.
    law, rng = LAWS[name], np.random.default_rng(11)
    mean_s = law.mean_s(7.0)
    at_s = 60 * mean_s + rng.uniform(0, mean_s, 4000)
    ends = np.cumsum(law.length(mean_s, rng.standard_exponential((4000, 300))), axis=1)
    assert (ends[:, -1] > at_s).all()
    left = ends[np.arange(4000), (ends > at_s[:, None]).argmax(axis=1)] - at_s
    drawn = law.left(mean_s, rng.standard_exponential(4000), rng.random(4000))
    assert stats.ks_2samp(left, drawn).pvalue > 0.01


@pytest.mark.parametrize("name", LAWS)
def test_the_mean_of_what_is_left_is_half_the_second_moment_over_the_mean(name):
    law, rng = LAWS[name], np.random.default_rng(12)
    mean_s = law.mean_s(7.0)
    drawn = law.left(mean_s, rng.standard_exponential(200_000), rng.random(200_000))
    scv = {"exponential": 1.0, "constant": 0.0}.get(name, np.exp(0.8**2) - 1)
    assert abs(drawn.mean() - mean_s * (1 + scv) / 2) < 4 * drawn.std() / 200_000**0.5
    assert drawn.min() > 0
