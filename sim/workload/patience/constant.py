"""Every user waits equally long."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np

from sim.units import DAY_S, Quantity
from sim.workload.law import Floats, Law


class ConstantPatience(Law):
    """Every user waits `mean` for the first token, then leaves."""

    kind: Literal["constant"] = "constant"
    mean: Annotated[float, Quantity("duration", above=0, high=10 * DAY_S)]
    """Longest wait for the first token."""

    uniforms: ClassVar[int] = 0

    def values(self, u: Floats) -> Floats:
        """`mean` in seconds, as often as `u` has rows."""
        return np.full(len(u), self.mean)

    @property
    def variance(self) -> float:
        """0."""
        return 0.0
