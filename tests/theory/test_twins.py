"""Each kernel of a classical queue is equal to its SimPy twin, customer by customer, and ties go where it says."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sim.verify import systems
from tests.theory import twins

pytestmark = pytest.mark.compiled

SEEDS = range(20)
UNIT = 10**9


def queue(seed: int, load: float, count: int = 600) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """Arrivals and services in ticks; at a thousand million ticks a unit no two instants of a sample are the same."""
    rng = np.random.default_rng(seed)
    arrival = np.cumsum(rng.exponential(UNIT / load, count)).astype(np.int64)
    return arrival, np.maximum(rng.exponential(UNIT, count).astype(np.int64), 1), rng


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("servers", "places"), [(1, 10**6), (3, 10**6), (1, 4), (3, 3), (4, 9)])
def test_servers_with_one_queue(seed: int, servers: int, places: int) -> None:
    arrival, service, _ = queue(seed, 0.95 * servers)
    assert (
        systems.many_servers(arrival, service, servers, places) == twins.many_servers(arrival, service, servers, places)
    ).all()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("until", [10**18, 200 * UNIT])
def test_a_network_of_stations(seed: int, until: int) -> None:
    arrival, _, rng = queue(seed, 0.8, 200)
    length = rng.integers(1, 6, 200)
    station = rng.integers(0, 3, length.sum())
    service = rng.exponential(0.4 * UNIT, length.sum()).astype(np.int64) + 1
    servers = [1, 2, 400]
    visits = systems.walked(arrival, length, station, service, servers, until)
    first = np.concatenate(([0], np.cumsum(length)))
    routes = [
        list(zip(station[a:b].tolist(), service[a:b].tolist(), strict=True)) for a, b in itertools.pairwise(first)
    ]
    for i, told in enumerate(twins.network(arrival, routes, servers, until)):
        mine = visits[first[i] : first[i + 1]]
        seen = [[int(x) for x in (row["come"], row["start"], row["end"]) if x >= 0] for row in mine if row["come"] >= 0]
        assert seen == told


@pytest.mark.parametrize("seed", SEEDS)
def test_ranks_without_interruption(seed: int) -> None:
    arrival, service, rng = queue(seed, 0.9)
    for rank in (rng.integers(0, 3, len(arrival)), service):
        assert (systems.ranked(arrival, service, rank) == twins.ranked(arrival, service, rank)).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_ranks_that_interrupt(seed: int) -> None:
    arrival, service, rng = queue(seed, 0.9)
    rank = rng.integers(0, 3, len(arrival))
    mine = systems.preemptive(arrival, service, rank)
    assert (mine == twins.ranked_preemptive(arrival, service, lambda i, left: int(rank[i]))).all()
    mine = systems.preemptive(arrival, service, None)
    assert (mine == twins.ranked_preemptive(arrival, service, lambda i, left: left)).all()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("most", [1, 2, 8])
def test_batches_that_may_be_joined(seed: int, most: int) -> None:
    arrival, service, _ = queue(seed, 0.9 * most)
    end, batches = systems.partial_batches(arrival, service, most)
    assert (end == twins.partial_batches(arrival, service, most)).all()
    assert batches == len(np.unique(end))


def test_who_arrives_as_another_leaves_finds_the_place_taken() -> None:
    start = systems.many_servers(np.array([0, 5, 6]), np.array([5, 1, 1]), 1, 1)
    assert start.tolist() == [0, -1, 6]


def test_who_arrives_as_a_server_becomes_free_is_ranked_with_the_others() -> None:
    # The second waits since 1 with rank 1; the third comes at 5, the end of the first, with rank 0.
    end = systems.ranked(np.array([0, 1, 5]), np.array([5, 2, 3]), np.array([0, 1, 0]))
    assert end.tolist() == [5, 10, 8]


def test_an_end_comes_before_an_interruption_of_the_same_instant() -> None:
    end = systems.preemptive(np.array([0, 5]), np.array([5, 1]), np.array([1, 0]))
    assert end.tolist() == [5, 6]


def test_who_is_as_urgent_does_not_interrupt() -> None:
    end = systems.preemptive(np.array([0, 1, 2]), np.array([4, 3, 1]), None)
    # At 1 both have 3 left: the first goes on. At 2 the third has less than the 2 left.
    assert end.tolist() == [5, 8, 3]


def test_who_arrives_as_a_batch_ends_goes_with_it() -> None:
    end, batches = systems.partial_batches(np.array([0, 4, 5, 6]), np.array([5, 2, 9, 9]), 8)
    assert (end.tolist(), batches) == ([5, 5, 5, 8], 2)


def test_who_comes_back_to_a_station_stands_behind_its_queue() -> None:
    # Both arrive by 1; the first makes two visits of 2 ticks, the second one of 3.
    visits = systems.walked(np.array([0, 1]), np.array([2, 1]), np.zeros(3, np.int64), np.array([2, 2, 3]), [1], 100)
    assert visits["end"].tolist() == [2, 7, 5]
