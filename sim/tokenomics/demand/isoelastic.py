"""Demand with a constant elasticity below a choke price."""

from __future__ import annotations

import dataclasses
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from sim.blocks import Block
from sim.tokenomics.demand.choice import Offers, one_at, place
from sim.units import FixedTokenPrice


class Isoelastic(Block):
    """q = (p / p0) ** elasticity below the choke price, 0 from it on; p0 is the price at the start, where q = 1."""

    compiled: ClassVar[bool] = False
    kind: Literal["isoelastic"] = "isoelastic"
    elasticity: Annotated[float, Field(lt=0)]
    """Relative change of quantity per relative change of price; negative."""
    choke: FixedTokenPrice
    """Price per million tokens at and above which nobody buys."""
    network: str | None = None
    """The network it buys from; default the first in the file that serves its model."""

    def at_start(self, names: tuple[str, ...]) -> np.ndarray:
        """Base demands per option at the start."""
        return one_at(place(self.network, names), names)

    def calibrate(self, offers: Offers) -> IsoelasticTaste:
        """Take today's price as p0. A start price at or above the choke price, or 0, is a ValueError."""
        option = place(self.network, offers.names)
        start = float(offers.price_usd_per_mtok[option])
        if not 0 < start < self.choke.amount:
            raise ValueError(
                f"price {start:g} USD/Mtok at the start; must be above 0 and below choke {self.choke.amount:g}"
            )
        per_mtok = float(offers.price_usd[option]) / start
        return IsoelasticTaste(option, self.elasticity, start, self.choke.amount, per_mtok)


@dataclasses.dataclass(frozen=True)
class IsoelasticTaste:
    """A calibrated constant-elasticity demand; prices in USD/Mtok, `mtok_per_request` million tokens."""

    option: int
    elasticity: float
    start_usd_per_mtok: float
    choke_usd_per_mtok: float
    mtok_per_request: float

    def quantities(self, offers: Offers) -> np.ndarray:
        """Base demands at the option; at the choke price itself 0. A free service is taken at 1e-9 of the start price."""
        quantities = np.zeros(len(offers.names))
        price = float(offers.price_usd_per_mtok[self.option])
        if price < self.choke_usd_per_mtok:
            quantities[self.option] = max(price / self.start_usd_per_mtok, 1e-9) ** self.elasticity
        return quantities

    def surplus_usd(self, offers: Offers) -> float:
        """Integral of q from the price to the choke price, in USD per base request (Marshallian surplus)."""
        price = float(offers.price_usd_per_mtok[self.option])
        if price >= self.choke_usd_per_mtok:
            return 0.0
        low, high = (max(p / self.start_usd_per_mtok, 1e-9) for p in (price, self.choke_usd_per_mtok))
        power = self.elasticity + 1
        area = np.log(high / low) if power == 0 else (high**power - low**power) / power
        return float(area) * self.start_usd_per_mtok * self.mtok_per_request
