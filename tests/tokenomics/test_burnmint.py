"""Programs that burn and mint: the chains' traps by name, what prices in between do to supply, and when nothing is done."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.tokenomics.burnmint import BURNMINT, STATE
from sim.tokenomics.burnmint.vault import BLOCKS, CREDITS, HALT, HEALTHY, STATUS, VAULT, WARNING
from sim.tokenomics.settle import pusd
from tests.policies.kinds import PROGRAMS, block

MICRO = 6


def vault(**keys: Any) -> Any:
    return block(BURNMINT, kind="vault", mint_spread="0 %", **keys)


def new() -> np.ndarray:
    return np.zeros(STATE, np.int64)


def held(coins: int, owed: int) -> np.ndarray:
    """A vault with remint credits of so many coins, for so many credits."""
    state = new()
    state[VAULT], state[CREDITS] = coins, owed
    return state


@pytest.mark.parametrize(("micro_act", "micro_akt"), [(1, 0), (2, 0), (3, 0), (4, 1), (6, 1), (7, 2)])
def test_three_micro_act_fail_and_four_give_one_micro_akt(micro_act: int, micro_akt: int) -> None:
    # 1/3 cut off to 18 decimals times 3 is 0.999...: nothing, so the conversion fails and the credits stay.
    state = held(0, micro_act)
    done = vault().act(state, MICRO, usd=micro_act * 1000, price=pusd(3.0))
    assert (done["mint"], done["done"]) == (micro_akt, int(micro_akt > 0))
    assert state[CREDITS] == (0 if micro_akt else micro_act)
    assert done["left"] == (0 if micro_akt else micro_act * 1000)


def test_gensyn_burns_69_3_keeps_29_7_and_pays_1_percent() -> None:
    # The burn share applies after the executor's cut: not 70, 29 and 1.
    done = PROGRAMS["buyback"].act(new(), 18, bought=10_000)
    assert (done["burn"], done["treasury"], done["executor"]) == (6930, 2970, 100)


@pytest.mark.parametrize(("got", "done"), [(98, 1), (97, 0)])
def test_a_purchase_that_slips_too_far_does_not_happen(got: int, done: int) -> None:
    # 200 USD at 2 USD are 100 coins; 2 % less are 98.
    made = PROGRAMS["buyback"].act(new(), 0, usd=200 * 10**9, price=pusd(2.0), bought=got)
    assert (made["done"], made["burn"] + made["treasury"] + made["executor"]) == (done, got * done)


@pytest.mark.parametrize(
    ("ratio", "status", "blocks"),
    [
        (10_000, HEALTHY, 10),
        (9_501, HEALTHY, 10),
        (9_500, WARNING, 10),
        (9_490, WARNING, 11),
        (9_000, HALT, 1173),
        (100, HALT, 14_400),
    ],
)
def test_the_breaker_slows_and_stops_purchases(ratio: int, status: int, blocks: int) -> None:
    state = held(ratio * 1000, 10_000_000)
    done = vault().act(state, MICRO, price=pusd(1.0), wanted=10**9)
    assert (state[STATUS], state[BLOCKS]) == (status, blocks)
    assert (done["credited"] == 0) is (status == HALT)


def test_purchases_of_a_batch_that_is_not_over_wait_for_its_end() -> None:
    # At a ratio of 94.9 % a batch is 11 blocks: of 100 blocks the last one waits.
    state = held(9490 * 1000, 10_000_000)
    done = vault().act(state, MICRO, price=pusd(1.0), wanted=10**11, blocks=100)
    assert done["credited"] == 99 * 10**6


def test_credits_bought_dear_and_used_cheap_make_coins() -> None:
    # AEP-76: 1,000 USD at 1.14 burn 877.192982; at 0.90 they mint 1,111.111111.
    state = new()
    bought = vault().act(state, MICRO, wanted=1000 * 10**9, price=pusd(1.14))
    used = vault().act(state, MICRO, usd=1000 * 10**9, price=pusd(0.90))
    assert (bought["burn"], used["mint"]) == (877_192_982, 1_111_111_111)
    assert state[:2].tolist() == [0, 0]


def test_spreads_stay_in_the_vault() -> None:
    state, kind = new(), block(BURNMINT, kind="vault", mint_spread="1 %", settle_spread="1 %")
    bought = kind.act(state, MICRO, wanted=99 * 10**9, price=pusd(1.0))
    assert (bought["burn"], bought["credited"]) == (100 * 10**6, 99 * 10**6)
    used = kind.act(state, MICRO, usd=99 * 10**9, price=pusd(1.0))
    assert used["mint"] == 98_010_000
    assert state[:2].tolist() == [1_990_000, 0]


@pytest.mark.long
@settings(max_examples=200, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(10**10, 10**14), st.integers(0, 10**15), st.integers(0, 10**15)), max_size=12),
    spreads=st.tuples(st.integers(0, 500), st.integers(0, 500)),
)
def test_credits_and_coins_of_a_vault_are_never_below_nothing(
    steps: list[tuple[int, int, int]], spreads: tuple[int, int]
) -> None:
    kind = block(BURNMINT, kind="vault", mint_spread=f"{spreads[0]} bps", settle_spread=f"{spreads[1]} bps")
    state, left = new(), 0
    for price, usd, wanted in steps:
        done = kind.act(state, MICRO, price=price, usd=usd, wanted=wanted, blocks=14_400)
        left += done["credited"] - done["used"]
        assert left == state[CREDITS]
        assert min(*state.tolist(), *done.values()) >= 0
        assert done["left"] <= usd


def test_what_is_burned_is_minted_back_at_the_next_price() -> None:
    # RNP-023: 1,000 USD, 60 % burned at 2.0 are 300 coins, 56 % rewarded at 1.9 are 294.74.
    state, kind = new(), PROGRAMS["render"]
    first = kind.act(state, 9, paid=500 * 10**9, usd=1000 * 10**9, price=pusd(2.0))
    then = kind.act(state, 9, price=pusd(1.9))
    assert (first["burn"], first["mint"]) == (300 * 10**9, 0)
    assert then["mint"] == 560 * 10**18 // (19 * 10**8)


def test_a_pool_bounds_what_is_minted_at_once() -> None:
    state = new()
    PROGRAMS["pool"].act(state, 9, usd=10**15, price=pusd(1.0))
    assert PROGRAMS["pool"].act(state, 9, price=pusd(1.0))["mint"] == 1000 * 10**9


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "vault", "warn": "80 %"}, "`halt` at 0.9 lies above `warn` at 0.8"),
        ({"kind": "vault", "min_blocks": 0}, "greater than or equal to 1"),
        ({"kind": "vault", "mint_spread": "60 %"}, "at most 50 %"),
        ({"kind": "buyback", "slippage": "6 %"}, "at most 5 %"),
        ({"kind": "buyback", "volume": "5 TAO"}, "`volume` is in TAO; must be in USD"),
        ({"kind": "mint_back", "burn": "60 %"}, "reward"),
        ({"kind": "mint_back", "burn": "60 %", "reward": "-1 %"}, "at least 0 %"),
    ],
)
def test_a_program_that_is_none_is_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        block(BURNMINT, **keys)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_can_be_written_again_as_it_was_read(name: str) -> None:
    assert block(BURNMINT, **PROGRAMS[name].model_dump(mode="json")) == PROGRAMS[name]
