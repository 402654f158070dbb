"""Whether outcomes moved since they were accepted: each against its baseline, by the interval of the change and a band.

====================  ==========================================================================================
same                  equal to the last digit, or the interval of the change lies inside the band
moved                 the interval lies wholly outside the band, and Holm's p over all that changed is below 1 - confidence;
                      or there was a number and is none, or the other way round
undecided             anything else: more replications would tell
new / gone            the baseline does not have it / the study does not
====================  ==========================================================================================

The band is the outcome's zone of indifference (`compare.indifferent`). With the baseline's root seed both sides meet the same
users in the same replication, and the change is paired; otherwise it is Welch's. A fixed tolerance cannot tell noise from a
shift, and intervals that overlap hide one.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.records.baseline import Baseline, Row, row_of
from sim.records.regression import Change, Regression, State, ValueChange
from sim.records.study import CheckResult, StudyRecord, Summary
from sim.scenario import Scenario
from sim.study import statistics
from sim.study.inputs import environment, inputs_digest, presets_of, values_of
from sim.study.plan import Plan, Zone
from sim.study.statistics import Paired
from sim.study.verdicts import default_family

FEWEST = 4
"""Replications of the first look at least."""


def baseline_of(
    scenario: Scenario, plan: Plan, record: StudyRecord, because: str, plugins: Sequence[Path] = ()
) -> Baseline:
    """What is accepted: every declared outcome of a study's record."""
    return Baseline(
        scenario=plan.name,
        because=because,
        inputs=inputs_digest(scenario, plan, plugins),
        versions=environment(),
        root_seed=plan.root_seed,
        replications=plan.replications,
        values=values_of(scenario),
        presets=presets_of(scenario),
        checks=[dataclasses.asdict(dataclasses.replace(check, file="", line=0)) for check in record.checks],
        outcomes=rows_of(plan, record),
    )


def rows_of(plan: Plan, record: StudyRecord) -> list[Row]:
    """The declared outcomes of a record (or the default family), by policy, kind of coin price, point and outcome."""
    family = list(plan.outcomes) or default_family(plan)
    found = {(s.policy, s.coin_price, s.point, s.outcome): s for s in record.outcomes}
    keys = [(*cell, name) for cell in plan.cells() for name in family if (*cell, name) in found]
    return [summary_row(plan.points, found[key]) for key in keys]


def summary_row(points: Sequence[Mapping[str, str]], summary: Summary) -> Row:
    """A summary as a baseline keeps it; `points` are the study's, by path."""
    point = ", ".join(f"{path}={value}" for path, value in points[summary.point].items())
    key = (summary.policy, summary.coin_price, point, summary.outcome)
    return row_of(key, summary.unit, summary.mean, summary.values)


def untouched(before: Baseline, name: str) -> Regression:
    """What is told where inputs are equal: every outcome and check is what it was."""
    changes = [Change(row, "same", row.mean, row.mean, 0.0, n=len(row.values)) for row in before.outcomes]
    checks = [CheckResult(**check) for check in before.checks]
    return Regression(before.scenario, name, changes, [], [], checks, before.replications, by_digest=True)


def compare(
    before: Baseline, name: str, scenario: Scenario, plan: Plan, record: StudyRecord, looks: int = 1
) -> Regression:
    """A study's record beside the baseline of that file name; errors are shared among so many `looks`."""
    now = {row.key: row for row in rows_of(plan, record)}
    known = {row.key: row for row in before.outcomes}
    confidence = 1 - (1 - plan.confidence) / looks
    pairs = [(known[key], row) for key, row in now.items() if key in known]
    judged = iter(judge_rows(plan.zone, pairs, before.root_seed == plan.root_seed, confidence))
    changes = [next(judged) if key in known else Change(row, "new", after=row.mean) for key, row in now.items()]
    changes += [Change(row, "gone", before=row.mean) for key, row in known.items() if key not in now]
    return Regression(
        before.scenario, name, changes, value_changes(before.values, scenario), _others(before, scenario, plan),
        list(record.checks), plan.replications,
    )  # fmt: skip


