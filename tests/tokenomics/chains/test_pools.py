"""Bittensor's pools: nothing lost, prices that move the right way, injections that move none, limits that hold."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.tokenomics.chains.bittensor import coinbase
from sim.tokenomics.chains.bittensor.balancer import PARTS, Balancer, SwapError, fee_of, power
from sim.tokenomics.chains.bittensor.superellipse import Superellipse
from sim.tokenomics.chains.bittensor.v3 import Ranged

RESERVE = st.integers(10**9, 10**16)
WEIGHT = st.integers(PARTS // 100, PARTS - PARTS // 100)
AMOUNT = st.integers(10**5, 10**12)
FEE = 33


@settings(max_examples=200, deadline=None)
@given(tao=RESERVE, alpha=RESERVE, weight=WEIGHT, amount=AMOUNT, rate=st.integers(0, 10_000))
def test_a_swap_moves_rao_and_makes_none(tao: int, alpha: int, weight: int, amount: int, rate: int) -> None:
    pool = Balancer(tao, alpha, weight)
    before = pool.price
    try:
        swap = pool.buy(amount, rate)
    except SwapError:
        assert (pool.tao, pool.alpha, pool.weight) == (tao, alpha, weight)
        return
    assert swap.paid_in + swap.fee == amount
    assert swap.fee == fee_of(amount, rate)
    assert (pool.tao - tao, alpha - pool.alpha) == (swap.paid_in, swap.out)
    assert 0 < swap.out <= alpha
    # All of it only where less than 10^-18 of the pool would be left.
    assert pool.price >= before or pool.alpha == 0


@settings(max_examples=200, deadline=None)
@given(tao=RESERVE, alpha=RESERVE, weight=WEIGHT, amount=AMOUNT)
def test_buying_and_selling_back_never_gains(tao: int, alpha: int, weight: int, amount: int) -> None:
    pool = Balancer(tao, alpha, weight)
    try:
        bought = pool.buy(amount)
        sold = pool.sell(bought.out)
    except SwapError:
        return
    # The power is cut to 18 digits: what that leaves of a reserve may come back too much.
    assert sold.out <= amount + tao // PARTS + 1


@settings(max_examples=100, deadline=None)
@given(tao=RESERVE, alpha=RESERVE, weight=WEIGHT, first=AMOUNT, second=AMOUNT)
def test_more_in_is_more_out(tao: int, alpha: int, weight: int, first: int, second: int) -> None:
    pool, less, more = Balancer(tao, alpha, weight), min(first, second), max(first, second)
    assert pool.alpha_for(less) <= pool.alpha_for(more)
    assert pool.tao_for(less) <= pool.tao_for(more)


@settings(max_examples=200, deadline=None)
@given(tao=RESERVE, alpha=RESERVE, more_tao=st.integers(0, 10**10), more_alpha=st.integers(0, 10**10))
def test_injection_leaves_the_price(tao: int, alpha: int, more_tao: int, more_alpha: int) -> None:
    pool = Balancer(tao, alpha)
    before = pool.price
    if pool.inject(more_tao, more_alpha):
        assert (pool.tao, pool.alpha) == (tao + more_tao, alpha + more_alpha)
        assert float(pool.price / before) == pytest.approx(1, abs=1e-15)
    else:
        assert (pool.tao, pool.alpha, pool.weight) == (tao, alpha, PARTS // 2)


def test_an_injection_that_would_drive_a_weight_out_of_bounds_adds_nothing() -> None:
    pool = Balancer(10**9, 10**9)
    assert not pool.inject(10**12, 0)
    assert (pool.tao, pool.alpha, pool.weight) == (10**9, 10**9, PARTS // 2)


@settings(max_examples=100, deadline=None)
@given(tao=RESERVE, alpha=RESERVE, weight=st.integers(PARTS // 5, PARTS * 4 // 5), percent=st.integers(1, 100))
def test_a_limit_stops_at_the_price(tao: int, alpha: int, weight: int, percent: int) -> None:
    pool = Balancer(tao, alpha, weight)
    limit = pool.price * Fraction(100 + percent, 100)
    swap = pool.buy(10 * tao, FEE, limit)
    # Half a per mille of a rao's worth of rounding in the smallest pools.
    assert float(pool.price / limit) == pytest.approx(1, rel=1e-6)
    assert swap.paid_in < 10 * tao - swap.fee
    # The fee is a share of what was taken, not of what was asked.
    assert swap.fee == swap.paid_in * FEE // (65_535 - FEE)


def test_a_purchase_that_empties_the_pool_passes_its_limit_as_on_the_chain() -> None:
    # At a weight of 0.99 ten times the reserve leaves 11^-99 of the alpha, which is none: the chain reads that as a price of 0.
    pool = Balancer(10**12, 10**12, PARTS * 99 // 100)
    swap = pool.buy(10**13, 0, pool.price * 2)
    assert (swap.out, pool.alpha, pool.price) == (10**12, 0, 0)


def test_a_sale_stops_at_its_limit() -> None:
    pool = Balancer(10**12, 4 * 10**12)
    swap = pool.sell(10**13, FEE, Fraction(2, 10))
    assert float(pool.price) == pytest.approx(0.2, rel=1e-9)
    # p = T / A falls from 0.25 to 0.2: A grows by sqrt(0.25 / 0.2).
    assert swap.paid_in == pytest.approx(4e12 * (1.25**0.5 - 1), rel=1e-9)


@pytest.mark.parametrize(
    ("pool", "amount", "limit", "said"),
    [
        (Balancer(10**9, 10**9), 10**13, None, "1000 times the reserve, 1000000000"),
        (Balancer(10**9, 10**5), 10**9, None, "100000 rao to buy from"),
        (Balancer(10**15, 10**6), 1, None, "would pay out nothing"),
        (Balancer(10**9, 10**9), 10**6, Fraction(9, 10), "the limit is 0.9"),
    ],
)
def test_a_swap_that_the_chain_refuses_says_why(pool: Balancer, amount: int, limit: Fraction | None, said: str) -> None:
    with pytest.raises(SwapError, match=said):
        pool.buy(amount, 0, limit)


def test_a_power_is_cut_after_eighteen_digits() -> None:
    # 2^(1/2) = 1.414213562373095048 801...
    assert power(2, 1, 1, 2) == 1_414_213_562_373_095_048
    assert power(0, 1, 1, 2) == power(1, 0, 1, 2) == 0


@settings(max_examples=100, deadline=None)
@given(alpha=RESERVE, tao=RESERVE, weight=WEIGHT, amount=AMOUNT)
def test_an_ellipse_keeps_what_it_is_given(alpha: int, tao: int, weight: int, amount: int) -> None:
    pool = Superellipse.of(tao, alpha, weight)
    price = pool.price
    if amount > pool.most_buy:
        with pytest.raises(SwapError, match="takes at most"):
            pool.buy(amount)
        return
    out = pool.buy(amount)
    assert (pool.tao, pool.alpha) == (tao + amount, alpha - out)
    assert pool.price >= price
    if 0 < out <= pool.most_sell:
        # Rounded down each time, so no round trip gains.
        assert pool.sell(out) <= amount


def test_an_ellipse_starts_at_the_price_of_the_weighted_pool() -> None:
    for weight in (PARTS // 10, PARTS // 2, PARTS * 7 // 10):
        weighted, ellipse = Balancer(5 * 10**11, 10**13, weight), Superellipse.of(5 * 10**11, 10**13, weight)
        assert float(ellipse.price) == pytest.approx(float(weighted.price), rel=1e-12)
        # Quotes of small trades agree to the first order, larger ones slip differently.
        assert ellipse.alpha_for(10**6) == pytest.approx(weighted.alpha_for(10**6), rel=1e-5)


@settings(max_examples=100, deadline=None)
@given(liquidity=st.integers(10**12, 10**16), root=st.integers(2**58, 2**66), amount=AMOUNT)
def test_a_range_over_all_prices_is_a_constant_product(liquidity: int, root: int, amount: int) -> None:
    pool = Ranged(liquidity, root)
    # Virtual reserves: T = L s, A = L / s.
    tao, alpha = liquidity * root >> 64, (liquidity << 64) // root
    swap = pool.buy(amount)
    assert swap.out == pytest.approx(tao_out(alpha, tao, amount), rel=1e-6, abs=2)
    assert pool.sell(swap.out).out <= amount


def tao_out(reserve_out: int, reserve_in: int, amount: int) -> float:
    return float(Fraction(reserve_out * amount, reserve_in + amount))


@pytest.mark.compiled
@settings(max_examples=300, deadline=None)
@given(tao=RESERVE, alpha=RESERVE, weight=WEIGHT, amount=AMOUNT)
def test_the_blocks_kernel_quotes_as_the_exact_pool(tao: int, alpha: int, weight: int, amount: int) -> None:
    pool = Balancer(tao, alpha, weight)
    for exact, fast in zip(
        (pool.alpha_for(amount), pool.tao_for(amount)), coinbase.quotes(tao, alpha, weight, amount), strict=True
    ):
        # A float has 53 digits; the exact one cuts its power to 18 decimal digits.
        assert abs(exact - fast) <= 1 + exact * 1e-14 + max(tao, alpha) * 1e-17
