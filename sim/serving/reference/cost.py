"""How long a pass takes, in integer picoseconds (`docs/serving-rules.md`, section 4)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sim.serving.contract import GridCost, LinearCost

Prefills = Sequence[tuple[int, int]]


def pass_ps(cost: LinearCost | GridCost, decodes: Sequence[int], prefills: Prefills) -> int:
    """Duration of a pass.

    Parameters
    ----------
    cost
        The tables of the replica's type.
    decodes
        For each decode its tokens whose KV is held before the pass, c.
    prefills
        For each prefill (c, k): held before the pass, and computed in it.

    """
    tokens = len(decodes) + sum(k for _, k in prefills)
    fixed = int(cost.dense[tokens]) + int(cost.per_sequence[len(decodes) + len(prefills)]) + cost.host
    if isinstance(cost, GridCost):
        return max(1, fixed + _from_tables(cost, decodes, prefills))
    return fixed + _from_lines(cost, decodes, prefills)


def _from_lines(cost: LinearCost, decodes: Sequence[int], prefills: Prefills) -> int:
    context = sum(c + 1 for c in decodes)
    if not prefills:
        return cost.a0 + cost.a1 * len(decodes) + cost.a2 * context
    prompt = sum(k for _, k in prefills)
    # The attention of k new tokens to c held ones and to each other is k * (2c + k) / 2; m4 is ps x 1024: together 2048.
    square = sum(k * (2 * c + k) for c, k in prefills)
    mixed = cost.m0 + cost.m1 * len(decodes) + cost.m2 * context + cost.m3 * prompt
    return mixed + (cost.m4 * square) // 2048


def _from_tables(cost: GridCost, decodes: Sequence[int], prefills: Prefills) -> int:
    attention = 0
    if decodes:
        mean = sum(c + 1 for c in decodes) // len(decodes)
        attention += int(cost.decode[len(decodes), math.ceil(mean / 64)])
    if prefills:
        held = sum(math.ceil(c / 64) for c, _ in prefills)
        attention += int(cost.prefill[min(held, len(cost.prefill) - 1), _nearest_root(sum(k * k for _, k in prefills))])
    return attention


def _nearest_root(square: int) -> int:
    """The integer nearest to the root; halves cannot occur."""
    root = math.isqrt(square)
    return root + (square > root * (root + 1))
