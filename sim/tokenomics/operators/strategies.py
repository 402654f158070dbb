"""Whether serving a cheaper model pays: what it saves beside the chance of being found times what is lost then.

Source: Zhang et al. 2024, Proof of Sampling, arXiv 2405.00295: honest iff p (1 - r) (R + S) > C, with p the chance of a check, r the
colluding share of checkers, R the reward and S the stake lost, C what a cheat saves (condition as quoted by a public repository).
"""

from __future__ import annotations

from typing import Literal

from sim.blocks import Block
from sim.units import FixedShare

HONEST, LAZY, COLLUDES = 0, 1, 2
"""Dispositions of a slot's owner."""


def cheats(saving: float, found: float, reward: float, lost: float) -> bool:
    """Whether an owner who only counts serves a cheaper model, all in one currency a request.

    `saving` of a request, chance `found` that it is found out, its `reward`, and what is `lost` of stake then. A tie is honest.
    """
    return saving > found * (reward + lost)


class Strategy(Block):
    """What a part of a class's owners is disposed to."""

    kind: Literal["lazy", "collude"] = "lazy"
    """Serve a cheaper model alone, or with others who vouch for each other when they check."""
    share: FixedShare
    """Part of the class's node slots whose owners do so."""
    model: str
    """The cheaper model that they serve in place of the one that is paid for."""
    when: Literal["pays", "always"] = "pays"
    """Only where it pays, or come what may."""

    @property
    def code(self) -> int:
        """LAZY or COLLUDES."""
        return COLLUDES if self.kind == "collude" else LAZY
