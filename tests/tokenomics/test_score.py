"""Scores: a network's part of a coin's emission beside its rivals', and what they refuse."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.tokenomics.score import SCORE
from sim.tokenomics.split import Split
from sim.units import SHARE_ONE
from tests.policies.kinds import CONTEXT, SCORES, block

_METRIC = st.one_of(st.just(0.0), st.floats(0, 1e12))


@pytest.mark.parametrize("name", SCORES)
@settings(max_examples=100, deadline=None)
@given(own=st.tuples(_METRIC, _METRIC, _METRIC), more=st.floats(0, 1e6))
def test_shares_are_parts_of_a_whole_and_grow_with_each_figure(
    name: str, own: tuple[float, float, float], more: float
) -> None:
    shares = SCORES[name].shares(own)
    assert min(shares) >= 0
    assert sum(shares) <= SHARE_ONE
    for place in range(3):
        better = [value + more * (k == place) for k, value in enumerate(own)]
        # One unit for a quotient of doubles.
        assert SCORES[name].shares(better)[0] >= shares[0] - 1


def test_shares_in_proportion_to_what_was_burned() -> None:
    assert SCORES["pro_rata"].shares([0.0, 600.0, 0.0]) == [60_000_000_000, 30_000_000_000, 910_000_000_000]


def test_helium_weighs_stake_burn_and_onboarding() -> None:
    # 27 weeks are hardly more than the least lock. 1e6 x 100 x 20 against 5e6 x sqrt(9100) x 65.08 and 1e6 x sqrt(300) x 70.
    own, iot, mobile = SCORES["utility"].shares([1e6, 10_000.0, 160_000.0])
    assert own / mobile == pytest.approx(1e6 * 100 * 20 / (5e6 * 9100**0.5 * 17.94e6**0.25), rel=1e-9)
    assert iot / mobile == pytest.approx(1e6 * 300**0.5 * 24e6**0.25 / (5e6 * 9100**0.5 * 17.94e6**0.25), rel=1e-9)


def test_the_first_by_rank_gets_most_whatever_its_lead() -> None:
    ranks = SCORES["rank"]
    assert ranks.shares([5_000_001.0, 0.0, 0.0]) == [SHARE_ONE // 2, SHARE_ONE // 10, SHARE_ONE * 3 // 10]
    # Of equal ones the network itself stands first; a figure of 0 has no rank.
    assert ranks.shares([5e6, 0.0, 0.0])[0] == SHARE_ONE // 2
    assert ranks.shares([0.0, 0.0, 0.0])[0] == 0


def test_where_nobody_scores_nobody_gets_anything() -> None:
    alone = block(SCORE, kind="pro_rata", of="staked", rivals={})
    assert alone.shares([0.0, 0.0, 0.0]) == [0]
    assert alone.shares([1e-9, 0.0, 0.0]) == [SHARE_ONE]


def test_a_split_by_score_leaves_the_rivals_part_to_others() -> None:
    split = Split.model_validate(
        {
            "score": {"kind": "pro_rata", "of": "staked", "rivals": {"other": {"staked": 3.0}}},
            "operators": "70 %",
            "validators": "30 %",
        },
        context=CONTEXT,
    )
    amounts = split.amounts(1000, [1.0, 0.0, 0.0])
    assert amounts == {"operators": 175, "validators": 75, "others": 750, "treasury": 0}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "pro_rata", "of": "luck", "rivals": {}}, "'staked', 'burned_usd' or 'onboarded_usd'"),
        ({"kind": "pro_rata", "of": "staked"}, "rivals"),
        ({"kind": "utility", "rivals": {"a": {"staked": -1.0}}}, "greater than or equal to 0"),
        ({"kind": "rank", "of": "staked", "shares_by_rank": ["60 %", "50 %"], "rivals": {}}, "sum to 110 %"),
    ],
)
def test_nonsense_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        block(SCORE, **keys)
