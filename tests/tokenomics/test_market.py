"""Markets: what moves the coin's price, what does not, and that no dollar or coin is lost in trading."""

from __future__ import annotations

import datetime
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.errors import ScenarioError
from sim.streams import Streams
from sim.tokenomics.market import MARKET, innovation, innovations, solve_drift
from sim.tokenomics.market.noise import daily
from tests.policies.kinds import CONTEXT, block

DAY_S = 86_400
TAO = 10**9
POOL: dict[str, Any] = {"kind": "pool", "start": "300 USD/TAO", "depth": "8 MUSD", "fee": "0 %"}
NO_PULL = {"value": "constant", "a": "0 USD/day", "b": "0 USD/day"}


def pool(**keys: Any) -> Any:
    return block(MARKET, **{**POOL, **keys})


def path(**keys: Any) -> Any:
    return block(MARKET, kind="path", start="300 USD/TAO", **keys)


def sell_for(market: Any, coins_a_day: float, days: int, step: int = 7, **solve: float) -> float:
    """Price after so many days of even sales, drift solved for 3600 coins a day."""
    state = market.open(9)
    market.solve(state, solve.get("sold", 3600), 0.0, 300.0)
    for _ in range(days // step):
        market.clear(state, step * DAY_S, {"operators": round(coins_a_day * step * TAO)}, {}, 0.0, 300.0)
    return float(state.price_usd)


def test_a_halving_of_emission_moves_the_price_in_the_pool_and_not_on_the_path() -> None:
    assert sell_for(pool(), 3600, 364) == pytest.approx(300, rel=1e-9)
    assert sell_for(pool(), 1800, 364) > 400
    assert sell_for(path(), 3600, 364) == sell_for(path(), 1800, 364) == 300


def test_holders_alone_leave_the_price_at_their_value() -> None:
    market = pool()
    state = market.open(9)
    market.solve(state, 0.0, 0.0, 300.0)
    for _ in range(52):
        market.epoch(state, 7 * DAY_S, 0.0, 300.0)
    assert state.price_usd == pytest.approx(300, rel=1e-9)


def test_a_bare_pool_drains_under_emission() -> None:
    state, market = pool(holders=NO_PULL).open(9), pool(holders=NO_PULL)
    for _ in range(52):
        market.clear(state, 7 * DAY_S, {"operators": 25_200 * TAO}, {}, 0.0, 300.0)
    # Constant product: C1 = 26,667 + 52 x 25,200 coins, P = k / C1^2.
    coins = 8e6 / 300 + 52 * 25_200
    assert state.price_usd == pytest.approx(8e6**2 / 300 / coins**2, rel=1e-6)


@pytest.mark.parametrize("sold", [0, 1800, 3600, 20_000])
@pytest.mark.parametrize("spent", [0, 500_000, 3_000_000])
def test_even_flows_are_the_limit_of_many_small_trades(sold: int, spent: int) -> None:
    market = pool(fee="0.3 %", holders=NO_PULL)
    fine, coarse, steps = market.open(9), market.open(9), 20_000
    for step in range(steps):
        for verb, amount in ((market.sell, sold * TAO // steps), (market.buy, spent * 10**9 // steps))[
            :: 1 if step % 2 else -1
        ]:
            if amount:
                verb(fine, amount)
    trades = market.clear(coarse, DAY_S, {"a": sold * TAO}, {"u": spent * 10**9}, 0.0, 300.0)
    # Fees stay in the pool at the end of a step, in small trades at once: a difference of the order of the fee squared.
    assert coarse.price_usd == pytest.approx(fine.price_usd, rel=1e-3)
    start = market.open(9)
    assert trades.proceeds["a"] == pytest.approx(spent * 10**9 - (fine.usd - start.usd), rel=2e-3, abs=10**9)
    assert trades.bought["u"] == pytest.approx(sold * TAO - (fine.coins - start.coins), rel=2e-3, abs=TAO)


_AMOUNTS = st.integers(0, 10**15)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["path", "pool"])
@settings(max_examples=200, deadline=None)
@given(
    sells=st.dictionaries(st.sampled_from(["operators", "validators", "owner"]), _AMOUNTS),
    buys=st.dictionaries(st.sampled_from(["users", "treasury"]), _AMOUNTS),
    drift=st.integers(-(10**6), 10**6),
    shock=st.floats(-6, 6),
    free=st.none() | _AMOUNTS,
)
def test_every_unit_that_leaves_the_pool_arrives(
    kind: str, sells: dict[str, int], buys: dict[str, int], drift: int, shock: float, free: int | None
) -> None:
    holders = {"value": "constant", "a": f"{drift} USD/day"}
    market = pool(daily_sd="6 %", fee="0.3 %", holders=holders) if kind == "pool" else path(daily_sd="6 %")
    state = market.open(9)
    usd, coins = state.usd, state.coins
    trades = market.clear(state, 7 * DAY_S, sells, buys, shock, 300.0, free)
    assert set(trades.proceeds) == set(sells)
    assert set(trades.bought) == set(buys)
    assert min([0, *trades.proceeds.values(), *trades.bought.values()]) == 0
    assert state.price_pusd > 0
    if kind == "pool":
        assert state.usd - usd == sum(buys.values()) + trades.holders_usd - sum(trades.proceeds.values())
        assert state.coins - coins == sum(sells.values()) - sum(trades.bought.values()) - trades.holders_coins
        assert min(state.usd, state.coins) > 0
        assert free is None or -trades.holders_coins <= free


def test_a_coin_bought_paid_and_sold_again_leaves_only_the_fee() -> None:
    market = pool(holders=NO_PULL)
    state = market.open(9)
    bought = market.buy(state, 10**14)
    market.sell(state, bought)
    assert state.price_usd == pytest.approx(300, rel=1e-9)
    costly = pool(fee="0.3 %", holders=NO_PULL)
    state = costly.open(9)
    back = costly.sell(state, costly.buy(state, 10**14))
    assert back / 10**14 == pytest.approx(0.997**2, rel=2e-4)


def test_a_sale_moves_the_price_by_the_product_rule() -> None:
    market = pool(holders=NO_PULL)
    state = market.open(9)
    proceeds = market.sell(state, 1000 * TAO)
    coins = 8e6 / 300
    assert proceeds / 10**9 == pytest.approx(8e6 * 1000 / (coins + 1000), rel=1e-9)
    assert state.price_usd == pytest.approx(8e6 * coins / (coins + 1000) ** 2, rel=1e-9)


def test_the_pull_closes_half_of_a_gap_in_its_half_life() -> None:
    # b = 1 % of 8 MUSD a day, so 2 b / U = 0.02 a day: ln 2 / 0.02 = 34.66 days while U stays near 8 MUSD.
    market = pool(holders={"value": "constant", "a": "0 USD/day"})
    state = market.open(9)
    for _ in range(35):
        market.epoch(state, DAY_S, 0.0, 300 * math.exp(0.02))
    assert math.log(state.price_usd / 300) == pytest.approx(0.01, rel=0.03)


@pytest.mark.parametrize("step", [0.25, 1, 2, 7])
def test_the_length_of_the_epoch_hardly_matters(step: float) -> None:
    market = pool()
    state = market.open(9)
    market.solve(state, 3600, 0.0, 300.0)
    for _ in range(round(84 / step)):
        market.clear(state, step * DAY_S, {"operators": round(1800 * step * TAO)}, {}, 0.0, 300.0)
    assert state.price_usd == pytest.approx(sell_for(pool(), 1800, 84, 1), rel=0.01)


def test_solve_drift_by_hand() -> None:
    # 3600 coins at 300 USD, 80,000 USD bought by others, holders who think it worth e^0.1 times as much.
    assert solve_drift(300, 3600, 80_000, 50_000, 300 * math.exp(0.1)) == pytest.approx(1_080_000 - 80_000 - 5_000)


def test_a_pool_whose_drift_is_not_solved_says_so() -> None:
    with pytest.raises(ValueError, match="`solve` comes before the first epoch"):
        pool().clear(pool().open(9), DAY_S, {}, {}, 0.0, 300.0)


def test_a_given_drift_is_not_solved_away() -> None:
    market = pool(holders={"value": "constant", "a": "-5 kUSD/day"})
    state = market.open(9)
    market.solve(state, 3600, 0.0, 300.0)
    assert state.drift_usd_per_day == -5000


def test_holders_without_coins_sell_none() -> None:
    market = pool(holders={"value": "constant", "a": "-100 kUSD/day"})
    trades = market.clear(market.open(9), DAY_S, {}, {}, -3.0, 200.0, 0)
    assert (trades.holders_usd, trades.holders_coins) == (0, 0)


@pytest.mark.parametrize("keys", [{}, {"daily_sd": "6 %"}])
def test_trades_do_not_move_a_path(keys: dict[str, str]) -> None:
    market = path(**keys)
    quiet, busy = market.open(9), market.open(9)
    market.clear(quiet, DAY_S, {}, {}, 1.5, 300.0)
    market.clear(busy, DAY_S, {"operators": 10**15}, {"users": 10**17}, 1.5, 300.0)
    assert quiet.price_pusd == busy.price_pusd
    assert quiet.price_usd == pytest.approx(300 * math.exp(0.06 * 1.5 if keys else 0))


def test_both_kinds_meet_the_same_innovation() -> None:
    for shock in (-3.0, 0.7, 2.0):
        walk, reserve = path(daily_sd="6 %"), pool(daily_sd="6 %", holders=NO_PULL)
        one, other = walk.open(9), reserve.open(9)
        walk.clear(one, 7 * DAY_S, {}, {}, shock, 300.0)
        reserve.clear(other, 7 * DAY_S, {}, {}, shock, 300.0)
        assert one.price_usd == pytest.approx(other.price_usd, rel=1e-6)


def test_a_path_grows_by_its_drift() -> None:
    market = path(drift="10 %/year")
    state = market.open(9)
    for _ in range(1461):
        market.epoch(state, DAY_S, 0.0, 300.0)
    assert state.price_usd == pytest.approx(300 * 1.1**4, rel=1e-9)


def test_innovations_do_not_depend_on_how_time_is_cut() -> None:
    stream = Streams(7, 0)["market.tao"]
    whole = innovation(stream, 0, 14 * DAY_S, 10) * math.sqrt(14)
    parts = sum(innovation(stream, d * DAY_S / 4, (d + 1) * DAY_S / 4, 10) / 2 for d in range(56))
    assert parts == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize("nu", [None, 4])
@pytest.mark.parametrize("length_s", [3600, DAY_S / 4, DAY_S, 1.5 * DAY_S, 7 * DAY_S, 9.3 * DAY_S, 30 * DAY_S])
def test_innovations_at_once_are_those_one_by_one(length_s: float, nu: float | None) -> None:
    ends = np.append(np.arange(1, 40) * length_s, 39.4 * length_s)
    begins = np.append(0.0, ends[:-1])
    stream = Streams(7, 0)["market.tao"]
    each = [innovation(stream, *span, nu) for span in zip(begins.tolist(), ends.tolist(), strict=True)]
    assert innovations(stream, begins, ends, nu).tolist() == each
    with pytest.raises(ValueError, match="0 <= t0 < t1"):
        innovations(stream, ends, begins, nu)


@pytest.mark.parametrize("nu", [None, 10, 3])
def test_innovations_have_unit_variance(nu: float | None) -> None:
    draws = daily(Streams(7, 0)["market.tao"], 0, 40_000, nu)
    # Standard error of the mean 0.005; of the variance sqrt((kurtosis - 1) / n): nu = 10 has kurtosis 4 (0.009);
    # nu = 3 has none, so only the middle is looked at: P(|t_3| < 0.765) = 1/2, at scale 1/sqrt(3).
    assert abs(draws.mean()) < 0.025
    if nu == 3:
        assert np.mean(np.abs(draws) < 0.7649 / math.sqrt(3)) == pytest.approx(0.5, abs=0.0125)
    else:
        assert draws.var() == pytest.approx(1, abs=0.045)


def test_holders_who_capitalize_fees_value_a_coin_by_them() -> None:
    market = pool(holders={"value": "fees_capitalized", "rate": "20 %/year"})
    assert market.holders.worth(300.0, 2e8, 1e7) == pytest.approx(100)
    assert market.holders.worth(300.0, 0.0, 1e7) == pytest.approx(300e-6)
    assert pool().holders.worth(300.0, 2e8, 1e7) == 300.0


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"depth": "8 MTAO"}, "depth is in TAO; must be in USD"),
        ({"depth": "0 USD"}, "depth must be above 0"),
        ({"start": "0 USD/TAO"}, "must be above 0"),
        ({"daily_sd": "6"}, "has no unit"),
        ({"nu": 2.0}, "greater than 2"),
        ({"fee": "60 %"}, "must be at most 50 %"),
        ({"holders": {"value": "fees_capitalized"}}, "`rate` and `value: fees_capitalized` belong together"),
        ({"holders": {"a": "solved"}}, "or `solve`"),
        ({"holders": {"a": "5 TAO/day"}}, "`a` is in TAO; must be in USD"),
        ({"velocity": 5}, "velocity"),
    ],
)
def test_nonsense_is_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        pool(**keys)


