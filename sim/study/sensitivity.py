"""Which uncertain parameters move an outcome: Sobol' indices of joint points, and a tornado of one parameter at a time.

What is asked about is the difference of each policy from the baseline, in the mean over a few replications with the same users at
every point; with one policy, its level. Runs lie in the study's store: those that a study made already are not made again.
Correlation groups are left out: indices divide a variance among independent parameters.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from sim.errors import ScenarioError
from sim.records.baseline import digest
from sim.records.sensitivity import Asked, Index, SensitivityRecord, Swing
from sim.scenario import Scenario, designs
from sim.streams import Streams
from sim.study import indices
from sim.study.over_sets import Means, means_over_sets
from sim.study.plan import Cell, Plan
from sim.study.planning import plan_of
from sim.study.run import How, made_equal, run_sets
from sim.study.solve import solved_warnings
from sim.study.values import require_known
from sim.study.verdicts import default_family

FEW_POINTS = 64
"""Below this many points of a Sobol' analysis a warning says that intervals are wide."""


def sensitivity(
    scenario: Scenario,
    store_path: Path,
    method: str,
    points: int = 64,
    outcomes: Sequence[str] = (),
    replications: int | None = None,
    policies: Sequence[str] | None = None,
    how: How | None = None,
) -> SensitivityRecord:
    """Simulate what the store lacks of a design over the `uncertain:` parameters, and tell what moves what.

    Parameters
    ----------
    scenario, store_path
        A loaded scenario with `uncertain:`, and the file of its runs.
    method, points
        `sobol`: `points` (a power of two) x (parameters + 2) sets; `tornado`: 2 x parameters + 1 sets, `points` has no effect.
    outcomes, policies
        In place of `compare.outcomes` and of all policies.
    replications
        Runs of each set; None: `seeds.per_set`.
    how
        Workers and progress.

    Raises
    ------
    ScenarioError
        No uncertain parameter, points that are no power of two, an outcome or a policy that is not there.

    """
    if not scenario.axes:
        scenario.with_drawn(1)  # says what is missing
    plan = _plan(scenario, replications, policies, outcomes)
    scenario, equal = made_equal(scenario, plan_of(scenario, None, policies), store_path, how or How())
    plan = dataclasses.replace(plan, solved=equal.solved)
    drawn = scenario.with_numbers(_sobol_sets(scenario, points) if method == "sobol" else _tornado_sets(scenario))
    plan = dataclasses.replace(plan, sets=tuple(() for _ in drawn.drawn))
    with run_sets(plan, drawn.cases(), store_path, how or How(), plan.outcomes) as runs:
        means = means_over_sets(plan, list(plan.outcomes), runs)
    found, unsupported = _outputs(plan, means)
    record = SensitivityRecord(
        name=plan.name, scenario_file=plan.scenario_file, method="sobol" if method == "sobol" else "tornado",
        points=points if method == "sobol" else len(plan.sets), replications=plan.per_set, runs=len(plan.sets) * plan.per_set * len(plan.cells()),
        root_seed=plan.root_seed, confidence=plan.confidence, parameters=list(plan.parameters), indices=[], swings=[],
        unsupported=unsupported, warnings=_warnings(plan, method, points),
        scenario=digest(plan.scenario_resolved),
    )  # fmt: skip
    if method == "sobol":
        seed = Streams(plan.root_seed, 0)[designs.BOOTSTRAP].key64
        return dataclasses.replace(
            record, indices=[one for asked, ys in found for one in _indices(plan, asked, ys, seed)]
        )
    return dataclasses.replace(record, swings=[one for asked, ys in found for one in _swings(scenario, asked, ys)])


