"""The record of a sensitivity analysis: which uncertain parameters an outcome, or a difference of policies, moves with."""

from __future__ import annotations

import dataclasses
from typing import Literal

from sim.records.run import Number
from sim.records.study import Parameter


@dataclasses.dataclass(frozen=True)
class Asked:
    """What is looked at: an outcome's difference from the baseline, or its level where `baseline` is empty."""

    outcome: str
    unit: str
    policy: str
    baseline: str
    coin_price: str


@dataclasses.dataclass(frozen=True)
class Index:
    """Sobol' indices of one parameter: shares of the variance, with their bootstrap intervals.

    `first` is what the parameter moves alone, `total` what it moves with all others; both None where nothing varies.
    """

    asked: Asked
    parameter: str
    first: Number
    first_low: Number
    first_high: Number
    total: Number
    total_low: Number
    total_high: Number


@dataclasses.dataclass(frozen=True)
class Swing:
    """One bar of a tornado: the value with one parameter at its lowest and highest, all others as in the file."""

    asked: Asked
    parameter: str
    low_text: str
    high_text: str
    base: float
    at_low: float
    at_high: float

    @property
    def width(self) -> float:
        """How far apart the two ends and the base lie."""
        ends = (self.base, self.at_low, self.at_high)
        return max(ends) - min(ends)


@dataclasses.dataclass(frozen=True)
class SensitivityRecord:
    """Everything that a table or figure of it shows. `unsupported` pairs what has no number in some run with the reason."""

    name: str
    scenario_file: str
    method: Literal["sobol", "tornado"]
    points: int
    replications: int
    runs: int
    root_seed: int
    confidence: float
    parameters: list[Parameter]
    indices: list[Index]
    swings: list[Swing]
    unsupported: list[tuple[str, str]]
    warnings: list[str]
