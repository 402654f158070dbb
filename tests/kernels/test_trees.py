"""Winner trees beside a plain search: the least of all, the lowest of equals, whatever changes in which order."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from sim.kernels.trees import tree_fill, tree_first, tree_set, tree_shape

NOBODY = 2**63 - 1


# Kernels have no way in from Python: these are one.
@numba.njit
def fill(table, at, leaves):
    tree_fill(table, at, leaves)


@numba.njit
def change(table, at, leaves, i, number):
    tree_set(table, at, leaves, i, number)


@numba.njit
def first(table, at, leaves):
    return tree_first(table, at, leaves)


@pytest.mark.parametrize(
    ("count", "shape"), [(1, (0, 1)), (2, (1, 9)), (8, (1, 9)), (9, (9, 73)), (64, (9, 73)), (10_000, (4681, 37_449))]
)
def test_a_tree_has_as_many_leaves_as_numbers_need(count: int, shape: tuple[int, int]) -> None:
    assert tree_shape(count) == shape


@pytest.mark.compiled
@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 63, 64, 65, 300])
def test_the_first_is_the_lowest_of_the_least(count: int) -> None:
    rng = np.random.default_rng(count)
    leaves, entries = tree_shape(count)
    at = 3
    table = np.full(at + entries + 5, NOBODY, np.int64)
    numbers = rng.integers(0, 4, count)
    table[at + leaves : at + leaves + count] = numbers
    fill(table, at, leaves)
    for _ in range(400):
        assert first(table, at, leaves) == int(np.argmin(numbers))
        assert table[at] == numbers.min()
        i = int(rng.integers(count))
        numbers[i] = rng.choice([0, 1, 2, 3, NOBODY])
        change(table, at, leaves, i, int(numbers[i]))
    # Nothing beyond the tree was written to.
    assert (table[:at] == NOBODY).all() and (table[at + entries :] == NOBODY).all()
