"""Sums of floats in the order in which numpy adds them, so that kernels and numpy agree to the last bit.

Up to 8 values one after the other; up to 128 in eight running sums, added as a tree; more by halves, each a multiple of 8
(numpy's `pairwise_sum`, numpy/_core/src/umath/loops_utils.h.src).
"""

from __future__ import annotations

import numpy as np

from sim.kernels.options import kernel

_BLOCK = 128


@kernel
def _tree(values: np.ndarray) -> float:
    n = len(values)
    a, b, c, d = values[0], values[1], values[2], values[3]
    e, f, g, h = values[4], values[5], values[6], values[7]
    whole = n - n % 8
    for i in range(8, whole, 8):
        a += values[i]
        b += values[i + 1]
        c += values[i + 2]
        d += values[i + 3]
        e += values[i + 4]
        f += values[i + 5]
        g += values[i + 6]
        h += values[i + 7]
    found = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(whole, n):
        found += values[i]
    return found


@kernel
def total(values: np.ndarray) -> float:
    """What `numpy.sum` gives for a contiguous float64 array; 0 for none."""
    n = len(values)
    if n < 8:
        found = 0.0
        for value in values:
            found += value
        return found
    if n <= _BLOCK:
        return _tree(values)
    half = n // 2
    half -= half % 8
    return total(values[:half]) + total(values[half:])
