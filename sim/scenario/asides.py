"""Runs that a study needs beside its cases: without shocks, and from other starts. The policy's name tells them apart."""

from __future__ import annotations

import dataclasses
from typing import Any

from sim.records.breaks import NO_SHOCKS
from sim.scenario.keys import case_key
from sim.scenario.scenario import ResolvedCase, Scenario


def start_suffix(start: str) -> str:
    """What follows a policy's name in runs from another start."""
    return f" (start {start})"


def suffixes(scenario: Scenario) -> tuple[str, ...]:
    """What follows policies' names in the runs beside the cases."""
    return tuple(_changes(scenario))


def asides(scenario: Scenario) -> list[ResolvedCase]:
    """The runs beside the cases: each case once for each suffix."""
    return [
        _changed(resolved, suffix, change)
        for suffix, change in _changes(scenario).items()
        for resolved in scenario.cases()
        if resolved.case.point < scenario.point_count  # joint sets have none beside them
    ]


def all_cases(scenario: Scenario) -> list[ResolvedCase]:
    """Cases and the runs beside them."""
    return [*scenario.cases(), *asides(scenario)]


def _changes(scenario: Scenario) -> dict[str, dict[str, Any]]:
    """What differs in the runs beside the cases, by suffix."""
    found: dict[str, dict[str, Any]] = {NO_SHOCKS: {"shocks": []}} if scenario.spec.shocks else {}
    initial = scenario.spec.initial
    for start in initial.alternatives or ():
        found[start_suffix(start)] = {"initial": initial.model_copy(update={"alternatives": None, "scale": start})}
    return found


def _changed(resolved: ResolvedCase, suffix: str, change: dict[str, Any]) -> ResolvedCase:
    before, after = (spec.model_copy(update=change) for spec in (resolved.before, resolved.after))
    case = dataclasses.replace(resolved.case, policy=resolved.case.policy + suffix, key=case_key(before, after))
    return ResolvedCase(case, before, after)
