"""What is not known of operators before a cut: ranges, and joint sets drawn from them.

Speeds and thresholds have the ranges of docs/operators.md, of which some rest on other networks' later years, and that of `restart` in part
on Bitcoin's own: they are the simulator's defaults, and are not fitted at a cut. The rest is assumed, and wide.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from sim.scenario.designs import latin_hypercube
from sim.tokenomics.operators import OperatorClass

WEEK_S = 604_800.0
DAY_S = 86_400.0
_EVIDENCE = "docs/operators.md, read 2026-11-22"


@dataclasses.dataclass(frozen=True)
class Range:
    """A parameter between two values, in the unit of its block; uniform, or uniform in its logarithm."""

    name: str
    low: float
    high: float
    source: str
    flag: str
    log: bool = False

    def at(self, share: np.ndarray) -> np.ndarray:
        """Values at parts of the way from low to high."""
        if self.log:
            return np.asarray(np.exp(math.log(self.low) + share * math.log(self.high / self.low)))
        return np.asarray(self.low + share * (self.high - self.low))


RANGES = (
    Range("exit_speed", 0.03 / WEEK_S, 0.13 / WEEK_S, _EVIDENCE, "fitted"),
    Range("entry_speed", 0.05 / WEEK_S, 0.2 / WEEK_S, "half to twice the default", "assumed", log=True),
    Range("entry_elasticity", 0.9, 1.3, _EVIDENCE, "fitted"),
    Range("cost_spread", 0.3, 0.6, _EVIDENCE, "fitted"),
    Range("restart", 1.0, 2.1, _EVIDENCE, "fitted"),
    Range("lead", 30 * DAY_S, 60 * DAY_S, _EVIDENCE, "fitted"),
    Range("patience", 2 * WEEK_S, 8 * WEEK_S, "half to twice the default", "assumed", log=True),
)
"""Of every class; all other keys have their defaults."""
STATE = (
    Range("margin", 0.5, 2.0, "income over full cost where the window begins: not known", "assumed", log=True),
    Range("avoidable", 0.3, 0.8, "part of full cost that stopping saves: not known", "assumed"),
)
"""Of a class whose costs nobody published."""


def sets(ranges: tuple[Range, ...], count: int, seed: int, name: str) -> list[dict[str, float]]:
    """Joint sets as a Latin hypercube; the same seed and name give the same sets."""
    points = latin_hypercube(count, len(ranges), seed, f"history.{name}")
    columns = {one.name: one.at(points[:, place]) for place, one in enumerate(ranges)}
    return [{key: float(values[row]) for key, values in columns.items()} for row in range(count)]


def block_of(base: OperatorClass, values: dict[str, float]) -> OperatorClass:
    """The class with the values of a set that are keys of it."""
    keys = type(base).model_fields
    return base.model_copy(update={key: value for key, value in values.items() if key in keys})
