"""All at once, after a time (Gensyn's allocations: 12 months, docs of its sale, secondary, read 2026-11-22)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from sim import units
from sim.tokenomics.vesting.terms import Vesting
from sim.units import FixedDuration


def rule(granted: Any, elapsed_us: int, row: np.ndarray) -> Any:
    """All from row[0] microseconds on, nothing before."""
    return granted * (1 if elapsed_us >= row[0] else 0)


class Cliff(Vesting):
    """Everything at once after a time, nothing before."""

    rule = staticmethod(rule)

    kind: Literal["cliff"] = "cliff"
    after: FixedDuration
    """Time after which everything is free."""

    def row(self) -> np.ndarray:
        """The time in microseconds."""
        return np.array([units.ps(self.after) // 10**6], dtype=np.int64)

    @property
    def over_us(self) -> int:
        """The time in microseconds."""
        return int(self.row()[0])
