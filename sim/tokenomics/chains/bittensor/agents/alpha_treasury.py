"""A treasury that turns its TAO into alpha and lives from dividends."""

from __future__ import annotations

from typing import Literal

from sim.tokenomics.chains.bittensor.agents.agent import Agent, Hand, rao
from sim.units import FixedAmount


class AlphaTreasury(Agent):
    """Buys alpha of all subnets that serve, for equal parts of its TAO, stakes it behind validators and keeps what it earns."""

    kind: Literal["alpha_treasury"] = "alpha_treasury"
    capital: FixedAmount
    """TAO that it turns into alpha."""

    def act(self, hand: Hand) -> None:
        """Buy once; dividends are alpha and stay staked."""
        if not hand.memory:
            hand.memory["began"] = True
            hand.bring(rao(self.capital))
            each = hand.tao // len(hand.alpha)
            for place in range(len(hand.alpha)):
                hand.buy(place, each)
