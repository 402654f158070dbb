"""Somebody comes by at random times and looks: brands, clouds, and registries of providers."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np

from sim.tokenomics.verify.check import Verify
from sim.units import DAY_S, PositiveDuration, Share


def rule(seen: np.ndarray, row: np.ndarray, out: np.ndarray) -> None:
    """row: chance of an audit a day, detection, false alarms. Auditors belong to no node, and put no load on any."""
    out[0] = row[0]
    out[1] = row[0] * row[1]
    out[2] = row[0] * row[2]
    out[3] = 0.0


class Audit(Verify):
    """Audits at random times, by nobody of the network."""

    rule = staticmethod(rule)
    trials: ClassVar[Literal["request", "day"]] = "day"
    attests: ClassVar[bool] = True

    kind: Literal["audit"] = "audit"
    every: PositiveDuration
    """Mean time between two audits of a node."""
    detection: Share = 1.0
    """Chance that an audit finds that a node serves a cheaper model, has another GPU than it says, or is shown as many."""
    false_alarms: Share = 0.0
    """Chance that it holds an honest node bad."""

    def row(self) -> np.ndarray:
        """As `rule` reads it; times between audits are exponential."""
        return np.array([-math.expm1(-DAY_S / self.every), self.detection, self.false_alarms])
