"""The chain in a world: its own clock, weights that count when they are revealed, postings that add up."""

from __future__ import annotations

import numpy as np
import pytest

from sim.tokenomics.chains.bittensor.chain import Chain
from sim.tokenomics.chains.bittensor.network import BLOCK_PS, Network, alpha_of
from sim.tokenomics.chains.bittensor.permitted import Permits
from sim.tokenomics.ledger import MINTED, Ledger
from sim.units import Money
from tests.tokenomics.chains.chains import TAO, small

pytestmark = pytest.mark.compiled


def test_a_boundary_is_the_block_of_a_watched_subnets_epoch() -> None:
    chain = small()
    network = Network(chain, [0, 2], start_ps=5)
    # Row 2's last epoch was two blocks before the start: its next is 358 after it, row 0's 360.
    assert network.next_boundary_ps(5) == 5 + 358 * BLOCK_PS
    closed = network.close(5 + 358 * BLOCK_PS, {})
    assert (closed.block, closed.held) == (9_240_388 + 358, (2,))
    assert network.next_boundary_ps(5 + 358 * BLOCK_PS) == 5 + 360 * BLOCK_PS
    closed = network.close(5 + 360 * BLOCK_PS, {})
    assert closed.held == (0,)


def test_who_has_to_wait_is_asked_again_a_block_later() -> None:
    chain = small(subnets=4)
    chain.subnets["last_epoch"] = 9_240_388
    network, now, held = Network(chain, [1, 2, 3]), 0, []
    for _ in range(2):
        now = network.next_boundary_ps(now)
        held.append((now // BLOCK_PS, network.close(now, {}).held))
    assert held == [(360, (1,)), (361, (2, 3))]


def test_without_an_epoch_a_boundary_comes_once_a_day() -> None:
    chain = small()
    chain.subnets["tempo"] = 0
    network = Network(chain, [0])
    assert network.next_boundary_ps(0) == 7200 * BLOCK_PS
    chain.subnets["tempo"], chain.subnets["asked_at"] = 50_000, 9_240_400
    assert network.next_boundary_ps(0) == 12 * BLOCK_PS


def test_a_boundary_that_no_block_ends_at_is_refused() -> None:
    network = Network(small(), [0])
    with pytest.raises(ValueError, match="blocks after 9240388 end every"):
        network.close(BLOCK_PS + 1, {})
    with pytest.raises(ValueError, match="watched are 0"):
        network.close(BLOCK_PS, {3: np.zeros((4, 10))})


@pytest.mark.parametrize("period", [0, 1, 3])
def test_weights_count_when_they_are_revealed(period: int) -> None:
    chain = small()
    network, now = Network(chain, [0], reveal_period=period), 0
    first = chain.who.weights[0].copy()
    for epoch in range(5):
        now = network.next_boundary_ps(now)
        given = np.full((4, 10), 0)
        given[:, epoch + 3] = 65_535
        network.close(now, {0: given})
        if epoch < period:
            assert np.array_equal(chain.who.weights[0], first)
        else:
            # All incentive goes to whom the weights of `period` epochs ago name.
            assert chain.who.incentive[0].argmax() == epoch - period + 3


def test_who_has_to_wait_commits_once() -> None:
    chain = small(subnets=4)
    chain.subnets["last_epoch"] = 9_240_388
    network, now, seen = Network(chain, [2], reveal_period=1), 0, []
    first = chain.who.weights[2].copy()
    for uid in (5, 6, 7, 8):
        now = network.next_boundary_ps(now)
        given = np.zeros((4, 10))
        given[:, uid] = 65_535
        held = network.close(now, {2: given}).held
        seen.append((now // BLOCK_PS, held, int(chain.who.incentive[2].argmax())))
        if not held:
            assert np.array_equal(chain.who.weights[2], first)
    # At 360 the subnet waits: what was committed then is replaced at 361, and counts an epoch later.
    assert [one[:2] for one in seen] == [(360, ()), (361, (2,)), (721, (2,)), (1081, (2,))]
    assert [one[2] for one in seen[2:]] == [6, 7]


def test_weights_committed_for_the_one_before_do_not_count() -> None:
    chain = small()
    network = Network(chain, [0], reveal_period=1)
    given = np.zeros((4, 10))
    given[:, [6, 7]] = 65_535
    now = network.next_boundary_ps(0)
    network.close(now, {0: given})
    chain.unstake(0, 7, int(chain.who.stake[0, 7]))
    network.register(0, 7, TAO)
    network.close(network.next_boundary_ps(now), {0: given})
    assert chain.who.incentive[0, 6] == 1
    assert chain.who.incentive[0, 7] == 0


def ranked() -> Chain:
    """Row 0 with alpha alone, the more the lower the uid: 4 validators, 6 others."""
    chain = small()
    chain.who.stake[0] = np.sort(chain.who.stake[0])[::-1]
    chain.who.root[0] = 0
    return chain


def walked(network: Network, epochs: int, wrote: list[int] | None = None) -> list[list[int]]:
    """Who votes in row 0, epoch by epoch."""
    found, now = [], (network.chain.block - 9_240_388) * BLOCK_PS
    for _ in range(epochs):
        now = network.next_boundary_ps(now)
        weights = {0: network.chain.who.weights[0].copy()}
        network.close(now, weights, None if wrote is None else {0: np.array(wrote, bool)})
        found.append(network.chain.who.voting[0].tolist())
    return found


def test_permits_are_of_the_largest_stakes_from_the_next_epoch_on() -> None:
    chain = ranked()
    network = Network(chain, [0])
    assert walked(network, 1) == [[1, 1, 1, 1]]
    network.permitted.law = Permits(places=2, least=Money(0.0, "TAO"))
    assert walked(network, 2) == [[1, 1, 0, 0], [1, 1, 0, 0]]
    assert chain.who.bonds[0, 1].any()
    # Uid 2 gets half of what uid 1 has, and is above it: it votes an epoch later, and the bonds of uid 1 are gone then.
    moved = int(chain.who.stake[0, 1]) // 2
    chain.who.stake[0, [1, 2]] += [-moved, moved]
    assert walked(network, 1) == [[1, 1, 0, 0]]
    assert not chain.who.bonds[0, 1].any()
    assert walked(network, 1) == [[1, 0, 1, 0]]
    assert chain.who.bonds[0, 2].any()
    assert chain.misplaced() == ""
    network.permitted.law = None
    assert walked(network, 1) == [[1, 1, 1, 1]]


def test_a_stake_below_the_threshold_does_not_vote() -> None:
    chain = ranked()
    stake = chain.who.stake[0] / TAO
    least = Money(float(stake[1:3].mean()), "TAO")
    network = Network(chain, [0])
    network.permitted.law = Permits(least=least)
    assert walked(network, 2) == [[1, 1, 0, 0]] * 2
    # TAO on root counts by its weight of 0.18.
    chain.who.root[0, 3] = int(stake[0] * TAO / 0.18)
    assert walked(network, 2) == [[1, 1, 0, 0], [1, 1, 0, 1]]


def test_who_writes_nothing_for_longer_than_the_cutoff_does_not_vote() -> None:
    chain = ranked()
    network = Network(chain, [0])
    network.permitted.law = Permits(least=Money(0.0, "TAO"), cutoff=800)
    assert walked(network, 4, wrote=[1, 1, 1, 0]) == [[1, 1, 1, 1]] * 2 + [[1, 1, 1, 0]] * 2
    assert walked(network, 1) == [[1, 1, 1, 1]]


def test_a_law_that_shuts_nobody_out_moves_no_rao() -> None:
    plain, ruled = small(), small()
    networks = [Network(plain, [0]), Network(ruled, [0])]
    networks[1].permitted.law = Permits(places=256, least=Money(0.0, "TAO"), cutoff=1_000_000)
    for network in networks:
        walked(network, 5)
    assert plain.subnets.tobytes() == ruled.subnets.tobytes()
    for one, other in zip(plain.who, ruled.who, strict=True):
        assert one.tobytes() == other.tobytes()


def test_postings_are_what_the_chain_holds() -> None:
    chain = small()
    network, now = Network(chain, [1, 4]), 0
    ledger = Ledger({"TAO": 9, "SN2": 9, "SN5": 9})
    fields = {
        "pool": "alpha_in",
        "protocol": "protocol",
        "staked": "staked",
        "claims": "claims",
        "burnt": "burnt",
        "dust": "dust",
    }
    for row in (1, 4):
        ledger.open(alpha_of(row + 1), {account: int(chain.subnets[field][row]) for account, field in fields.items()})
    ledger.open("TAO", {"pools": int(chain.subnets["tao"].sum())})
    earned = np.zeros((2, 10), np.int64)
    before = chain.who.stake[[1, 4]].copy()
    for _ in range(6):
        now = network.next_boundary_ps(now)
        closed = network.close(now, {})
        for one in closed.postings:
            if one.source == MINTED:
                ledger.mint(one.reason, one.currency, one.amount, one.target)
            else:
                ledger.transfer(one.reason, one.currency, one.amount, one.source, one.target)
        earned += np.array([closed.earned[1], closed.earned[4]])
    for row in (1, 4):
        for account, field in fields.items():
            assert ledger.balance(account, alpha_of(row + 1)) == int(chain.subnets[field][row]), account
    assert ledger.balance("pools", "TAO") == int(chain.subnets["tao"].sum() + chain.row["stranded"][0])
    assert np.array_equal(earned, chain.who.stake[[1, 4]] - before)
    assert earned.sum() > 0
