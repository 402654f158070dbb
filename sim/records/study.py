"""The record of a study: what its runs say together. Built by `study`, read by `report` and the face."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal

from sim.records.breaks import Break, Recovery
from sim.records.run import FlowRow, Number
from sim.records.solved import Solved
from sim.records.starts import Ends
from sim.records.text import canonical, read

Word = Literal[
    "better", "worse", "higher", "lower", "no difference", "undecided",
    "depends on how the coin is priced", "depends on parameters", "not comparable", "not supported",
]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Summary:
    """One outcome under one policy, kind of coin price and point: mean over replications with its t interval.

    Outcomes in `%` are held as fractions everywhere in a study's record; only what is shown to people multiplies.
    `values` has one entry a replication, in order of replication. `reason` says why a number is missing.
    """

    outcome: str
    unit: str
    policy: str
    coin_price: str
    point: int
    n: int
    mean: Number
    low: Number
    high: Number
    sd: Number
    values: list[Number]
    reached: int | None = None
    """For times that may never come: in how many replications it came; `mean` is then the restricted mean."""
    reached_low: Number = None
    reached_high: Number = None
    """Wilson interval of the share of replications in which it came."""
    reason: str = ""
    never_above: Number = None
    """Where no replication saw it (a time that never came, a share of 0): the largest part of runs that may, by the rule of three."""
    batches: int | None = None
    """For one long run: the interval is over so many batch means."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One paired difference policy - baseline. `coin_price` is `both` for the joint verdict over the kinds.

    `difference`, `low`, `high` are in the outcome's unit, `relative` ones as fractions of the baseline's mean (None if
    that is 0). `p` is the paired t test's, `p_holm` after Holm over the declared family. `indifferent` is the half-width of
    the zone in the outcome's unit. `why` gives the reason of any word that is no plain answer.
    """

    outcome: str
    unit: str
    policy: str
    baseline: str
    coin_price: str
    point: int
    word: Word
    baseline_mean: Number
    policy_mean: Number
    difference: Number
    low: Number
    high: Number
    relative: Number
    relative_low: Number
    relative_high: Number
    p: Number
    p_holm: Number
    indifferent: float
    n: int
    pairing_gain: Number = None
    """Variance of the difference had the runs not been paired, over the one they have; None if that is 0."""
    why: str = ""
    needed: int | None = None
    """For `undecided`: replications in all that would decide, estimated from the spread seen."""
    driven_by: int | None = None
    """The replication without which the word would be another, where one is an outlier (`sim.study.influence`)."""
    window_half: Number = None
    """Half-width that the choice of windows adds, in the outcome's unit (`sim.study.windows`); None where it decides nothing."""
    sets: int = 0
    """Joint sets of the uncertain parameters that were run; 0: none, and everything below is empty."""
    same_frac: Number = None
    """Share of the sets that say the same: a difference of this one's sign, or for `no difference` one inside the zone."""
    set_low: Number = None
    set_high: Number = None
    """5 and 95 % quantiles of the difference over the sets, in the outcome's unit: a range of outcomes, not an interval of confidence."""
    depends: list[str] = dataclasses.field(default_factory=list)
    """Paths of the parameters with the largest rank correlation with the difference, at most two, largest first."""
    condition: str = ""
    """Path of the illustrative parameter that the difference moves with most: a headline is conditional on its value."""


@dataclasses.dataclass(frozen=True)
class Band:
    """A series over the epochs: quantiles over replications, in the outcome's unit."""

    outcome: str
    unit: str
    policy: str
    coin_price: str
    point: int
    time_s: list[float]
    q05: list[Number]
    q25: list[Number]
    q50: list[Number]
    q75: list[Number]
    q95: list[Number]


@dataclasses.dataclass(frozen=True)
class Warmup:
    """How an outcome forgets the start: its mean over replications by epoch, and what MSER-5 cuts of the judged part.

    `time_s` are ends of epochs, `cut_s` is where the kept part begins (`policies_from_s` where nothing is cut), `cut_share` the cut
    part of what is judged, `relaxation_s` the time in which deviations of the kept part fall to 1/e.
    """

    outcome: str
    unit: str
    policy: str
    coin_price: str
    point: int
    time_s: list[float]
    mean: list[float]
    cut_s: float
    cut_share: float
    relaxation_s: float


@dataclasses.dataclass(frozen=True)
class Lorenz:
    """How a network's income is spread over its operators: shares of it of the poorest 0, 5, ..., 100 % (`LORENZ_STEPS`).

    The mean of the curves over judged epochs and replications: its Gini coefficient is the mean that the outcome `gini` tells.
    """

    network: str
    policy: str
    coin_price: str
    point: int
    share_frac: list[float]


@dataclasses.dataclass(frozen=True)
class BreakEven:
    """Live nodes of a class of operators at the horizon by their break-even coin price: what they stop below, all else the same.

    `steps` are [USD, nodes], means over replications: nodes whose avoidable margin is zero at that price or up to 7 % below; 0 USD
    means that fees alone pay for them, None that no price does.
    """

    network: str
    operators: str
    policy: str
    coin_price: str
    point: int
    steps: list[list[Number]]


@dataclasses.dataclass(frozen=True)
class Histogram:
    """Merged histogram of a latency over replications: sparse [bucket floor in s, bucket ceiling in s, count]."""

    network: str
    metric: str
    policy: str
    coin_price: str
    point: int
    bins: list[list[float]]
    slo_s: Number = None


