"""Targets: what operators are to get in dollars, by controllers that keep their state outside."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.tokenomics.target import SEEN, TARGET, Steered
from tests.policies.kinds import TARGETS, block

DAY_US = 86_400 * 10**6
COIN = 10**9


def seen(**columns: float) -> dict[str, int]:
    """An epoch of a day, a coin at 0.10 USD; amounts in coins, `paid` in USD."""
    given = {"price": 10**11, "end_us": DAY_US, "coin": COIN, **columns}
    for name in ("planned", "operators", "paid", "burned_a_day", "vault", "fees"):
        given[name] = columns.get(name, 0) * COIN
    return {name: int(given.get(name, 0)) for name in SEEN}


_AMOUNT = st.floats(0, 1e6)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=100, deadline=None)
@given(
    planned=_AMOUNT, part=st.floats(0, 1), paid=_AMOUNT, burned=_AMOUNT, vault=_AMOUNT, fees=_AMOUNT,
    hours=st.integers(0, 10**6), held=st.integers(0, 10**6),
)  # fmt: skip
def test_no_vault_gives_more_than_it_holds_and_nothing_is_kept(
    name: str, planned: float, part: float, paid: float, burned: float, vault: float, fees: float, hours: int, held: int
) -> None:
    target, state = TARGETS[name], TARGETS[name].begin()
    state[:] = held
    given = seen(
        planned=planned,
        operators=planned * part,
        paid=paid,
        burned_a_day=burned,
        vault=vault,
        fees=fees,
        gpu_s=hours * 3600,
    )
    again = state.copy()
    told = target.steer(given, state, 9)
    assert told == target.steer(given, again, 9)
    assert state.tolist() == again.tolist()
    assert 0 <= told.from_vault <= given["vault"]
    assert min(told.from_fees, told.burn, told.top_up) >= 0
    assert told.from_fees + told.burn <= given["fees"]


def test_the_floor_is_half_of_what_users_paid() -> None:
    band = TARGETS["band"]
    state = band.begin()
    state[0] = 91_000 * COIN
    # 9,100 USD paid at 0.10 USD: operators are to get 45,500 coins; 14,000 of 20,000 are planned for them.
    told = band.steer(seen(planned=20_000, operators=14_000, paid=9100, burned_a_day=91_000), state, 9)
    assert told.top_up == pytest.approx(31_500 * COIN * 20 / 14, abs=2)
    assert told.most == 273_000 * COIN


def test_what_is_minted_for_the_floor_is_bounded_by_what_was_burned() -> None:
    band = TARGETS["band"]
    state = band.begin()
    told = band.steer(seen(planned=20_000, operators=14_000, paid=9100, burned_a_day=14_000), state, 9)
    # A seventh of the first day's burns, less those that come back anyway.
    assert told.top_up == (2000 - 1644) * COIN
    assert state.tolist() == [2000 * COIN]


def test_where_operators_get_next_to_nothing_the_bound_holds() -> None:
    band = TARGETS["band"]
    state = band.begin()
    told = band.steer({**seen(planned=10**6, paid=16_566, burned_a_day=14_000), "operators": 1}, state, 9)
    assert told.top_up == (2000 - 1644) * COIN


def test_the_bound_counts_every_tick_of_an_epoch() -> None:
    floor = TARGETS["floor"]
    state = floor.begin()
    told = floor.steer(seen(planned=100, operators=1, paid=1e6, burned_a_day=12), state, 9)
    # Four ticks of 6 h with 3 burned in each: 1, 5/3, 19/9, 65/27.
    assert told.top_up / COIN == pytest.approx(1 + 5 / 3 + 19 / 9 + 65 / 27, abs=1e-8)


def test_above_the_cap_the_rest_is_for_others() -> None:
    told = TARGETS["band"].steer(
        seen(planned=20_000, operators=14_000, paid=100, burned_a_day=0), TARGETS["band"].begin(), 9
    )
    assert told.top_up == 0
    assert told.most == 3000 * COIN
    assert told.overflow(14_000 * COIN) == 11_000 * COIN
    assert told.overflow(2000 * COIN) == 0
    assert Steered().overflow(10**18) == 0


def test_the_vault_pays_first_then_the_fees_and_half_of_the_rest_is_burned() -> None:
    usd = TARGETS["usd"]
    state = usd.begin()
    # 1,000 GPU-hours at 0.50 USD and 0.10 USD a coin: 5,000 coins.
    told = usd.steer(seen(gpu_s=3_600_000, vault=4000, fees=3000), state, 9)
    assert (told.from_vault, told.from_fees, told.burn) == (4000 * COIN, 1000 * COIN, 1000 * COIN)
    assert state.tolist() == [10**6]
    told = usd.steer(seen(gpu_s=3_600_000, vault=9000, fees=3000), state, 9)
    assert (told.from_vault, told.from_fees, told.burn) == (5000 * COIN, 0, 1500 * COIN)


def test_a_target_that_vaults_cannot_pay_falls_and_comes_back() -> None:
    usd = TARGETS["usd"]
    state = usd.begin()
    factors = []
    for vault in (0, 0, 10_000, 10_000, 10_000):
        usd.steer(seen(gpu_s=3_600_000, vault=vault), state, 9)
        factors.append(int(state[0]))
    assert factors == [950_000, 902_500, 952_500, 1_000_000, 1_000_000]
    for _ in range(100):
        usd.steer(seen(gpu_s=3_600_000), state, 9)
    assert state.tolist() == [500_000]


def test_half_the_price_takes_twice_the_coins() -> None:
    usd = TARGETS["usd"]
    full, half = (
        usd.steer({**seen(gpu_s=3_600_000, vault=10**6), "price": price}, usd.begin(), 9)
        for price in (10**11, 5 * 10**10)
    )
    assert half.from_vault == 2 * full.from_vault


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "band", "floor": 3.0, "cap": 1.0, "net": "0 TAO/day"}, "must be at least floor, 3"),
        ({"kind": "band", "floor": -1.0, "net": "0 TAO/day"}, "greater than or equal to 0"),
        ({"kind": "band", "floor": 1.0}, "net"),
        ({"kind": "usd", "per_gpu": "0.5 USD"}, "USD"),
        ({"kind": "usd", "per_gpu": "1 USD/h", "burn": "120 %"}, "at most 100 %"),
    ],
)
def test_nonsense_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        block(TARGET, **keys)
