"""Users lose patience at a constant hazard."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from sim.units import DAY_S, Quantity
from sim.workload.law import Floats, Law


class ExponentialPatience(Law):
    """A user's longest wait for the first token is exponential: the law of Erlang-A."""

    kind: Literal["exponential"] = "exponential"
    mean: Annotated[float, Quantity("duration", above=0, high=10 * DAY_S)]
    """Mean of the longest wait for the first token."""

    def values(self, u: Floats) -> Floats:
        """-mean ln(1 - u), in seconds."""
        return -self.mean * np.log1p(-u[:, 0])

    @property
    def variance(self) -> float:
        """mean^2, in s^2."""
        return self.mean**2
