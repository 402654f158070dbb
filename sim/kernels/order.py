"""Sorting and selecting in place, for kernels that may not allocate."""

from __future__ import annotations

import numpy as np

from sim.kernels.options import kernel


@kernel
def ascending(values: np.ndarray) -> None:
    """Sort float64 values without NaN: heapsort (Williams 1964)."""
    n = len(values)
    for root in range(n // 2 - 1, -1, -1):
        _sift(values, root, n)
    for end in range(n - 1, 0, -1):
        values[0], values[end] = values[end], values[0]
        _sift(values, 0, end)


@kernel
def _sift(values: np.ndarray, root: int, end: int) -> None:
    value = values[root]
    while True:
        child = 2 * root + 1
        if child >= end:
            break
        if child + 1 < end and values[child + 1] > values[child]:
            child += 1
        if values[child] <= value:
            break
        values[root] = values[child]
        root = child
    values[root] = value


@kernel
def smallest(values: np.ndarray, place: int) -> float:
    """The value that stands at `place` once sorted; the values change their order (Hoare's selection, 1961)."""
    low, high = 0, len(values) - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if place <= j:
            high = j
        elif place >= i:
            low = i
        else:
            break
    return values[place]
