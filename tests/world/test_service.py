"""An epoch's service as numbers: shares in whole units, whole requests, scaled fates, capacity; and inequality."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.serving.contract import Fate
from sim.world.book import gini, nakamoto
from sim.world.service import Scaler, from_capacity, scaled, share_out
from sim.world.tally import Tally

_WEIGHTS = st.lists(st.floats(0, 1e9, allow_nan=False, allow_subnormal=False), min_size=1, max_size=20)


@pytest.mark.long
@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**15), _WEIGHTS)
def test_what_is_shared_out_sums_to_what_there_was(total: int, weights: list[float]) -> None:
    parts = share_out(total, np.array(weights))
    assert int(parts.sum()) == total
    assert parts.min() >= 0
    below = sum(weights)
    if below > 0:
        exact = np.array([total * (w / below) for w in weights])
        assert (np.abs(parts - exact) <= 1 + 1e-9 * total).all()


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (10, [1, 1, 1], [4, 3, 3]),  # ties: the first
        (10, [0, 3, 0], [0, 10, 0]),
        (7, [0, 0], [7, 0]),  # without weights everything goes to the first
        (1, [0.4, 0.6], [0, 1]),
        (0, [1, 2], [0, 0]),
    ],
)
def test_what_is_shared_out_by_hand(total: int, weights: list[float], parts: list[int]) -> None:
    assert share_out(total, np.array(weights, float)).tolist() == parts


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_whole_requests_lose_less_than_one_over_a_run(expected: list[float]) -> None:
    scaler, whole = Scaler(1), 0
    for value in expected:
        count = scaler.whole(np.array([value]))
        assert count.dtype == np.int64
        whole += int(count[0])
    assert whole == pytest.approx(sum(expected), abs=1 + 1e-9 * sum(expected))
    assert 0 <= scaler.carry[0] < 1


def tally(*fates: dict[Fate, int]) -> Tally:
    made = Tally(len(fates))
    for k, counts in enumerate(fates):
        for fate, count in counts.items():
            made.fates[k, fate] = count
        made.prompt[k] = made.output[k] = 100 * counts.get(Fate.COMPLETED, 0)
        made.slo[k] = counts.get(Fate.COMPLETED, 0) // 2
    made.busy_ps, made.live_ps, made.seconds, made.energy_j = 30, 100, 10.0, 5.0
    return made


def test_an_epoch_fares_like_what_was_measured_of_its_class() -> None:
    measured = tally({Fate.COMPLETED: 6, Fate.ABANDONED: 3, Fate.FAILED: 1}, {Fate.COMPLETED: 5})
    served = scaled(measured, np.array([1001, 40]), 3600.0)
    assert served.fates[0, [Fate.COMPLETED, Fate.ABANDONED, Fate.FAILED]].tolist() == [601, 300, 100]
    assert served.fates[1, Fate.COMPLETED] == 40
    assert served.arrived == 1041
    assert served.prompt.tolist() == [1001 * 600 // 10, 40 * 500 // 5]
    assert (served.utilization, served.energy_j) == (0.3, 5.0 * 360)


def test_a_class_that_was_not_measured_fares_like_all_together() -> None:
    served = scaled(tally({Fate.COMPLETED: 3, Fate.ABANDONED: 1}, {}), np.array([0, 100]), 60.0)
    assert served.fates[1, [Fate.COMPLETED, Fate.ABANDONED]].tolist() == [75, 25]


def test_with_nothing_measured_everybody_gives_up() -> None:
    served = scaled(Tally(1), np.array([9]), 60.0)
    assert (served.fates[0, Fate.ABANDONED], served.utilization) == (9, None)


@pytest.mark.parametrize(
    ("capacity", "done", "used"), [(4.0, [300, 60], 0.95), (3.6, [300, 60], 1.0), (1.8, [150, 30], 1.0)]
)
def test_capacity_serves_the_smaller_of_demand_and_what_nodes_can(
    capacity: float, done: list[int], used: float
) -> None:
    # 360 requests in 100 s.
    served = from_capacity(
        np.array([300, 60]),
        np.array([[10.0, 2.0], [5.0, 1.0]]),
        [(1.0, capacity)],
        used,
        (200.0, 50.0),
        100.0,
        np.array([4.0, 0.0]),
    )
    assert served.fates[:, Fate.COMPLETED].tolist() == done
    assert served.arrived == 360
    assert served.prompt.tolist() == [10 * done[0], 5 * done[1]]
    assert served.cached.tolist() == [4 * done[0], 0]
    assert served.utilization == pytest.approx(used)
    assert served.energy_j == pytest.approx((used * 200 + (1 - used) * 50) * 100)


def test_a_network_without_nodes_serves_nobody() -> None:
    served = from_capacity(np.array([300]), np.array([[10.0, 2.0]]), [(1.0, 0.0)], None, (0.0, 0.0), 100.0, np.zeros(1))
    assert (served.completed, served.arrived, served.utilization) == (0, 300, None)


@pytest.mark.parametrize(
    ("incomes", "inequality", "fewest"),
    [
        ([1, 1, 1, 1], 0.0, 3),  # half is not more than half
        ([0, 0, 0, 1], 0.75, 1),
        ([1, 2, 3, 4], 0.25, 2),  # (2 x 30) / (4 x 10) - 5/4
        ([5], 0.0, 1),
    ],
)
def test_inequality_by_hand(incomes: list[float], inequality: float, fewest: int) -> None:
    found = np.array(incomes, float)
    assert gini(found) == pytest.approx(inequality)
    assert nakamoto(found) == fewest


def test_without_income_there_is_no_inequality() -> None:
    assert gini(np.zeros(3)) is None
    assert nakamoto(np.zeros(3)) is None
