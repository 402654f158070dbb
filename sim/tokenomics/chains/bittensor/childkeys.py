"""Child keys: a validator lends its stake's vote to another's key and is paid by what it brought, less that key's take.

Numbers with a part below one have 32 binary digits and are rounded down, as in the chain's U96F32; proportions of parents are
parts of 2^64 - 1.
Source: subtensor pallets/subtensor/src/coinbase/run_coinbase.rs, `get_parent_child_dividends_distribution`; staking/helpers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from sim.tokenomics.chains.bittensor import U16
from sim.tokenomics.chains.bittensor.constants import MAINNET

WHOLE = 2**64 - 1
_ONE = 1 << 32
LARGEST_TAKE: int = MAINNET["take_u16"].value
"""18 % in 65535ths; the least is 0, which is the default."""


@dataclasses.dataclass(frozen=True)
class Parent:
    """Who lends: stakes in rao of alpha and of TAO on root, the part of them lent, and whether one owner holds both keys."""

    alpha: int
    root: int
    proportion: int
    same_owner: bool = False


@dataclasses.dataclass(frozen=True)
class Paid:
    """Rao to each parent, to the child, and recycled; the rest of the dividend, less than a rao each, is nobody's."""

    parents: tuple[int, ...]
    child: int
    recycled: int


def _times(a: int, b: int) -> int:
    return a * b >> 32


def stake_lent(parent: Parent, tao_weight: int) -> int:
    """What a parent adds to the child's stake, times 2^32: (alpha + weight x TAO on root) x proportion; weight in 2^-32."""
    part = (parent.proportion << 32) // WHOLE
    return parent.alpha * part + _times(parent.root * part, tao_weight)


def stake_kept(alpha: int, root: int, lent: Sequence[int], tao_weight: int) -> int:
    """What stays with a validator, in rao, after it lent these proportions."""
    part = max(0, _ONE - sum((proportion << 32) // WHOLE for proportion in lent))
    return (alpha * part + _times(root * part, tao_weight)) >> 32


def share_dividend(
    dividend: int, own: int, parents: Sequence[Parent], tao_weight: int, take_u16: int = 0, burned: int = 0
) -> Paid:
    """Divide a child's dividend in rao by what its own stake (`stake_kept`) and its parents brought.

    Of another owner's parent the child keeps `take_u16` and `burned`, in 2^-32, is recycled. `tao_weight` is in 2^-32.
    """
    brought = [stake_lent(parent, tao_weight) for parent in parents]
    total = (own << 32) + sum(brought)
    whole = left = dividend << 32
    take = (take_u16 << 32) // U16
    paid, kept, recycled = [], 0, 0
    for parent, part in zip(parents, brought, strict=True):
        amount = _times(whole, (part << 32) // total) if total else 0
        left -= amount
        if not parent.same_owner:
            lost, taken = _times(burned, amount), _times(take, amount)
            amount, kept, recycled = amount - lost - taken, kept + taken, recycled + (lost >> 32)
        paid.append(amount >> 32)
    return Paid(tuple(paid), left + kept >> 32, recycled)
