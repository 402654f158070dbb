"""What every way of verifying has: a rule that tells how often an answer is checked, found out, and what that costs.

Honesty pays where what a cheat saves is less than the chance of being found times what is lost: every kind is that one
inequality with other numbers (`sim.tokenomics.operators.strategies`).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from sim.blocks import Block
from sim.units import Duration, Share

SIGNATURE = "void(float64[::1], float64[::1], float64[::1])"
"""rule(seen, row, out): what is known of network and node (SEEN), the kind's parameters, and what comes of them (GIVEN)."""

SEEN = ("requests_per_s", "reputation", "colluding", "checker", "breach")
"""Entries of `seen`: the network's requests a second; the server's reputation, 0 to 100; part of the checking power that sides
with it; part of the others' checking power asked about (1: all of it); the node's own uniform in [0, 1), below which of a
breach's chance its enclave is broken."""

GIVEN = ("checked", "found", "wronged", "load")
"""Entries of `out`: chance that a trial is checked; that a bad answer in it is found (checked included); that an honest one is
held bad; computing of the checkers a request, as a part of serving it."""


class Odds(NamedTuple):
    """GIVEN by name."""

    checked: float
    found: float
    wronged: float
    load: float


class Verify(Block):
    """Base of the kinds of `verify`: how answers are checked, and when a verdict falls."""

    rule: ClassVar[Callable[..., None]]
    compiled: ClassVar[bool] = True
    trials: ClassVar[Literal["request", "day"]] = "request"
    """What is tried: each request that a node serves, or each day that it is there."""
    looks: ClassVar[bool] = True
    """Whether anything is checked at all."""
    by_node: ClassVar[bool] = False
    """Whether a node's own uniform (`breach`) decides."""
    attests: ClassVar[bool] = False
    """Whether it sees what a node is, and not its answers alone: a worse GPU gives the same ones."""

    overhead: Share = 0.0
    """Time that serving takes longer for being verifiable, as a part of it."""
    delay: Duration = 0.0
    """Time from the answer to the verdict; stake that was paid back by then is out of reach."""
    tolerance: Share = 0.0
    """Part of a node's checks that may fail in an epoch without a verdict: false alarms are known to happen."""

    @abstractmethod
    def row(self) -> np.ndarray:
        """The kind's parameters as float64."""

    def odds(self, seen: np.ndarray) -> Odds:
        """What comes of `seen`."""
        out = np.zeros(len(GIVEN))
        type(self).rule(seen, self.row(), out)
        return Odds(*out.tolist())

    @property
    def verdict_s(self) -> float:
        """Seconds from an answer to the verdict on it."""
        return self.delay


def at_least_once(chance: float, trials: float) -> float:
    """Chance that what happens with `chance` a trial happens in `trials` of them: 1 - (1 - p)^n."""
    if chance >= 1.0:
        return 1.0 if trials > 0 else 0.0
    return -math.expm1(trials * math.log1p(-chance))
