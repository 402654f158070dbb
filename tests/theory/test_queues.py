"""Theorems about queues, on the engines that serve the runs."""

from __future__ import annotations

import numpy as np
import pytest

from sim.serving.contract import Routing
from tests.theory.queues import (
    SERVICES,
    TIME_PS,
    Offered,
    by_node,
    fleet,
    mean_and_error,
    poisson,
    served,
    started,
    wait_and_stay,
)

pytestmark = pytest.mark.compiled

RANDOM = Routing("random")


def queue(seed: int, load: float, nodes: int = 50, until: float = 400.0) -> Offered:
    rng = np.random.default_rng(seed)
    arrival = poisson(rng, nodes * load, until)
    return Offered(arrival, rng.exponential(1.0, len(arrival)))


@pytest.mark.parametrize("engine", ["loop", "reference"])
def test_every_engine_serves_a_queue_alike(engine: str) -> None:
    offered = queue(1, 0.8, nodes=4, until=300.0)
    rows = [served(fleet(4, RANDOM, places=6), offered, 0.0, name) for name in ("fast", engine)]
    assert (rows[0] == rows[1]).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_waits_follow_lindleys_recursion_exactly(seed: int) -> None:
    # W[n+1] = max(0, W[n] + S[n] - A[n]) for each server, in picoseconds (Lindley 1952).
    rows = served(fleet(5, RANDOM), queue(seed, 0.9, nodes=5, until=1000.0), 0.0)
    for server in range(5):
        mine = rows[rows["replica"] == server]
        service = mine["prompt"].astype(np.int64) * (TIME_PS // 1000)
        wait = mine["end"] - service
        step = wait[:-1] + service[:-1] - np.diff(mine["arrival"])
        assert wait[0] == 0
        assert (wait[1:] == np.maximum(step, 0)).all()


@pytest.mark.parametrize("load", [0.3, 0.7])
def test_a_server_is_busy_for_its_load_whatever_the_law_of_service(load: float) -> None:
    for law in SERVICES.values():
        rng = np.random.default_rng(3)
        arrival = poisson(rng, 400 * load, 500.0)
        engine = started(fleet(400, RANDOM), Offered(arrival, law(rng, len(arrival))))
        engine.advance(100 * TIME_PS)
        engine.read()
        engine.advance(500 * TIME_PS)
        reading = engine.read()
        busy = reading.busy_ps / reading.live_ps
        assert busy.mean() == pytest.approx(load, abs=4 * busy.std(ddof=1) / 20)


def test_littles_law_holds_for_the_requests_in_a_fleet() -> None:
    # L = lambda W (Little 1961): held requests at 200 instants against arrivals and stays.
    offered = queue(4, 0.6, nodes=200, until=600.0)
    engine = started(fleet(200, RANDOM), offered)
    held = []
    for instant in range(100, 600, 5):
        engine.advance(instant * TIME_PS)
        held.append(engine.read().in_flight / 200)
    _, stay = wait_and_stay(served(fleet(200, RANDOM), offered, 100.0))
    # Both estimate the same path: what is left is the sampling of instants.
    assert np.mean(held) == pytest.approx(0.6 * stay.mean(), rel=0.03)


def test_departures_of_a_poisson_queue_are_poisson_again() -> None:
    # Burke 1956: gaps between departures are exponential with the arrival rate.
    rows = served(fleet(100, RANDOM), queue(5, 0.6, nodes=100, until=1500.0), 100.0)
    gaps, servers = [], []
    for server in range(100):
        leave = np.sort((rows["arrival"] + rows["end"])[rows["replica"] == server]) / TIME_PS
        # The last ones leave while nobody comes any more.
        gap = np.diff(leave[leave < 1500.0])
        gaps.append(gap)
        servers.append(np.full(len(gap), server % 50))
    gap, group = np.concatenate(gaps), np.concatenate(servers)
    for values, wanted in ((gap, 1 / 0.6), (gap**2, 2 / 0.36), (gap > 2.0, np.exp(-1.2))):
        mean, error = mean_and_error(values, group, 50)
        assert mean == pytest.approx(wanted, abs=4 * error)


@pytest.mark.parametrize(("law", "scv"), [("det", 0.0), ("erl4", 0.25), ("exp", 1.0), ("lognormal_scv1", 1.0)])
def test_mean_waits_grow_with_the_variance_of_service(law: str, scv: float) -> None:
    # Pollaczek-Khinchine: Wq = load (1 + SCV) / (2 (1 - load)).
    rng = np.random.default_rng(6)
    arrival = poisson(rng, 400 * 0.6, 700.0)
    rows = served(fleet(400, RANDOM), Offered(arrival, SERVICES[law](rng, len(arrival))), 100.0)
    mean, error = mean_and_error(wait_and_stay(rows)[0], by_node(rows), 50)
    assert error < 0.03 * mean
    assert mean == pytest.approx(0.6 * (1 + scv) / 0.8, abs=4 * error)


def test_two_looks_at_queues_beat_one_and_a_shared_view_of_all_beats_two() -> None:
    waits = []
    for routing in (RANDOM, Routing("power_of_two", d=2), Routing("power_of_two", d=16)):
        rows = served(fleet(50, routing), queue(7, 0.8, nodes=50, until=600.0), 100.0)
        waits.append(wait_and_stay(rows)[0].mean())
    assert waits[0] > 2 * waits[1] > 4 * waits[2]
