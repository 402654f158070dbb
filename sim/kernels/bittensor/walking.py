"""Blocks of the whole chain, one after the other, until something outside has to happen.

A block is: coins are created and placed, subnets that are due hold their epochs, EMAs of prices move, and every rao is counted.
The state keeps its size however long the run is. Trades, registrations and new weights come between calls.
"""

from __future__ import annotations

import numpy as np

from sim.kernels.bittensor import clock, coinbase, epochs
from sim.kernels.bittensor.epochs import Neurons, Scratch
from sim.kernels.options import verb


@verb
def walk(chains: np.ndarray, subnets: np.ndarray, terms: np.ndarray, who: Neurons, room: Scratch, blocks: int) -> int:
    """Walk `blocks` blocks. `chains` holds one row, `terms` a row a subnet.

    Returns -1, or the row of the first subnet whose alpha does not add up; as many as there are subnets where TAO does not.
    The run must stop then: the chain's row tells the block.
    """
    chain = chains[0]
    for _ in range(blocks):
        chain.block += 1
        coinbase.emit(chain, subnets, room.shares)
        count = clock.tick(chain, subnets, room.due)
        for k in range(count):
            s = room.due[k]
            epochs.hold(chain, subnets[s], s, terms[s], who, room)
            if not epochs.adds_up(subnets[s], s, who):
                return s
        coinbase.move_prices(chain, subnets)
        found = coinbase.conserved(chain, subnets)
        if found >= 0:
            return found
    return -1
