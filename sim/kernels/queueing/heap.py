"""A binary heap of (key, item) in two arrays that the caller owns: the smallest key first, ties to the lowest item."""

from __future__ import annotations

from typing import Any

from sim.kernels.options import kernel


@kernel
def before(keys: Any, items: Any, a: int, b: int) -> bool:
    """Whether entry a comes before entry b."""
    return keys[a] < keys[b] or (keys[a] == keys[b] and items[a] < items[b])


@kernel
def swap(keys: Any, items: Any, a: int, b: int) -> None:
    """Exchange two entries."""
    keys[a], keys[b] = keys[b], keys[a]
    items[a], items[b] = items[b], items[a]


@kernel
def push(keys: Any, items: Any, size: int, key: int, item: int) -> int:
    """Add an entry; returns the new size. The arrays have room for it."""
    at = size
    keys[at], items[at] = key, item
    while at > 0 and before(keys, items, at, (at - 1) >> 1):
        swap(keys, items, at, (at - 1) >> 1)
        at = (at - 1) >> 1
    return size + 1


@kernel
def sink(keys: Any, items: Any, size: int) -> None:
    """Put entry 0, which has changed, where it belongs."""
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            return
        if child + 1 < size and before(keys, items, child + 1, child):
            child += 1
        if before(keys, items, at, child):
            return
        swap(keys, items, at, child)
        at = child


@kernel
def drop(keys: Any, items: Any, size: int) -> int:
    """Take entry 0 away; returns the new size."""
    keys[0], items[0] = keys[size - 1], items[size - 1]
    sink(keys, items, size - 1)
    return size - 1
