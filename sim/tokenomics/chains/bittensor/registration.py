"""Slots of neurons: the price that is burned for one, and who has to go when all are taken.

The price falls every block by a factor f with f^half_life = 1/2 and rises at each registration. What is paid buys alpha in the
subnet's pool, and that alpha is recycled: TAO stays in the reserve.
Source: subtensor pallets/subtensor/src/subnets/registration.rs, utils/misc.rs.
"""

from __future__ import annotations

import dataclasses
import functools
from fractions import Fraction

import numpy as np

from sim.tokenomics.chains.bittensor.constants import MAINNET

_ONE = 1 << 32


def _times(value: int, factor: int) -> int:
    return value * factor >> 32


def _power(base: int, exponent: int) -> int:
    result = _ONE
    while exponent > 0:
        if exponent & 1:
            result = _times(result, base)
        exponent >>= 1
        base = _times(base, base)
    return result


@functools.lru_cache(maxsize=64)
def decay_factor(half_life: int) -> int:
    """The largest f of 32 binary digits that bisection finds with f^half_life <= 1/2; 2^32, no decay, for 0 blocks."""
    if half_life == 0:
        return _ONE
    low, high = 0, _ONE
    while low + 1 < high:
        middle = low + (high - low >> 1)
        if _power(middle, half_life) > _ONE >> 1:
            high = middle
        else:
            low = middle
    return low


@dataclasses.dataclass
class BurnPrice:
    """Rao that a registration burns: now, its bounds, blocks to half of it, and what a registration multiplies it by."""

    now: int
    half_life: int = MAINNET["burn_half_life"].value
    least: int = MAINNET["burn_least"].value
    most: int = MAINNET["burn_most"].value
    rise: Fraction = Fraction(MAINNET["burn_rise_percent"].value, 100)

    def wait(self, blocks: int) -> int:
        """The price some blocks later; each rounds down."""
        factor = decay_factor(self.half_life)
        for _ in range(blocks):
            before, self.now = self.now, self._within(_times(self.now, factor))
            if self.now == before:
                break
        return self.now

    def register(self) -> int:
        """Raise the price after a registration; returns what was paid for it."""
        paid = self.now
        self.now = self._within(int(self.now * max(self.rise, Fraction(1))))
        return paid

    def _within(self, price: int) -> int:
        return min(max(price, self.least), self.most)


def to_prune(
    emission: np.ndarray,
    registered: np.ndarray,
    immune: np.ndarray,
    kept: np.ndarray,
    least_free: int = MAINNET["least_free"].value,
) -> int | None:
    """The uid that a newcomer takes: least last emission, then oldest, then lowest uid; None where nobody may go.

    `kept` marks the owner's keys, which never go. Immune uids go only while `least_free` or fewer others are not immune.
    """
    free = ~kept & ~immune
    choice = free if np.count_nonzero(free) > least_free else ~kept & immune
    uids = np.flatnonzero(choice)
    if len(uids) == 0:
        return None
    return int(uids[np.lexsort((uids, registered[uids], emission[uids]))[0]])


def top_stakes(stake: np.ndarray, places: int) -> np.ndarray:
    """Who may validate after this epoch: the `places` largest stakes above 0; of equal ones the higher uid stays."""
    permits = stake > 0
    if len(stake) > places:
        permits[np.argsort(stake, kind="stable")[: len(stake) - places]] = False
    return permits
