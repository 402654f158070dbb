"""Where runs from other starts end, beside those from the given one."""

from __future__ import annotations

import dataclasses

from sim.records.run import Number

NEAR = 0.1
"""Ends within this part of the given start's (or one node) count as the same end (a choice of this project)."""


CLOSING = 0.05
"""Runs that draw nearer by this part in the last quarter are told as not yet at rest (a choice of this project)."""


@dataclasses.dataclass(frozen=True)
class Ends:
    """Nodes of one network at the end, from a start with `start` times its nodes, beside the given start in the same seeds.

    Of `n` replications `same` end near, `fewer` below and `more` above the given start's end; `same_low` and `same_high` are the
    Wilson interval of the share that ends near. `given_mean` and `mean` are nodes at the end, means over replications; `late` and
    `apart` how far runs are from those of the given start at three quarters of the run and at the end (means of absolute differences).
    """

    start: str
    network: str
    policy: str
    coin_price: str
    point: int
    n: int
    given_mean: float
    mean: float
    same: int
    fewer: int
    more: int
    same_low: Number
    same_high: Number
    late: float
    apart: float
    word: str = ""

    @property
    def closing(self) -> bool:
        """Whether the starts still draw together at the end, so that another end may only be a later one."""
        return self.apart < (1 - CLOSING) * self.late