def test_a_pool_can_be_written_again_as_it_was_read() -> None:
    market = pool(holders={"value": "constant", "a": "-5 kUSD/day", "b": "80 kUSD/day"})
    assert MARKET["pool"].model_validate(market.model_dump(mode="json"), context=CONTEXT) == market
    assert pool().model_dump(mode="json")["holders"]["a"] == "solve"


def quantity(**keys: Any) -> Any:
    return block(MARKET, kind="quantity", start="300 USD/TAO", **keys)


def test_the_quantity_equation_by_hand() -> None:
    # 10 MUSD a year, 5 times a coin, 100 million coins of which 60 % are locked: 0.05 USD.
    market = quantity(velocity="5 /year", locked="60 %")
    state = market.open(9)
    assert market.worth(state, 1e7, 1e8) == pytest.approx(0.05, rel=1e-12)
    market.clear(state, DAY_S, {"operators": 10**15}, {"users": 10**15}, 0.0, market.worth(state, 1e7, 1e8))
    assert state.price_usd == pytest.approx(0.05, rel=1e-9)


def test_a_velocity_that_is_not_given_makes_the_starts_payments_worth_the_start() -> None:
    market = quantity()
    state = market.open(9)
    market.solve(state, 0.0, 1000.0, market.worth(state, 365_250, 1e6))
    market.clear(state, DAY_S, {}, {}, 0.0, market.worth(state, 365_250, 1e6))
    assert state.price_usd == pytest.approx(300)
    market.clear(state, DAY_S, {}, {}, 0.0, market.worth(state, 2 * 365_250, 1e6))
    assert state.price_usd == pytest.approx(600)
    with pytest.raises(ScenarioError, match="there are none; state `velocity`"):
        market.solve(market.open(9), 0.0, 0.0, 300.0)


