"""Where runs from other starts end, beside those from the given one."""

from __future__ import annotations

import dataclasses

from sim.records.run import Number

NEAR = 0.1
"""Ends within this part of the given start's (or one node) count as the same end (a choice of this project)."""


@dataclasses.dataclass(frozen=True)
class Ends:
    """Nodes of one network at the end, from a start with `start` times its nodes, beside the given start in the same seeds.

    Of `n` replications `same` end near, `fewer` below and `more` above the given start's end; `same_low` and `same_high` are the
    Wilson interval of the share that ends near. `given_mean` and `mean` are nodes at the end, means over replications.
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
    word: str = ""
