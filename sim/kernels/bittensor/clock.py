"""Which subnets hold their epoch in a block: every tempo, two a block at most, the rest a block later.

Source: subtensor pallets/subtensor/src/coinbase/run_coinbase.rs, `should_run_epoch` and `drain_pending`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.kernels.options import kernel, verb


@kernel
def is_due(chain: Any, one: Any) -> bool:
    """A tempo is over, a block was asked for and has come, or no epoch was held for longer than the longest tempo."""
    if one.tempo == 0:
        return False
    if one.asked_at > 0 and chain.block >= one.asked_at:
        return True
    return one.since_step > chain.longest_tempo or chain.block - one.last_epoch >= one.tempo


@kernel
def tick(chain: Any, subnets: np.ndarray, out_due: np.ndarray) -> int:
    """Move every subnet's clock by a block; rows that hold their epoch now in `out_due`, and how many. Ties: lowest row first."""
    count = 0
    for i in range(len(subnets)):
        subnets[i].since_step += 1
        if is_due(chain, subnets[i]):
            if count >= chain.most_epochs:
                # Deferred by a block, whatever its tempo says then.
                subnets[i].asked_at = chain.block + 1
            else:
                out_due[count] = i
                count += 1
                subnets[i].since_step = 0
                subnets[i].last_epoch = chain.block
                subnets[i].asked_at = 0
                subnets[i].epochs += 1
    return count


@verb
def one_tick(chains: np.ndarray, subnets: np.ndarray, out_due: np.ndarray) -> int:
    """`tick`, for Python."""
    return tick(chains[0], subnets, out_due)
