"""Making policies equal before they are compared: `compare.hold` and `compare.equalize`.

Each policy's knob is turned by bisection until the mean over replications is the target's, every try with the same users, prices'
innovations and hardware lives (common random numbers), so that the mean is a function of the knob alone. The ends of the range
come first: a target that does not lie between what they give is not reachable. Bisection stops within the tolerance, or after
`STEPS` halvings; the nearest try counts. All cases are tried side by side; tries are runs of the store like any other.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Mapping, Sequence

from sim.errors import ScenarioError
from sim.records.run import RunRecord
from sim.records.solved import Solved
from sim.records.study import PolicyChange
from sim.scenario import Scenario
from sim.scenario.knobs import Knob, Values, knob_of_equalize, knob_of_hold
from sim.scenario.references import measure
from sim.study import statistics
from sim.study.plan import Cell, Plan
from sim.study.values import value_of
from sim.units import DAY_S

STEPS = 16
"""Halvings of the range at most."""
HOLD_WITHIN = 0.005
"""A held budget may differ by this part (a choice of this project)."""
UNREACHED = "not reachable"

Measure = Callable[[Plan, RunRecord], float | None]
Tries = Callable[[Sequence[tuple[Cell, Values]]], Mapping[tuple[Cell, Values], Sequence[RunRecord]]]
"""Runs of cells with values laid on their policies, in order of replication."""


@dataclasses.dataclass
class Goal:
    """One cell that is to be made equal, and how far it is. `tried` maps settings to means."""

    cell: Cell
    knob: Knob
    what: str
    unit: str
    measure: Measure
    target: float
    within: float
    tried: dict[float, float | None] = dataclasses.field(default_factory=dict)

    @property
    def best(self) -> float | None:
        """The setting whose mean is nearest to the target; of equals the first tried."""
        known = {x: found for x, found in self.tried.items() if found is not None}
        return min(known, key=lambda x: abs(known[x] - self.target)) if known else None

    @property
    def met(self) -> bool:
        """Whether the target was hit."""
        best = self.best
        return best is not None and abs((self.tried[best] or 0.0) - self.target) <= self.within

    def next(self) -> float | None:
        """The next setting to try; None where there is nothing more to find out."""
        first = 1.0 if self.knob.factor else self.knob.low
        for x in (first, self.knob.low, self.knob.high):
            if x not in self.tried:
                return None if self.met else x
        bracket = self._bracket()
        if self.met or bracket is None or len(self.tried) >= STEPS + 3:
            return None
        low, high = bracket
        return math.sqrt(low * high) if low > 0 else (low + high) / 2

    def _bracket(self) -> tuple[float, float] | None:
        """The narrowest neighbours between whose means the target lies."""
        known = sorted((x, found) for x, found in self.tried.items() if found is not None)
        pairs = [
            (a, b)
            for (a, below), (b, above) in itertools.pairwise(known)
            if min(below, above) <= self.target <= max(below, above)
        ]
        return min(pairs, key=lambda pair: pair[1] - pair[0]) if pairs else None


def solve(scenario: Scenario, plan: Plan, tries: Tries) -> tuple[Scenario, list[Solved]]:
    """The scenario with every policy made equal, and how; as it is where nothing is asked for."""
    compare = scenario.spec.compare
    values: dict[Cell, Values] = {}
    told: list[Solved] = []
    for goals in _rounds(scenario, plan, tries) if compare.hold or compare.equalize else ():
        _turn(scenario, plan, goals, values, tries)
        for goal in goals:
            one, laid = _result(scenario, goal, values.get(goal.cell, ()))
            told.append(one)
            values[goal.cell] = (*values.get(goal.cell, ()), *laid)
    solved = {(cell.policy, cell.coin_price, cell.point): laid for cell, laid in values.items() if laid}
    changes = [*scenario.changes, *_changes(scenario, solved)]
    return dataclasses.replace(scenario, solved=solved, changes=tuple(changes)), told


def _rounds(scenario: Scenario, plan: Plan, tries: Tries) -> list[list[Goal]]:
    """What is to be solved one after the other: networks under `hold`, one outcome under `equalize`."""
    asked = scenario.spec.compare.equalize
    if asked is not None:
        return [_equal(scenario, plan, tries)]
    return [_held(scenario, plan, network, tries) for network, ticker in plan.networks.items() if ticker]


def _base_means(plan: Plan, tries: Tries, read: Measure) -> dict[tuple[str, int], float | None]:
    cells = [cell._replace(policy=plan.baseline) for cell in plan.cells() if cell.policy == plan.policies[0]]
    runs = tries([(cell, ()) for cell in cells])
    return {(cell.coin_price, cell.point): _mean(plan, read, runs[cell, ()]) for cell in cells}


def _equal(scenario: Scenario, plan: Plan, tries: Tries) -> list[Goal]:
    asked = scenario.spec.compare.equalize
    assert asked is not None
    ticker = plan.networks.get(asked.outcome.partition(".")[0], "")
    knob = knob_of_equalize(scenario.spec, scenario.tree)

    def read(plan: Plan, record: RunRecord) -> float | None:
        return value_of(plan, record, asked.outcome)

    to_baseline = asked.value == "baseline"
    means = _base_means(plan, tries, read) if to_baseline else {}
    made = []
    for cell in plan.cells():
        if to_baseline and cell.policy == plan.baseline:
            continue
        target = means[cell.coin_price, cell.point] if to_baseline else measure(asked.value, asked.outcome, ticker)
        if target is None:
            raise ScenarioError(f"compare.equalize: the baseline has no number for {asked.outcome}")
        within = plan.zone(asked.outcome).half_width(target)
        made.append(Goal(cell, knob, asked.outcome, plan.unit(asked.outcome), read, target, within))
    return made


def _held(scenario: Scenario, plan: Plan, network: str, tries: Tries) -> list[Goal]:
    hold = scenario.spec.compare.hold
    assert hold is not None
    read = _budget(hold, network)
    means = _base_means(plan, tries, read)
    ticker = plan.networks[network]
    unit = {"emission_total": ticker, "emission_value_usd": "USD", "user_price": "USD/Mtok"}[hold]
    made = []
    for cell in plan.cells():
        target = means[cell.coin_price, cell.point]
        if cell.policy == plan.baseline or target is None:
            continue
        block = scenario.parts.spec(cell.policy, cell.coin_price, cell.point).networks[network]
        knob = knob_of_hold(hold, network, block) or Knob((), 1.0, 1.0, True)
        made.append(Goal(cell, knob, f"{network} {hold}", unit, read, target, HOLD_WITHIN * abs(target)))
    return made


def _budget(hold: str, network: str) -> Measure:
    """What of a run is held equal; sums are over the epochs in which policies differ."""

    def read(plan: Plan, record: RunRecord) -> float | None:
        if hold == "user_price":
            return record.outcomes.get(f"{network}.price_paid_usd_per_mtok")
        ends = record.epoch_end_s
        emitted, price = record.series[f"{network}.emission_coin"], record.series[f"{network}.coin_usd"]
        begins = [0.0, *ends[:-1]]
        return math.fsum(
            (emitted[i] or 0.0)
            * (ends[i] - begins[i])
            / DAY_S
            * ((price[i] or 0.0) if hold == "emission_value_usd" else 1.0)
            for i in range(len(ends))
            if begins[i] >= plan.policies_from_s
        )

    return read


def _mean(plan: Plan, read: Measure, records: Sequence[RunRecord]) -> float | None:
    numbers = [read(plan, record) for record in records]
    present = [number for number in numbers if number is not None]
    return statistics.mean(present) if len(present) == len(numbers) else None


def _turn(scenario: Scenario, plan: Plan, goals: Sequence[Goal], laid: Mapping[Cell, Values], tries: Tries) -> None:
    """Try settings, all goals side by side, until none asks for more."""
    while open_goals := [(goal, x) for goal in goals if (x := goal.next()) is not None]:
        asked = [(goal.cell, (*laid.get(goal.cell, ()), *_values(scenario, goal, x))) for goal, x in open_goals]
        runs = tries(asked)
        for (goal, x), key in zip(open_goals, asked, strict=True):
            goal.tried[x] = _mean(plan, goal.measure, runs[key])


def _values(scenario: Scenario, goal: Goal, x: float) -> Values:
    # A factor of one leaves the policy's own text, and so its runs.
    if goal.knob.factor and x == 1.0:
        return ()
    return goal.knob.values(scenario.parts.spec(*goal.cell), scenario.tree, x)


def _result(scenario: Scenario, goal: Goal, before: Values) -> tuple[Solved, Values]:
    best, seen = goal.best, [found for found in goal.tried.values() if found is not None]
    laid = _values(scenario, goal, best) if best is not None and goal.met else ()
    told = ", ".join(text for _, text in laid)
    made = Solved(
        goal.what, ", ".join(goal.knob.paths) or "nothing that could be scaled", *goal.cell, goal.knob.factor,
        best if goal.met else None, told, goal.target, goal.tried[best] if best is not None else None, goal.unit,
        min(seen, default=None), max(seen, default=None), len(goal.tried), "" if goal.met else UNREACHED,
    )  # fmt: skip
    return made, laid


def _changes(scenario: Scenario, solved: Mapping[tuple[str, str, int], Values]) -> list[PolicyChange]:
    """What was solved, as changes of the policies; where kinds of coin price or points differ, all their values."""
    found: dict[tuple[str, str], list[str]] = {}
    for (policy, _, _), laid in solved.items():
        for path, text in laid:
            found.setdefault((policy, path), []).append(text)
    where = "compare.hold" if scenario.spec.compare.hold else "compare.equalize"
    return [
        PolicyChange(policy, path, "", "; ".join(dict.fromkeys(texts)), where, 0)
        for (policy, path), texts in found.items()
    ]


def solved_warnings(plan: Plan) -> list[str]:
    """What is not equal all the same: in joint sets, and where the target could not be reached."""
    told = []
    if plan.sets and plan.solved:
        told.append("policies were made equal at the file's values: in the joint sets they keep what was found there")
    told += [
        f"{one.policy}: {one.what} is {UNREACHED}, so it is not equal to the others"
        for one in plan.solved
        if one.word and one.point == 0
    ]
    return told


def solved_sentences(plan: Plan) -> list[str]:
    """What was made equal, and by which factor; one sentence a case, at the first point of a sweep."""
    return [_sentence(plan, one) for one in plan.solved if one.point == 0]


def _sentence(plan: Plan, one: Solved) -> str:
    from sim.study.rounding import first_of, readable, shortened, told
    from sim.study.sentences import outcome_name

    kind = f" (coin price: {one.coin_price})" if len(plan.coin_prices) > 1 else ""
    what = one.what.replace("_", " ") if " " in one.what else outcome_name(one.what, with_network=True)
    head = f"{readable(one.policy)}{kind}{first_of(plan.points)}, {what} held at {told(one.target, one.unit)}"
    if one.word:
        seen = f"{told(one.least, one.unit)} to {told(one.most, one.unit)}" if one.least is not None else "no number"
        return f"{head}: not reachable by {one.by} (seen: {seen}); it runs as the file says."
    turned = f"x {told(one.setting)}" if one.factor else shortened(one.told)
    return f"{head}: {one.by} {turned} gives {told(one.found, one.unit)}."
