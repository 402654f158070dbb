"""Replications until the means are known as well as asked for: looks at a growing number of them, from 20 on.

A look at n replications stops the study where the half-width of the t interval of every outcome, in every case, is at most
the asked share of its mean (Law, A. M. & Kelton, W. D., *Simulation Modeling and Analysis*, section 9.4.1, procedure for a
relative error). Otherwise the next look has as many as the widest one needs by its spread, at most twice as many and at
least one more.

Looking often costs coverage: intervals are told where they happen to be narrow. From 20 replications on the loss is small,
from 3 it is not (measured in `docs/coverage.md`), so a study starts at 20 whatever is asked for.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sim.errors import ScenarioError
from sim.records.study import StudyRecord, Summary
from sim.scenario import Scenario
from sim.study.plan import Plan
from sim.study.planning import plan_of
from sim.study.run import How, author_of, run_as
from sim.study.statistics import half_width
from sim.study.verdicts import default_family

FIRST = 20
"""Replications of the first look."""
MOST = 1000
"""Replications that a study has at most, unless it says otherwise (a budget, no statistic)."""


@dataclasses.dataclass(frozen=True)
class Until:
    """Half-widths of at most `relative` of the means (above 0, below 1), and never more than `at_most` replications."""

    relative: float
    at_most: int = MOST

    def __post_init__(self) -> None:
        if not 0 < self.relative < 1:
            raise ScenarioError(
                f"until a relative half-width of {self.relative:g}; must be above 0 and below 1, for example 2%"
            )
        if self.at_most < FIRST:
            raise ScenarioError(
                f"at most {self.at_most} replications found; must be at least {FIRST}: looks begin there"
            )


def relative_half_width(summary: Summary, confidence: float) -> float | None:
    """Half-width of the t interval over the absolute mean: 0 where all values are equal, infinite around a mean of 0; None for no number."""
    if summary.mean is None or summary.sd is None:
        return None
    if summary.sd == 0:
        return 0.0
    return half_width(summary.sd, summary.n, confidence) / abs(summary.mean) if summary.mean else math.inf


def next_look(n: int, widest: float, until: Until) -> int:
    """Replications of the look after one at n: half-widths fall with the square root of their number."""
    wanted = n * min(4.0, (widest / until.relative) ** 2)
    return min(until.at_most, max(n + 1, min(2 * n, math.ceil(wanted))))


def run_until(
    scenario: Scenario,
    store_path: str | Path,
    until: Until,
    policies: Sequence[str] | None = None,
    tell: Callable[[str], None] | None = None,
    engine: str = "fast",
    **how: Any,
) -> StudyRecord:
    """The study with as many replications as `until` asks for; it resumes as any other.

    The rule goes over the declared outcomes (the default ones where none are declared) that have a number, and its looks stand
    in the record's method. `tell` hears a line a look; `how` is `run`'s `jobs`, `fresh`, `progress` and `simulate`. Raises
    `ScenarioError` where no outcome has a number, and what `run` raises.
    """
    means = How(author_of(engine, how.get("simulate")), engine=engine, **how)
    n, looks = FIRST, []
    while True:
        looks.append(n)
        record = run_as(scenario, store_path, means, n, policies)
        means = dataclasses.replace(means, fresh=False)
        widest, which = _widest(plan_of(scenario, n, policies), record)
        if widest <= until.relative or n >= until.at_most:
            break
        if tell is not None:
            tell(f"{n} replications: {which} is known to {widest:.2%} of its mean, {until.relative:.2%} asked for")
        n = next_look(n, widest, until)
    told = _said(looks, until, widest, which, record.confidence)
    return run_as(scenario, store_path, means, n, policies, stopping=told)


def _widest(plan: Plan, record: StudyRecord) -> tuple[float, str]:
    names = plan.outcomes or default_family(plan)
    widths = [
        (width, f"{one.outcome} ({one.policy}, {one.coin_price}{f', point {one.point}' if one.point else ''})")
        for one in record.outcomes
        if one.outcome in names and (width := relative_half_width(one, plan.confidence)) is not None
    ]
    if not widths:
        raise ScenarioError("no declared outcome has a number: there is nothing to stop by")
    return max(widths, key=lambda each: each[0])


def _said(looks: Sequence[int], until: Until, widest: float, which: str, confidence: float) -> str:
    reached = widest <= until.relative
    what = f"looked at {', '.join(map(str, looks))} replications until {confidence:.0%} half-widths are at most {until.relative:.2%} of the means"
    widest_told = "unknown (its mean is 0)" if math.isinf(widest) else f"{widest:.2%}"
    return f"{what}; {'reached' if reached else f'not reached with at most {until.at_most}'}: the widest is {which}, {widest_told}"
