"""A fee for leaving early that grows with the age of the commitment: Filecoin's termination fee.

simple = floor(share x locked); by age = floor(age x simple / full); fee = max(min(simple, by age), floor(least x locked),
floor(multiple x fault fee)), the fault fee so many days of expected reward.
Source: filecoin-project/builtin-actors @b0a3bdd, actors/miner/src/monies.rs (read 2026-11-22).
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from sim import units
from sim.blocks import sourced
from sim.tokenomics.slash.penalty import Slash
from sim.units import Duration, PositiveDuration, Quantity, Share, share_parts

_SOURCE = "filecoin-project/builtin-actors @b0a3bdd, actors/miner/src/monies.rs (read 2026-11-22)"


def rule(locked: int, unbonding: int, reward: int, age_s: int, row: np.ndarray, out: np.ndarray) -> None:
    """row: 0, share and least of 10^12, seconds until the whole share, seconds of reward of a fault, multiple of 10^12."""
    one = 1_000_000_000_000
    simple = units.muldiv(locked, row[1], one)
    by_age = min(simple, units.muldiv(age_s, simple, row[3]))
    fault = units.muldiv(reward, row[4], 86_400)
    fee = max(by_age, units.muldiv(locked, row[2], one), units.muldiv(fault, row[5], one))
    out[0] = min(fee, locked)
    out[1] = 0


class Termination(Slash):
    """A share of the stake that grows with the time for which it was locked, and at least a part of it."""

    rule = staticmethod(rule)

    kind: Literal["termination"] = "termination"
    share: Share = sourced(0.085, _SOURCE, "borrowed", "cost of leaving")
    """Part taken of an old commitment."""
    least: Share = sourced(0.02, _SOURCE, "borrowed", "cost of leaving at once")
    """Part taken at least."""
    full: PositiveDuration = sourced(140 * 86_400.0, _SOURCE, "borrowed", "cost of leaving early")
    """Age at which the whole share is taken."""
    fault: Duration = sourced(3.51 * 86_400.0, _SOURCE, "borrowed", "cost of leaving while rewards are high")
    """Fee for a fault, as time of expected reward."""
    multiple: Annotated[float, Quantity("share", low=0)] = sourced(1.05, _SOURCE, "borrowed", "the same")
    """Of that fee, taken at least."""

    def row(self) -> np.ndarray:
        """As `rule` reads it."""
        return np.array(
            [
                0, share_parts(self.share), share_parts(self.least), round(self.full), round(self.fault),
                share_parts(self.multiple),
            ],
            dtype=np.int64,
        )  # fmt: skip
