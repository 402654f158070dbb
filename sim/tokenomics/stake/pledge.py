"""Filecoin's initial pledge: days of reward, and a share of all coins by the node's part of the network's power.

pledge = min(reward x days + share x supply x w x (g / max(W, B, w) + (1 - g) / max(W, w)), cap x w): w the node's weight, W the
network's, B the baseline that the network is meant to reach; g falls from 1 to `ramp_to` over the ramp of FIP-81.
Source: filecoin-project/builtin-actors @b0a3bdd, actors/miner/src/monies.rs (read 2026-11-22).
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sim import units
from sim.blocks import sourced
from sim.tokenomics.coin import to_base
from sim.tokenomics.stake.requirement import WEIGHT_ONE, Stake
from sim.units import Amount, Duration, PositiveDuration, Share, share_parts

_FIP = "filecoin-project/builtin-actors @b0a3bdd, actors/miner/src/monies.rs (read 2026-11-22)"


def rule(weight: int, reward: int, seen: np.ndarray, row: np.ndarray) -> int:
    """row: seconds of reward, share of 10^12, baseline in parts, begin and length of the ramp in s, its end of 10^12, cap a unit."""
    one = 1_000_000_000_000
    if weight <= 0:
        return 0
    since = min(max(seen[2] - row[3], 0), row[4])
    simple = 0
    if row[4] > 0:
        simple = units.muldiv(one - row[5], since, row[4])
    pool = units.muldiv(seen[0], row[1], one)
    by_baseline = units.muldiv(pool, weight, max(seen[1], row[2], weight))
    by_network = units.muldiv(pool, weight, max(seen[1], weight))
    asked = units.muldiv(reward, row[0], 86_400)
    asked += units.muldiv(by_baseline, one - simple, one) + units.muldiv(by_network, simple, one)
    return int(min(asked, units.muldiv(weight, row[6], 1_000_000)))


class Pledge(Stake):
    """Days of expected reward and a share of the supply by the node's part of the network, capped a unit of weight."""

    rule = staticmethod(rule)

    kind: Literal["pledge"] = "pledge"
    days: PositiveDuration = sourced(20 * 86_400.0, _FIP + ": storage pledge", "borrowed", "stake of a node")
    """Time whose expected emission is locked."""
    share: Share = sourced(0.3, _FIP + ": consensus pledge", "borrowed", "coins locked in all")
    """Part of the supply that the whole network locks."""
    baseline: Annotated[float, Field(ge=0, le=1e12)] = 0.0
    """Weight that the network is meant to reach: below it nodes pledge by it, and less."""
    ramp_begins: Duration = 0.0
    """Time from the start of the run to the ramp."""
    ramp: Duration = 0.0
    """Length of the ramp, over which the baseline counts less and less; 0: it counts in full."""
    ramp_to: Share = sourced(0.7, _FIP + ": FIP-81", "borrowed", "coins locked in all")
    """Part with which the baseline counts after the ramp."""
    cap: Amount
    """The most coins a unit of weight."""

    def row(self, decimals: int) -> np.ndarray:
        """As `rule` reads it."""
        return np.array(
            [
                round(self.days), share_parts(self.share), round(self.baseline * WEIGHT_ONE), round(self.ramp_begins),
                round(self.ramp), share_parts(self.ramp_to), to_base(self.cap, decimals),
            ],
            dtype=np.int64,
        )  # fmt: skip
