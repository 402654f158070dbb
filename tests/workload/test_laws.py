"""Every law's sample agrees with its declared moments: one helper, every entry of every table."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from sim.streams import Streams
from sim.workload import Potential
from sim.workload.arrivals import ARRIVALS
from sim.workload.arrivals.gamma import renewals
from sim.workload.cached import CACHED
from sim.workload.lengths import LENGTHS
from sim.workload.modulation import Modulation
from sim.workload.patience import PATIENCE
from sim.workload.requests import NEVER, Seat
from tests.moments import Z, check_moments

N = 200_000

LAWS = [
    (LENGTHS, {"kind": "constant", "tokens": 7}),
    (LENGTHS, {"kind": "quantiles", "tokens": [1, 10, 200, 200, 3000], "percent": [0, 20, 50, 60, 100]}),
    (LENGTHS, {"kind": "quantiles", "tokens": [5, 5, 6], "percent": [0, 70, 100]}),
    (
        LENGTHS,
        {
            "kind": "lognormal_mixture",
            "weights": [0.26, 0.453, 0.287],
            "mu": [4.696, 4.576, 6.009],
            "sigma": [1.032, 0.373, 0.063],
        },
    ),
    (
        LENGTHS,
        {"kind": "lognormal_mixture", "weights": [3, 1], "mu": [0.2, 9], "sigma": [1.5, 2], "low": 2, "high": 50},
    ),
    (LENGTHS, {"kind": "trace", "column": "output_tokens"}),
    (CACHED, {"kind": "share", "share": "37 %"}),
    (CACHED, {"kind": "share_quantiles", "of_prompt": [0, 3, 3, 100], "percent": [0, 25, 50, 100]}),
    (CACHED, {"kind": "constant", "tokens": 512}),
    (CACHED, {"kind": "quantiles", "tokens": [16, 64, 900], "percent": [0, 70, 100]}),
    (CACHED, {"kind": "lognormal_mixture", "weights": [1], "mu": [6], "sigma": [0.5]}),
    (PATIENCE, {"kind": "constant", "mean": "30 s"}),
    (PATIENCE, {"kind": "exponential", "mean": "30 s"}),
]


@pytest.fixture
def trace_file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("arrival_s,prompt_tokens,output_tokens\n0,5,1\n0.5,70,2\n0.9,6,300\n8,7,40\n", encoding="utf-8")
    return str(path)


def _law(table, keys, trace_file):
    keys = {**keys, "file": trace_file} if keys["kind"] == "trace" else keys
    return table[keys["kind"]].model_validate(keys, context={"yaml": True})


@pytest.mark.parametrize(
    ("table", "keys"), LAWS, ids=lambda value: value["kind"] if isinstance(value, dict) else value.name
)
def test_a_sample_has_the_declared_mean_and_variance(table, keys, trace_file):
    law = _law(table, keys, trace_file)
    drawn = law.values(Streams(3, 0)["laws"].generator(0).random((N, law.uniforms)))
    check_moments(drawn, law.mean, law.variance)
    if table is LENGTHS:
        assert drawn.min() >= 1
        np.testing.assert_array_equal(drawn, np.rint(drawn))


def test_every_law_of_the_workload_is_in_a_moment_test():
    tested = (
        {(table.name, keys["kind"]) for table, keys in LAWS}
        | {("arrivals", kind) for kind in ARRIVAL_GAPS}
        | {
            ("arrivals", "log_ou"),
            ("arrivals", "clients"),
            ("arrivals", "bootstrap"),
        }  # the latter two in test_churn and test_bootstrap
    )
    assert tested == {(table.name, kind) for table in (LENGTHS, CACHED, PATIENCE, ARRIVALS) for kind in table}


@pytest.mark.parametrize(
    ("table", "keys"), LAWS, ids=lambda value: value["kind"] if isinstance(value, dict) else value.name
)
def test_values_are_elementwise(table, keys, trace_file):
    law = _law(table, keys, trace_file)
    u = np.random.default_rng(4).random((999, law.uniforms))
    np.testing.assert_array_equal(law.values(u)[500:], law.values(u[500:]))


def test_quantiles_hit_their_knots_and_edges():
    law = LENGTHS["quantiles"](tokens=(2, 8, 100), percent=(0.0, 50.0, 100.0))
    # ln is linear between knots: at 25 % the geometric mean of 2 and 8.
    np.testing.assert_array_equal(law.values(np.array([[0.0], [0.25], [0.5], [np.nextafter(1, 0)]])), [2, 4, 8, 100])


def test_a_mixture_is_cut_not_piled_up_at_its_ends():
    law = LENGTHS["lognormal_mixture"](weights=(1.0,), mu=(3.0,), sigma=(1.0,), low=10, high=30)
    drawn = law.values(np.random.default_rng(5).random((N, 2)))
    lengths, chances = law.distribution()
    counts = np.bincount(drawn.astype(int), minlength=31)[10:]
    assert drawn.min() == 10 and drawn.max() == 30 and lengths[0] == 10
    assert (np.abs(counts - N * chances) < 5 * np.sqrt(N * chances)).all()


ARRIVAL_GAPS = {"poisson": {}, "constant": {}, "gamma": {"cv": 2.0}, "trace": {}}


@pytest.mark.parametrize("kind", ARRIVAL_GAPS)
def test_gaps_have_the_declared_mean_and_variance(kind, client, trace_file):
    if kind == "trace":
        cls = client(rate="out", prompt="out", output="out", arrivals={"kind": kind, "file": trace_file})
        gaps_s = (
            np.diff(Potential({"c": cls}, Streams(1, 0), datetime.date(2026, 1, 1), 1).draw(0, 10**13).time_ps) / 1e12
        )
        assert gaps_s.var() / gaps_s.mean() ** 2 == pytest.approx(cls.arrivals.variance, rel=1e-12)
        return
    cls = client(rate="20 /s", arrivals={"kind": kind, **ARRIVAL_GAPS[kind]})
    drawn = Potential({"c": cls}, Streams(1, 0), datetime.date(2026, 1, 1), 1).draw(0, 3 * 3600 * 10**12)
    gaps = np.diff(drawn.time_ps) / 1e12 * 20
    if kind == "constant":
        np.testing.assert_allclose(gaps, 1.0, rtol=1e-9)
    else:
        check_moments(gaps, cls.arrivals.mean, cls.arrivals.variance)


@pytest.mark.long
@pytest.mark.parametrize("cv", [0.2, 1.0, 3.0])
def test_a_renewal_stretch_starts_in_equilibrium(cv):
    # In equilibrium the expected number in [0, t) is t for every t, however short (Cox 1962, section 4.1).
    seat = Seat(Streams(2, 0)["renewals"])
    counts = np.array([len(renewals(seat(k), cv, 3.0)) for k in range(10_000)])
    assert abs(counts.mean() - 3.0) / (counts.std() / np.sqrt(len(counts))) < Z


@pytest.mark.parametrize(("relative_variance", "tau"), [(0.098, "182 s"), (1.5, "30 s")])
def test_log_ou_factors_have_mean_one_and_the_declared_variance(client, relative_variance, tau):
    cls = client(arrivals={"kind": "log_ou", "relative_variance": relative_variance, "tau": tau})
    values = []
    for replication in range(40):
        modulation = Modulation({"c": cls}, np.eye(1), Streams(5, replication))
        apart = int(12 * cls.arrivals.tau * modulation.steps("c") / 60)
        values.append(modulation.factors("c", 0, 400 * apart)[::apart])
    check_moments(np.concatenate(values), cls.arrivals.mean, cls.arrivals.variance)


def test_connections_break_at_the_declared_hazard(client):
    cls = client(rate="20 /s", disconnect="0.01 /s", deadline="1 h")
    drawn = Potential({"c": cls}, Streams(1, 0), datetime.date(2026, 1, 1), 1).draw(0, 2 * 3600 * 10**12)
    after_s = drawn.disconnect_ps / 1e12
    assert (drawn.disconnect_ps != NEVER).all()  # beyond an hour is exp(-36)
    check_moments(after_s, 100.0, 100.0**2)
