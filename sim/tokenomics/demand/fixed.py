"""Users who buy the same amount whatever it costs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar, Literal

import numpy as np

from sim.blocks import Block
from sim.tokenomics.demand.choice import Offers, Taste, one_at, place


def rule(
    row: np.ndarray,
    price_usd: np.ndarray,
    price_usd_per_mtok: np.ndarray,
    e2e_s: np.ndarray,
    failure_frac: np.ndarray,
    central: np.ndarray,
    out: np.ndarray,
) -> float:
    """1 at option row[0], 0 elsewhere, whatever is on offer."""
    out[:] = 0.0
    out[int(row[0])] = 1.0
    return math.nan


class Fixed(Block):
    """Demand that answers to nothing: the class sends its base rate to one network."""

    rule: ClassVar[Callable[..., float]] = staticmethod(rule)
    compiled: ClassVar[bool] = True

    kind: Literal["fixed"] = "fixed"
    network: str | None = None
    """The network it buys from; default the first in the file that serves its model."""

    def at_start(self, names: tuple[str, ...]) -> np.ndarray:
        """Base demands per option at the start."""
        return one_at(place(self.network, names), names)

    def calibrate(self, offers: Offers) -> FixedTaste:
        """Nothing to fit; raises ValueError if the network is not on offer."""
        return FixedTaste(place(self.network, offers.names))


class FixedTaste(Taste):
    """One base demand at one option, for ever; demand without a price response has no finite surplus."""

    rule = staticmethod(rule)

    def __init__(self, option: int) -> None:
        self.row = np.array([option], float)
