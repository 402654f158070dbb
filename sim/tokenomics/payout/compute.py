"""Pay by proof of compute: what each one's hardware could have served while it was there, whoever asked for it.

Gonka measures it each epoch and divides the reward by it, floor(w x pool / W), the remainder to the first with any weight
(gonka-ai/gonka @312044d, inference-chain/x/inference/keeper/bitcoin_rewards.go).
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from sim import units
from sim.tokenomics.payout.weights import Payout


def rule(total: int, compute: np.ndarray, live: np.ndarray, row: np.ndarray, out: np.ndarray) -> int:
    """out[i] = floor(total x compute[i] / sum); where row[0] is 1 the first with a weight keeps the rest, else it is returned."""
    weight = compute.sum()
    left = total
    if weight > 0:
        for i in range(len(out)):
            out[i] = units.muldiv(total, compute[i], weight)
            left -= out[i]
        if row[0] == 1:
            for i in range(len(out)):
                if compute[i] > 0:
                    out[i] += left
                    return 0
    return left


class Compute(Payout):
    """Operators share by the compute that each proved: live time x what the hardware can serve."""

    rule = staticmethod(rule)
    columns: ClassVar[tuple[str, str]] = ("compute", "live")

    kind: Literal["compute"] = "compute"
    remainder: Literal["split", "first"] = "split"
    """Who keeps the base units that rounding down leaves: as the split says, or the first operator (Gonka)."""

    def row(self) -> np.ndarray:
        """1 where the first keeps the remainder."""
        return np.array([int(self.remainder == "first")], dtype=np.int64)
