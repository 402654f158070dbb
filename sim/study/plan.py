"""What a study is to do and to say, read once from a scenario: everything behind it works with this alone."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Literal, NamedTuple

from sim.records.breaks import NO_SHOCKS
from sim.records.outcomes import OUTCOMES, split_name
from sim.records.solved import Solved
from sim.records.study import Assumption, Parameter, PolicyChange


class Cell(NamedTuple):
    """Runs that differ in nothing but the replication."""

    policy: str
    coin_price: str
    point: int


@dataclasses.dataclass(frozen=True)
class Zone:
    """How large a difference must be to matter: a share of the baseline's mean, or an amount in the outcome's unit."""

    relative: float = 0.0
    absolute: float | None = None

    def half_width(self, baseline_mean: float) -> float:
        """The zone's half-width in the outcome's unit."""
        return self.relative * abs(baseline_mean) if self.absolute is None else self.absolute


@dataclasses.dataclass(frozen=True)
class Check:
    """One line of `checks:`. `limit` is in the outcome's unit; `other` the policy that `below` names. Empty `policy`: all.

    `monotone_in` goes along `path`, `rising` or falling: `ranks[point]` is the place of a point's value among its values.
    """

    kind: Literal["at_most", "at_least", "below", "monotone_in"]
    outcome: str
    policy: str
    limit: float = 0.0
    other: str = ""
    path: str = ""
    rising: bool = True
    ranks: tuple[int, ...] = ()
    confidence: float = 0.95
    severity: Literal["error", "warn"] = "error"
    text: str = ""
    file: str = ""
    line: int = 0


@dataclasses.dataclass(frozen=True)
class Plan:
    """A scenario as a study sees it. `networks` maps each network to its coin's ticker (empty: no coin)."""

    name: str
    scenario_file: str
    scenario_hash: str
    scenario_resolved: str
    start: datetime.date
    horizon_s: float
    epoch_s: float
    policies_from_s: float
    policies: tuple[str, ...]
    baseline: str
    coin_prices: tuple[str, ...]
    replications: int
    root_seed: int
    networks: dict[str, str]
    points: tuple[dict[str, str], ...] = ({},)
    confidence: float = 0.95
    estimand: str = "terminating"
    requests_mode: str = "all"
    windows_every: int = 1
    """Of every n-th epoch only windows are due; the epochs between hold what was measured last."""
    outcomes: tuple[str, ...] = ()
    """The family that verdicts are given for; empty: the default list."""
    indifferent: dict[str, Zone] = dataclasses.field(default_factory=lambda: {"default": Zone(0.02)})
    slo_s: dict[str, float] = dataclasses.field(default_factory=dict)
    """Targets by metric (`ttft`, `tpot`), where all client classes share one."""
    checks: tuple[Check, ...] = ()
    changes: tuple[PolicyChange, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    warnings: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    """The uncertain parameters."""
    sets: tuple[tuple[float, ...], ...] = ()
    """Joint sets of them that are run beside the file's values: a number a parameter, in its unit."""
    per_set: int = 1
    """Replications in each set, from 0."""
    shock_from_s: float | None = None
    """When the first shock begins; None without any. Every cell then has a twin without them."""
    struck: frozenset[tuple[str, str]] = frozenset()
    """(network, outcome) that a shock itself moves."""
    solved: tuple[Solved, ...] = ()
    """How policies were made equal before they are compared."""
    starts: tuple[str, ...] = ()
    """Other starts, as multiples of the given one's nodes."""
    asides: tuple[str, ...] = ()
    """What follows a policy's name in runs beside the cells."""
    stopping: str = ""
    """What a rule that chose the number of replications did; empty where none did."""
    asker: str = ""
    """For whom runs are kept: the scenario as its file has it, before anything is drawn or solved."""

    def zone(self, reference: str) -> Zone:
        """The zone of an outcome reference: its own, that of the outcome without `@`, or the default."""
        for name in (reference, reference.partition("@")[0], "default"):
            if name in self.indifferent:
                return self.indifferent[name]
        return Zone()

    def cells(self) -> list[Cell]:
        """Every cell, policies outermost, points innermost."""
        return [
            Cell(policy, kind, point)
            for policy in self.policies
            for kind in self.coin_prices
            for point in range(len(self.points))
        ]

    def in_set(self, cell: Cell, drawn: int) -> Cell:
        """The same cell with the parameters of a joint set (from 0): sets stand behind the points of the sweep."""
        return cell._replace(point=cell.point + len(self.points) * (1 + drawn))

    def aside_cells(self) -> list[Cell]:
        """Runs beside the cells: each cell once for each of `asides`."""
        return [cell._replace(policy=cell.policy + suffix) for suffix in self.asides for cell in self.cells()]

    def twin(self, cell: Cell) -> Cell:
        """The same cell without shocks."""
        return cell._replace(policy=cell.policy + NO_SHOCKS)

    def from_start(self, cell: Cell, start: str) -> Cell:
        """The same cell from another start."""
        return cell._replace(policy=cell.policy + next(s for s in self.asides if s.endswith(f" {start})")))

    def unit(self, reference: str) -> str:
        """The unit of an outcome, `coins` told by the network's ticker; outcomes in `%` are held as fractions."""
        network, name, _ = split_name(reference)
        unit = OUTCOMES[name].unit if name in OUTCOMES else ""
        ticker = self.networks.get(network, "")
        return unit.replace("coins", ticker) if ticker else unit
