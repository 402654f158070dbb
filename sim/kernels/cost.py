"""The cost of a pass in integer picoseconds (`docs/serving-rules.md`, section 4)."""

from __future__ import annotations

import math
from typing import Any

from sim.kernels.options import part


@part
def pass_cost(kind: Any, costs: Any, rep: Any) -> int:
    """Duration of the pass whose tallies stand in `rep`, by the tables of the replica type `kind`."""
    time = costs[kind.dense + rep.tokens] + costs[kind.per_sequence + rep.seqs] + kind.host
    if kind.grid != 0:
        return max(1, time + grid_attention(kind, costs, rep))
    if rep.prefill == 0:
        return time + kind.a0 + kind.a1 * rep.decodes + kind.a2 * rep.context
    time += kind.m0 + kind.m1 * rep.decodes + kind.m2 * rep.context + kind.m3 * rep.prefill
    return time + (kind.m4 * rep.square >> 11)


@part
def grid_attention(kind: Any, costs: Any, rep: Any) -> int:
    """What the tables say of the decodes' mean context, rounded down, and of the prefills' chunks."""
    time = 0
    if rep.decodes > 0:
        mean = rep.context // rep.decodes
        time += costs[kind.decode_table + rep.decodes * kind.decode_row + ((mean + 63) >> 6)]
    if rep.prefill > 0:
        row = min(rep.past, kind.prefill_last)
        time += costs[kind.prefill_table + row * kind.prefill_row + rounded_root(rep.chunks)]
    return time


@part
def rounded_root(square: int) -> int:
    """The root of an integer below 2^52, rounded to the nearest; there is no tie, (r + 1/2)^2 being no integer."""
    root = int(math.sqrt(square))
    return root + 1 if square - root * root > root else root


@part
def even_passes(rep: Any, most: int) -> int:
    """How many passes of the present decodes, at most `most`, last equally long by the tables: one entry holds for 64 means.

    The mean context grows by 1 a pass, so a jump ends where the next entry begins; no sum over entries is needed.
    """
    mean = rep.context // rep.decodes
    return min(most, (-mean & 63) + 1)
