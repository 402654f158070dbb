"""Owners of subnets: one who burns what miners would earn, one who leaves, one who registers a subnet of his own."""

from __future__ import annotations

from typing import Literal

from sim.tokenomics.chains.bittensor.agents.agent import Agent, Hand, rao
from sim.units import FixedAmount, Share


class Owner(Agent):
    """What the owner of the first subnet that serves does (`burn`, `leave`), or of one that he registers (`register`)."""

    kind: Literal["owner"] = "owner"
    does: Literal["burn", "leave", "register"]
    """Let validators give him a part of the miners' incentive, which the chain burns; sell all his alpha once, and what comes later as
    it comes; lock TAO for a subnet in the place of the weakest one, and sell its owner's cut.
    """
    share: Share = 0.0
    """Part of the incentive that is burned (`burn`)."""
    capital: FixedAmount | None = None
    """TAO that he locks for a subnet at most (`register`)."""

    @property
    def burns(self) -> float:
        """What validators give him."""
        return self.share if self.does == "burn" else 0.0

    @property
    def cut(self) -> float:
        """Who leaves is the owner."""
        return 1.0 if self.does == "leave" else 0.0

    def act(self, hand: Hand) -> None:
        """See `does`."""
        if self.does == "leave":
            hand.leave()
            hand.sell(0, hand.alpha[0])
        elif self.does == "register" and self.capital is not None:
            if not hand.memory:
                hand.memory["began"] = True
                hand.bring(rao(self.capital))
            if not hand.memory.get("registered"):
                hand.memory["registered"] = hand.lock(hand.tao)
            else:
                hand.sell_cut()
