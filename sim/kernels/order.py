"""Sorting and selecting in place, for kernels that may not allocate."""

from __future__ import annotations

import numpy as np

from sim.kernels.options import kernel


@kernel
def ascending(values: np.ndarray, spare: np.ndarray) -> None:
    """Sort float64 values without NaN; `spare` is room for as many.

    Natural mergesort (Knuth, *The Art of Computer Programming*, volume 3, 5.2.4): stretches that are in order already are merged two by
    two, so that values which come in few stretches, as incomes by class do, take little more than a look.
    """
    n = len(values)
    while True:
        begin, stretches = 0, 0
        while begin < n:
            middle = _end_of_stretch(values, begin)
            end = _end_of_stretch(values, middle) if middle < n else n
            if middle < n:
                _merge(values, spare, begin, middle, end)
            begin = end
            stretches += 1
        if stretches <= 1:
            return


@kernel
def _end_of_stretch(values: np.ndarray, begin: int) -> int:
    end = begin + 1
    while end < len(values) and values[end] >= values[end - 1]:
        end += 1
    return end


@kernel
def _merge(values: np.ndarray, spare: np.ndarray, begin: int, middle: int, end: int) -> None:
    for i in range(begin, middle):
        spare[i] = values[i]
    i, j = begin, middle
    for at in range(begin, end):
        if i == middle:
            return
        if j == end or spare[i] <= values[j]:
            values[at] = spare[i]
            i += 1
        else:
            values[at] = values[j]
            j += 1


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
