"""What a class sees of the networks that serve it, and the interface of a calibrated taste.

A taste is a row of floats and a plain function over it, so that the compiled economy gives the same numbers: both call the
same functions of the C library, a number at a time, in the same order.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import ClassVar

import numpy as np

SIGNATURE = "float64(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1])"
"""rule(row, price_usd, price_usd_per_mtok, e2e_s, failure_frac, central, out): writes base demands per option into `out`, gives
the consumer surplus in USD per base request, NaN where the kind defines none. `row` is the taste's; the next five are `Offers`,
`central` as 1.0 and 0.0."""


@dataclasses.dataclass(frozen=True)
class Offers:
    """The options of one class, networks in the order of the file; float64 arrays of one length.

    `price_usd` is what a mean request of the class costs, `price_usd_per_mtok` the same per million tokens, `e2e_s` and
    `failure_frac` the quality that users believe in (smoothed), `central` marks networks of kind central.
    """

    names: tuple[str, ...]
    price_usd: np.ndarray
    price_usd_per_mtok: np.ndarray
    e2e_s: np.ndarray
    failure_frac: np.ndarray
    central: np.ndarray


class Taste:
    """A demand kind after calibration: `row` are its numbers as its `rule` reads them."""

    rule: ClassVar[Callable[..., float]]
    row: np.ndarray

    def quantities(self, offers: Offers) -> np.ndarray:
        """Base demands per option, >= 0."""
        return self._answer(offers)[0]

    def surplus_usd(self, offers: Offers) -> float | None:
        """Consumer surplus in USD per base request, against not buying; None where the kind defines none."""
        surplus = self._answer(offers)[1]
        return None if math.isnan(surplus) else surplus

    def _answer(self, offers: Offers) -> tuple[np.ndarray, float]:
        out = np.zeros(len(offers.names))
        seen = (offers.price_usd, offers.price_usd_per_mtok, offers.e2e_s, offers.failure_frac, offers.central)
        return out, float(type(self).rule(self.row, *(np.asarray(column, float) for column in seen), out))


def place(network: str | None, names: tuple[str, ...]) -> int:
    """The option that a one-network class buys from: the named one, else the first."""
    return names.index(network) if network else 0


def one_at(option: int, names: tuple[str, ...]) -> np.ndarray:
    """One base demand at an option, none elsewhere."""
    quantities = np.zeros(len(names))
    quantities[option] = 1.0
    return quantities
