"""Which nodes of a fleet serve where only a part of it does: proportional, at least one a stratum, at least 100 replicas."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.serving.strata import LEAST_REPLICAS, allocate, by_largest_remainder


def serving(nodes: list[int], replicas: list[int], share: float) -> list[int]:
    return allocate(np.array(nodes), np.array(replicas), share).tolist()


def test_strata_serve_in_proportion() -> None:
    assert serving([600, 300, 100], [1, 1, 1], 0.2) == [120, 60, 20]


def test_the_largest_remainders_get_what_rounding_leaves() -> None:
    # Quotas 66.8, 33.4 and 99.8 of 200: rounded down 66, 33, 99; the two left over go to .8 and .8.
    assert by_largest_remainder(200, np.array([334, 167, 499])).tolist() == [67, 33, 100]


def test_equal_remainders_go_to_the_first() -> None:
    assert by_largest_remainder(3, np.array([5, 5])).tolist() == [2, 1]


def test_a_small_stratum_keeps_one_node() -> None:
    # Its quota of .2 rounds to none: it serves beside the 200 of the others.
    assert serving([999, 1000, 1], [1, 1, 1], 0.1) == [100, 100, 1]


def test_a_stratum_without_nodes_has_none_that_serve() -> None:
    assert serving([1000, 0], [1, 1], 0.1) == [100, 0]


def test_at_least_a_hundred_replicas_serve() -> None:
    assert serving([1000], [1], 0.01) == [100]
    # Nodes of eight replicas: 13 are the fewest that have 100.
    assert serving([1000], [8], 0.0001) == [13]


def test_a_fleet_of_a_hundred_replicas_serves_whole() -> None:
    assert serving([60, 40], [1, 1], 0.1) == [60, 40]
    assert serving([12], [8], 0.1) == [12]


def test_the_whole_share_is_the_whole_fleet() -> None:
    assert serving([700, 1], [1, 4], 1.0) == [700, 1]


@given(
    strata=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 16)), min_size=1, max_size=8),
    share=st.floats(1e-4, 1.0),
)
def test_every_allocation_is_near_its_share(strata: list[tuple[int, int]], share: float) -> None:
    nodes, replicas = (np.array(column) for column in zip(*strata, strict=True))
    part = allocate(nodes, replicas, share)
    have = int((nodes * replicas).sum())
    assert (part <= nodes).all()
    assert ((part > 0) == (nodes > 0)).all()
    assert int((part * replicas).sum()) >= min(LEAST_REPLICAS, have)
    if have > 0 and share * have > LEAST_REPLICAS + 16 * len(strata):
        # Far from the least: each stratum is within one node of its quota, but for the one that each keeps.
        assert (np.abs(part - share * nodes) <= 2).all()
