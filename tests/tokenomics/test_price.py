"""What each kind of price asks for, by hand: rules that publish an example, and what moves a price and what does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from sim.tokenomics.price import OBSERVED, PRICE, STATE
from tests.policies.kinds import PRICES, block

DECIMALS = {"USD": 9, "TAO": 9}


def seen(**values: float) -> np.ndarray:
    """What the network shows; 0 where nothing is said."""
    assert set(values) <= set(OBSERVED)
    return np.array([values.get(name, 0.0) for name in OBSERVED])


def usd_per_mtok(found: Any) -> tuple[float, float]:
    """Prices of input and output; a pico-dollar a token is a millionth of a dollar per million."""
    return found.input / 1e6, found.output / 1e6


def test_eight_h100_at_1_75_dollars_cost_what_chutes_publishes() -> None:
    # deepwiki on chutesai/chutes-api: 0.19 and 0.76 USD per million.
    assert usd_per_mtok(PRICES["chutes"].per_token(DECIMALS)) == pytest.approx((0.19022, 0.76087), abs=1e-5)


def test_fewer_than_16_at_once_cost_more_and_small_models_the_floor() -> None:
    def priced(**keys: Any) -> tuple[float, float]:
        return usd_per_mtok(block(PRICE, kind="cost_plus", **keys).per_token(DECIMALS))

    usual, few = priced(gpu_hour="2 USD/h", gpus=8), priced(gpu_hour="2 USD/h", gpus=8, concurrency=4)
    assert few == pytest.approx((4 * usual[0], 4 * usual[1]), rel=1e-5)
    assert priced(gpu_hour="2 USD/h", gpus=8, concurrency=64) == usual
    assert priced(gpu_hour="0.1 USD/h") == (0.01, 0.01)
    assert priced(gpu_hour="2 USD/h", gpus=8, markup="50 %") == pytest.approx(
        (1.5 * usual[0], 1.5 * usual[1]), rel=1e-5
    )


def test_cost_plus_without_a_rate_takes_what_the_nodes_cost() -> None:
    # Nodes of 8 GPUs that cost 10 and 18 USD an hour: 1.75 USD a GPU.
    asks = np.array([10, 18], np.int64) * 10**12
    own = block(PRICE, kind="cost_plus", gpus=8).per_token(DECIMALS, seen(node_gpus=8), asks)
    assert own == PRICES["chutes"].per_token(DECIMALS)


ASKS = np.array([10, 12, 14, 30], np.int64) * 10**11
"""Bids of 1.0, 1.2, 1.4 and 3.0 USD an hour (no margin)."""


@pytest.mark.parametrize(
    ("used", "pays", "hour"),
    [
        (0.0, "own", 1.0),
        (0.25, "own", 1.0),
        (0.26, "own", 1.1),
        (0.75, "own", 1.2),
        (0.75, "marginal", 1.4),
        (1.0, "own", 1.2),  # the fourth bid is above what users pay
        (1.0, "marginal", 1.4),
        (7.0, "marginal", 1.4),
    ],
)
def test_the_lowest_bids_win(used: float, pays: str, hour: float) -> None:
    bids = block(
        PRICE, kind="reverse_auction", highest="2 USD/h", margin="0 %", pays=pays, fill="50 %", output_ratio=2.0
    )
    looked = seen(utilization_frac=used, node_input_tps=1000, node_output_tps=500)
    # 3600 s x (1000 + 2 x 500) x 0.5 = 3.6 million input tokens' worth an hour.
    assert usd_per_mtok(bids.per_token(DECIMALS, looked, ASKS)) == pytest.approx((hour / 3.6, 2 * hour / 3.6), rel=1e-5)


def test_an_auction_without_a_bid_that_is_let_asks_the_most() -> None:
    bids = block(PRICE, kind="reverse_auction", highest="0.5 USD/h", fill="100 %", output_ratio=0.0)
    looked = seen(utilization_frac=0.5, node_input_tps=1000)
    for asks in (ASKS, np.zeros(0, np.int64)):
        assert bids.per_token(DECIMALS, looked, asks).input / 1e6 == pytest.approx(0.5 / 3.6, rel=1e-5)


def test_a_margin_raises_every_bid() -> None:
    looked = seen(utilization_frac=0.5, node_input_tps=1000, node_output_tps=500)
    low, high = (
        block(PRICE, kind="reverse_auction", highest="9 USD/h", margin=margin).per_token(DECIMALS, looked, ASKS)
        for margin in ("0 %", "20 %")
    )
    assert high.input / low.input == pytest.approx(1.2, rel=1e-5)


def test_a_price_by_utilization_keeps_its_state_with_the_caller() -> None:
    kind, state = PRICES["gonka"], np.zeros(STATE, np.int64)
    begin = kind.per_token(DECIMALS, seen(utilization_frac=1.0), state=state)
    assert (begin.input, state[0]) == (1_000_000, 1000)  # 1 TAO/Mtok: 1,000 rao a token
    later = kind.per_token(DECIMALS, seen(utilization_frac=1.0, ticks=2), state=state)
    assert state[0] == 1040  # 1000 x 1.02 = 1020, x 1.02 = 1040.4, rounded down to whole rao
    assert later.input == later.output == 1_040_000
    assert kind.per_token(DECIMALS, seen(utilization_frac=1.0), state=state) == later
    # Without a state it begins anew.
    assert kind.per_token(DECIMALS, seen(utilization_frac=1.0)) == begin


def test_many_ticks_at_once_are_as_many_single_ones() -> None:
    once, singly = np.zeros(STATE, np.int64), np.zeros(STATE, np.int64)
    kind = PRICES["dollars"]
    kind.per_token(DECIMALS, seen(utilization_frac=0.93, ticks=57), state=once)
    for _ in range(57):
        kind.per_token(DECIMALS, seen(utilization_frac=0.93, ticks=1), state=singly)
    assert once.tolist() == singly.tolist()


@pytest.mark.parametrize(("load", "limit"), [(0.0, 0.05), (5.0, 3.0)])
def test_a_price_by_utilization_stays_between_floor_and_ceiling(load: float, limit: float) -> None:
    found = PRICES["dollars"].per_token(DECIMALS, seen(utilization_frac=load, ticks=5000))
    assert usd_per_mtok(found) == pytest.approx((limit, 3 * limit))


def test_dollars_at_the_oracles_price_are_fewer_of_a_dearer_coin() -> None:
    # 0.1 USD/Mtok at 200 USD a coin: 5e-10 coins a token, 0.5 rao, 500 thousandths.
    found = PRICES["oracle"].per_token(DECIMALS, seen(oracle_usd=200.0))
    assert found == ("TAO", 500, 2000, 250, 0)
    assert PRICES["oracle"].per_token(DECIMALS, seen(oracle_usd=400.0)) == ("TAO", 250, 1000, 125, 0)


def test_a_providers_hour_is_spread_over_what_its_node_serves_and_the_fee_comes_on_top() -> None:
    ask = block(
        PRICE, kind="provider_linear", hour="1.9 USD/h", request="0.001 USD", fee="5 %", fill="50 %", output_ratio=2.0
    )
    found = ask.per_token(DECIMALS, seen(node_input_tps=1000, node_output_tps=500))
    assert usd_per_mtok(found) == pytest.approx((2.0 / 3.6, 4.0 / 3.6), rel=1e-5)
    assert found.request / 1e12 == pytest.approx(0.001 / 0.95)


def test_a_cached_token_and_a_call_have_prices_of_their_own() -> None:
    found = PRICES["call"].per_token(DECIMALS)
    assert found == ("USD", 10**6, 2 * 10**6, 10**5, 10**10)
    # 100 prompt tokens, 80 of them cached, 10 output tokens: 20 + 8 + 20 millionths, and a cent.
    assert found.of(100, 10, 80) == 20 * 10**6 + 80 * 10**5 + 10 * 2 * 10**6 + 10**10


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"kind": "posted", "input": "1 USD/Mtok", "output": "1 USD/Mtok", "request": "1 TAO"},
            "a list is in one currency",
        ),
        ({"kind": "posted", "input": "1 USD/Mtok", "output": "1 USD/Mtok", "cached": "110 %"}, "at most 100 %"),
        ({"kind": "utilization", "start": "0 USD/Mtok"}, "`start` must be above 0"),
        (
            {"kind": "utilization", "start": "1 USD/Mtok", "low": "70 %"},
            "the zone ends at 0.6, before it begins at 0.7",
        ),
        ({"kind": "utilization", "start": "1 USD/Mtok", "floor": "1 TAO/Mtok"}, "must be in USD like `start`"),
        ({"kind": "utilization", "start": "1 USD/Mtok", "elasticity": -0.1}, "greater than or equal to 0"),
        ({"kind": "cost_plus", "floor": "1 TAO/Mtok"}, "`floor` is in TAO; must be in USD"),
        ({"kind": "cost_plus", "gpu_hour": "0 USD/h"}, "`gpu_hour` must be above 0"),
        ({"kind": "cost_plus", "concurrency": 0}, "greater than or equal to 1"),
        ({"kind": "reverse_auction"}, "highest"),
        ({"kind": "reverse_auction", "highest": "2 USD/h", "fill": "0 %"}, "at least 1 %"),
        ({"kind": "oracle_usd", "ticker": "TAO", "input": "1 TAO/Mtok", "output": "1 USD/Mtok"}, "must be in USD"),
        ({"kind": "provider_linear", "hour": "1 USD/h", "request": "1 TAO"}, "`request` is in TAO; must be in USD"),
        ({"kind": "provider_linear", "hour": "1 USD/h", "fee": "100 %"}, "at most 99 %"),
    ],
)
def test_a_price_that_is_none_is_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        block(PRICE, **keys)


@pytest.mark.parametrize("name", PRICES)
def test_a_price_can_be_written_again_as_it_was_read(name: str) -> None:
    kind = PRICES[name]
    again = block(PRICE, **kind.model_dump(mode="json"))
    assert again == kind
    assert (again.row(9) == kind.row(9)).all()


def test_a_list_without_the_newer_keys_is_written_without_them() -> None:
    assert set(PRICES["usd"].model_dump(mode="json")) == {"pay", "kind", "input", "output"}


def test_the_mean_of_providers_lists_goes_by_the_tokens_that_each_did() -> None:
    # home: 50,000 and 150,000 pico-dollars, cached a tenth of it; farm: 70,000 and 200,000, and 10^8 a call.
    block_ = PRICES["providers"]
    home, farm = (block_.quotes(DECIMALS)[name] for name in ("home", "farm"))
    assert home[1:] == (50_000, 150_000, 5_000, 0)
    assert farm[1:] == (70_000, 200_000, 70_000, 10**8)
    # Of four prompt tokens three are home's; of two output tokens one.
    mean = block_.mean(DECIMALS, {"home": np.array([3.0, 1.0]), "farm": np.array([1.0, 1.0])})
    assert mean[1:] == (55_000, 175_000, 21_250, 5 * 10**7)
    # Who does nothing is not seen; where nobody does anything all count alike.
    alone = {"home": np.array([0.0, 0.0]), "farm": np.array([2.0, 7.0])}
    assert block_.mean(DECIMALS, alone) == farm
    nobody = {"home": np.zeros(2), "farm": np.zeros(2)}
    assert block_.mean(DECIMALS, nobody) == block_.per_token(DECIMALS)
    assert block_.per_token(DECIMALS)[1:] == (60_000, 175_000, 37_500, 5 * 10**7)


def test_each_part_of_a_mean_is_rounded_down() -> None:
    odd = {"input": "0.000001 USD/Mtok", "output": "0 USD/Mtok"}
    three = block(PRICE, kind="by_provider", lists=dict.fromkeys("abc", odd))
    # A third of a pico-dollar three times.
    assert three.per_token(DECIMALS).input == 0
    assert three.quotes(DECIMALS)["a"].input == 1
