"""What of weights, stakes and bonds counts in an epoch: permits, thresholds, inactivity, re-registration, commit and reveal.

Vectors hold a value a uid, matrices are [uids, uids]; blocks are block numbers. A weight below 0 stands for one not set.
Source: subtensor pallets/subtensor/src/epoch/run_epoch.rs, subnets/weights.rs.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from sim.tokenomics.chains.bittensor.constants import MAINNET
from sim.tokenomics.chains.bittensor.registration import top_stakes
from sim.tokenomics.chains.bittensor.yuma import normalised, stake_shares

NOT_SET = -1
NO_COMMIT = 2**62


@dataclasses.dataclass(frozen=True)
class Stakes:
    """Shares in 2^-32: of all who reach the threshold, of those who vote now; and who may vote, now and next."""

    share: np.ndarray
    active: np.ndarray
    permits: np.ndarray
    next_permits: np.ndarray


def inactive(last_update: np.ndarray, now: int, cutoff: int = MAINNET["cutoff"].value) -> np.ndarray:
    """Who has set no weights for more than `cutoff` blocks (13.889 tempos; 5,000 blocks at a tempo of 360)."""
    return last_update + cutoff < now


def stakes_of(
    stake: np.ndarray,
    permits: np.ndarray,
    idle: np.ndarray,
    places: int = MAINNET["permits"].value,
    least: int = 0,
    owner: int | None = None,
) -> Stakes:
    """Stakes that count, in rao in and shares out. Below `least` rao a stake is none, the owner's excepted.

    `places` permits go to the largest; they hold from the next epoch on, so this one votes by those of the last. The owner
    always has one.
    """
    counted = np.where(stake < least, 0, stake)
    may, owners = permits.astype(bool), np.zeros(len(stake), bool)
    if owner is not None:
        counted[owner], owners[owner] = stake[owner], True
    share = stake_shares(counted)
    may = may | owners
    active = normalised(np.where(idle | ~may, 0, share))
    return Stakes(share, active, may, top_stakes(share, places) | owners)


def weights_that_count(
    weights: np.ndarray, permits: np.ndarray, last_update: np.ndarray, registered: np.ndarray,
    commits: np.ndarray | None = None, owner: int | None = None,
) -> np.ndarray:  # fmt: skip
    """Weights as the epoch sees them: of permitted rows, not of oneself (but the owner's), not older than their target.

    A weight set at or before its target's registration is gone. So is, with commit-reveal, one of a row whose earliest
    commit in force (`commits`, `NO_COMMIT` for none) is older than the target's registration: it was meant for who had the uid.
    """
    found = np.where(permits.astype(bool)[:, None], weights, NOT_SET)
    own = np.arange(len(weights))
    if owner is not None:
        own = own[own != owner]
    found[own, own] = NOT_SET
    found[last_update[:, None] <= registered[None, :]] = NOT_SET
    if commits is not None:
        found[commits[:, None] < registered[None, :]] = NOT_SET
    return found


def bonds_that_count(bonds: np.ndarray, registered: np.ndarray, last_epoch: int) -> np.ndarray:
    """Bonds without those to uids that registered after the last epoch that paid, at block `last_epoch`."""
    return np.where(registered[None, :] > last_epoch, 0, bonds)


def bonds_to_store(bonds: np.ndarray, before: np.ndarray, permits: np.ndarray, next_permits: np.ndarray) -> np.ndarray:
    """Bonds after an epoch: of those permitted next; who loses a permit loses them, others keep what they had."""
    kept = np.where(next_permits[:, None], bonds, before)
    return np.where((permits & ~next_permits)[:, None], 0, kept)


def reset_bonds(bonds: np.ndarray, uid: int) -> np.ndarray:
    """Bonds after a miner asked to have those to it cleared, where the subnet allows that."""
    found = bonds.copy()
    found[:, uid] = 0
    return found


def expired(commit_epoch: int, epoch: int, reveal_period: int = 1) -> bool:
    """A commit of `commit_epoch` can be revealed no more: the subnet's epoch is past the one it was to be revealed in."""
    return epoch > commit_epoch + reveal_period


def may_reveal(commit_epoch: int, epoch: int, reveal_period: int = 1) -> bool:
    """A commit is revealed in exactly one epoch: `reveal_period` after its own (1 to 100)."""
    return epoch == commit_epoch + reveal_period


def epoch_seen(epochs: int, due: bool) -> int:
    """The epoch a commit or a reveal of this block belongs to: one more than the count where the subnet is due this block."""
    return epochs + due
