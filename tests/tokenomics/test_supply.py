"""Supply schedules: exact to the base unit, additive, capped."""

from __future__ import annotations

import datetime
import itertools
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.tokenomics.supply import SUPPLY
from sim.tokenomics.supply.halving_by_supply import per_block
from tests.policies.kinds import SEEN, SUPPLIES, block

START = datetime.date(2026, 1, 1)
DAY_PS = 86_400 * 10**12
YEAR_PS = 31_557_600 * 10**12
TAO = 10**9
PINNED = block(SUPPLY, kind="halving", initial="3600 TAO/day", first="2029-12-14", every="4 year", cap="21 MTAO")


def days(block: Any, first: float, last: float, held: int = 10**16) -> int:
    return int(block.issued(round(first * DAY_PS), round(last * DAY_PS), held, START, 9))


_CUTS = st.lists(st.integers(0, 12 * YEAR_PS), min_size=2, max_size=6).map(sorted)


@pytest.mark.long
@pytest.mark.parametrize("name", SUPPLIES)
@settings(max_examples=60, deadline=None)
@given(cuts=_CUTS, held=st.integers(0, 21 * 10**15))
def test_cutting_an_interval_changes_no_base_unit(name: str, cuts: list[int], held: int) -> None:
    schedule, supply = SUPPLIES[name], held
    state, at_once = schedule.begin(START, 9), schedule.begin(START, 9)
    for begin, end in itertools.pairwise(cuts):
        supply += schedule.issued(begin, end, supply, START, 9, SEEN, state)
    assert supply - held == schedule.issued(cuts[0], cuts[-1], held, START, 9, SEEN, at_once)
    # A schedule that has reached the coin's cap may go on counting.
    if supply < 21 * 10**15:
        assert state.tolist() == at_once.tolist()


@pytest.mark.long
@pytest.mark.parametrize("name", SUPPLIES)
@settings(max_examples=40, deadline=None)
@given(cuts=_CUTS, held=st.integers(0, 22 * 10**15))
def test_no_schedule_passes_its_cap_or_takes_coins_back(name: str, cuts: list[int], held: int) -> None:
    schedule = SUPPLIES[name]
    seen, state = SEEN.copy(), schedule.begin(START, 9)
    issued = schedule.issued(cuts[0], cuts[-1], held, START, 9, seen, state)
    assert issued >= 0
    # What is seen is read, not changed, and the schedule keeps nothing: the same again gives the same.
    assert seen.tolist() == SEEN.tolist()
    assert issued == schedule.issued(cuts[0], cuts[-1], held, START, 9, seen)
    if schedule.limit is not None:
        assert held + issued <= max(held, 21 * 10**15)


def test_halving_pays_half_after_its_date() -> None:
    # 2029-12-14 is day 1443 after 2026-01-01.
    assert days(PINNED, 0, 7) == 7 * 3600 * TAO
    assert days(PINNED, 1443, 1450) == 7 * 1800 * TAO
    assert days(PINNED, 1443 + 1461, 1443 + 1462) == 900 * TAO


def test_an_epoch_with_a_halving_inside_is_prorated_exactly() -> None:
    assert days(PINNED, 1442.75, 1443.5) == (900 + 900) * TAO
    # One picosecond before the halving at the old flow, one after it at the new.
    instant = 1443 * DAY_PS
    assert PINNED.issued(instant - DAY_PS // 3600, instant + DAY_PS // 1800, 0, START, 9) == 2 * TAO


def test_halvings_before_the_start_have_happened() -> None:
    # First 2021-03-04, every 2 years of 365.25 days: by 2026-01-01 those of 2021, 2023 and 2025 are past.
    assert days(SUPPLIES["by_date_before_the_start"], 0, 1) == 450 * TAO


def test_without_a_date_the_first_halving_is_one_interval_after_the_start() -> None:
    schedule = block(SUPPLY, kind="halving", initial="1000 TAO/day", every="10 day")
    assert days(schedule, 0, 30) == (10_000 + 5_000 + 2_500) * TAO


def test_a_date_without_an_interval_halves_once() -> None:
    # 2026-06-01 is day 151.
    assert days(SUPPLIES["once"], 151, 151 + 3650) == 3650 * 1800 * TAO


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 8 * YEAR_PS))
def test_a_schedule_by_date_is_the_integral_to_less_than_a_unit_a_halving(instant: int) -> None:
    day_of_halving = 1443 * DAY_PS
    before = min(instant, day_of_halving)
    after = max(0, min(instant, day_of_halving + 4 * YEAR_PS) - day_of_halving)
    last = max(0, instant - day_of_halving - 4 * YEAR_PS)
    exact = Fraction(3600 * TAO, DAY_PS) * (before + Fraction(after, 2) + Fraction(last, 4))
    assert 0 <= exact - PINNED.issued(0, instant, 0, START, 9) < 3


