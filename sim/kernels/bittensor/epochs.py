"""A subnet's epoch inside the run of blocks: votes are counted, and what was set aside is paid.

Uids 0 to V - 1 validate; whose weights do not count (no permit, inactive) has `voting` 0. Whoever registers a uid clears what
others had said of it and their bonds, which is what the chain's masks do. Payments are rounded down, what that leaves is dust;
so the parts of a subnet's alpha add up after every epoch.
Source: subtensor pallets/subtensor/src/coinbase/run_coinbase.rs, `distribute_emission`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.kernels import wide
from sim.kernels.bittensor import yuma
from sim.kernels.bittensor.paying import pay_dividends
from sim.kernels.options import kernel

ONE = 1 << 32


class Neurons(NamedTuple):
    """What subnets hold by uid: S subnets, V validators, N uids. Amounts in rao, shares in u16."""

    weights: np.ndarray
    """uint16[S, V, N]"""
    bonds: np.ndarray
    """uint16[S, V, N], as the chain stores them"""
    stake: np.ndarray
    """int64[S, N]: alpha behind each uid"""
    root: np.ndarray
    """int64[S, V]: TAO on root behind each validator"""
    voting: np.ndarray
    """int64[S, V]: 1 where the validator's weights count"""
    owners: np.ndarray
    """int64[S, N]: 1 for uids of the subnet's owner, whose incentive is burned; the first of them gets the owner's cut"""
    consensus: np.ndarray
    """float64[S, N], of the last epoch"""
    incentive: np.ndarray
    """float64[S, N]"""
    dividends: np.ndarray
    """float64[S, V]"""
    claims: np.ndarray
    """int64[S, V]: alpha that root may claim through each validator"""


class Scratch(NamedTuple):
    """Room to count in: nothing of it outlives an epoch."""

    rows: np.ndarray
    """float64[V]"""
    tile: np.ndarray
    """float64[8, V]"""
    sums: np.ndarray
    """float64[3, N]"""
    bonds: np.ndarray
    """float64[V, N]"""
    share: np.ndarray
    """int64[V]"""
    alpha: np.ndarray
    """int64[V]"""
    root: np.ndarray
    """int64[V]"""
    shares: np.ndarray
    """float64[S]"""
    due: np.ndarray
    """int64[S]"""


@kernel
def hold(chain: Any, one: Any, s: int, term: Any, who: Neurons, room: Scratch) -> None:
    """Hold the epoch of subnet row `s`."""
    vote(chain, s, who, room.share)
    yuma.run(
        term, who.weights[s], room.share, who.bonds[s], room.rows, room.tile, room.sums, room.bonds, who.consensus[s],
        who.incentive[s], who.dividends[s],
    )  # fmt: skip
    _stake_instead(who.dividends[s], room.share)
    _pay_miners(one, s, who)
    _pay_owner(one, s, who)
    _pay_validators(chain, one, s, who, room)
    one.last_step = chain.block


@kernel
def vote(chain: Any, s: int, who: Neurons, out_share: np.ndarray) -> None:
    """Active stake of the validators in 2^-32: alpha and TAO on root times its weight, of those who vote, normalised."""
    total = 0
    for v in range(len(out_share)):
        weight = who.stake[s, v] + int(float(who.root[s, v]) * chain.tao_weight)
        out_share[v] = weight if who.voting[s, v] == 1 else 0
        total += out_share[v]
    for v in range(len(out_share)):
        out_share[v] = wide.floor_of(out_share[v], ONE, total) if total > 0 else 0


@kernel
def _stake_instead(dividends: np.ndarray, share: np.ndarray) -> None:
    """Without any dividends active stake decides."""
    total = 0.0
    for v in range(len(dividends)):
        total += dividends[v]
    if total == 0.0:
        for v in range(len(dividends)):
            dividends[v] = float(share[v]) / float(ONE)


@kernel
def _pay_miners(one: Any, s: int, who: Neurons) -> None:
    """Incentive to those who earned it; the owner's is burned, and its share told. Without any incentive validators get all."""
    paid, withheld = 0, 0
    for j in range(who.stake.shape[1]):
        amount = int(float(one.servers) * who.incentive[s, j])
        paid += amount
        if who.owners[s, j] == 1:
            withheld += amount
        else:
            who.stake[s, j] += amount
    if paid == 0:
        one.validators += one.servers
    else:
        one.dust += one.servers - paid
        one.burned = float(withheld) / float(paid)
    one.staked += paid - withheld
    one.burnt += withheld
    one.servers = 0


@kernel
def _pay_owner(one: Any, s: int, who: Neurons) -> None:
    for j in range(who.stake.shape[1]):
        if who.owners[s, j] == 1:
            who.stake[s, j] += one.owner
            one.staked += one.owner
            one.owner = 0
            return
    # Nobody owns the subnet: its cut is created and nobody's.
    one.dust += one.owner
    one.owner = 0


@kernel
def _pay_validators(chain: Any, one: Any, s: int, who: Neurons, room: Scratch) -> None:
    validators = len(room.share)
    left = pay_dividends(
        one.validators, one.root, chain.tao_weight, who.stake[s][:validators], who.root[s], who.dividends[s], room.alpha,
        room.root,
    )  # fmt: skip
    for v in range(validators):
        who.stake[s, v] += room.alpha[v]
        who.claims[s, v] += room.root[v]
        one.staked += room.alpha[v]
        one.claims += room.root[v]
    one.dust += left
    one.validators = one.root = 0


@kernel
def adds_up(one: Any, s: int, who: Neurons) -> bool:
    """What uids hold is what the subnet's row says is staked, and no rounding took more than there was."""
    staked = 0
    for j in range(who.stake.shape[1]):
        staked += who.stake[s, j]
    return staked == one.staked and one.dust >= 0
