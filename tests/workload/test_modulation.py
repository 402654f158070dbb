"""Rates that wander: their path is a function of stream and step, their variance and correlation are as declared."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import ScenarioError
from sim.streams import Streams
from sim.workload import Potential, problems
from sim.workload.modulation import Modulation, correlations


def _ou(tau: str = "182 s", relative_variance: float = 0.1) -> dict:
    return {"kind": "log_ou", "relative_variance": relative_variance, "tau": tau}


def _modulation(classes, replication=0):
    matrix, wrong = correlations(classes)
    assert not wrong
    return Modulation(classes, matrix, Streams(11, replication))


def _latent(modulation, classes, name, count):
    spread2 = np.log1p(classes[name].arrivals.relative_variance)
    return (np.log(modulation.factors(name, 0, count)) + spread2 / 2) / np.sqrt(spread2)


@settings(max_examples=40, deadline=None)
@given(first=st.integers(0, 10**6), count=st.integers(1, 300), more=st.integers(0, 5000))
def test_a_step_is_the_same_from_whatever_stretch_it_is_read(client, first, count, more):
    modulation = _modulation({"a": client(arrivals=_ou())})
    begin = max(0, first - more)
    longer = modulation.factors("a", begin, first - begin + count + more)
    np.testing.assert_array_equal(longer[first - begin : first - begin + count], modulation.factors("a", first, count))


def test_the_path_has_variance_one_and_forgets_at_its_time_constant(client):
    classes = {"a": client(arrivals=_ou("100 s"))}
    step_s = 60 / _modulation(classes).steps("a")
    lag = round(100 / step_s)
    paths = [_latent(_modulation(classes, replication), classes, "a", 20_000) for replication in range(10)]
    x = np.concatenate(paths)
    # About 10 x 20,000 x step / (2 tau) independent values: standard error of the variance .015.
    assert x.var() == pytest.approx(1, abs=0.06)
    pairs = np.mean([np.mean(path[lag:] * path[:-lag]) for path in paths])
    assert pairs == pytest.approx(np.exp(-lag * step_s / 100), abs=0.06)


@pytest.mark.parametrize(
    ("taus", "at_once"), [(("200 s", "200 s"), 1.0), (("182 s", "443 s"), 2 * np.sqrt(182 * 443) / 625)]
)
def test_paths_are_correlated_as_their_innovations_and_time_constants_say(client, taus, at_once):
    classes = {"a": client(arrivals=_ou(taus[0])), "b": client(arrivals=_ou(taus[1]), correlation={"a": -0.9})}
    found = []
    for replication in range(10):
        modulation = _modulation(classes, replication)
        found.append(np.corrcoef(*(_latent(modulation, classes, name, 20_000) for name in "ab"))[0, 1])
    assert np.mean(found) == pytest.approx(-0.9 * at_once, abs=0.03)


def test_a_perfect_correlation_gives_the_mirrored_path(client):
    classes = {"a": client(arrivals=_ou()), "b": client(arrivals=_ou(), correlation={"a": -1})}
    modulation = _modulation(classes)
    np.testing.assert_allclose(
        _latent(modulation, classes, "a", 500), -_latent(modulation, classes, "b", 500), atol=1e-9
    )


def test_a_third_class_leaves_the_paths_of_the_first_two(client):
    two = {"a": client(arrivals=_ou()), "b": client(arrivals=_ou(), correlation={"a": -0.9})}
    three = {**two, "c": client(arrivals=_ou(), correlation={"a": 0.5, "b": -0.6})}
    for name in two:
        np.testing.assert_array_equal(
            _modulation(two).factors(name, 100, 50), _modulation(three).factors(name, 100, 50)
        )


def test_the_grid_is_fine_enough_for_the_shortest_of_correlated_time_constants(client):
    classes = {
        "slow": client(arrivals=_ou("1 h")),
        "fast": client(arrivals=_ou("10 s"), correlation={"slow": 0.5}),
        "own": client(arrivals=_ou("1 h")),
    }
    modulation = _modulation(classes)
    assert modulation.steps("own") == 8  # 7.5 s
    assert modulation.steps("fast") == modulation.steps("slow") == 128  # .47 s, the first below 10 s / 16


@pytest.mark.parametrize(
    ("correlation", "path", "told"),
    [
        ({"b": {"nobody": 0.5}}, "workload.b.correlation.nobody", "no class 'nobody'; classes: a, b, c, poisson"),
        ({"b": {"b": 0.5}}, "workload.b.correlation.b", "a class is not correlated with itself"),
        (
            {"b": {"poisson": 0.5}},
            "workload.b.correlation.poisson",
            "`poisson` has arrivals 'poisson'; only `log_ou` rates can be correlated",
        ),
        ({"a": {"b": 0.5}, "b": {"a": 0.4}}, "workload.b.correlation.a", "0.4 found, but a.correlation.b says 0.5"),
        (
            {"a": {"b": -0.9, "c": -0.9}, "b": {"c": -0.9}},
            "workload.a.correlation",
            "correlations a-b -0.9, a-c -0.9, b-c -0.9 cannot hold together",
        ),
    ],
)
def test_correlations_that_cannot_be_are_told(client, correlation, path, told):
    classes = {name: client(arrivals=_ou(), correlation=correlation.get(name, {})) for name in "abc"}
    classes["poisson"] = client()
    wrong = problems(classes)
    assert [problem.path for problem in wrong] == [path]
    assert told in wrong[0].message
    with pytest.raises(ScenarioError, match="correlation"):
        Potential(classes, Streams(1, 0), datetime.date(2026, 1, 1))


def test_time_constants_too_far_apart_are_refused(client):
    classes = {"a": client(arrivals=_ou("1 s")), "b": client(arrivals=_ou("1 h"), correlation={"a": 0.5})}
    assert "1000-fold" in problems(classes)[0].message


def test_equal_statements_on_both_sides_are_one(client):
    classes = {
        "a": client(arrivals=_ou(), correlation={"b": -0.9}),
        "b": client(arrivals=_ou(), correlation={"a": -0.9}),
    }
    matrix, wrong = correlations(classes)
    assert not wrong
    np.testing.assert_array_equal(matrix, [[1, -0.9], [-0.9, 1]])