def _plan(
    scenario: Scenario, replications: int | None, policies: Sequence[str] | None, outcomes: Sequence[str]
) -> Plan:
    plan = plan_of(scenario, replications or scenario.per_set, policies)
    if len(plan.points) > 1:
        raise ScenarioError("a file with `vary` has several points: take `vary` out, or name one with --set")
    if len(plan.policies) > 1 and plan.baseline not in plan.policies:
        raise ScenarioError(f"differences are from the baseline {plan.baseline}: name it with --policy too")
    asked = tuple(outcomes) or plan.outcomes or tuple(default_family(plan))
    for reference in asked:
        require_known(plan, reference)
    return dataclasses.replace(plan, outcomes=asked, per_set=plan.replications, replications=0)


def _sobol_sets(scenario: Scenario, points: int) -> list[list[float | None]]:
    if points < 2 or not designs.is_power_of_two(points):
        below = 1 << max(1, points.bit_length() - 1)
        raise ScenarioError(
            f"--points {points} found; Sobol' points are even only by powers of two: {below} or {2 * below}"
        )
    cube = designs.sobol(points, 2 * len(scenario.axes), scenario.spec.seeds.root, designs.INDICES)
    return [
        [axis.number(float(u)) for axis, u in zip(scenario.axes, row, strict=True)] for row in indices.saltelli(cube)
    ]


def _tornado_sets(scenario: Scenario) -> list[list[float | None]]:
    """The file's values, then each parameter at its lowest and at its highest."""
    empty: list[float | None] = [None] * len(scenario.axes)
    sets = [empty]
    for column, axis in enumerate(scenario.axes):
        sets += [[*empty[:column], bound, *empty[column + 1 :]] for bound in (axis.bounds[0], axis.bounds[-1])]
    return sets


def _outputs(plan: Plan, means: Means) -> tuple[list[tuple[Asked, list[float]]], list[tuple[str, str]]]:
    """What is asked about with its number in each set, and what has none in some set."""
    found, unsupported = [], []
    others = [policy for policy in plan.policies if policy != plan.baseline] or list(plan.policies)
    baseline = plan.baseline if len(plan.policies) > 1 else ""
    for reference in plan.outcomes:
        for cell in (Cell(policy, kind, 0) for policy in others for kind in plan.coin_prices):
            ours = means[reference, cell]
            theirs = means[reference, cell._replace(policy=baseline)] if baseline else [0.0] * len(ours)
            each = [a - b for a, b in zip(ours, theirs, strict=True) if a is not None and b is not None]
            if len(each) == len(ours):
                found.append((Asked(reference, plan.unit(reference), cell.policy, baseline, cell.coin_price), each))
            else:
                missing = f"no number in {len(ours) - len(each)} of {len(ours)} sets"
                unsupported.append((f"{reference} ({cell.policy}, {cell.coin_price})", missing))
    return found, unsupported


def _indices(plan: Plan, asked: Asked, outputs: Sequence[float], seed: int) -> list[Index]:
    estimates = indices.sobol_indices(outputs, len(plan.parameters), seed, plan.confidence)
    none = [None] * 6
    return [
        Index(asked, parameter.path, *(none if estimates is None else estimates[column]))
        for column, parameter in enumerate(plan.parameters)
    ]


def _swings(scenario: Scenario, asked: Asked, outputs: Sequence[float]) -> list[Swing]:
    """The bars, widest first; of equal ones the first of the file."""
    bars = []
    for column, axis in enumerate(scenario.axes):
        low, high = (axis.text(axis.bounds[end]) for end in (0, -1))
        bars.append(Swing(asked, axis.path, low, high, outputs[0], *outputs[1 + 2 * column : 3 + 2 * column]))
    return sorted(bars, key=lambda bar: -bar.width)


def _warnings(plan: Plan, method: str, points: int) -> list[str]:
    told = [*plan.warnings, *solved_warnings(plan)]
    groups = sorted({parameter.group for parameter in plan.parameters if parameter.group})
    if groups:
        told.append(f"groups are left out ({', '.join(groups)}): parameters are moved independently here")
    if method == "sobol" and points < FEW_POINTS:
        told.append(f"{points} points only: intervals of indices are wide below {FEW_POINTS}")
    if plan.per_set == 1:
        told.append("one replication at each point: what its users happen to do counts as part of the answer")
    return told
