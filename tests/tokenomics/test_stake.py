"""What nodes lock up: as much as the rule says, never more than the cap, and what it backs of their weight."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.tokenomics.stake import STAKE, WEIGHT_ONE
from tests.policies.kinds import STAKES, block

DECIMALS = 9
TAO = 10**DECIMALS


def seen(weight: float = 1000, day: int = 0) -> np.ndarray:
    return np.array([21 * 10**15, round(weight * WEIGHT_ONE), day * 86_400], np.int64)


def test_a_fixed_stake_is_the_same_for_every_node() -> None:
    ask = STAKES["fixed"]
    assert [ask.needed(w * WEIGHT_ONE, 0, seen(), DECIMALS) for w in (1, 8)] == [10 * TAO, 10 * TAO]


def test_a_stake_per_weight_leaves_the_free_part_out_and_asks_nothing_within_its_grace() -> None:
    ask = STAKES["per_weight"]  # 2.5 TAO a unit, 20 % free, 180 days
    assert ask.needed(8 * WEIGHT_ONE, 0, seen(day=179), DECIMALS) == 0
    assert ask.needed(8 * WEIGHT_ONE, 0, seen(day=180), DECIMALS) == 16 * TAO


def test_days_of_reward_are_days_of_what_the_node_is_expected_to_earn() -> None:
    assert STAKES["reward_days"].needed(WEIGHT_ONE, 3 * TAO, seen(), DECIMALS) == 60 * TAO


def test_a_pledge_grows_with_the_supply_and_not_beyond_its_cap() -> None:
    ask = STAKES["pledge"]
    # Half of the baseline: 30 % of 21 M x 1 / 1000 = 6,300 TAO, capped at 5 a unit.
    assert ask.needed(WEIGHT_ONE, 0, seen(500), DECIMALS) == 5 * TAO
    # Two million units: 3.15 TAO each before the ramp, 20 days of .01 TAO on top.
    assert ask.needed(WEIGHT_ONE, TAO // 100, seen(2e6), DECIMALS) == 3_350_000_000


def test_what_is_staked_backs_weight_in_proportion_beyond_the_free_part() -> None:
    ask = STAKES["per_weight"]
    weight, needed = 10 * WEIGHT_ONE, 20 * TAO
    parts = [ask.effective(weight, stake, needed) for stake in (0, 10 * TAO, 20 * TAO, 99 * TAO)]
    assert parts == [2 * WEIGHT_ONE, 6 * WEIGHT_ONE, weight, weight]


@pytest.mark.parametrize("name", STAKES)
@settings(max_examples=50, deadline=None)
@given(weight=st.integers(0, 2**42), stake=st.integers(0, 10**17), reward=st.integers(0, 10**14))
def test_backed_weight_lies_between_its_free_part_and_itself(name: str, weight: int, stake: int, reward: int) -> None:
    ask = STAKES[name]
    needed = ask.needed(weight, reward, seen(day=365), DECIMALS)
    assert needed == ask.needed(weight, reward, seen(day=365), DECIMALS) >= 0
    counted = ask.effective(weight, stake, needed)
    assert weight * ask.free_parts // 10**12 <= counted <= weight
    if stake >= needed:
        assert counted == weight


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "fixed", "amount": "-1 TAO"}, "amount"),
        ({"kind": "fixed", "amount": "1 TAO", "free": "101 %"}, "free"),
        ({"kind": "reward_days", "days": "0 day"}, "days"),
        ({"kind": "pledge", "cap": "5 TAO", "baseline": -1}, "baseline"),
        ({"kind": "per_weight", "amount": "1 TAO", "weigh": "colour"}, "weigh"),
    ],
)
def test_nonsense_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        block(STAKE, **keys)
