"""A replica type whose every pass takes longer by one factor: what being verifiable, or checking others, costs it."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np

from sim.serving.contract import ReplicaType
from sim.serving.tables import prove

STEPS = 1000
"""Factors are rounded to this part, so that few tables are made."""


def slowed(kind: ReplicaType, factor: float) -> ReplicaType:
    """The type with every cost times `factor` >= 1, each rounded once, half to even; itself at 1.

    Raises ScenarioError where passes would leave the range that the engines' integers are proved for.
    """
    steps = round(factor * STEPS)
    return kind if steps <= STEPS else _slowed(_ById(kind), steps)


class _ById:
    """A replica type as a key: types are made once and hold arrays."""

    def __init__(self, kind: ReplicaType) -> None:
        self.kind = kind

    def __hash__(self) -> int:
        return id(self.kind)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and self.kind is other.kind


@functools.lru_cache(maxsize=64)
def _slowed(key: _ById, steps: int) -> ReplicaType:
    kind, factor = key.kind, steps / STEPS
    costs: dict[str, Any] = {}
    for field in dataclasses.fields(kind.cost):
        value = getattr(kind.cost, field.name)
        scaled = np.rint(np.asarray(value) * factor)
        costs[field.name] = scaled.astype(np.int64) if isinstance(value, np.ndarray) else int(scaled)
    made = dataclasses.replace(kind, cost=type(kind.cost)(**costs))
    prove(made)
    return made
