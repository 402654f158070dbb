"""Slots of neurons and subnets: what they cost, who leaves, what is paid out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.tokenomics.chains.bittensor.registration import BurnPrice, decay_factor, to_prune, top_stakes
from sim.tokenomics.chains.bittensor.subnets import lock_cost, payouts, pool_of, to_deregister

TAO = 10**9


@pytest.mark.parametrize("half_life", [1, 7, 360, 4096, 65_535])
def test_a_price_has_halved_after_its_half_life(half_life: int) -> None:
    price = BurnPrice(10**15, half_life, least=0, most=10**18)
    # Each step rounds down, and f to 32 digits: at 65,535 steps that is 1 in 10^5.
    assert price.wait(half_life) == pytest.approx(10**15 / 2, rel=2e-5)
    assert decay_factor(half_life) < 2**32


def test_a_registration_pays_the_price_and_raises_it_by_26_percent() -> None:
    price = BurnPrice(TAO)
    assert price.register() == TAO
    assert price.now == 1_260_000_000


def test_a_price_stays_within_its_bounds() -> None:
    price = BurnPrice(TAO)
    assert price.wait(100_000) == TAO // 2000
    for _ in range(100):
        price.register()
    assert price.now == 100 * TAO


def _arrays(*rows: tuple[int, int, bool, bool]) -> tuple[np.ndarray, ...]:
    return tuple(np.array(column) for column in zip(*rows, strict=True))


def test_the_least_paid_goes_first_then_the_oldest_then_the_lowest_uid() -> None:
    # (last emission, block of registration, immune, owner's)
    rows = [(5, 10, False, False), (3, 20, False, False), (3, 15, False, False), (3, 15, False, False)]
    assert to_prune(*_arrays(*rows), least_free=0) == 2
    # The owner's key never goes.
    rows[2] = (3, 15, False, True)
    assert to_prune(*_arrays(*rows), least_free=0) == 3


def test_the_immune_go_only_when_few_others_are_left() -> None:
    rows = [(0, 1, True, False), *[(9, 2, False, False)] * 10]
    assert to_prune(*_arrays(*rows)) == 0
    assert to_prune(*_arrays(*rows, (9, 2, False, False))) == 1
    assert to_prune(*_arrays((0, 1, False, True), (0, 1, True, True))) is None


def test_permits_go_to_the_largest_stakes_and_of_equal_ones_to_the_higher_uid() -> None:
    assert top_stakes(np.array([5, 0, 7, 5]), 2).tolist() == [False, False, True, True]
    assert top_stakes(np.array([5, 0, 7]), 4).tolist() == [True, False, True]


def test_a_lock_doubles_and_falls_to_nothing_in_one_interval() -> None:
    last, interval = 1000 * TAO, 1000
    assert lock_cost(last, 5, 5, interval) == 2 * last
    assert lock_cost(last, 5, 5 + interval // 2, interval) == last
    assert lock_cost(last, 5, 5 + interval, interval) == TAO
    # The source of June 2026: half as fast.
    assert lock_cost(last, 5, 5 + interval, interval, decay=1) == last
    # Nobody has registered yet.
    assert lock_cost(last, 0, 0, interval) == last


def test_the_cheapest_subnet_outside_immunity_goes_and_of_equal_ones_the_earliest() -> None:
    price, registered = np.array([0.1, 0.3, 0.1, 0.05]), np.array([50, 10, 20, 900])
    assert to_deregister(price, registered, now=1000, immunity=500) == 2
    assert to_deregister(price, registered, now=1000, immunity=100) == 3
    assert to_deregister(price, registered, now=1000, immunity=10_000) is None


@settings(max_examples=300, deadline=None)
@given(pot=st.integers(0, 10**16), alpha=st.lists(st.integers(0, 10**16), max_size=30), own=st.integers(0, 10**16))
def test_a_pot_is_paid_out_to_the_last_rao_in_proportion(pot: int, alpha: list[int], own: int) -> None:
    paid, protocol = payouts(pot, alpha, own)
    total = sum(alpha) + own
    assert sum(paid) + protocol == (pot if total else 0)
    for got, held in zip([*paid, protocol], [*alpha, own], strict=True):
        assert got == 0 if total == 0 else abs(got * total - pot * held) < total


def test_what_rounding_leaves_goes_to_the_largest_remainders() -> None:
    # 10 among 1, 1, 1: 3.33 each, and the first gets the rao that is left.
    assert payouts(10, [1, 1], 1) == ([4, 3], 3)
    # 10 among 3, 4: 4.29, 5.71.
    assert payouts(10, [3], 4) == ([4], 6)


def test_a_new_pool_takes_all_of_the_lock_at_the_median_price() -> None:
    assert pool_of(500 * TAO, 0.02) == (500 * TAO, 25_000 * TAO)
    assert pool_of(0, 0.5) == (TAO, 2 * TAO)