def judge_rows(
    zone: Callable[[str], Zone], pairs: Sequence[tuple[Row, Row]], same_users: bool, confidence: float
) -> list[Change]:
    """Each outcome (before, now) beside the band `zone(outcome)`, by the rules in the head of this module."""
    found = [_difference(old, new, same_users, confidence) for old, new in pairs]
    ps = [
        None if one is None or old.digest == new.digest else one.p for one, (old, new) in zip(found, pairs, strict=True)
    ]
    tests = sum(p is not None for p in ps)
    return [
        _change(zone, old, new, one, p, tests, confidence)
        for (old, new), one, p in zip(pairs, found, statistics.holm(ps), strict=True)
    ]


def _difference(old: Row, new: Row, same_users: bool, confidence: float) -> Paired | None:
    """The change, or None where either side has a replication without a number."""
    theirs = [value for value in old.values if value is not None]
    # Values of the baseline are rounded: so are ours, lest rounding be told as a change.
    ours = [value for value in new.values if value is not None]
    if len(theirs) < len(old.values) or len(ours) < len(new.values) or not theirs or not ours:
        return None
    if not same_users:
        return statistics.unpaired(ours, theirs, confidence)
    n = min(len(ours), len(theirs))
    return statistics.paired(ours[:n], theirs[:n], confidence)


def _change(
    zone: Callable[[str], Zone],
    old: Row,
    new: Row,
    found: Paired | None,
    p_holm: float | None,
    tests: int,
    confidence: float,
) -> Change:
    if old.digest == new.digest:
        return Change(new, "same", old.mean, new.mean, 0.0, n=len(new.values), why="equal to the last digit")
    if found is None:
        had, has = old.mean is not None, new.mean is not None
        why = (
            "had a number, has none"
            if had and not has
            else "had no number, has one"
            if has and not had
            else "no number"
        )
        return Change(new, "same" if had == has else "moved", old.mean, new.mean, n=len(new.values), why=why)
    band = zone(new.outcome).half_width(found.baseline_mean)
    judged = statistics.judge(found, band, "none", p_holm, tests, confidence)
    states: Mapping[str, State] = {"no difference": "same", "higher": "moved", "lower": "moved"}
    return Change(
        new, states.get(judged.word, "undecided"), found.baseline_mean, found.policy_mean, found.difference, found.low,
        found.high, band, found.n, judged.why.replace("the zone's edge", "the band's edge"), judged.needed,
    )  # fmt: skip


def value_changes(old: Mapping[str, str], scenario: Scenario) -> list[ValueChange]:
    """Values of the scenario's own files that differ from what they were, by path, with their place where they have one."""
    new = values_of(scenario)
    paths = [path for path in sorted({*old, *new}) if old.get(path) != new.get(path)]
    places = [scenario.sources.get(path) for path in paths]
    return [
        ValueChange(path, old.get(path, ""), new.get(path, ""), *((row.file, row.line) if row and path in new else ()))
        for path, row in zip(paths, places, strict=True)
    ]


def _others(before: Baseline, scenario: Scenario, plan: Plan) -> list[str]:
    told = [f"{name} {old} -> {new}" for name, old, new in _differing(before.versions, environment())]
    for name, old, new in _differing(before.presets, presets_of(scenario)):
        told.append(f"preset {name} {'added' if old == 'none' else 'dropped' if new == 'none' else 'changed'}")
    if before.root_seed != plan.root_seed:
        told.append(f"root seed {before.root_seed} -> {plan.root_seed}: other users, so changes are not paired")
    return told


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(k, old.get(k, "none"), new.get(k, "none")) for k in sorted({*old, *new}) if old.get(k) != new.get(k)]


def looks_of(replications: int, sequential: bool) -> list[int]:
    """Replications at which a check looks: all, or with `sequential` a quarter, a half (at least `FEWEST`) and all."""
    if not sequential:
        return [replications]
    parts = [max(FEWEST, math.ceil(replications * part / 4)) for part in (1, 2)]
    return sorted({min(part, replications) for part in (*parts, replications)})
