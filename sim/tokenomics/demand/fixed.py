"""Users who buy the same amount whatever it costs."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from sim.blocks import Block
from sim.tokenomics.demand.choice import Offers, place


class Fixed(Block):
    """Demand that answers to nothing: the class sends its base rate to one network."""

    kind: Literal["fixed"] = "fixed"
    network: str | None = None
    """The network it buys from; default the first in the file that serves its model."""

    def calibrate(self, offers: Offers) -> FixedTaste:
        """Nothing to fit; raises ValueError if the network is not on offer."""
        return FixedTaste(place(self.network, offers.names))


@dataclasses.dataclass(frozen=True)
class FixedTaste:
    """One base demand at one option, for ever."""

    option: int

    def quantities(self, offers: Offers) -> np.ndarray:
        """1 at the option, 0 elsewhere."""
        quantities = np.zeros(len(offers.names))
        quantities[self.option] = 1.0
        return quantities

    def surplus_usd(self, offers: Offers) -> None:
        """None: demand without a price response has no finite surplus."""
        return None
