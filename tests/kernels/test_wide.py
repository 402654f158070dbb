"""Integers of 128 bits, sums and orders of kernels against Python's integers and numpy."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.kernels import order, sums, wide

pytestmark = pytest.mark.compiled

WORD = st.one_of(st.integers(0, 2**63 - 1), st.integers(0, 2**20), st.integers(2**62, 2**63 - 1))
MASK = (1 << 64) - 1


@numba.njit
def floor_of(a: int, b: int, c: int) -> int:
    return wide.floor_of(a, b, c)


@numba.njit
def ceil_of(a: int, b: int, c: int) -> int:
    return wide.ceil_of(a, b, c)


@numba.njit
def ratio(high: int, low: int, c: int) -> float:
    return wide.ratio(high, low, c)


@numba.njit
def as_float(high: int, low: int) -> float:
    return wide.as_float(high, low, False)


@numba.njit
def total(values: np.ndarray) -> float:
    return sums.total(values)


@numba.njit
def ascending(values: np.ndarray, spare: np.ndarray) -> None:
    order.ascending(values, spare)


@numba.njit
def smallest(values: np.ndarray, place: int) -> float:
    return order.smallest(values, place)


def _kept(exact: int) -> int:
    return exact if exact < 2**63 else -1


@settings(max_examples=2000, deadline=None)
@given(a=WORD, b=WORD, c=WORD.map(lambda x: max(x, 1)))
def test_quotients_of_products_are_pythons(a: int, b: int, c: int) -> None:
    assert floor_of(a, b, c) == _kept(a * b // c)
    assert ceil_of(a, b, c) == _kept(-(-a * b // c))


@settings(max_examples=2000, deadline=None)
@given(n=st.one_of(st.integers(0, 2**127 - 1), st.integers(0, 2**70)), c=WORD.map(lambda x: max(x, 1)))
def test_floats_of_wide_integers_and_their_quotients_are_the_nearest(n: int, c: int) -> None:
    high, low = np.uint64(n >> 64), np.uint64(n & MASK)
    assert as_float(high, low) == float(n)
    assert ratio(high, low, np.uint64(c)) == n / c


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 64, 127, 128, 129, 200, 257, 1000, 4099])
def test_sums_are_numpys_to_the_last_bit(size: int) -> None:
    draw = np.random.default_rng(size)
    for _ in range(5):
        values = draw.lognormal(0, 4, size) * draw.choice([-1, 1], size)
        assert total(values) == values.sum()


@settings(max_examples=300, deadline=None)
@given(values=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60), data=st.data())
def test_orders_are_numpys(values: list[float], data: st.DataObject) -> None:
    wanted = np.sort(values)
    place = data.draw(st.integers(0, len(values) - 1))
    assert smallest(np.array(values), place) == wanted[place]
    given_values = np.array(values)
    ascending(given_values, np.empty(len(values)))
    assert (given_values == wanted).all()


@pytest.mark.parametrize("size", [0, 1, 2, 7, 100, 1000])
def test_stretches_and_ties_are_sorted(size: int) -> None:
    draw = np.random.default_rng(size)
    for values in (
        draw.random(size), draw.integers(0, 3, size).astype(float), np.arange(size, dtype=float)[::-1].copy(),
        np.concatenate([np.sort(part) for part in np.array_split(draw.random(size), 5)]), np.full(size, 2.5),
    ):  # fmt: skip
        found = values.copy()
        ascending(found, np.empty(size))
        assert (found == np.sort(values)).all()
