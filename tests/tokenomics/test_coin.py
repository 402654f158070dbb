"""The coin: its base unit in the ledger, and its first holders."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.errors import ScenarioError
from sim.tokenomics.coin import Coin, to_base
from sim.units import Money
from tests.policies.kinds import CONTEXT


def coin(**keys: object) -> Coin:
    return Coin.model_validate({"ticker": "TAO", "decimals": 9, "supply": "10 MTAO", **keys}, context=CONTEXT)


FET = {"ticker": "FET", "decimals": 18, "supply": "2719493896.672 FET"}


def test_the_ledger_keeps_tao_in_rao() -> None:
    assert coin().units(Money(21e6, "TAO")) == 9


def test_a_coin_of_eighteen_decimals_is_kept_in_what_columns_can_hold() -> None:
    # 2^62 = 4.61e18: 2.72e9 x 10^9 fits under a cap of 2.73e9, but not twice as much without a cap.
    assert coin(**FET).units(Money(2.73e9, "FET")) == 9
    assert coin(**FET).units() == 8


def test_a_stated_unit_wins() -> None:
    assert coin(ledger_decimals=6).units(Money(21e6, "TAO")) == 6


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 10**15))
def test_the_first_holders_have_the_whole_supply(staked: int, treasury: int, pool: int) -> None:
    held = {"validators": f"{staked / 20} %", "treasury": f"{treasury / 20} %"}
    amounts = coin(held=held).genesis(9, pool)
    assert sum(amounts.values()) == 10**16
    assert min(amounts.values()) >= 0


def test_a_pool_larger_than_the_supply_is_refused() -> None:
    with pytest.raises(ScenarioError, match="pool needs more than the supply of 1e\\+07 TAO"):
        coin().genesis(9, 10**16 + 1)


@pytest.mark.parametrize(
    ("amount", "base"), [(0.1, 10**8), (3600.0, 3600 * 10**9), (1e-9, 1), (1234.567891, 1_234_567_891_000)]
)
def test_amounts_become_base_units_by_their_decimal_text(amount: float, base: int) -> None:
    assert to_base(amount, 9) == to_base(Money(amount, "TAO"), 9) == base


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"supply": "10 MFET"}, "supply is in FET, the coin is TAO"),
        ({"held": {"validators": "60 %", "treasury": "50 %"}}, "shares held exceed 100 %"),
        ({"held": {"miners": "60 %"}}, "'miners' found; must be one of validators, treasury, operators, users"),
        ({"ledger_decimals": 12}, "ledger_decimals 12 found; the chain has 9"),
        ({"decimals": -1}, "greater than or equal to 0"),
        ({"ticker": "tao"}, "ticker"),
    ],
)
def test_a_coin_that_is_none_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        coin(**keys)
