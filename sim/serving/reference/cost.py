"""How long a pass takes, in integer picoseconds (`docs/serving-rules.md`, section 4)."""

from __future__ import annotations

from collections.abc import Iterable

from sim.serving.contract import LinearCost


def pass_ps(cost: LinearCost, chunks: Iterable[tuple[int, int, int]]) -> int:
    """Duration of a pass over sequences given as (n, c, k).

    Parameters
    ----------
    cost
        The tables of the replica's type.
    chunks
        For each sequence its tokens so far n, those of them whose KV is held before the pass c, and those computed in
        it k. With n - c == 1 it is a decode, otherwise a prefill.

    """
    chunks = list(chunks)
    tokens = sum(k for _, _, k in chunks)
    decodes = [c for n, c, _ in chunks if n - c == 1]
    prefills = [(c, k) for n, c, k in chunks if n - c != 1]
    context = sum(c + 1 for c in decodes)
    fixed = int(cost.dense[tokens]) + int(cost.per_sequence[len(chunks)]) + cost.host
    if not prefills:
        return fixed + cost.a0 + cost.a1 * len(decodes) + cost.a2 * context
    prompt = sum(k for _, k in prefills)
    # The attention of k new tokens to c held ones and to each other is k * (2c + k) / 2; m4 is ps x 1024: together 2048.
    square = sum(k * (2 * c + k) for c, k in prefills)
    mixed = cost.m0 + cost.m1 * len(decodes) + cost.m2 * context + cost.m3 * prompt
    return fixed + mixed + (cost.m4 * square) // 2048
