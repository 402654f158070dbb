"""A UID sniper: registers over the weakest miner and lives from weights that were meant for that one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.tokenomics.chains.bittensor.agents.agent import Agent, Hand, rao
from sim.units import FixedAmount


class Sniper(Agent):
    """Takes uids again and again, as long as one costs no more than `most`; serves nobody, sells what they earn."""

    kind: Literal["sniper"] = "sniper"
    capital: FixedAmount
    """TAO that it has for registrations."""
    most: FixedAmount
    """TAO that it pays for one at most."""
    count: Annotated[int, Field(ge=1, le=64)] = 1
    """Uids that it tries to take in an epoch."""

    def act(self, hand: Hand) -> None:
        """Sell what was earned, then register."""
        if not hand.memory:
            hand.memory["began"] = True
            hand.bring(rao(self.capital))
        hand.sell(0, hand.alpha[0])
        for _ in range(self.count):
            hand.snipe(0, min(rao(self.most), hand.tao))
