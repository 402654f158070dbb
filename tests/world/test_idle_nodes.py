"""Whose work is whose where a node did none: down in all windows, down all day, not there yet, or only without luck."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.units import DAY_S, PS_PER_S
from sim.world.calendar import Epoch
from sim.world.network import SEEN_DOWN, NetworkState
from sim.world.run import World
from tests.world.small import HOME, PRICED, case, play

EPOCH = Epoch(0, 0, 7 * DAY_S * PS_PER_S)
THREE = {f"{HOME}.nodes": 3, f"{HOME}.max_nodes": 3, f"{HOME}.decides": "fixed"}


@pytest.fixture
def network() -> NetworkState:
    """Three live nodes; windows saw 30 tokens of the first, 10 of the second and none of the third."""
    world = World(case(THREE), 0, "fast")
    world.start()
    (found,) = world.networks
    found.take_work(np.array([[10.0, 20.0], [5.0, 5.0], [0.0, 0.0]]), np.zeros(3), np.full((3, 2), 4))
    return found


def third(network: NetworkState, counted: bool = False) -> list[float]:
    """The third node's weight; those of the others are their own work."""
    weights = network.work_weights(EPOCH, counted)
    assert weights[:2].tolist() == [[10.0, 20.0], [5.0, 5.0]]
    return [float(weight) for weight in weights[2]]


MEAN = [7.5, 12.5]


def test_a_node_that_was_up_and_had_no_request_counts_as_the_mean(network: NetworkState) -> None:
    assert third(network) == MEAN


def test_a_node_that_came_after_the_windows_counts_as_the_mean(network: NetworkState) -> None:
    network.met[2] = 0
    assert third(network) == MEAN


@pytest.mark.parametrize(("windows", "weight"), [(1, MEAN), (SEEN_DOWN, [0.0, 0.0]), (12, [0.0, 0.0])])
def test_a_node_that_windows_found_down_did_nothing_if_they_are_two(
    network: NetworkState, windows: int, weight: list[float]
) -> None:
    network.met[2] = windows, 0
    assert third(network) == weight


def test_where_every_token_was_counted_each_node_did_what_it_did(network: NetworkState) -> None:
    assert third(network, counted=True) == [0.0, 0.0]


@pytest.mark.parametrize("counted", [True, False])
def test_where_nobody_did_anything_all_count_by_capacity(network: NetworkState, counted: bool) -> None:
    network.take_work(np.zeros((3, 2)), np.zeros(3), np.array([[4, 4], [4, 4], [4, 0]]))
    weights = network.work_weights(EPOCH, counted)
    assert (weights == weights[0, 0]).all() and weights[0, 0] > 0


LONG_REPAIRS: dict[str, Any] = {
    "networks.net.price": PRICED,
    "networks.net.supply.initial": "0 TOK/day",
    f"{HOME}.nodes": 2,
    f"{HOME}.max_nodes": 2,
    f"{HOME}.decides": "fixed",
    f"{HOME}.up_time": "4 day",
    f"{HOME}.repair": "3 day",
    "workload.chat.rate": "0.05 /s",
    "epoch": "1 day",
    "horizon": "30 day",
}


@pytest.mark.compiled
@pytest.mark.parametrize("requests", [{"mode": "all"}, {"mode": "sampled", "window": "5 min", "per_epoch": 8}])
def test_a_node_that_is_down_all_day_earns_nothing(requests: dict[str, Any]) -> None:
    """Two nodes for users' fees alone: on days that one of them is down throughout, all income is one's (1/2)."""
    told = [value for value in play({**LONG_REPAIRS, "requests": requests}).series["net.gini"] if value is not None]
    assert 3 <= told.count(0.5) < len(told)
    assert min(told) < 0.2
