"""The same share of every prompt is cached: a common prefix."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from sim.units import FixedShare
from sim.workload.law import Floats, Law


class CachedShare(Law):
    """The first `share` of every prompt has its KV already. Moments are those of the share."""

    kind: Literal["share"] = "share"
    share: FixedShare
    """Share of the prompt."""

    uniforms: ClassVar[int] = 0

    def values(self, u: Floats) -> Floats:
        """`share`, as often as `u` has rows."""
        return np.full(len(u), self.share)

    @property
    def mean(self) -> float:
        """`share`."""
        return self.share

    @property
    def variance(self) -> float:
        """0."""
        return 0.0
