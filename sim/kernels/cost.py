"""The cost of a pass in integer picoseconds (`docs/serving-rules.md`, section 4)."""

from __future__ import annotations

from typing import Any

from sim.kernels.options import kernel


@kernel
def pass_cost(kind: Any, costs: Any, rep: Any) -> int:
    """Duration of the pass whose tallies stand in `rep`, by the tables of the replica type `kind`."""
    time = costs[kind.dense + rep.tokens] + costs[kind.per_sequence + rep.seqs] + kind.host
    if rep.prefill == 0:
        return time + kind.a0 + kind.a1 * rep.decodes + kind.a2 * rep.context
    time += kind.m0 + kind.m1 * rep.decodes + kind.m2 * rep.context + kind.m3 * rep.prefill
    return time + (kind.m4 * rep.square >> 11)
