"""The chain as a scenario begins with it: mainnet's subnets, block numbers by date, who stands behind which uid."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest

from sim.tokenomics.chains.bittensor import genesis
from sim.tokenomics.chains.bittensor.block import BittensorChain
from sim.tokenomics.chains.bittensor.snapshot import largest, snapshot
from tests.tokenomics.chains.chains import TAO, small

pytestmark = pytest.mark.compiled

GROUPS = {
    "honest": {"kind": "honest", "count": 3, "stake": "60 %"},
    "cartel": {"kind": "cartel", "count": 1, "stake": "40 %", "own": 2},
}
DAY = datetime.date(2026, 11, 1)


def block(**keys: Any) -> BittensorChain:
    given = {"simulated": 12, "miners": 5, "validators": GROUPS, **keys}
    return BittensorChain.model_validate(given, context={"yaml": True, "tickers": frozenset({"TAO"})})


def begun(**keys: Any) -> Any:
    return genesis.begin(block(**keys), DAY, 11_640_000 * TAO, 5_454_229 * TAO)


def test_blocks_lie_twelve_seconds_apart_from_one_that_was_seen() -> None:
    # History: block 7,000,020 was made on 2025-12-01 at 02:30:12, 751 blocks after midnight; a second and more a day are lost.
    assert genesis.block_at(datetime.date(2025, 12, 1)) == pytest.approx(7_000_020 - 751, abs=7_000)
    assert genesis.block_at(datetime.date(2026, 10, 9)) == 9_240_388 + (4 * 3600 + 39 * 60 + 48) // 12


def test_every_rao_has_a_place_at_the_start() -> None:
    chain = begun()
    assert chain.misplaced() == ""
    assert int(chain.row["free"][0]) == 11_640_000 * TAO - 5_454_229 * TAO - int(chain.subnets["tao"].sum())
    assert np.array_equal(chain.who.stake.sum(axis=1), chain.subnets["staked"])


def test_stake_stands_behind_groups_as_they_say() -> None:
    chain = begun()
    parts = chain.who.stake[0, :4] / chain.who.stake[0].sum()
    assert parts == pytest.approx([0.2, 0.2, 0.2, 0.4], rel=1e-9)
    assert int(chain.who.root[0].sum()) == 5_454_229 * TAO
    genesis.stand_behind(
        chain,
        block(
            validators={
                **GROUPS,
                "honest": {**GROUPS["honest"], "stake": "90 %"},
                "cartel": {**GROUPS["cartel"], "stake": "10 %"},
            }
        ),
    )
    assert chain.who.stake[0, 3] / chain.who.stake[0].sum() == pytest.approx(0.1, rel=1e-9)
    assert chain.misplaced() == ""


def test_uids_are_validators_miners_their_own_and_the_owner() -> None:
    uids = genesis.Uids.of(block())
    assert (uids.voters, uids.miners, uids.own, uids.owner) == (slice(0, 4), slice(4, 9), slice(9, 11), 11)


def test_the_largest_pools_are_taken_with_those_that_serve() -> None:
    found = largest(5, [1])
    assert 1 in found.netuid
    assert 64 in found.netuid
    assert np.all(np.diff(found.netuid) > 0)
    assert snapshot().tao[snapshot().netuid == 64] == snapshot().tao.max()


def test_a_level_scales_price_and_ema_of_those_that_serve() -> None:
    plain, half = begun(), begun(level="50 %")
    row = int(np.flatnonzero(plain.subnets["netuid"] == 64)[0])
    assert half.subnets["tao"][row] == pytest.approx(plain.subnets["tao"][row] / 2, abs=1)
    assert half.subnets["ema"][row] == plain.subnets["ema"][row] / 2
    others = np.arange(len(plain.subnets)) != row
    assert np.array_equal(half.subnets["tao"][others], plain.subnets["tao"][others])
    assert half.misplaced() == ""


def test_pools_and_root_cannot_hold_more_than_is_issued() -> None:
    with pytest.raises(ValueError, match="more than the 6,000,000 TAO"):
        genesis.begin(block(), DAY, 6_000_000 * TAO, 5_454_229 * TAO)


def test_selling_together_is_one_swap_and_keeps_the_books() -> None:
    one, other = small(), small()
    amounts = np.zeros(10, np.int64)
    amounts[[5, 7]] = np.minimum(one.who.stake[0, [5, 7]], 10**12)
    got, sold = one.unstake_all(0, amounts)
    assert one.misplaced() == other.misplaced() == ""
    assert np.array_equal(sold, amounts)
    alone = sum(other.unstake(0, uid, int(amounts[uid])) for uid in (5, 7))
    assert got == pytest.approx(alone, rel=1e-6)
    with pytest.raises(ValueError, match="are staked behind uid 5"):
        one.unstake_all(0, amounts * 10**6)


def test_buying_across_validators_keeps_their_parts() -> None:
    chain = small()
    before = chain.who.stake[0, :4] / chain.who.stake[0, :4].sum()
    swap = chain.stake_across(0, 100 * TAO)
    assert swap.out > 0
    assert chain.who.stake[0, :4] / chain.who.stake[0, :4].sum() == pytest.approx(before, rel=1e-9)
    assert chain.misplaced() == ""


def test_root_stake_moves_between_free_and_root() -> None:
    chain = small()
    free, root = int(chain.row["free"][0]), int(chain.row["root_tao"][0])
    chain.stake_root(50 * TAO)
    assert (int(chain.row["free"][0]), int(chain.row["root_tao"][0])) == (free - 50 * TAO, root + 50 * TAO)
    chain.stake_root(-50 * TAO)
    assert int(chain.row["free"][0]) == free
    assert chain.misplaced() == ""
    with pytest.raises(ValueError, match="are free"):
        chain.stake_root(free + 1)


def test_roots_claims_are_sold_without_a_fee() -> None:
    chain = small()
    chain.walk(400)
    claims = int(chain.subnets["claims"][0])
    assert claims > 0
    free = int(chain.row["free"][0])
    got = chain.sell_claims(0, claims)
    assert got > 0
    assert int(chain.row["free"][0]) == free + got
    assert int(chain.subnets["claims"][0]) == 0
    assert chain.misplaced() == ""
    with pytest.raises(ValueError, match="root may claim 0"):
        chain.sell_claims(0, 1)


def test_a_new_subnet_takes_a_row_and_holders_get_the_pot() -> None:
    chain = small()
    pot, free = int(chain.subnets["tao"][3]), int(chain.row["free"][0])
    paid = chain.replace(3, 1000 * TAO, 0.01)
    # Nobody but people holds alpha here: they get all of the pot.
    assert paid == pot
    assert int(chain.row["free"][0]) == free + pot - 1000 * TAO
    assert (int(chain.subnets["tao"][3]), int(chain.subnets["alpha_in"][3])) == (1000 * TAO, 100_000 * TAO)
    assert chain.subnets["enabled"][3] == 0
    assert chain.misplaced() == ""
    chain.walk(720)
    assert chain.subnets["tao"][3] == 1000 * TAO
