"""What all laws of spells share: a scale in seconds, lengths by inversion, and what is left of a spell in progress."""

from __future__ import annotations

from typing import Any

from sim.blocks import Block


class SpellLaw(Block):
    """A law of lengths > 0, drawn by inversion from exponentials of mean 1: another law keeps a node's draws.

    `length` and `left` are elementwise over floats or arrays. `left` is what is left of a spell that is under way at a
    fixed instant of a process that began long ago. Such a spell is met with odds in proportion to its length, at a place
    uniform within it: its density is P(length > x) / mean (D. R. Cox, Renewal Theory, 1962, section 5.2, eq. 5).
    """

    def mean_s(self, stated_s: float) -> float:
        """Mean in seconds of a law whose key states `stated_s`."""
        return stated_s

    def length(self, mean_s: float, exponential: Any) -> Any:
        """Seconds of a spell of this law, from an exponential of mean 1; grows with it."""
        raise NotImplementedError

    def left(self, mean_s: float, exponential: Any, uniform: Any) -> Any:
        """Seconds left of the spell met at an instant, from an exponential of mean 1 and a uniform in [0, 1)."""
        raise NotImplementedError
