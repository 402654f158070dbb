"""Which value holds when, for values that dates change: the steps of rows for `infermint explain`.

Three things date a value: a map of days in the file, a schedule of `supply` whose days cut it (a halving, a window), and a
policy, which acts from `policies_from` on.
"""

from __future__ import annotations

import dataclasses
import datetime
import itertools
import math
from collections.abc import Iterator, Mapping

from sim.scenario.rows import Source, Step
from sim.scenario.spec import Spec
from sim.tokenomics.supply import DAY_PS, Supply
from sim.units import PS_PER_S, Dated, ps

Steps = tuple[Step, ...]
PAYS = ("initial", "total")
"""Keys of a schedule that say how much it pays: its course is told at the one that is given."""


def policies_from(spec: Spec) -> datetime.date:
    """The instant from which policies differ: the start of the first epoch at `policies_from` or after it."""
    return _instant(spec, math.ceil(ps(spec.policies_from) / ps(spec.epoch)) * ps(spec.epoch))


def with_courses(spec: Spec, found: Mapping[str, Source]) -> dict[str, Source]:
    """Rows by path; where days cut a schedule of `supply`, the row of what it pays has the steps of its course."""
    told = dict(found)
    for path, supply in _schedules(spec):
        at = next((f"{path}.{key}" for key in PAYS if f"{path}.{key}" in told), "")
        steps = _course(spec, supply, path, told) if at else ()
        if len(steps) > 1:
            told[at] = dataclasses.replace(told[at], steps=steps)
    return told


def joined(before: Source, after: Source, spec: Spec) -> Steps:
    """What holds of a value that a policy changes: the steps before `policies_from`, then the policy's."""
    at, old, new = policies_from(spec), _steps(before, spec.start), _steps(after, spec.start)
    running = sum(_sooner(step.begins, at) or step.begins == at for step in new)
    begun = dataclasses.replace(new[max(running - 1, 0)], begins=at)
    return _merged((*(step for step in old if _sooner(step.begins, at)), begun, *new[max(running, 1) :]))


def _steps(row: Source, start: datetime.date) -> Steps:
    """The steps of a row; of one that nothing dates, its value from the start on."""
    return row.steps or (Step(start, row.text, row.where, row.source, row.date, row.flag),)


def _schedules(spec: Spec) -> Iterator[tuple[str, Supply]]:
    """Schedules with the paths of their blocks, parts of sums included."""
    for name, network in spec.networks.items():
        supply = getattr(network, "supply", None)
        if supply is not None:
            path = f"networks.{name}.supply"
            parts = getattr(supply, "parts", {})
            yield from ((f"{path}.parts.{part}", block) for part, block in parts.items())
            yield path, supply


def _course(spec: Spec, supply: Supply, path: str, found: Mapping[str, Source]) -> Steps:
    """The steps of a schedule. Where its keys are dated, each day's schedule is in force until the next."""
    end_ps = ps(spec.horizon)
    days = {day for value in (getattr(supply, key) for key in type(supply).model_fields) for day in _days(value)}
    cuts = [0, *sorted(at for at in ((day - spec.start).days * DAY_PS for day in days) if 0 < at < end_ps), end_ps]
    steps: list[Step] = []
    for begins_ps, over_ps in itertools.pairwise(cuts):
        turns = supply.at(_instant(spec, begins_ps)).course(spec.start, over_ps)
        running = sum(turn.begins_ps <= begins_ps for turn in turns)
        for turn in turns[max(running - 1, 0) :]:
            row = found.get(f"{path}.{turn.why}")
            told = (row.where, row.source, row.date, row.flag) if row is not None else ()
            steps.append(Step(_instant(spec, max(turn.begins_ps, begins_ps)), turn.text, *told))
    return _merged(tuple(steps))


def _merged(steps: Steps) -> Steps:
    """Steps without those at which nothing changes."""
    return tuple(step for place, step in enumerate(steps) if not place or step.text != steps[place - 1].text)


def _days(value: object) -> Iterator[datetime.date]:
    if isinstance(value, Dated):
        yield from (day for day, _ in value.steps)


def _instant(spec: Spec, at_ps: int) -> datetime.date:
    """A day, or the minute within it."""
    days, rest = divmod(at_ps, DAY_PS)
    day = spec.start + datetime.timedelta(days=days)
    return (
        day
        if rest == 0
        else datetime.datetime.combine(day, datetime.time()) + datetime.timedelta(seconds=rest // PS_PER_S)
    )


def _sooner(one: datetime.date, other: datetime.date) -> bool:
    """Order of days and of instants within them, whichever each is."""
    return one.isoformat() < other.isoformat()
