"""Treasuries: when they act, how much they spend, and what they never do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from sim.tokenomics.treasury import STATE, TREASURY
from tests.policies.kinds import TREASURIES, block

DAY_S = 86_400.0


def over(days: float, nodes: float = 100.0, ratio: float = 1.0) -> np.ndarray:
    """What an epoch of so many days shows."""
    return np.array([days * DAY_S, nodes, 1.0, 0.5, ratio])


def run(name: str, held: int, epochs: list[np.ndarray]) -> list[int]:
    state, spent = np.zeros(STATE, np.int64), []
    for seen in epochs:
        spent.append(TREASURIES[name].spent(held - sum(spent), seen, state, 9))
    return spent


def test_a_calendar_spends_a_share_of_what_is_left_when_its_time_is_over() -> None:
    # Every 30 days, epochs of 12: after the third, the fifth, the eighth (36, 60, 96 days), and so on.
    assert run("share", 10_000, [over(12)] * 8) == [0, 0, 200, 0, 196, 0, 0, 192]


def test_a_calendar_never_spends_what_is_not_there() -> None:
    coin = 10**9
    assert run("amount", 30 * coin, [over(1)] * 4) == [int(12.5 * coin), int(12.5 * coin), 5 * coin, 0]


@pytest.mark.parametrize(("nodes", "spent"), [(100, 0), (150, 0), (75, 125), (50, 250), (0, 500)])
def test_a_controller_spends_the_more_the_further_below_its_bound(nodes: int, spent: int) -> None:
    assert run("below", 10_000, [over(7, nodes)]) == [spent]


@pytest.mark.parametrize(("ratio", "spent"), [(1.0, 0), (3.0, 0), (4.5, 2500), (6.0, 5000), (1e6, 5000)])
def test_a_controller_spends_above_its_bound(ratio: float, spent: int) -> None:
    assert run("above", 10_000, [over(90, ratio=ratio)]) == [spent]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "calendar", "every": "30 day"}, "either `amount` or `share`"),
        ({"kind": "calendar", "every": "30 day", "share": "2 %", "amount": "1 TAO"}, "either `amount` or `share`"),
        ({"kind": "calendar", "every": "0 day", "share": "2 %"}, "must be above 0"),
        ({"kind": "controller", "every": "7 day", "of": "nodes", "share": "1 %"}, "either `below` or `above`"),
        ({"kind": "controller", "every": "7 day", "of": "luck", "below": 1, "share": "1 %"}, "'nodes', 'coin_usd'"),
        ({"kind": "controller", "every": "7 day", "of": "nodes", "below": 0, "share": "1 %"}, "greater than 0"),
    ],
)
def test_a_treasury_that_is_none_is_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        block(TREASURY, **keys)


@pytest.mark.parametrize("name", TREASURIES)
def test_a_rule_can_be_written_again_as_it_was_read(name: str) -> None:
    assert block(TREASURY, **TREASURIES[name].model_dump(mode="json")) == TREASURIES[name]
