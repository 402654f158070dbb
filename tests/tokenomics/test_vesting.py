"""Vesting: what is free only grows, ends with the whole grant, and does not depend on how often anybody looks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.tokenomics.vesting import VESTING
from tests.policies.kinds import VESTINGS, block

DAY_US = 86_400 * 10**6


@pytest.mark.parametrize("name", VESTINGS)
@settings(max_examples=100, deadline=None)
@given(
    granted=st.integers(0, 2**62), looks=st.lists(st.integers(0, 3 * 365 * DAY_US), min_size=2, max_size=5).map(sorted)
)
def test_what_is_free_only_grows_and_never_exceeds_the_grant(name: str, granted: int, looks: list[int]) -> None:
    kind = VESTINGS[name]
    free = [kind.free(granted, elapsed) for elapsed in (0, *looks)]
    assert free == sorted(free)
    assert free[0] >= 0
    assert free[-1] <= granted
    assert kind.free(granted, kind.over_us) == granted
    assert kind.free(granted, looks[0]) == free[1]


def test_a_quarter_at_once_and_the_rest_by_the_day() -> None:
    filecoin = VESTINGS["linear"]
    assert [filecoin.free(1000, days * DAY_US) for days in (0, 1, 90, 179, 180, 500)] == [
        250,
        254,
        625,
        995,
        1000,
        1000,
    ]
    # Within a day nothing comes due.
    assert filecoin.free(1000, 2 * DAY_US - 1) == 254


def test_nothing_before_the_cliff_then_all_that_came_due() -> None:
    team = block(VESTING, kind="linear", over="4 year", step="6 h", cliff="1 year")
    year_us = 31_557_600 * 10**6
    assert team.free(4000, year_us - 1) == 0
    assert team.free(4000, year_us) == 1000


def test_the_first_of_180_epochs_keeps_the_remainder() -> None:
    gonka = VESTINGS["epochs"]
    assert [gonka.free(1000, days * DAY_US) for days in (0, 1, 2, 179, 180)] == [0, 105, 110, 995, 1000]


def test_the_last_epoch_may_keep_it() -> None:
    kind = VESTINGS["epochs_last"]
    quarter_us = DAY_US // 4
    assert [kind.free(1000, k * quarter_us) for k in (1, 6, 7)] == [142, 852, 1000]


def test_a_column_is_freed_as_its_members_are() -> None:
    granted = np.array([0, 1, 999, 2**61], dtype=np.int64)
    for kind in VESTINGS.values():
        free = kind.free(granted, 100 * DAY_US)
        assert free.tolist() == [kind.free(int(amount), 100 * DAY_US) for amount in granted]


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="must be >= 0"):
        VESTINGS["cliff"].free(1, -1)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "linear", "over": "10 day", "step": "3 day"}, "no whole number of steps of 259200 s"),
        ({"kind": "linear", "over": "1 day", "now": "101 %"}, "at most 100 %"),
        ({"kind": "linear"}, "over"),
        ({"kind": "cliff", "after": "0 day"}, "above 0"),
        ({"kind": "epochs", "count": 0}, "greater than or equal to 1"),
        ({"kind": "epochs", "count": 5, "remainder": "treasury"}, "'first' or 'last'"),
    ],
)
def test_nonsense_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        block(VESTING, **keys)
