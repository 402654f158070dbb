"""What a class sees of the networks that serve it, and the interface of a calibrated taste."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np


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


class Taste(Protocol):
    """A demand kind after calibration."""

    def quantities(self, offers: Offers) -> np.ndarray:
        """Base demands per option, >= 0."""

    def surplus_usd(self, offers: Offers) -> float | None:
        """Consumer surplus in USD per base request, against not buying; None where the kind defines none."""


def place(network: str | None, names: tuple[str, ...]) -> int:
    """The option that a one-network class buys from: the named one, else the first."""
    return names.index(network) if network else 0


def one_at(option: int, names: tuple[str, ...]) -> np.ndarray:
    """One base demand at an option, none elsewhere."""
    quantities = np.zeros(len(names))
    quantities[option] = 1.0
    return quantities
