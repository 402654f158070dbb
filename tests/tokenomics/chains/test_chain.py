"""The whole chain: blocks and epochs in a kernel, what people do between them, and what stops a run."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import InvariantError
from sim.tokenomics.chains.bittensor import masks, yuma
from sim.tokenomics.chains.bittensor.balancer import SwapError
from sim.tokenomics.chains.bittensor.rules import RULES, by_name
from sim.tokenomics.chains.bittensor.yuma import Terms
from tests.tokenomics.chains.chains import TAO, give_weights, small
from tests.tokenomics.chains.plain import digest

pytestmark = pytest.mark.compiled


@pytest.mark.parametrize("name", [rules.name for rules in RULES])
def test_no_rao_is_lost_in_a_day_of_any_rule_set(name: str) -> None:
    chain = small(name)
    chain.walk(7200)
    assert chain.block == 9_247_588
    assert chain.misplaced() == ""
    assert np.all(chain.subnets["epochs"] == 20)
    # Everybody was paid: owners through their cut, though their incentive was burned.
    assert np.all(chain.subnets["burnt"] > 0)
    assert np.all(chain.who.dividends.sum(axis=1) == pytest.approx(1))


@pytest.mark.parametrize("field", ["stake", "tao", "claims", "alpha_in", "alpha_issued"])
def test_a_lost_rao_stops_the_run_and_names_block_and_subnet(field: str) -> None:
    chain = small()
    chain.walk(10)
    if field == "stake":
        chain.who.stake[2, 1] -= 1
        said = r"block \d+: stakes of subnet 3 are not"
    elif field == "tao":
        chain.subnets["tao"][4] += 1
        said = "block 9240399: TAO issued is not"
    else:
        chain.subnets[field][1] += 1
        said = "block 9240399: alpha of subnet 2 is not"
    with pytest.raises(InvariantError, match=said):
        chain.walk(1000)


def test_how_blocks_are_cut_into_calls_changes_nothing() -> None:
    one, other = small(), small()
    one.walk(2000)
    for blocks in (1, 359, 640, 1000):
        other.walk(blocks)
    assert one.subnets.tobytes() == other.subnets.tobytes()
    assert one.row.tobytes() == other.row.tobytes()
    for a, b in zip(one.who, other.who, strict=True):
        assert a.tobytes() == b.tobytes()


def test_an_epoch_of_the_chain_is_yumas() -> None:
    chain = small(terms=Terms(relative=True))
    chain.walk(359)
    stake = chain.who.stake[0, :4] + (chain.who.root[0] * 0.18).astype(np.int64)
    before, weights = chain.who.bonds[0].copy(), chain.who.weights[0].astype(np.int64)
    rows = chain.subnets["epochs"].copy()
    chain.walk(1)
    assert (chain.subnets["epochs"] - rows).tolist()[0] == 1
    found = yuma.epoch(Terms(relative=True), weights, yuma.stake_shares(stake), before, exact=False)
    assert chain.who.incentive[0].tolist() == pytest.approx(found.incentive.tolist(), abs=1e-9)
    assert chain.who.dividends[0].tolist() == pytest.approx(found.dividends.tolist(), abs=1e-9)


def test_half_goes_to_miners_and_a_fifth_to_the_owner() -> None:
    chain = small(uids=8)
    chain.who.weights[:] = 0
    # All weight on uid 5, which earns all incentive; the owner is uid 7.
    chain.who.weights[:, :, 5] = 65_535
    before = chain.who.stake.copy()
    chain.walk(720)
    earned = chain.who.stake - before
    # The second epoch paid 360 blocks; the first those since the start. Out of 1 alpha a block 17.9995 % are the owner's.
    paid = earned[:, 7] / (11_796 / 65_535)
    assert np.all(np.abs(paid - 720 * TAO) < 361 * TAO)
    assert earned[:, 5] == pytest.approx(paid * (1 - 11_796 / 65_535) / 2, rel=1e-6)
    assert np.all(chain.subnets["burned"] == 0)


def test_burned_incentive_is_told_and_lowers_the_subnets_share() -> None:
    chain = small()
    chain.who.weights[0] = 0
    chain.who.weights[0][:, -1] = 65_535
    chain.walk(360)
    assert chain.subnets["burned"][0] == 1
    assert chain.subnets["share"][0] > 0
    chain.walk(1)
    assert chain.subnets["share"][0] == 0 < chain.subnets["share"][1]


def test_without_weights_validators_get_the_miners_half_by_stake() -> None:
    chain = small()
    chain.who.weights[:] = 0
    before = chain.who.stake[:, :4].sum(axis=1)
    claims = chain.subnets["claims"].copy()
    chain.walk(360)
    assert np.all(chain.who.incentive == 0)
    got = chain.who.stake[:, :4].sum(axis=1) - before + chain.subnets["claims"] - claims
    # All but the owner's cut, and a rao or two a block of dust.
    assert np.all(got > 0.82 * TAO * (360 - 6))


def test_whoever_does_not_vote_earns_nothing() -> None:
    chain = small()
    chain.who.voting[:, 0] = 0
    before = chain.who.stake[:, 0].copy()
    chain.who.weights[:, :, 0] = 0
    chain.walk(720)
    assert np.all(chain.who.stake[:, 0] == before)
    assert np.all(chain.who.dividends[:, 0] == 0)


def test_two_subnets_hold_their_epoch_in_a_block_the_others_wait() -> None:
    chain = small(subnets=5)
    chain.subnets["last_epoch"] = 9_240_388
    due = []
    for _ in range(364):
        before = chain.subnets["epochs"].copy()
        chain.walk(1)
        due += [(chain.block - 9_240_388, int(row)) for row in np.flatnonzero(chain.subnets["epochs"] - before)]
    assert due == [(360, 0), (360, 1), (361, 2), (361, 3), (362, 4)]
    # Those who waited stay behind from then on.
    assert (chain.subnets["last_epoch"] - 9_240_388).tolist() == [360, 360, 361, 361, 362]


@settings(max_examples=50, deadline=None)
@given(
    trades=st.lists(
        st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 9), st.integers(10**6, 10**13)), max_size=12
    )
)
def test_trades_move_rao_and_make_none(trades: list[tuple[bool, int, int, int]]) -> None:
    chain = small()
    for buys, subnet, uid, amount in trades:
        try:
            if buys:
                chain.stake(subnet, uid, amount)
            else:
                chain.unstake(subnet, uid, min(amount, int(chain.who.stake[subnet, uid])))
        except SwapError:
            pass
        assert chain.misplaced() == ""
    chain.walk(5)
    assert chain.misplaced() == ""


def test_staking_and_unstaking_costs_two_fees_and_slippage() -> None:
    chain = small()
    free = int(chain.row["free"][0])
    swap = chain.stake(0, 3, 1000 * TAO)
    assert swap.fee == 1000 * TAO * 33 // 65_535
    got = chain.unstake(0, 3, swap.out)
    assert got == pytest.approx(1000 * TAO * (1 - 33 / 65_535) ** 2, rel=1e-6)
    # The author's fees are free TAO too.
    assert free - 3 <= int(chain.row["free"][0]) <= free + 3
    with pytest.raises(ValueError, match="staked behind uid 3"):
        chain.unstake(0, 3, 10**18)


def test_a_limit_stops_a_purchase_and_a_sale_at_its_price() -> None:
    chain = small()
    row = chain.subnets[2]

    def price() -> Fraction:
        # Weights of a half: the price is that of the reserves.
        return Fraction(int(row["tao"]), int(row["alpha_in"]))

    before, free, held = price(), int(chain.row["free"][0]), int(chain.who.stake[2, 3])
    whole = small().stake(2, 3, 10**15)
    swap = chain.stake(2, 3, 10**15, before * Fraction(11, 10))
    # A tenth of the million TAO that were offered is taken at most, and the price stands at the limit.
    assert 0 < swap.paid_in < whole.paid_in and free - int(chain.row["free"][0]) == swap.paid_in
    assert float(price() / before) == pytest.approx(1.1, rel=1e-9)
    assert int(chain.who.stake[2, 3]) == held + swap.out
    with pytest.raises(SwapError, match="the limit is"):
        chain.stake(2, 3, TAO, before)
    # Back again: no more is sold than takes the price to where it was.
    held, at_limit = int(chain.who.stake[2, 3]), before * Fraction(105, 100)
    got = chain.unstake(2, 3, swap.out, at_limit)
    assert 0 < held - int(chain.who.stake[2, 3]) < swap.out and 0 < got < swap.paid_in
    # The author's sale of the fee comes after it and goes a little below.
    assert float(price() / at_limit) == pytest.approx(1, rel=1e-4)
    with pytest.raises(SwapError, match="the limit is"):
        chain.unstake(2, 3, TAO, before * 2)
    assert chain.misplaced() == ""


def test_claims_that_are_sold_are_gone_at_every_validator() -> None:
    chain = small()
    chain.walk(800)
    held, total = chain.who.claims[1].copy(), int(chain.subnets["claims"][1])
    assert held.sum() == total and (held > 0).all()
    free = int(chain.row["free"][0])
    got = chain.sell_claims(1, total // 3)
    left = chain.who.claims[1]
    assert got > 0 and int(chain.row["free"][0]) == free + got
    assert left.sum() == total - total // 3 == chain.subnets["claims"][1]
    assert left.tolist() == pytest.approx((held * 2 / 3).tolist(), abs=2)
    assert chain.sell_claims(1, int(left.sum())) > 0
    assert not chain.who.claims[1].any()
    with pytest.raises(ValueError, match="root may claim 0"):
        chain.sell_claims(1, 1)
    assert chain.misplaced() == ""
    chain.who.claims[0, 2] += 1
    assert chain.misplaced() == "block 9241188: claims in subnet 1 are not what root may claim there"


def test_a_registration_lifts_the_price_and_clears_the_uid() -> None:
    chain = small()
    chain.walk(400)
    issued = int(chain.row["issued"][0])
    with pytest.raises(ValueError, match="staked behind uid 8"):
        chain.register(1, 8, TAO)
    chain.unstake(1, 8, int(chain.who.stake[1, 8]))
    alpha, created = (int(chain.subnets[name][1]) for name in ("alpha_in", "alpha_issued"))
    chain.register(1, 8, TAO)
    assert chain.misplaced() == ""
    # TAO is not recycled, alpha is: the subnet's alpha shrinks.
    assert int(chain.row["issued"][0]) == issued
    recycled = alpha - int(chain.subnets["alpha_in"][1])
    assert recycled > 0
    assert created - int(chain.subnets["alpha_issued"][1]) == recycled
    assert not chain.who.weights[1][:, 8].any()
    assert not chain.who.bonds[1][:, 8].any()
    # What the masks would do is the same as clearing.
    weights = np.full((10, 10), 5)
    masked = masks.weights_that_count(weights, np.ones(10), np.full(10, 100), np.where(np.arange(10) == 8, 100, 0))
    assert np.all(masked[:, 8] == masks.NOT_SET)


def test_rule_sets_can_change_between_blocks() -> None:
    chain = small("price")
    chain.walk(10)
    bought = chain.subnets["protocol"].copy()
    assert np.all(bought == 0)
    chain.put_rules(by_name("price_unburned"))
    chain.walk(10)
    assert np.any(chain.subnets["protocol"] > 0)
    assert chain.misplaced() == ""


def test_new_weights_every_tempo_keep_the_books() -> None:
    chain, draw = small(subnets=8, validators=6, uids=16), np.random.Generator(np.random.PCG64(9))
    for _ in range(30):
        give_weights(chain, draw)
        chain.walk(360)
    assert chain.misplaced() == ""
    assert np.all(chain.subnets["epochs"] == 30)
    # Less than 8 rao of dust a block and a few an epoch and uid.
    assert np.all(chain.subnets["dust"] < 30 * 360 * 8 + 30 * 40)


def test_plain_python_walks_the_same_blocks_to_the_last_byte() -> None:
    root = Path(__file__).parents[3]
    env = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(root)}
    # 64-bit products wrap in `sim.kernels.wide`, as they must; numpy's scalars would warn of it.
    command = [sys.executable, "-W", "ignore::RuntimeWarning", "-m", "tests.tokenomics.chains.plain"]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == digest(), done.stderr
