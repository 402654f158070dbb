"""What broke first, when, and in how many replications; and when what a shock moved was back."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from sim.records.breaks import CALM_DAYS, FEW, NEAR, RECOVERS, RULES, WIDEST, Break, Recovery, Rule
from sim.records.run import Number, RunRecord
from sim.study import statistics
from sim.study.plan import Cell, Plan
from sim.units import DAY_S

Runs = Mapping[Cell, Sequence[RunRecord]]
_NEVER = float("inf")


def broken(plan: Plan, runs: Runs) -> tuple[list[Break], list[Recovery]]:
    """Every rule and every way back, by case and network; empty without shocks."""
    if plan.shock_from_s is None:
        return [], []
    breaks: list[Break] = []
    ways: list[Recovery] = []
    for cell in plan.cells():
        records, twins = runs[cell], runs[plan.twin(cell)]
        for network in plan.networks:
            breaks += _of_network(plan, cell, network, records, twins)
            found = [_way_back(plan, cell, f"{network}.{name}", records, twins) for name in RECOVERS]
            ways += [one for one in found if one is not None]
    return breaks, ways


def _of_network(
    plan: Plan, cell: Cell, network: str, records: Sequence[RunRecord], twins: Sequence[RunRecord]
) -> list[Break]:
    times = {rule.name: [when(plan, rule, network, record) for record in records] for rule in RULES}
    times = {name: found for name, found in times.items() if any(one is not None for one in found)}
    rules = [rule for rule in RULES if rule.name in times]
    calm = {rule.name: [when(plan, rule, network, twin) for twin in twins] for rule in rules}
    own = {
        rule.name: [_of_the_shock(*pair) for pair in zip(times[rule.name], calm[rule.name], strict=True)]
        for rule in rules
        if (network, rule.outcome) not in plan.struck
    }
    leads = [_leader({name: found[r] for name, found in own.items()}) for r in range(len(records))]
    limit = (plan.horizon_s - (plan.shock_from_s or 0.0)) / DAY_S
    made = []
    for rule in rules:
        days = [None if one is None or one == _NEVER else one for one in times[rule.name]]
        n = sum(one is not None for one in times[rule.name])
        reached = sum(one is not None for one in days)
        low, high = statistics.wilson(reached, n, plan.confidence)
        able = [one for one, time in zip(days, times[rule.name], strict=True) if time is not None]
        made.append(
            Break(
                rule.name, network, rule.outcome, limit_words(rule), *cell, n, reached, low, high,
                sum(lead == rule.name for lead in leads),
                statistics.mean(statistics.restricted(able, limit)), days,
                sum(one is not None and one < _NEVER for one in calm[rule.name]),
                (network, rule.outcome) in plan.struck, too_few(n, low, high),
            )
        )  # fmt: skip
    return made


def _of_the_shock(time: float | None, twin: float | None) -> float | None:
    """The time of a break that the same seed without the shock does not have, or has later; infinity for one that it has too."""
    return _NEVER if time is not None and twin is not None and twin <= time else time


def _leader(times: Mapping[str, float | None]) -> str | None:
    """The rule that broke first; of several at once the first of the table."""
    broke = {name: time for name, time in times.items() if time is not None and time < _NEVER}
    return min(broke, key=lambda name: broke[name]) if broke else None


def too_few(n: int, low: float, high: float) -> str:
    """Empty, or why a share of n replications with its Wilson interval is not to be read."""
    if n < FEW:
        return f"too few runs ({n}, fewer than {FEW})"
    return f"too few runs (the interval spans {100 * (high - low):.0f} pp)" if high - low > WIDEST else ""


def limit_words(rule: Rule) -> str:
    """`below 50 % of its value before, for 90 days on end and at the horizon`."""
    text = f"{rule.side} {100 * rule.limit:g} %" + (" of its value before" if rule.relative else "")
    if rule.days:
        text += f", for {rule.days:g} days on end"
    return text + (" and at the horizon" if rule.to_the_end else "")


def when(plan: Plan, rule: Rule, network: str, record: RunRecord) -> float | None:
    """Days from the shock to the break; infinity where it does not break, None where the rule cannot be asked.

    That is so where the run has no such outcome, nothing was measured before the shock, or it was broken then.
    """
    begin_s = plan.shock_from_s or 0.0
    ends, values = record.epoch_end_s, _filled(record.series.get(f"{network}.{rule.outcome}"))
    before = [value for end, value in zip(ends, values, strict=False) if end <= begin_s and value is not None]
    if not before:
        return None
    limit = rule.limit * before[-1] if rule.relative else rule.limit

    def wrong(value: Number) -> bool:
        return value is not None and (value < limit if rule.side == "below" else value > limit)

    if wrong(before[-1]):
        return None
    return _spell(
        rule, [(end, wrong(value)) for end, value in zip(ends, values, strict=True) if end > begin_s], begin_s
    )


def _spell(rule: Rule, told: Sequence[tuple[float, bool]], begin_s: float) -> float:
    """Days to the first spell of wrong epochs that lasts as long as the rule asks."""
    last = begin_s
    for is_wrong, group in itertools.groupby(told, key=lambda pair: pair[1]):
        epochs = [end for end, _ in group]
        lasts = (epochs[-1] - last) / DAY_S >= rule.days
        if is_wrong and lasts and (not rule.to_the_end or epochs[-1] == told[-1][0]):
            return (epochs[0] - begin_s) / DAY_S
        last = epochs[-1]
    return _NEVER


def _filled(series: Sequence[Number] | None) -> list[Number]:
    """A series in which the last measured value stands where none was measured."""
    found: list[Number] = []
    for value in series or ():
        found.append(value if value is not None else found[-1] if found else None)
    return found


def _way_back(
    plan: Plan, cell: Cell, name: str, records: Sequence[RunRecord], twins: Sequence[RunRecord]
) -> Recovery | None:
    begin_s, n = plan.shock_from_s or 0.0, len(records)
    if any(name not in run.series for run in (*records, *twins)):
        return None
    found = [
        back(begin_s, one.epoch_end_s, one.series[name], twin.series[name])
        for one, twin in zip(records, twins, strict=True)
    ]
    moved = [None if days == _NEVER else days for days in found if days is not None]
    network, _, outcome = name.partition(".")
    apart = [gaps(begin_s, one, twin, name) for one, twin in zip(records, twins, strict=True)]
    further = beside(apart, plan.confidence) if all(apart) else {}
    if not moved:
        return Recovery(network, outcome, *cell, n, 0, 0, None, None, None, **further)
    reached = sum(days is not None for days in moved)
    low, high = statistics.wilson(reached, len(moved), plan.confidence)
    mean = statistics.mean(statistics.restricted(moved, (plan.horizon_s - begin_s) / DAY_S))
    return Recovery(
        network, outcome, *cell, n, len(moved), reached, low, high, mean, too_few(len(moved), low, high), **further
    )


def gaps(begin_s: float, one: RunRecord, twin: RunRecord, name: str) -> list[float]:
    """How far a run lies from its twin after the shock, epoch by epoch, as a part of the twin's value where that is above 0."""
    ours, theirs = _known(one.series[name]), _known(twin.series[name])
    told = zip(one.epoch_end_s, ours, theirs, strict=True)
    return [a / b - 1 for end, a, b in told if end > begin_s and b > 0]


