"""Spells without memory: what ends them does not depend on how long they have lasted."""

from __future__ import annotations

from typing import Any, Literal

from sim.tokenomics.spells.law import SpellLaw


class ExponentialSpell(SpellLaw):
    """Lengths are exponential: the hazard is constant."""

    kind: Literal["exponential"] = "exponential"

    def length(self, mean_s: float, exponential: Any) -> Any:
        """`mean_s` times the exponential."""
        return exponential * mean_s

    def left(self, mean_s: float, exponential: Any, uniform: Any) -> Any:
        """What is left is exponential again, whatever has passed; the uniform is not needed."""
        return exponential * mean_s
