"""What a subnet's alpha is divided into at its epoch: dividends of validators, root's and alpha's, and takes.

Source: subtensor pallets/subtensor/src/coinbase/run_coinbase.rs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.tokenomics.chains.bittensor import U16
from sim.tokenomics.chains.bittensor.constants import MAINNET


def pay(
    alpha: int, root: int, stakes: Sequence[int], root_stakes: Sequence[int], dividends: np.ndarray, tao_weight: float
) -> tuple[np.ndarray, np.ndarray, int]:
    """(alpha of each validator, root's alpha of each, rao that rounding leaves): the kernel of an epoch, for Python."""
    from sim.kernels.bittensor import paying

    out_alpha, out_root = np.zeros(len(dividends), np.int64), np.zeros(len(dividends), np.int64)
    left = paying.pay_dividends(
        alpha,
        root,
        tao_weight,
        np.array(stakes, np.int64),
        np.array(root_stakes, np.int64),
        dividends,
        out_alpha,
        out_root,
    )
    return out_alpha, out_root, left


def take_of(amount: int, take_u16: int = MAINNET["take_u16"].value) -> int:
    """The part of a dividend that a validator keeps before those who delegate to it are paid, rounded down; 0 to 18 %.

    Blocks pay validators all: who delegates is no part of the chain's state here.
    """
    return amount * take_u16 // U16
