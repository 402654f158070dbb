"""Consensus: the stake-weighted median of what validators say of a miner.

The smallest score at which validators who say no more hold more than a minority of stake; stakes are integers of 2^-32, so
that an exact half decides as on the chain. Scores are integers too: the chain's fixed-point numbers, or the bits of floats >= 0,
whose order is that of the floats. Passes over integers are done many numbers at a time.
Source: subtensor pallets/subtensor/src/epoch/math.rs, `weighted_median_col_sparse`.
"""

from __future__ import annotations

import numpy as np

from sim.kernels.options import kernel, part, verb


@part
def held_by(column: np.ndarray, stake: np.ndarray, score: int) -> int:
    """Stake of those who say no more than `score`."""
    held = 0
    for v in range(len(stake)):
        held += stake[v] if column[v] <= score else 0
    return held


@part
def next_above(column: np.ndarray, score: int, most: int) -> int:
    """The smallest score above `score`; `most`, which is one, where there is none smaller."""
    found = most
    for v in range(len(column)):
        found = min(found, column[v] if column[v] > score else most)
    return found


@kernel
def median(column: np.ndarray, stake: np.ndarray, minority: int, guess: int) -> int:
    """The median of `column`; its largest score where no stake exceeds the minority.

    A right guess costs two passes; else each turn takes the next score and then halves what is left between bounds.
    """
    # Rounded shares may add up to less than a majority of all: then the smallest score decides, as on the chain.
    minority = max(minority, 0)
    low, high = -1, 0
    for v in range(len(column)):
        high = max(high, column[v])
    if held_by(column, stake, guess) <= minority:
        low = guess
    elif held_by(column, stake, guess - 1) <= minority:
        return guess
    else:
        high = guess - 1
    while low < high:
        low = next_above(column, low, high)
        if held_by(column, stake, low) > minority:
            return low
        middle = low + (high - low >> 1)
        if held_by(column, stake, middle) <= minority:
            low = middle
        else:
            high = middle
    return high


@verb
def medians(scores: np.ndarray, stake: np.ndarray, minority: int, column: np.ndarray, out_median: np.ndarray) -> None:
    """Medians of the columns of `scores`[validators, miners]; `out_median` holds the guesses. `column`: as many as validators."""
    for j in range(len(out_median)):
        for v in range(len(stake)):
            column[v] = scores[v, j]
        out_median[j] = median(column, stake, minority, out_median[j])
