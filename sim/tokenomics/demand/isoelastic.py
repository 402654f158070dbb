"""Demand with a constant elasticity below a choke price."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from sim.blocks import Block
from sim.tokenomics.demand.choice import Offers, Taste, one_at, place
from sim.units import FixedTokenPrice


def rule(
    row: np.ndarray,
    price_usd: np.ndarray,
    price_usd_per_mtok: np.ndarray,
    e2e_s: np.ndarray,
    failure_frac: np.ndarray,
    central: np.ndarray,
    out: np.ndarray,
) -> float:
    """Base demands at option row[0]; surplus is the integral of q from the price to the choke price (Marshall).

    row = option, elasticity, price at the start, choke price (both USD/Mtok), million tokens a request. At the choke price
    itself nobody buys; a free service is taken at 1e-9 of the start price.
    """
    out[:] = 0.0
    option = int(row[0])
    price, start, choke = price_usd_per_mtok[option], row[2], row[3]
    if price >= choke:
        return 0.0
    low, high, power = max(price / start, 1e-9), max(choke / start, 1e-9), row[1] + 1.0
    out[option] = math.pow(low, row[1])
    area = math.log(high / low) if power == 0.0 else (math.pow(high, power) - math.pow(low, power)) / power
    return area * start * row[4]


class Isoelastic(Block):
    """q = (p / p0) ** elasticity below the choke price, 0 from it on; p0 is the price at the start, where q = 1."""

    rule: ClassVar[Callable[..., float]] = staticmethod(rule)
    compiled: ClassVar[bool] = True

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


class IsoelasticTaste(Taste):
    """A calibrated constant-elasticity demand; prices in USD/Mtok, `mtok_per_request` million tokens."""

    rule = staticmethod(rule)

    def __init__(
        self,
        option: int,
        elasticity: float,
        start_usd_per_mtok: float,
        choke_usd_per_mtok: float,
        mtok_per_request: float,
    ) -> None:
        self.row = np.array([option, elasticity, start_usd_per_mtok, choke_usd_per_mtok, mtok_per_request])
