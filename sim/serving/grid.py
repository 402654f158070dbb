"""Cost tables of the kind `grid`: attention read off tables instead of lines, as Vidur's predictor gives them.

No scenario file holds such tables (they are tens of thousands of numbers); they are for comparing with a peer on the
peer's own costs, and for whoever builds a `ReplicaType` in Python.
"""

from __future__ import annotations

import numpy as np

from sim.errors import ScenarioError
from sim.serving.contract import GridCost, ReplicaType
from sim.units import PS_PER_S

PS_PER_MS = 10**9
SAFE_PS = 2**61
"""All passes of a jump together stay below this, as for lines (`sim.serving.tables`)."""


def grid_cost(
    dense_ms: np.ndarray, kv_save_ms: np.ndarray, decode_ms: np.ndarray, prefill_ms: np.ndarray, layers: int
) -> GridCost:
    """Tables in milliseconds per layer as integers over all layers, each entry rounded once.

    `dense_ms[T]` counts at T rounded up to 8 tokens (a last, unfinished 8 ends with the table), `kv_save_ms[T]` at T
    itself; `decode_ms[Nd, j]` and `prefill_ms[i, q]` as in `GridCost`. Sampling costs nothing more.
    """
    tokens = np.arange(len(kv_save_ms))
    padded = np.minimum((tokens + 7) // 8 * 8, len(dense_ms) - 1)
    return GridCost(
        dense=_to_ps(dense_ms, layers)[padded] + _to_ps(kv_save_ms, layers),
        per_sequence=np.zeros(len(decode_ms), np.int64),
        host=0,
        decode=_to_ps(decode_ms, layers),
        prefill=_to_ps(prefill_ms, layers),
    )


def _to_ps(ms: np.ndarray, layers: int) -> np.ndarray:
    return np.rint(layers * ms * PS_PER_MS).astype(np.int64)


def longest_grid_pass(cost: GridCost) -> int:
    """An upper bound of any pass in picoseconds, as a Python int."""
    attention = max(0, int(cost.decode.max())) + max(0, int(cost.prefill.max()))
    return max(1, int(cost.dense.max()) + int(cost.per_sequence.max()) + cost.host + attention)


def prove_grid(kind: ReplicaType) -> None:
    """Refuse tables that could break the engines' integers. Raises ScenarioError naming the replica type.

    A jump has at most max_model_len passes, and is to stay below 2^61 ps; that a pass lasts 1 ps or more the engines see to.
    """
    assert isinstance(kind.cost, GridCost)
    longest = longest_grid_pass(kind.cost)
    if longest * kind.max_model_len >= SAFE_PS:
        raise ScenarioError(
            f"{kind.name}: {kind.max_model_len} passes of up to {longest / PS_PER_S:.3g} s found; together they must stay below "
            f"{SAFE_PS / PS_PER_S:.3g} s (lower max_model_len)"
        )
