"""Users who buy the same amount whatever it costs."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Literal

import numpy as np

from sim.blocks import Block
from sim.tokenomics.demand.choice import Offers, one_at, place


class Fixed(Block):
    """Demand that answers to nothing: the class sends its base rate to one network."""

    compiled: ClassVar[bool] = False
    kind: Literal["fixed"] = "fixed"
    network: str | None = None
    """The network it buys from; default the first in the file that serves its model."""

    def at_start(self, names: tuple[str, ...]) -> np.ndarray:
        """Base demands per option at the start."""
        return one_at(place(self.network, names), names)

    def calibrate(self, offers: Offers) -> FixedTaste:
        """Nothing to fit; raises ValueError if the network is not on offer."""
        return FixedTaste(place(self.network, offers.names))


@dataclasses.dataclass(frozen=True)
class FixedTaste:
    """One base demand at one option, for ever."""

    option: int

    def quantities(self, offers: Offers) -> np.ndarray:
        """1 at the option, 0 elsewhere."""
        return one_at(self.option, offers.names)

    def surplus_usd(self, offers: Offers) -> None:
        """None: demand without a price response has no finite surplus."""
        return None
