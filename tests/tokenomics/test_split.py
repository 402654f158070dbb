"""Splits and payouts: what is divided sums to what was there, and the rest has an owner."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.tokenomics.payout import PAYOUT
from sim.tokenomics.split import Split
from tests.policies.kinds import CONTEXT, LEAVE_MORE, PAYOUTS, block


def split(**keys: object) -> Split:
    return Split.model_validate(keys, context=CONTEXT)


BITTENSOR = split(operators="41 %", validators="41 %", owner="18 %", remainder="owner")


def test_a_split_gives_shares_and_the_rest_to_its_owner() -> None:
    assert BITTENSOR.amounts(100) == {"operators": 41, "validators": 41, "owner": 18}
    assert BITTENSOR.amounts(7) == {"operators": 2, "validators": 2, "owner": 3}


def test_other_services_get_what_this_one_does_not() -> None:
    service = split(share="1 %", operators="41 %", validators="41 %", owner="18 %", remainder="owner")
    assert service.amounts(10_000) == {"operators": 41, "validators": 41, "owner": 18, "others": 9900}


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**70), st.integers(0, 1000), st.integers(0, 1000))
def test_every_split_sums_to_what_was_minted(total: int, operators: int, share: int) -> None:
    keys = {"operators": f"{operators / 10} %", "treasury": f"{(1000 - operators) / 10} %", "share": f"{share / 10} %"}
    amounts = split(**keys).amounts(total)
    assert sum(amounts.values()) == total
    assert min(amounts.values()) >= 0


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"operators": "41 %", "validators": "41 %"}, "shares sum to 82 %; must be 100 %"),
        ({"operators": "101 %"}, "must be at most 100 %"),
        ({"operators": "100 %", "remainder": "burned"}, "remainder"),
        ({"operators": "100 %", "miners": "0 %"}, "miners"),
        ({"operators": {"2026-01-01": "41 %", "2027-01-01": "50 %"}, "treasury": "59 %"}, "109 % on 2027-01-01"),
    ],
)
def test_a_split_that_is_no_division_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        split(**keys)


def test_a_dated_split_changes_on_its_day() -> None:
    dated = split(
        operators={"2026-01-01": "41 %", "2027-01-01": "50 %"}, treasury={"2026-01-01": "59 %", "2027-01-01": "50 %"}
    )
    assert dated.at(datetime.date(2026, 12, 31)).amounts(100) == {"operators": 41, "treasury": 59}
    assert dated.at(datetime.date(2027, 1, 1)).amounts(100) == {"operators": 50, "treasury": 50}


WORK = np.array([1, 0, 2], dtype=np.int64)
LIVE = np.array([1, 1, 0], dtype=np.int64)
OTHERS = np.array([[1, 3, 9], [1, 2, 3], [0, 0, 5]], dtype=np.int64)
HOUR_US = 3600 * 10**6


@pytest.mark.parametrize(
    ("name", "amounts", "left"),
    [
        ("work", [33, 0, 66], 1),
        ("availability", [50, 50, 0], 0),
        ("mix", [23 + 15, 15, 46], 1),
        ("stake", [25, 75, 0], 0),
        ("compute", [16, 33, 50], 1),
        ("compute_first", [17, 33, 50], 0),
        ("fees", [0, 0, 100], 0),
        ("scored", [84, 15, 0], 1),
    ],
)
def test_a_payout_by_hand(name: str, amounts: list[int], left: int) -> None:
    # mix: 70 by work (23, 0, 46), 30 by live time (15, 15, 0). The third was not live, so that its stake counts for
    # nothing. scored: 0.1 + 0.9 / 2 = 0.55 and 0.1, of 0.65.
    paid, rest = PAYOUTS[name].amounts(100, WORK, LIVE, stake=OTHERS[0], compute=OTHERS[1], fees=OTHERS[2])
    assert paid.tolist() == amounts
    assert rest == left


_ROWS = st.lists(st.tuples(st.integers(0, 2**55), st.integers(0, 2**55)), min_size=1, max_size=50)


@pytest.mark.long
@pytest.mark.parametrize("name", PAYOUTS)
@settings(max_examples=100, deadline=None)
@given(total=st.integers(0, 2**61), rows=_ROWS)
def test_every_payout_sums_to_what_was_there(name: str, total: int, rows: list[tuple[int, int]]) -> None:
    work, live = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    paid, left = PAYOUTS[name].amounts(total, work, live, stake=work, compute=live, fees=work)
    assert sum(paid.tolist()) + left == total
    assert paid.min() >= 0
    paid_by_stake = name != "stake" or (work * live).any()
    if work.any() and live.any() and paid_by_stake and name not in LEAVE_MORE:
        assert left < 2 * len(rows)
    else:
        assert left >= 0


@pytest.mark.parametrize("name", PAYOUTS)
def test_where_nobody_worked_or_was_live_everything_is_left(name: str) -> None:
    nobody = np.zeros(3, dtype=np.int64)
    paid, left = PAYOUTS[name].amounts(100, nobody, nobody)
    assert (paid.tolist(), left) == ([0, 0, 0], 100)


def test_a_node_is_paid_for_its_hours_and_the_rest_is_left() -> None:
    # Render, RNP-019: 10 x 1.8098 x 100 / 168 = 10.77.
    hours = np.array([100, 168], dtype=np.int64) * HOUR_US
    paid, left = PAYOUTS["per_node"].amounts(50 * 10**9, hours, hours)
    assert paid.tolist() == [10_772_619_047, 18_098_000_000]
    assert left == 50 * 10**9 - sum(paid.tolist())


def test_nodes_that_ask_for_more_than_there_is_share_it() -> None:
    hours = np.array([168, 84, 168], dtype=np.int64) * HOUR_US
    paid, left = PAYOUTS["per_node"].amounts(100, hours, hours)
    assert (paid.tolist(), left) == ([40, 20, 40], 0)


def test_a_pool_is_capped_by_the_nodes_that_qualify() -> None:
    # Render, RNP-006: 75 a node and epoch.
    week = np.full(4, 168, dtype=np.int64) * HOUR_US
    paid, left = PAYOUTS["scored_capped"].amounts(1000 * 10**9, week, week)
    assert (paid.tolist(), left) == ([75 * 10**9] * 4, 700 * 10**9)


def test_several_rules_divide_their_own_parts() -> None:
    week = np.array([168, 168], dtype=np.int64) * HOUR_US
    paid, left = PAYOUTS["several"].amounts(100 * 10**9, np.array([1, 2], dtype=np.int64), week)
    # 60 by work; 30 hold 2 a node; 10 are nobody's.
    assert paid.tolist() == [22 * 10**9, 42 * 10**9]
    assert left == 36 * 10**9


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "per_node", "each": "1 TAO", "every": "1 day", "multiplier": 0.0}, "greater than 0"),
        ({"kind": "scored", "base": "110 %"}, "at most 100 %"),
        ({"kind": "several", "parts": {}}, "at least 1"),
        (
            {
                "kind": "several",
                "parts": {name: {"share": "60 %", "by": {"kind": "work"}} for name in ("one", "other")},
            },
            "shares sum to 120 %; must be 100 % at most",
        ),
        ({"kind": "compute", "remainder": "last"}, "'split' or 'first'"),
    ],
)
def test_a_payout_that_is_none_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        block(PAYOUT, **keys)


def test_a_day_of_the_whole_chain_fits() -> None:
    # 3600 TAO in rao over weights that sum to 2^61: the product needs 103 bits.
    weights = np.full(2, 2**60, dtype=np.int64)
    paid, left = PAYOUTS["work"].amounts(3600 * 10**9, weights, weights)
    assert (paid.tolist(), left) == ([1800 * 10**9] * 2, 0)


@pytest.mark.parametrize(
    ("work", "live"),
    [
        (np.array([-1, 1]), np.array([1, 1])),
        (np.array([1.0, 1.0]), np.array([1, 1])),
        (np.array([1, 1]), np.array([1])),
        (np.array([2**62, 1]), np.array([1, 1])),
    ],
    ids=["negative", "floats", "shapes", "too large"],
)
def test_weights_that_are_no_weights_are_refused(work: np.ndarray, live: np.ndarray) -> None:
    with pytest.raises(ValueError, match="must be int64"):
        PAYOUTS["mix"].amounts(100, work, live)


def test_a_mix_needs_its_share() -> None:
    with pytest.raises(ValidationError, match="work_share"):
        block(PAYOUT, kind="mix")
