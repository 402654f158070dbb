"""Nobody looks."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from sim.tokenomics.verify.check import Verify


def rule(seen: np.ndarray, row: np.ndarray, out: np.ndarray) -> None:
    """No check, no finding, no load."""
    out[:] = 0.0


class Unverified(Verify):
    """No answer is checked."""

    rule = staticmethod(rule)
    looks: ClassVar[bool] = False

    kind: Literal["none"] = "none"

    def row(self) -> np.ndarray:
        """Nothing: the kind has no parameters."""
        return np.zeros(0)
