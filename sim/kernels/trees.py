"""Winner trees: the least of many numbers, kept while one after another changes (Knuth 1998, volume 3, section 5.4.1).

Eight play a match, so that a match is one line of a processor's memory and the tree of 10,000 is five high. A tree is a heap in a table
of int64, from `at` on: entry 0 the least of all, the children of entry k entries 8k + 1 to 8k + 8, and entry `leaves + i` the number of
i, where `leaves` is 0, 1, 9, 73, ... Of equal numbers the lowest i wins.
"""

from __future__ import annotations

from typing import Any

from sim.kernels.options import kernel

WAYS = 8
"""How many play a match: eight numbers of 64 bits are the 64 bytes that a processor reads at once."""


def tree_shape(count: int) -> tuple[int, int]:
    """(`leaves`, entries in all) of a tree of at least so many numbers."""
    leaves, width = 0, 1
    while width < count:
        leaves, width = leaves + width, width * WAYS
    return leaves, leaves + width


@kernel
def tree_set(table: Any, at: int, leaves: int, i: int, number: int) -> None:
    """Give i another number."""
    k = leaves + i
    table[at + k] = number
    while k > 0:
        k = (k - 1) // WAYS
        least = least_child(table, at + WAYS * k + 1)
        if table[at + k] == least:
            return
        table[at + k] = least


@kernel
def least_child(table: Any, first: int) -> int:
    """The least of the `WAYS` entries from `first` on."""
    least = table[first]
    for j in range(1, WAYS):
        least = min(least, table[first + j])
    return least


@kernel
def tree_fill(table: Any, at: int, leaves: int) -> None:
    """Play all matches anew."""
    for k in range(leaves - 1, -1, -1):
        table[at + k] = least_child(table, at + WAYS * k + 1)


@kernel
def tree_first(table: Any, at: int, leaves: int) -> int:
    """The i with the least number, the lowest of equals."""
    k, least = 0, table[at]
    while k < leaves:
        k = WAYS * k + 1
        while table[at + k] != least:
            k += 1
    return k - leaves
