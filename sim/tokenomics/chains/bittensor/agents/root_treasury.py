"""A treasury that stakes its TAO on root and sells the alpha it gets for it."""

from __future__ import annotations

from typing import Literal

from sim.tokenomics.chains.bittensor.agents.agent import Agent, Hand, rao
from sim.units import FixedAmount


class RootTreasury(Agent):
    """Root carries no price of alpha: what it brings is root's part of all subnets' dividends, less validators' take."""

    kind: Literal["root_treasury"] = "root_treasury"
    capital: FixedAmount
    """TAO that it stakes."""

    def act(self, hand: Hand) -> None:
        """Stake once; root's part is paid out to it in TAO every epoch."""
        if not hand.memory:
            hand.memory["began"] = True
            hand.bring(rao(self.capital))
            hand.stake_root(hand.tao)
