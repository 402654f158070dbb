"""A part at once, the rest evenly in steps, none before a cliff.

free = floor(now G) + floor(rest x k / n) after k of n steps; what rounding holds back comes with the last step. Filecoin: 25 %
at once, 75 % over 180 days in daily steps (filecoin-project/builtin-actors @b0a3bdd, actors/miner/src/monies.rs, policy.rs).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from sim import units
from sim.tokenomics.vesting.terms import PARTS, Vesting
from sim.units import FixedDuration, FixedShare, share_parts


def rule(granted: Any, elapsed_us: int, row: np.ndarray) -> Any:
    """Row = share at once (of 10^9), cliff and step in microseconds, number of steps."""
    now = granted // 1_000_000_000 * row[0] + granted % 1_000_000_000 * row[0] // 1_000_000_000
    steps = 0
    if elapsed_us >= row[1]:
        steps = min(elapsed_us // row[2], row[3])
    rest = granted - now
    return now + rest // row[3] * steps + rest % row[3] * steps // row[3]


class Linear(Vesting):
    """A part at once, the rest evenly over a time."""

    rule = staticmethod(rule)

    kind: Literal["linear"] = "linear"
    over: FixedDuration
    """Time after which everything is free."""
    step: FixedDuration = 86_400.0
    """Time between two releases; `over` is a whole number of them."""
    now: FixedShare = 0.0
    """Part that is free at once."""
    cliff: FixedDuration | None = None
    """Time before which none of the rest is free; then all that has come due is."""

    @model_validator(mode="after")
    def _whole_steps(self) -> Linear:
        over, step = units.ps(self.over) // 10**6, units.ps(self.step) // 10**6
        if step < 1 or over % step or over // step > 2**31:
            told = {
                "message": f"`over` of {self.over:g} s is no whole number of steps of {self.step:g} s",
                "hint": "for example `over: 180 day` with `step: 1 day`",
            }
            raise PydanticCustomError("range", "{message}", told)
        return self

    def row(self) -> np.ndarray:
        """Share at once of 10^9, cliff and step in microseconds, number of steps."""
        over, step = units.ps(self.over) // 10**6, units.ps(self.step) // 10**6
        cliff = units.ps(self.cliff) // 10**6 if self.cliff is not None else 0
        now = share_parts(self.now) * PARTS // units.SHARE_ONE
        return np.array([now, cliff, step, over // step], dtype=np.int64)

    @property
    def over_us(self) -> int:
        """Until the last step, or the cliff."""
        _, cliff, step, steps = self.row().tolist()
        return int(max(cliff, step * steps))