def test_trades_do_not_move_a_price_by_quantity_and_its_innovations_add_up() -> None:
    market = quantity(velocity="5 /year", daily_sd="6 %")
    quiet, busy = market.open(9), market.open(9)
    for _ in range(3):
        market.clear(quiet, DAY_S, {}, {}, 0.5, 300.0)
        market.clear(busy, DAY_S, {"operators": 10**15}, {"users": 10**17}, 0.5, 300.0)
    assert quiet.price_pusd == busy.price_pusd
    assert quiet.price_usd == pytest.approx(300 * math.exp(3 * 0.06 * 0.5))


def test_burn_and_mint_under_the_quantity_equation_settles_where_use_over_mint_is() -> None:
    # U dollars a day are burned and M coins minted; P = 365.25 U / (V S). The supply moves until U / P = M.
    market, use, mint = quantity(velocity="12 /year"), 90_000.0, 600.0
    for supply in (1e4, 1e5, 1e6):
        state = market.open(9)
        for _ in range(6000):
            market.clear(state, DAY_S, {}, {}, 0.0, market.worth(state, use * 365.25, supply))
            supply += mint - use / state.price_usd
        assert state.price_usd == pytest.approx(use / mint, rel=1e-3)


def replay(**prices: str) -> Any:
    series = {day.replace("_", "-").removeprefix("d"): price for day, price in prices.items()}
    return block(MARKET, kind="replay", start="300 USD/TAO", prices=series)


