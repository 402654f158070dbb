"""Every kind of market trades by its state alone, loses no unit, and refuses what no market can be."""

from __future__ import annotations

import copy
import dataclasses
import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.tokenomics.market import MARKET, Clearing, State
from sim.tokenomics.settle import coins_of, usd_of
from tests.policies.kinds import MARKETS, block

DAY_S = 86_400
AMOUNTS = st.integers(0, 10**15)
SELLS = st.dictionaries(st.sampled_from(["operators", "validators", "owner"]), AMOUNTS)
BUYS = st.dictionaries(st.sampled_from(["users", "treasury"]), AMOUNTS)


def opened(market: Any) -> State:
    """The market at the start of 2026."""
    state: State = market.open(9)
    state.first_day = datetime.date(2026, 1, 1).toordinal()
    market.solve(state, 3600.0, 1e6, market.worth(state, 3.65e8, 1e6))
    return state


def cleared(market: Any, state: State, sells: dict[str, int], buys: dict[str, int], *others: Any) -> Clearing:
    """A week's flows at what payments of a million dollars a day make of a million coins."""
    shock, free = others
    found: Clearing = market.clear(
        state, 7 * DAY_S, sells, buys, shock, market.worth(state, 3.65e8, 1e6) or 300.0, free
    )
    return found


@pytest.mark.parametrize("name", MARKETS)
@settings(max_examples=60, deadline=None)
@given(sells=SELLS, buys=BUYS, shock=st.floats(-6, 6), free=st.none() | AMOUNTS)
def test_the_same_flows_on_the_same_state_do_the_same_and_change_nothing_else(
    name: str, sells: dict[str, int], buys: dict[str, int], shock: float, free: int | None
) -> None:
    market = MARKETS[name]
    first, again = opened(market), opened(market)
    told = copy.deepcopy((market, sells, buys))
    backwards = [dict(reversed(flows.items())) for flows in (sells, buys)]
    one = cleared(market, first, sells, buys, shock, free)
    other = cleared(market, again, *backwards, shock, free)
    assert (market, sells, buys) == told
    if len(sells) < 2 and len(buys) < 2:
        assert dataclasses.asdict(one) == dataclasses.asdict(other)
    # Whatever the order of those who trade: the price and the sums are the same.
    assert dataclasses.asdict(first) == dataclasses.asdict(again)
    for both in ("proceeds", "bought"):
        assert sum(getattr(one, both).values()) == sum(getattr(other, both).values())


@pytest.mark.parametrize("name", MARKETS)
@settings(max_examples=60, deadline=None)
@given(sells=SELLS, buys=BUYS, shock=st.floats(-6, 6), free=st.none() | AMOUNTS)
def test_every_unit_that_is_traded_arrives(
    name: str, sells: dict[str, int], buys: dict[str, int], shock: float, free: int | None
) -> None:
    market = MARKETS[name]
    state = opened(market)
    usd, coins, price = state.usd, state.coins, state.price_pusd
    trades = cleared(market, state, sells, buys, shock, free)
    assert (set(trades.proceeds), set(trades.bought)) == (set(sells), set(buys))
    assert min([0, *trades.proceeds.values(), *trades.bought.values()]) == 0
    assert state.price_pusd > 0
    if market.counterparty == "pool":
        assert state.usd - usd == sum(buys.values()) + trades.holders_usd - sum(trades.proceeds.values())
        assert state.coins - coins == sum(sells.values()) - sum(trades.bought.values()) - trades.holders_coins
        assert min(state.usd, state.coins) > 0
        assert free is None or -trades.holders_coins <= free
    else:
        # Whoever is outside has no reserves here: all trade at the price before the move.
        assert (usd, coins, state.usd, state.coins, trades.holders_usd, trades.holders_coins) == (0,) * 6
        assert trades.proceeds == {party: usd_of(sold, price, 9) for party, sold in sells.items()}
        assert trades.bought == {party: coins_of(spent, price, 9) for party, spent in buys.items()}


@pytest.mark.parametrize("name", MARKETS)
@settings(max_examples=60, deadline=None)
@given(usd=st.integers(0, 10**17), coins=st.integers(0, 10**15))
def test_nobody_gains_by_buying_and_selling_at_once(name: str, usd: int, coins: int) -> None:
    market = MARKETS[name]
    state = opened(market)
    assert market.sell(state, market.buy(state, usd)) <= usd
    assert market.buy(state, market.sell(state, coins)) <= coins


@pytest.mark.parametrize("name", MARKETS)
@settings(max_examples=40, deadline=None)
@given(ratio=st.floats(0.05, 20), free=AMOUNTS)
def test_a_shock_moves_the_price_as_far_as_holders_have_coins_to_sell(name: str, ratio: float, free: int) -> None:
    market = MARKETS[name]
    state = opened(market)
    usd, coins, before = state.usd, state.coins, state.price_pusd
    paid, taken = market.shift(state, ratio, free)
    assert (state.usd - usd, state.coins - coins) == (paid, -taken)
    assert -taken <= free
    if ratio >= 1 or -taken < free or market.counterparty == "outside":
        assert state.price_pusd / before == pytest.approx(ratio, rel=1e-6)
    else:
        # The price is made anew of both reserves, which are whole units.
        assert ratio * (1 - 1e-6) < state.price_pusd / before <= 1 + 1e-9


@pytest.mark.parametrize("name", MARKETS)
@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"start": "0 USD/TAO"}, "must be above 0"),
        ({"start": "300 TAO/day"}, "start"),
        ({"daily_sd": "101 %"}, "at most 100 %"),
        ({"nu": 2}, "greater than 2"),
        ({"common": "120 %"}, "at most 100 %"),
        ({"spread": "1 %"}, "Extra inputs are not permitted"),
    ],
)
def test_what_no_market_can_be_is_refused(name: str, keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        block(MARKET, **{**MARKETS[name].model_dump(mode="json"), **keys})


@pytest.mark.parametrize("name", MARKETS)
def test_a_market_can_be_written_again_as_it_was_read(name: str) -> None:
    assert block(MARKET, **MARKETS[name].model_dump(mode="json")) == MARKETS[name]