def beside(apart: Sequence[Sequence[float]], confidence: float) -> dict[str, Any]:
    """Where runs fell to at most, and where they stand at the horizon, beside their twins."""
    end = statistics.mean_interval([each[-1] for each in apart], confidence)
    lowest = statistics.mean([min(0.0, *each) for each in apart])
    return {"lowest": lowest, "at_end": end.mean, "at_end_low": end.low, "at_end_high": end.high}


def back(begin_s: float, ends: Sequence[float], hit: Sequence[Number], twin: Sequence[Number]) -> float | None:
    """Days from the shock to the first of `CALM_DAYS` within `NEAR` of the twin; infinity if never, None if it never left."""
    begins = [0.0, *ends[:-1]]
    near = [abs(a - b) <= NEAR * abs(b) for a, b in zip(_known(hit), _known(twin), strict=True)]
    away = next((i for i, is_near in enumerate(near) if ends[i] > begin_s and not is_near), None)
    if away is None:
        return None
    start = None
    for i in range(away, len(ends)):
        start = None if not near[i] else begins[i] if start is None else start
        if start is not None and (ends[i] - start) / DAY_S >= CALM_DAYS:
            return (start - begin_s) / DAY_S
    return _NEVER


def _known(series: Sequence[Number]) -> list[float]:
    return [value if value is not None else 0.0 for value in _filled(series)]
