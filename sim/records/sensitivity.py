"""The record of a sensitivity analysis: which uncertain parameters an outcome, or a difference of policies, moves with."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

from sim.records.baseline import digest
from sim.records.columns import SENSITIVITY
from sim.records.run import Number
from sim.records.study import Parameter
from sim.records.text import canonical, read


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
    scenario: str
    """`baseline.digest` of the resolved scenario: whose analysis it is."""

    def to_json(self) -> str:
        """Canonical JSON."""
        return canonical(self)

    @classmethod
    def from_json(cls, text: str) -> SensitivityRecord:
        """The record that `to_json` wrote. `ValueError`, `TypeError` or `KeyError` where it is none."""
        raw = read(text)
        raw["parameters"] = [Parameter(**row) for row in raw["parameters"]]
        for name, kind in (("indices", Index), ("swings", Swing)):
            raw[name] = [kind(**{**row, "asked": Asked(**row["asked"])}) for row in raw[name]]
        raw["unsupported"] = [(what, why) for what, why in raw["unsupported"]]
        return cls(**raw)


FOLDER = "sensitivity"
"""Where a study's folder keeps them: `METHOD.json`, and table and figure beside it."""


def kept(folder: Path, scenario_resolved: str) -> tuple[list[SensitivityRecord], list[Path]]:
    """The analyses of a scenario in its study's folder, and the files there that are of another scenario or cannot be read."""
    found, others = [], []
    for path in (folder / FOLDER / f"{method}.json" for method in SENSITIVITY):
        if not path.exists():
            continue
        try:
            record = SensitivityRecord.from_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError, KeyError):
            others.append(path)
            continue
        if record.scenario == digest(scenario_resolved):
            found.append(record)
        else:
            others.append(path)
    return found, others
