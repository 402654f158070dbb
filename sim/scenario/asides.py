"""Runs that a study needs beside its cases: the same policy without shocks. They are told apart by the policy's name."""

from __future__ import annotations

import dataclasses

from sim.records.breaks import NO_SHOCKS
from sim.scenario.keys import case_key
from sim.scenario.scenario import ResolvedCase, Scenario


def suffixes(scenario: Scenario) -> tuple[str, ...]:
    """What follows policies' names in the runs beside the cases."""
    return (NO_SHOCKS,) if scenario.spec.shocks else ()


def asides(scenario: Scenario) -> list[ResolvedCase]:
    """The runs beside the cases: each case once for each suffix."""
    return [_changed(resolved, suffix) for suffix in suffixes(scenario) for resolved in scenario.cases()]


def all_cases(scenario: Scenario) -> list[ResolvedCase]:
    """Cases and the runs beside them."""
    return [*scenario.cases(), *asides(scenario)]


def _changed(resolved: ResolvedCase, suffix: str) -> ResolvedCase:
    before, after = (spec.model_copy(update={"shocks": []}) for spec in (resolved.before, resolved.after))
    case = dataclasses.replace(resolved.case, policy=resolved.case.policy + suffix, key=case_key(before, after))
    return ResolvedCase(case, before, after)
