"""What operators are held against: capacity that stays, that grows as it did, and that stops to grow after a halving.

Paths are the last value plus resampled increments of a window, their mean taken off; drift adds the mean back, and its frozen form
leaves it out for so many periods from the halving on. That rule was found after looking at three halvings: a strong benchmark, not a law.
"""

from __future__ import annotations

import numpy as np

from sim.streams import Streams
from sim.verify.history.series import BLOCKS, HALVES

FREEZE = 6
"""Periods without growth: the one that holds the halving, and five more."""


def frozen(next_block: int, steps: int) -> np.ndarray:
    """Bool[steps]: periods, the first of which begins at `next_block`, that lie within `FREEZE` of a halving."""
    lasts = next_block + BLOCKS * np.arange(1, steps + 1) - 1
    firsts_of_halving = lasts // HALVES * HALVES // BLOCKS * BLOCKS
    return (lasts >= HALVES) & ((lasts - (BLOCKS - 1) - firsts_of_halving) // BLOCKS < FREEZE)


def forecast(log_capacity: np.ndarray, grows: np.ndarray, paths: int, seed: int, name: str) -> np.ndarray:
    """Log paths [path, step] from a window's log capacity; `grows` is bool[steps], or float, the part of the drift in each step."""
    increments = np.diff(log_capacity)
    drift = increments.mean()
    picks = Streams(seed, 0)[f"naive.{name}"].uniforms(0, paths * len(grows)).reshape(paths, len(grows))
    noise = (increments - drift)[(picks * len(increments)).astype(int)]
    return np.asarray(log_capacity[-1] + np.cumsum(drift * grows + noise, axis=1))
