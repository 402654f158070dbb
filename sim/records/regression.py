"""A scenario beside its baseline: each outcome's change, and what changed in the scenario. Built by `study`, read by `report`."""

from __future__ import annotations

import dataclasses
from typing import Literal

from sim.records.baseline import Row
from sim.records.study import CheckResult, exit_code

State = Literal["moved", "undecided", "same", "new", "gone"]


@dataclasses.dataclass(frozen=True)
class Change:
    """One outcome beside its baseline; `difference`, `low`, `high` and `band` (half-width) in the outcome's unit."""

    row: Row
    state: State
    before: float | None = None
    after: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    band: float = 0.0
    n: int = 0
    why: str = ""
    needed: int | None = None


@dataclasses.dataclass(frozen=True)
class ValueChange:
    """A value of the scenario that is not what it was; `old` or `new` is empty where the path is new or gone."""

    path: str
    old: str
    new: str
    file: str = ""
    line: int = 0


@dataclasses.dataclass(frozen=True)
class Regression:
    """A scenario beside its baseline. `by_digest`: nothing that numbers depend on has changed, and nothing was simulated."""

    scenario: str
    baseline: str
    changes: list[Change]
    values: list[ValueChange]
    others: list[str]
    """What else changed: presets, versions, the machine, seeds."""
    checks: list[CheckResult]
    replications: int
    by_digest: bool = False

    def of(self, state: State) -> list[Change]:
        """Outcomes in that state, in the study's order."""
        return [change for change in self.changes if change.state == state]

    @property
    def exit_code(self) -> int:
        """1 if an outcome moved, is gone, or a check failed; 4 if something is undecided; else 0."""
        checked = exit_code(self.checks)
        if self.of("moved") or self.of("gone") or checked == 1:
            return 1
        return 4 if self.of("undecided") else checked