def test_a_replayed_price_is_the_days() -> None:
    market = replay(d2026_01_01="300 USD/TAO", d2026_01_03="240 USD/TAO", d2026_01_05="480 USD/TAO")
    state = market.open(9)
    state.first_day = datetime.date(2026, 1, 1).toordinal()
    told = []
    for _ in range(6):
        market.clear(state, DAY_S, {"operators": TAO}, {}, 3.0, 0.0)
        told.append(state.price_usd)
    assert told == pytest.approx([300, 240, 240, 480, 480, 480])
    market.shift(state, 0.5, 0)
    market.clear(state, DAY_S, {}, {}, 0.0, 0.0)
    assert state.price_usd == pytest.approx(240)


def mix(first: float, **keys: Any) -> Any:
    walk = {"kind": "path", "start": "300 USD/TAO", "drift": "10 %/year"}
    still = {"kind": "path", "start": "300 USD/TAO"}
    parts = {"walk": {"weight": f"{first} %", "market": walk}, "still": {"weight": f"{100 - first} %", "market": still}}
    return block(MARKET, **{"kind": "mix", "start": "300 USD/TAO", "parts": parts, **keys})


def test_a_mix_moves_by_the_weighted_sum_of_its_parts_log_changes() -> None:
    market = mix(30)
    state = market.open(9)
    for _ in range(1461):
        market.clear(state, DAY_S, {}, {}, 0.0, 0.0)
    assert state.price_usd == pytest.approx(300 * 1.1 ** (4 * 0.3), rel=1e-6)


