"""Every request has the same length."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from sim.workload.law import Floats, Law


class ConstantLength(Law):
    """The same number of tokens for every request."""

    kind: Literal["constant"] = "constant"
    tokens: Annotated[int, Field(ge=1, le=10**7)]
    """Tokens of each request."""

    uniforms: ClassVar[int] = 0

    def values(self, u: Floats) -> Floats:
        """`tokens`, as often as `u` has rows."""
        return np.full(len(u), float(self.tokens))

    @property
    def mean(self) -> float:
        """`tokens`."""
        return float(self.tokens)

    @property
    def variance(self) -> float:
        """0."""
        return 0.0
