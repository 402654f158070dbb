"""What every agent has: a rule that acts once an epoch through a `Hand`, which does and books what it asks for."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Protocol

from sim.blocks import Block
from sim.tokenomics.coin import to_base
from sim.units import FixedDuration, Money


class Hand(Protocol):
    """What an agent has and may do. Amounts are rao; subnets are told by their place in `chain.serves`."""

    tao: int
    """Free TAO."""
    alpha: list[int]
    """Alpha of each subnet that serves, staked."""
    rooted: int
    """TAO on root."""
    memory: dict[str, Any]
    """What the agent wants to remember."""

    @property
    def now_s(self) -> float:
        """Seconds since the run's start."""

    def bring(self, tao: int) -> None:
        """Take TAO out of its own pocket: as much as holders have of it."""

    def buy(self, place: int, tao: int) -> None:
        """Buy alpha of a subnet and stake it."""

    def sell(self, place: int, alpha: int) -> None:
        """Unstake alpha and sell it."""

    def stake_root(self, tao: int) -> None:
        """Put TAO on root; negative: take it back."""

    def snipe(self, place: int, most_tao: int) -> None:
        """Register the uid that a newcomer gets, if that costs no more."""

    def lock(self, most_tao: int) -> bool:
        """Register a subnet in the place of the weakest, if that locks no more; whether it did."""

    def sell_cut(self) -> None:
        """Sell what the owner's uid of its own subnet has earned."""

    def leave(self) -> None:
        """Sell all alpha that the owner of the first subnet that serves holds: it is this agent's."""


class Agent(Block):
    """Base of the kinds of `chain.agents`."""

    begin: FixedDuration | None = None
    """Time since the run's start at which it begins; left out, at once."""

    @property
    def burns(self) -> float:
        """Part of the miners' incentive that validators give to the owner's uid at its wish, [0, 1]."""
        return 0.0

    @property
    def cut(self) -> float:
        """Part of the owner's alpha of the first subnet that serves which is this agent's, [0, 1]."""
        return 0.0

    @abstractmethod
    def act(self, hand: Hand) -> None:
        """Do what there is to do at the start of an epoch; called from `begin` on."""


def rao(amount: Money) -> int:
    """An amount of TAO in rao."""
    return to_base(amount, 9)
