"""What offences cost: never more than is there, and the same however often it is asked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.tokenomics.slash import SLASH
from tests.policies.kinds import SLASHES, block


@pytest.mark.parametrize("name", SLASHES)
@settings(max_examples=80, deadline=None)
@given(*[st.integers(0, 2**61)] * 2, st.integers(0, 10**15), st.integers(0, 10**8))
def test_an_offence_takes_at_most_what_is_there(
    name: str, locked: int, unbonding: int, reward: int, age_s: int
) -> None:
    rule = SLASHES[name]
    taken = rule.taken(locked, unbonding, reward, age_s)
    assert taken == rule.taken(locked, unbonding, reward, age_s)
    assert 0 <= taken.locked <= locked
    assert 0 <= taken.unbonding <= (unbonding if rule.unbonding else 0)


def test_a_fraction_takes_of_what_unbonds_too_unless_it_says_otherwise() -> None:
    assert SLASHES["fraction"].taken(1000, 500) == (200, 100)
    assert SLASHES["fraction_of_what_is_locked"].taken(1000, 500) == (100, 0)


def test_days_of_reward_come_off_what_is_locked_first() -> None:
    rule = SLASHES["reward_days"]  # 3.51 days
    assert rule.taken(1000, 500, 100) == (351, 0)
    assert rule.taken(300, 500, 100) == (300, 51)
    assert rule.taken(300, 10, 100) == (300, 10)


def test_leaving_costs_more_the_older_the_commitment_and_no_more_after_140_days() -> None:
    rule, days = SLASHES["termination"], 86_400
    fees = [rule.taken(1_000_000, 0, 0, age * days).total for age in (0, 33, 70, 140, 900)]
    assert fees == [20_000, 20_035, 42_500, 85_000, 85_000]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "fraction", "share": "120 %"}, "share"),
        ({"kind": "fraction", "share": "20 %", "to": "me"}, "to"),
        ({"kind": "reward_days", "days": "-1 day"}, "days"),
    ],
)
def test_nonsense_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        block(SLASH, **keys)
