"""An emission pumper: buys alpha to lift the EMA price, so the subnet's share of TAO, and sells again."""

from __future__ import annotations

from typing import Literal

from sim.tokenomics.chains.bittensor.agents.agent import Agent, Hand, rao
from sim.units import FixedAmount, FixedDuration, FixedShare


class Pumper(Agent):
    """Buys for all of its capital at once, holds, and sells all of it at once."""

    kind: Literal["pumper"] = "pumper"
    capital: FixedAmount
    """TAO that it buys for."""
    hold: FixedDuration
    """How long it holds."""
    owns: FixedShare = 0.0
    """Part of the owner's alpha that is its own: who lifts the emission of a subnet owns a part of what is emitted."""

    @property
    def cut(self) -> float:
        """What it owns."""
        return self.owns

    def act(self, hand: Hand) -> None:
        """Buy once, sell once, keep selling what the owner's part brings afterwards."""
        bought_s = hand.memory.get("bought_s")
        if bought_s is None:
            hand.memory["bought_s"] = hand.now_s
            hand.bring(rao(self.capital))
            hand.buy(0, hand.tao)
        elif hand.now_s >= bought_s + self.hold:
            hand.sell(0, hand.alpha[0])
