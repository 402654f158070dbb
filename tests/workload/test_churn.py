"""Clients who come and go: the rates they bring have the declared moments, and so have the counts of their requests."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from sim.streams import Streams
from sim.workload import Potential
from sim.workload.churn import Churn
from tests.moments import Z, check_moments

START = datetime.date(2026, 1, 1)
BLOCK = {
    "kind": "clients",
    "clients": 30,
    "spread": 1.2,
    "asking": "2 h",
    "silent": "3 h",
    "level_spread": 0.6,
    "cv": 1,
}


@pytest.fixture
def law(client):
    def make(**keys):
        return client(arrivals={**BLOCK, **keys}).arrivals

    return make


def _churn(law, replication=0):
    return Churn(law, Streams(5, replication)["churn.c"])


def test_shares_are_the_quantiles_of_a_lognormal_law(law):
    shares = law(clients=1000, spread=2).shares()
    assert shares.sum() == pytest.approx(1) and (np.diff(shares) < 0).all()
    logs = np.log(shares)
    assert logs.std() == pytest.approx(2, rel=0.01)
    # A normal law's quantiles: 68.3 % of the clients within one standard deviation.
    assert np.mean(np.abs(logs - logs.mean()) < 2) == pytest.approx(0.683, abs=0.002)
    assert law(clients=1).shares().tolist() == [1.0]


@pytest.mark.long
@pytest.mark.parametrize("keys", [{}, {"level_spread": 0, "asking": "30 min", "silent": "10 h"}, {"clients": 1}])
def test_rate_factors_have_mean_one_and_the_declared_variance(law, keys):
    one = law(**keys)
    apart = int(12 * one.tau_s / 3600) + 1
    values = []
    for replication in range(10):
        churn = _churn(one, replication)
        for hour in range(0, 400 * apart, apart):
            regimes = churn.regimes(hour)
            values.append(regimes.factor[regimes.start_s == 0].sum())
    check_moments(np.array(values), one.mean, one.variance)


@pytest.mark.long
def test_clients_ask_and_are_silent_for_exponential_times(law):
    churn = _churn(law(clients=1, asking="90 min", silent="4 h"))
    asking = [churn.regimes(hour) for hour in range(20_000)]
    begin = np.concatenate([one.start_s + 3600 * hour for hour, one in enumerate(asking)])
    end = np.concatenate([one.end_s + 3600 * hour for hour, one in enumerate(asking)])
    # Regimes that meet are one stretch; those of the two ends are cut.
    edges = np.flatnonzero(begin[1:] > end[:-1] + 1e-6)
    check_moments((end[edges[1:]] - begin[edges[:-1] + 1]), 90 * 60.0, (90 * 60.0) ** 2)
    check_moments(begin[edges + 1] - end[edges], 4 * 3600.0, (4 * 3600.0) ** 2)


def _counts(client, arrivals, rate, windows, window_s, replications):
    """Requests in neighbouring windows of each replication, shape (replications, windows)."""
    cls = client(rate=f"{rate} /s", arrivals=arrivals)
    span = int(windows * window_s) * 10**12
    counts = []
    for replication in range(replications):
        drawn = Potential({"c": cls}, Streams(6, replication), START, 1).draw(0, span)
        counts.append(np.bincount(drawn.time_ps // (window_s * 10**12), minlength=windows))
    return np.array(counts, float)


@pytest.mark.long
def test_counts_of_locally_poisson_clients_are_dispersed_as_declared(client, law):
    # Variance and covariance of counts of a Poisson process whose rate has variance v r^2, autocorrelation exp(-t/tau)
    # (Cox and Isham 1980, Point Processes, section 3.3): x = w/tau, v (r tau)^2 2 (x - 1 + exp(-x)) + r w, and
    # v (r tau)^2 (1 - exp(-x))^2 between neighbours.
    one, rate, window_s = law(), 0.5, 1200
    counts = _counts(client, BLOCK, rate, 2, window_s, 800) - rate * window_s
    x, scale = window_s / one.tau_s, one.variance * (rate * one.tau_s) ** 2
    for found, declared in (
        (counts, 0.0),
        (counts**2, scale * 2 * (x - 1 + np.exp(-x)) + rate * window_s),
        (counts[:, 0] * counts[:, 1], scale * (1 - np.exp(-x)) ** 2),
    ):
        values = found.reshape(800, -1).mean(axis=1)
        assert abs(values.mean() - declared) / (values.std() / 800**0.5) < Z


@pytest.mark.long
@pytest.mark.parametrize(("cv", "cv_spread"), [(0.5, 0), (3, 0), (1.2, 0.5)])
def test_counts_of_bursty_clients_are_dispersed_by_their_mean_squared_cv(client, cv, cv_spread):
    # Neighbouring windows share the slow rate: half the variance of their difference over the mean is that of the gaps,
    # which tends to cv^2 for windows that hold many gaps (Cox 1962, Renewal Theory, section 4.5).
    arrivals = {**BLOCK, "clients": 4, "spread": 0, "level_spread": 0, "asking": "2 day", "silent": "1 day"}
    arrivals |= {"cv": cv, "cv_spread": cv_spread}
    counts = _counts(client, arrivals, 100, 60, 10, 60)
    halves = ((counts[:, ::2] - counts[:, 1::2]) ** 2 / 2).mean(axis=1)
    ratios = halves - counts.mean(axis=1) * cv**2 * np.exp(2 * cv_spread**2)
    assert abs(ratios.mean()) / (ratios.std() / 60**0.5) < Z
    assert halves.mean() / counts.mean() == pytest.approx(cv**2 * np.exp(2 * cv_spread**2), rel=0.25)


def test_layers_meet_the_same_clients_and_draw_their_own_requests(client):
    cls = client(rate="5 /s", arrivals={**BLOCK, "clients": 2, "spread": 0})
    drawn = Potential({"c": cls}, Streams(6, 1), START, 2).draw(0, 12 * 3600 * 10**12)
    minutes = [np.bincount(drawn.time_ps[drawn.mark // 1 == layer] // (60 * 10**12), minlength=720) for layer in (0, 1)]
    assert not np.array_equal(*minutes)
    assert np.corrcoef(*minutes)[0, 1] > 0.9