def test_a_pool_inside_a_mix_sees_the_trades_and_moves_its_share() -> None:
    parts = {
        "pool": {"weight": "50 %", "market": {**POOL, "holders": NO_PULL}},
        "path": {"weight": "50 %", "market": {"kind": "path", "start": "300 USD/TAO"}},
    }
    market, alone = block(MARKET, kind="mix", start="300 USD/TAO", parts=parts), pool(holders=NO_PULL)
    both, single = market.open(9), alone.open(9)
    assert (both.usd, both.coins) == (0, 0)  # no account has to hold a part's reserves
    market.clear(both, DAY_S, {"operators": 5000 * TAO}, {}, 0.0, 0.0)
    alone.clear(single, DAY_S, {"operators": 5000 * TAO}, {}, 0.0, 300.0)
    assert math.log(both.price_usd / 300) == pytest.approx(0.5 * math.log(single.price_usd / 300), rel=1e-6)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"parts": {"a": {"weight": "40 %", "market": {"kind": "path", "start": "300 USD/TAO"}}}},
            "weights sum to 40 %",
        ),
        (
            {"parts": {"a": {"weight": "100 %", "market": {"kind": "path", "start": "30 USD/TAO"}}}},
            "`a` starts elsewhere",
        ),
        (
            {"parts": {"a": {"weight": "100 %", "market": {"kind": "mix", "start": "300 USD/TAO"}}}},
            "'mix' is not one of path, pool, quantity, replay",
        ),
        ({"parts": {}}, "at least 1"),
    ],
)
def test_a_mix_that_is_none_is_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        mix(50, **keys)


@pytest.mark.parametrize(
    "market", [quantity(velocity="7 /year", locked="10 %"), replay(d2026_01_01="300 USD/TAO"), mix(25)]
)
def test_the_newer_kinds_can_be_written_again_as_they_were_read(market: Any) -> None:
    assert block(MARKET, **market.model_dump(mode="json")) == market
