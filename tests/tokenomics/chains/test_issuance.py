"""Issuance: levels, recycling against burning, adjustments, and when the halvings are."""

from __future__ import annotations

import datetime
import json
import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.tokenomics.chains.bittensor.constants import MAINNET
from sim.tokenomics.chains.bittensor.genesis import SEEN_AT
from sim.tokenomics.chains.bittensor.issuance import (
    CAP,
    LEAK,
    OBSERVED,
    RECYCLED_A_DAY,
    Issued,
    Point,
    blocks_to,
    emission,
    halving,
    second_halving,
    threshold,
)

ROOT = Path(__file__).parents[3]
TAO = 10**9
NEVER = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


@given(level=st.integers(1, 30))
def test_emission_halves_at_its_level_of_issuance(level: int) -> None:
    at = threshold(level)
    assert emission(at) == TAO >> level
    assert emission(at - 1) == TAO >> (level - 1)


def test_recycled_coins_are_created_again_and_burned_ones_are_not() -> None:
    recycled, burned = Issued(threshold(1)), Issued(threshold(1))
    recycled.recycle(5 * TAO)
    burned.burn(5 * TAO)
    assert (recycled.create(), burned.create()) == (TAO, TAO // 2)
    assert burned.issued == threshold(1) + TAO // 2
    with pytest.raises(ValueError, match="can be spent"):
        burned.recycle(burned.issued)


def test_nothing_is_created_at_the_cap() -> None:
    coins = Issued(CAP - 3)
    made = [coins.create() for _ in range(3)]
    assert sum(made) + CAP - 3 == coins.issued <= CAP
    coins.adjust(CAP)
    assert coins.create() == 0


@given(st.integers(0, 400), st.integers(0, 10**8))
def test_blocks_to_a_level_are_those_that_are_walked(short: int, taken: int) -> None:
    # From a little below the first halving to a little above it, block by block.
    point = Point(0, NEVER, threshold(1) - short * TAO)
    goal, held, blocks = threshold(1) + 20 * TAO, point.issued, 0
    while held < goal:
        held += emission(held) - taken
        blocks += 1
    assert blocks_to(point, goal, taken) == pytest.approx(blocks, abs=1)


def test_an_adjustment_moves_the_halving_by_its_blocks() -> None:
    point = Point(100, NEVER, threshold(1) - 1000 * TAO)
    assert halving(point, 1)[0] == 1100
    assert halving(point, 1, adjustments=[(600, 200 * TAO)])[0] == 900
    assert halving(point, 1, adjustments=[(600, -200 * TAO)])[0] == 1300
    # One that comes too late moves nothing.
    assert halving(point, 1, adjustments=[(2000, 200 * TAO)])[0] == 1100


def test_what_was_observed_is_what_the_shared_file_holds() -> None:
    shared = Path(os.environ.get("INFERMINT_SHARED", ROOT.parent / "shared")) / "vectors" / "bittensor"
    files = [ROOT / "tests" / "vectors" / "bittensor" / "history.json", shared / "history.json"]
    if os.environ.get("INFERMINT_REQUIRE_SHARED") == "1":
        assert files[1].is_file(), f"{files[1]} is missing and INFERMINT_REQUIRE_SHARED=1"
    for file in files[: 1 + files[1].is_file()]:
        cases = json.loads(file.read_text(encoding="utf-8"))["cases"]
        points = [
            Point(case["block"], datetime.datetime.fromisoformat(case["utc"]), case["total_issuance"]) for case in cases
        ]
        assert tuple(points) == OBSERVED
    # And what the constants say of the last of them.
    assert MAINNET["seen_block"].value == points[-1].block
    assert points[-1].at.replace(tzinfo=None) == SEEN_AT


def test_one_tao_a_block_misses_the_first_halving_and_the_leak_explains_it() -> None:
    plain, told = halving(OBSERVED[0], 1)[1], halving(OBSERVED[0], 1, LEAK)
    assert plain.date() == datetime.date(2025, 12, 13)
    assert told[0] - OBSERVED[0].block == 98_934
    assert told[1].date() == datetime.date(2025, 12, 14)


def test_the_second_halving_is_a_distribution_over_recycling() -> None:
    uniforms = [(i + 0.5) / 400 for i in range(400)]
    days = second_halving(uniforms)
    assert days == sorted(days)
    # The median is that of 89 TAO a day: 2030-01-03; with none recycled it would be 2029-12-05.
    middle = OBSERVED[-1].at + datetime.timedelta(days=days[200])
    assert abs((middle - datetime.datetime(2030, 1, 3, tzinfo=datetime.UTC)).days) <= 1
    none = halving(OBSERVED[-1], 2)[1]
    assert none.date() == datetime.date(2029, 12, 5)
    assert all(OBSERVED[-1].at + datetime.timedelta(days=found) > none for found in days)
    # 5 and 95 percent: a third and three times as much is recycled.
    left = (threshold(2) - OBSERVED[-1].issued) / TAO
    assert days[20] == pytest.approx(left / (3600 - RECYCLED_A_DAY / 3), rel=2e-3)
    assert days[380] == pytest.approx(left / (3600 - RECYCLED_A_DAY * 3), rel=2e-3)


def test_a_level_that_is_never_reached_is_told() -> None:
    assert blocks_to(OBSERVED[-1], threshold(2), TAO // 2) == math.inf
    with pytest.raises(ValueError, match=r"level 2 is not reached while 0.6 TAO a block"):
        halving(OBSERVED[-1], 2, 0.6 * TAO)