def test_the_cap_ends_emission() -> None:
    assert days(PINNED, 0, 7, 21 * 10**15 - 5) == 5
    assert days(PINNED, 0, 7, 21 * 10**15) == 0
    assert days(PINNED, 0, 7, 21 * 10**15 + 1) == 0


BITTENSOR = SUPPLIES["by_supply"]


def test_bittensor_emits_half_a_coin_a_block_after_its_first_halving() -> None:
    # 11,597,622.104 TAO existed at block 9,240,388 (2026-10-08): level 1, 7,200 blocks a day.
    assert days(BITTENSOR, 0, 1, 11_597_622_104_000_000) == 3600 * TAO


def test_the_level_changes_at_the_block_that_reaches_it() -> None:
    # 1 TAO below 15.75M: two blocks at 0.5, then 7,198 at 0.25.
    assert days(BITTENSOR, 0, 1, 15_750_000 * TAO - TAO) == TAO + 7198 * TAO // 4
    # Half a block's emission below: that block still pays 0.5.
    assert days(BITTENSOR, 0, 1, 15_750_000 * TAO - TAO // 4) == TAO // 2 + 7199 * TAO // 4


def test_burned_coins_move_the_halving_out() -> None:
    at_level = 15_750_000 * TAO
    assert days(BITTENSOR, 0, 1, at_level) == 1800 * TAO
    assert days(BITTENSOR, 0, 1, at_level - 5000 * TAO) == 3600 * TAO


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 21 * 10**15 - 1))
def test_a_block_pays_by_the_logarithm_of_what_is_left(supply: int) -> None:
    cap, level = 21 * 10**15, 0
    while Fraction(cap, cap - supply) >= 2 ** (level + 1):
        level += 1
    assert per_block(supply, cap, 10**9) == min(10**9 >> level, cap - supply)


def test_ticks_pay_at_the_end_of_what_they_reward() -> None:
    assert BITTENSOR.issued(0, 12 * 10**12 - 1, 0, START, 9) == 0
    assert BITTENSOR.issued(0, 12 * 10**12, 0, START, 9) == TAO
    assert BITTENSOR.issued(12 * 10**12, 13 * 10**12, 0, START, 9) == 0


def test_three_years_of_three_per_cent_reach_the_published_supply() -> None:
    # fetch.ai, April 2021: 1,055,156,116 FET at the start of mainnet 2 so that three years at 3 % make 1,152,997,575
    # (1.03^3 makes 1,152,997,577).
    fet = block(SUPPLY, kind="inflation", rate="3 %/year")
    start = 1_055_156_116 * 10**8
    assert (start + fet.issued(0, 3 * YEAR_PS, start, START, 8)) / 10**8 == pytest.approx(1_152_997_577, abs=0.5)


@pytest.mark.parametrize("tick", ["1 h", "6 h", "1 day"])
def test_four_years_compound_the_rate_whatever_the_tick(tick: str) -> None:
    # Four years of 365.25 days are 1461 whole days, so that no tick is open at the end.
    schedule = block(SUPPLY, kind="inflation", rate="10 %/year", tick=tick)
    assert schedule.issued(0, 4 * YEAR_PS, 10**15, START, 9) / 10**15 == pytest.approx(1.1**4 - 1, rel=1e-9)


def test_fixed_issues_nothing() -> None:
    assert days(SUPPLIES["fixed"], 0, 3650) == 0


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "halving", "initial": "1 TAO/day"}, "neither `first` nor `every` is given"),
        ({"kind": "halving", "initial": "1 TAO/day", "every": "-3 year"}, "must be above 0"),
        ({"kind": "halving", "initial": "-1 TAO/day", "every": "3 year"}, "must be at least 0"),
        ({"kind": "halving", "initial": "1 TAO/day", "first": "2026-02-30"}, "'2026-02-30' is not a date"),
        ({"kind": "halving", "initial": "1 TAO", "every": "3 year"}, "must be|this needs|needs"),
        (
            {"kind": "halving_by_supply", "initial": "1 TAO/day", "cap": "1 TAO", "block": "13 s"},
            "whole number must make a day",
        ),
        ({"kind": "halving_by_supply", "initial": "1 TAO/day"}, "cap"),
        ({"kind": "inflation", "rate": "-3 %/year"}, "must be at least 0"),
        ({"kind": "fixed", "cap": "1 TAO"}, "cap"),
        (
            {"kind": "halving", "initial": "1 USD/day", "every": "3 year"},
            "`initial` is in USD; coins are issued in coins",
        ),
        ({"kind": "inflation", "rate": "3 %/year", "cap": "5 MUSD"}, "`cap` is in USD; coins are issued in coins"),
    ],
)
def test_nonsense_is_refused(keys: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        block(SUPPLY, **keys)


@pytest.mark.parametrize(("begin", "end"), [(-1, 5), (6, 5)])
def test_an_interval_that_runs_backwards_is_refused(begin: int, end: int) -> None:
    with pytest.raises(ValueError, match="must be 0 <= t0 <= t1"):
        PINNED.issued(begin, end, 0, START, 9)