@dataclasses.dataclass(frozen=True)
class CheckResult:
    """One line of `checks:` and how it went."""

    check: str
    outcome: str
    policy: str
    ok: bool | None
    severity: str
    found: str
    file: str = ""
    line: int = 0


def exit_code(checks: Sequence[CheckResult]) -> int:
    """1 if a check with severity error failed, 4 if one is undecided, else 0."""
    errors = [check.ok for check in checks if check.severity == "error"]
    return 1 if False in errors else 4 if None in errors else 0


@dataclasses.dataclass(frozen=True)
class Assumption:
    """One constant the run rests on."""

    path: str
    value: str
    flag: str
    source: str
    date: str = ""
    changes: str = ""
    where: str = ""


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One parameter of `uncertain:`: its value in the file, what is known of it, what that rests on, and whom it moves with.

    `status` is `measured | fitted | borrowed | assumed | illustrative`. `unit` is that of its numbers in sets.
    """

    path: str
    value: str
    law: str
    unit: str
    status: str
    group: str = ""
    correlation: Number = None


@dataclasses.dataclass(frozen=True)
class Influence:
    """How a difference moves with a parameter over the joint sets: Spearman's rank correlation, None where one is constant."""

    outcome: str
    policy: str
    coin_price: str
    point: int
    parameter: str
    status: str
    rank_correlation: Number


@dataclasses.dataclass(frozen=True)
class PolicyChange:
    """What a policy changed, with the place in the file and the line as it stands there (empty: no line says it)."""

    policy: str
    path: str
    old: str
    new: str
    file: str
    line: int
    text: str = ""


@dataclasses.dataclass(frozen=True)
class PolicyFlows:
    """Coin and money flows of a policy: means over replications are not integers, so the first replication's are told."""

    policy: str
    coin_price: str
    point: int
    rows: list[FlowRow]
    residuals: dict[str, int]


@dataclasses.dataclass(frozen=True)
class StudyRecord:
    """Everything a report shows. Nothing here varies between two identical studies; what does stands in the manifest."""

    name: str
    scenario_file: str
    scenario_hash: str
    scenario_resolved: str
    start: str
    horizon_s: float
    epoch_s: float
    policies_from_s: float
    estimand: str
    requests_mode: str
    policies: list[str]
    baseline: str
    coin_prices: list[str]
    points: list[dict[str, str]]
    replications: int
    root_seed: int
    confidence: float
    outcomes: list[Summary]
    verdicts: list[Verdict]
    bands: list[Band]
    histograms: list[Histogram]
    operators: list[dict[str, Any]]
    flows: list[PolicyFlows]
    checks: list[CheckResult]
    changes: list[PolicyChange]
    assumptions: list[Assumption]
    held_fixed: list[str]
    not_fixed: list[str]
    method: dict[str, str]
    warnings: list[str]
    counts: dict[str, int]
    sentences: list[str] = dataclasses.field(default_factory=list)
    """What the verdicts say, in words, most important first."""
    classes: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    parameters: list[Parameter] = dataclasses.field(default_factory=list)
    """The parameters of `uncertain:`."""
    sets: list[list[float]] = dataclasses.field(default_factory=list)
    """Joint sets that were run: a number a parameter, in its unit; empty without `--uncertain`."""
    influences: list[Influence] = dataclasses.field(default_factory=list)
    breaks: list[Break] = dataclasses.field(default_factory=list)
    """What broke after the first shock, by the rules of `records.breaks`; empty without shocks."""
    recoveries: list[Recovery] = dataclasses.field(default_factory=list)
    starts: list[Ends] = dataclasses.field(default_factory=list)
    """Where runs from other starts end; empty where none were asked for."""
    solved: list[Solved] = dataclasses.field(default_factory=list)
    """How policies were made equal before they were compared; empty where that was not asked for."""
    warmups: list[Warmup] = dataclasses.field(default_factory=list)
    """Curves of `estimand: steady`, one an outcome and case."""
    lorenz: list[Lorenz] = dataclasses.field(default_factory=list)
    break_evens: list[BreakEven] = dataclasses.field(default_factory=list)

    def to_json(self) -> str:
        """Canonical JSON."""
        return canonical(self)

    @classmethod
    def from_json(cls, text: str) -> StudyRecord:
        """The record that `to_json` wrote."""
        raw = read(text)
        for name, kind in _NESTED.items():
            raw[name] = [kind(**row) for row in raw.get(name, [])]
        for flows in raw["flows"]:
            flows["rows"] = [FlowRow(**row) for row in flows["rows"]]
        raw["flows"] = [PolicyFlows(**flows) for flows in raw["flows"]]
        return cls(**raw)


_NESTED: dict[str, Any] = {
    "outcomes": Summary,
    "verdicts": Verdict,
    "bands": Band,
    "warmups": Warmup,
    "histograms": Histogram,
    "checks": CheckResult,
    "changes": PolicyChange,
    "breaks": Break,
    "recoveries": Recovery,
    "starts": Ends,
    "solved": Solved,
    "assumptions": Assumption,
    "parameters": Parameter,
    "influences": Influence,
    "lorenz": Lorenz,
    "break_evens": BreakEven,
}
