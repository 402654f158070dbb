"""Winner trees: the least of many numbers, kept while one after another changes (Knuth 1998, volume 3, section 5.4.1).

A tree of so many `leaves`, a power of two, is 2 leaves entries of a table of int64, from `at` on: entry `leaves + i` is the number of
i, entry k the least of entries 2k and 2k + 1, entry 1 the least of all. Of equal numbers the lowest i wins.
"""

from __future__ import annotations

from typing import Any

from sim.kernels.options import kernel


@kernel
def tree_set(table: Any, at: int, leaves: int, i: int, number: int) -> None:
    """Give i another number."""
    k = leaves + i
    table[at + k] = number
    while k > 1:
        k >>= 1
        least = min(table[at + 2 * k], table[at + 2 * k + 1])
        if table[at + k] == least:
            return
        table[at + k] = least


@kernel
def tree_fill(table: Any, at: int, leaves: int) -> None:
    """Play all matches anew."""
    for k in range(leaves - 1, 0, -1):
        table[at + k] = min(table[at + 2 * k], table[at + 2 * k + 1])


@kernel
def tree_first(table: Any, at: int, leaves: int) -> int:
    """The i with the least number, the lowest of equals."""
    k = 1
    while k < leaves:
        k *= 2
        if table[at + k + 1] < table[at + k]:
            k += 1
    return k - leaves
