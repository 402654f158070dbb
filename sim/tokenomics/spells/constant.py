"""Spells that all last equally long."""

from __future__ import annotations

from typing import Any, Literal

from sim.tokenomics.spells.law import SpellLaw


class ConstantSpell(SpellLaw):
    """Every length is the mean."""

    kind: Literal["constant"] = "constant"

    def length(self, mean_s: float, exponential: Any) -> Any:
        """`mean_s`, in the shape of the exponential."""
        return exponential * 0.0 + mean_s

    def left(self, mean_s: float, exponential: Any, uniform: Any) -> Any:
        """Uniform on (0, mean]."""
        return mean_s * (1.0 - uniform)
