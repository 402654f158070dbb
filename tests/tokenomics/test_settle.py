"""Prices, terms of payment, burns, and who gains when the coin's price moves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.errors import ScenarioError
from sim.tokenomics.burnmint import BURNMINT
from sim.tokenomics.meter import Meter
from sim.tokenomics.oracle import Oracle
from sim.tokenomics.price import PRICE
from sim.tokenomics.settle import Paid, Settle, coins_of, exchange, pusd, take_of, terms, usd_of
from tests.policies.kinds import BURNMINTS, CONTEXT, PRICES, block


def settle(**keys: object) -> Settle:
    return Settle.model_validate(keys, context=CONTEXT)


def test_a_posted_price_is_whole_pico_dollars_a_token() -> None:
    # 0.05 USD/Mtok = 5e-8 USD a token = 50,000 pico-dollars.
    assert PRICES["usd"].per_token({"USD": 9, "TAO": 9}) == ("USD", 50_000, 150_000, 50_000, 0)


def test_a_posted_price_in_coins_counts_parts_of_a_base_unit() -> None:
    # 0.0002 TAO/Mtok = 2e-10 TAO a token = 0.2 rao = 200 thousandths.
    assert PRICES["coin"].per_token({"USD": 9, "TAO": 9}) == ("TAO", 200, 500, 200, 0)


def test_a_million_tokens_cost_the_posted_price() -> None:
    meter, price = Meter(), PRICES["usd"].per_token({"USD": 9})
    meter.add(0, 10**6, price.input)
    meter.add(0, 10**6, price.output)
    assert meter.invoice().tolist() == [200_000_000]
    assert price.of(10**6, 10**6) == 200_000_000_000


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"input": "0.05 USD/Mtok", "output": "1 TAO/Mtok"}, "prices in TAO and USD found; a list is in one currency"),
        ({"input": "-1 USD/Mtok", "output": "1 USD/Mtok"}, "must be at least 0"),
        ({"input": "0.05 USD", "output": "1 USD/Mtok"}, "needs a price of inference"),
        ({"input": "0.05 USD/Mtok"}, "output"),
        ({"input": "1 XYZ/Mtok", "output": "1 XYZ/Mtok"}, "unknown currency XYZ"),
    ],
)
def test_a_price_list_that_is_none_is_refused(keys: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        block(PRICE, kind="posted", **keys)


def test_coin_networks_quote_dollars_take_coins_and_ask_the_oracle() -> None:
    found = terms(settle(), "USD", None, has_coin=True)
    assert (found.quote, found.pay, found.rate) == ("usd", "coin", "oracle")


def test_the_cloud_is_paid_in_dollars_and_converts_nothing() -> None:
    found = terms(settle(), "USD", None, has_coin=False)
    assert (found.quote, found.pay, found.rate) == ("usd", "usd", None)


def test_price_pay_is_a_short_form_of_settle_pay() -> None:
    assert terms(settle(), "USD", "usd", has_coin=True).pay == "usd"
    assert terms(settle(pay="coin"), "USD", "coin", has_coin=True).pay == "coin"
    with pytest.raises(ScenarioError, match=r"tao\.settle: `pay: usd` found, but `price.pay` is coin"):
        terms(settle(pay="usd"), "USD", "coin", has_coin=True, path="tao.settle")


def test_a_fixed_rate_is_kept_in_pico_dollars() -> None:
    assert terms(settle(rate="fixed", fixed="300 USD/TAO"), "USD", None, has_coin=True).fixed_pusd == 300 * 10**12


@pytest.mark.parametrize(
    ("keys", "currency", "has_coin", "message"),
    [
        ({"quote": "coin"}, "USD", True, "`quote: coin` found, but the price list is in USD"),
        ({"pay": "coin"}, "USD", False, "the network has no coin"),
        ({"pay": "usd"}, "TAO", True, "read but not simulated yet in this version"),
        ({"rate": "oracle"}, "TAO", True, "nothing is converted"),
        ({"rate": "fixed"}, "USD", True, "`fixed` and `rate: fixed` belong together"),
        ({"fixed": "300 USD/TAO"}, "USD", True, "`fixed` and `rate: fixed` belong together"),
    ],
)
def test_terms_that_contradict_each_other_are_refused(
    keys: dict[str, str], currency: str, has_coin: bool, message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        terms(settle(**keys), currency, None, has_coin)


def test_conversion_rounds_down_both_ways() -> None:
    # 1 USD at 300 USD a coin: 3,333,333.33 rao; back: 999,999,900 nano-dollars.
    assert coins_of(10**9, pusd(300), 9) == 3_333_333
    assert usd_of(3_333_333, pusd(300), 9) == 999_999_900


def test_the_take_is_rounded_down_in_favour_of_operators() -> None:
    assert take_of(999, 0.1) == 99


@pytest.mark.parametrize(("name", "burned"), [("payments", 200), ("take", 33)])
def test_a_burn_share_by_hand(name: str, burned: int) -> None:
    assert BURNMINTS[name].burned(1000, 100) == burned


@pytest.mark.parametrize("share", ["-1 %", "101 %", "0.2"])
def test_a_burn_share_that_is_none_is_refused(share: str) -> None:
    with pytest.raises(ValidationError):
        block(BURNMINT, kind="share", share=share)


_PRICES = st.integers(1, 10**18)


@pytest.mark.long
@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 10**15),
    st.integers(0, 10**15),
    st.integers(0, 10**15),
    st.integers(0, 10**18),
    _PRICES,
    _PRICES,
    _PRICES,
)
def test_gains_and_losses_sum_to_price_change_times_coins_held(
    operators: int, taken: int, burned: int, due: int, bought: int, settled: int, sold: int
) -> None:
    found = exchange(due, Paid(operators, taken, burned), bought, settled, sold, 9)
    assert found.total == (operators + taken) * (sold - bought) + burned * (settled - bought)


def test_a_payment_at_the_price_of_the_moment_gives_nobody_a_gain() -> None:
    found = exchange(300 * 10**9, Paid(8 * 10**8, 2 * 10**8, 0), pusd(300), pusd(300), pusd(300), 9)
    assert (found.user, found.operators, found.protocol) == (0, 0, 0)


def test_a_late_rate_after_a_fall_is_the_users_gain() -> None:
    # 300 USD due, rate 300 seen, market 240: one coin that costs 240 USD settles it; operators sell it for 240.
    found = exchange(300 * 10**9, Paid(10**9, 0, 0), pusd(240), pusd(240), pusd(240), 9)
    assert found.usd(found.user) == 60
    assert found.usd(found.operators) == -60


def test_operators_who_wait_bear_the_price() -> None:
    found = exchange(300 * 10**9, Paid(10**9, 0, 0), pusd(300), pusd(300), pusd(360), 9)
    assert (found.usd(found.user), found.usd(found.operators), found.usd(found.protocol)) == (0, 60, 0)


HOUR_PS = 3600 * 10**12
TIMES = [0, 10 * HOUR_PS, 20 * HOUR_PS]
SEEN = [100, 200, 400]


@pytest.mark.parametrize(
    ("lag", "twap", "hour", "price"),
    [
        ("0 s", "0 s", 10, 200),
        ("0 s", "0 s", 9.99, 100),
        ("1 h", "0 s", 10, 100),
        ("0 s", "2 h", 11, 150),
        ("0 s", "20 h", 30, 300),
        ("10 h", "10 h", 30, 200),
        ("0 s", "4 h", 2, 100),
        ("0 s", "40 h", 30, (10 * 100 + 10 * 100 + 10 * 200 + 10 * 400) // 40),
    ],
)
def test_the_oracle_averages_a_window_that_ends_before_now(lag: str, twap: str, hour: float, price: int) -> None:
    oracle = Oracle.model_validate({"lag": lag, "twap": twap}, context=CONTEXT)
    assert oracle.read(TIMES, SEEN, round(hour * HOUR_PS)) == price


@pytest.mark.parametrize(
    ("keys", "hour", "price"),
    [
        # Over [0, 30 h] the prices 100, 200 and 400 stand ten hours each: the median by time is 200.
        ({"twap": "30 h", "outlier": "60 %"}, 30, (100 + 200) // 2),
        ({"twap": "30 h", "outlier": "10 %"}, 30, 200),
        ({"twap": "30 h", "outlier": "100 %"}, 30, 700 // 3),
        ({"twap": "0 s", "pauses": {"feed": {"begins": "5 h", "lasts": "10 h"}}}, 14.9, 100),
        ({"twap": "0 s", "pauses": {"feed": {"begins": "5 h", "lasts": "10 h"}}}, 15, 200),
        (
            {
                "twap": "0 s",
                "pauses": {"b": {"begins": "12 h", "lasts": "10 h"}, "a": {"begins": "5 h", "lasts": "10 h"}},
            },
            21,
            100,
        ),
        ({"twap": "2 h", "lag": "1 h", "pauses": {"feed": {"begins": "12 h", "lasts": "1 h"}}}, 12.5, 150),
    ],
)
def test_an_oracle_leaves_out_what_looks_wrong_and_pauses(keys: dict[str, object], hour: float, price: int) -> None:
    oracle = Oracle.model_validate(keys, context=CONTEXT)
    assert oracle.read(TIMES, SEEN, round(hour * HOUR_PS)) == price


def test_an_oracle_without_history_is_refused() -> None:
    with pytest.raises(ValueError, match="0 instants and 0 prices found"):
        Oracle().read([], [], 0)
