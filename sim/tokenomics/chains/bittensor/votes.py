"""What validators write: weights of an honest one, of one who copies, of a cartel, in the u16 the chain stores.

Rules of people, not of the chain: what a validator sees is passed in, and so are its draws. Weights are scaled so that the
largest is 65535, as the chain's clients do.
"""

from __future__ import annotations

import numpy as np

from sim.tokenomics.chains.bittensor import U16


def upscaled(scores: np.ndarray) -> np.ndarray:
    """Scores >= 0 as u16 weights, rounded down: the largest becomes 65535; zeros where all are 0."""
    most = scores.max(initial=0.0)
    return (scores / most * U16).astype(np.int64) if most > 0 else np.zeros(len(scores), np.int64)


def honest(quality: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Weights by quality, each seen `exp(noise)` times as good as it is; `noise` is one draw a miner."""
    return upscaled(quality * np.exp(noise))


def copied(consensus: np.ndarray) -> np.ndarray:
    """Weights like the last consensus that could be seen: with commit and reveal that is an older one."""
    return upscaled(consensus)


def cartel(miners: int, own: np.ndarray) -> np.ndarray:
    """All weight, in equal parts, on miners of one's own: `own` lists their uids."""
    weights = np.zeros(miners)
    weights[own] = 1
    return upscaled(weights)
