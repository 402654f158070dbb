"""Slots of subnets: what a new one locks, which one has to go, and what its holders are paid.

Source: subtensor pallets/subtensor/src/coinbase/root.rs, subnets/subnet.rs, staking/remove_stake.rs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.tokenomics.chains.bittensor.constants import MAINNET


def lock_cost(
    last: int,
    last_block: int,
    now: int,
    interval: int = MAINNET["lock_interval"].value,
    least: int = MAINNET["lock_least"].value,
    rise: int = MAINNET["lock_rise"].value,
    decay: int = MAINNET["lock_decay"].value,
) -> int:
    """Rao that a new subnet locks: `rise` times the last lock, falling by `decay` times floor(last / interval) a block.

    `last_block` 0 means that none was registered: then nothing multiplies. At spec 475 the lock falls twice as fast as in the
    source of 2026-06-30 (`decay` 1): only so the cost of mainnet at block 9,240,878 comes out, to the rao.
    """
    times = rise if last_block else 1
    return max(least, times * last - decay * (last // interval) * (now - last_block))


def to_deregister(
    price: np.ndarray, registered: np.ndarray, now: int, immunity: int = MAINNET["immunity"].value
) -> int | None:
    """The row of the subnet that a new one takes the place of: lowest EMA price outside immunity; ties go to the earliest.

    None where all are immune.
    """
    rows = np.flatnonzero(registered + immunity <= now)
    if len(rows) == 0:
        return None
    return int(rows[np.lexsort((rows, registered[rows], price[rows]))[0]])


def payouts(pot: int, alpha: Sequence[int], protocol: int) -> tuple[list[int], int]:
    """The TAO of a pool in parts of its alpha: (of each holder, of the protocol). All of the pot is paid.

    What rounding down leaves goes a rao each to the largest remainders; ties to the first holder, the protocol last. `protocol`
    counts the alpha of chain buys, and in newer subnets what stands in the pool. Without any alpha nobody is paid.
    """
    weights = [*alpha, protocol]
    total = sum(weights)
    if total == 0:
        return [0] * len(alpha), 0
    shares = [pot * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: -(pot * weights[i] % total))
    for i in order[: pot - sum(shares)]:
        shares[i] += 1
    return shares[:-1], shares[-1]


def pool_of(lock: int, median_price: float, least: int = MAINNET["lock_least"].value) -> tuple[int, int]:
    """(TAO, alpha) of a new subnet's pool: all of the lock, and alpha at the median price of subnets."""
    tao = max(lock, least)
    return tao, int(tao / median_price)
