"""From the records of runs to the record of the study. A pure function: the same runs in any order give the same bytes."""

from __future__ import annotations

import platform
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from sim.records.histogram import bucket_floors
from sim.records.outcomes import OUTCOMES, split_name
from sim.records.run import MODEL_REVISION, RunRecord
from sim.records.study import Band, Histogram, PolicyFlows, StudyRecord, Summary
from sim.study import statistics
from sim.study.checks import run_checks
from sim.study.plan import Cell, Plan
from sim.study.sentences import sentences
from sim.study.values import Values, base_name, by_cell, require_known, within_range
from sim.study.verdicts import family, needed_references, verdicts
from sim.units import PS_PER_S

MOST_POINTS = 200
"""Points of a band; a longer series is thinned evenly, its first and last epoch kept."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
FEW = 10
"""With fewer replications than this, a warning says that intervals are rough."""

HELD_FIXED = (
    "potential users and their draws: arrivals, lengths, marks",
    "hardware lives by node slot",
    "operators' cost draws",
    "outside rents",
    "innovations of the coin price (not its path)",
    "the state in which the policies start (common run-in)",
)
NOT_FIXED = ("who enters and leaves", "prices", "demand")

Runs = Mapping[Cell, Sequence[RunRecord]]


def summarise(plan: Plan, runs: Runs) -> StudyRecord:
    """The record of a study whose runs are all there: `runs[cell]` in order of replication, 0 first.

    Raises `ScenarioError` for outcomes that cannot be and `InvariantError` for numbers that are not finite.
    """
    carried = _carried(runs)
    outcomes = family(plan, carried)
    references = [*outcomes, *(check.outcome for check in plan.checks)]
    for reference in references:
        require_known(plan, reference)
    table = by_cell(plan, runs, list(dict.fromkeys([*carried, *needed_references(plan, references)])))
    judged = verdicts(plan, outcomes, table)
    summaries = [_summary(plan, reference, cell, values) for (reference, cell), values in table.items()]
    return StudyRecord(
        name=plan.name,
        scenario_file=plan.scenario_file,
        scenario_hash=plan.scenario_hash,
        scenario_resolved=plan.scenario_resolved,
        start=plan.start.isoformat(),
        horizon_s=plan.horizon_s,
        epoch_s=plan.epoch_s,
        policies_from_s=plan.policies_from_s,
        estimand=plan.estimand,
        requests_mode=plan.requests_mode,
        policies=list(plan.policies),
        baseline=plan.baseline,
        coin_prices=list(plan.coin_prices),
        points=[dict(point) for point in plan.points],
        replications=plan.replications,
        root_seed=plan.root_seed,
        confidence=plan.confidence,
        outcomes=summaries,
        verdicts=judged,
        bands=[band for cell in plan.cells() for band in _bands(plan, cell, runs[cell])],
        histograms=[histogram for cell in plan.cells() for histogram in _histograms(plan, cell, runs[cell])],
        operators=[row for cell in plan.cells() for row in _operators(cell, runs[cell])],
        flows=[PolicyFlows(*cell, rows=list(runs[cell][0].flows), residuals=dict(runs[cell][0].residuals)) for cell in plan.cells()],
        checks=run_checks(plan, table),
        changes=list(plan.changes),
        assumptions=list(plan.assumptions),
        held_fixed=list(HELD_FIXED),
        not_fixed=list(NOT_FIXED),
        method=_method(plan),
        warnings=_warnings(plan, runs),
        counts=_counts(runs),
        sentences=sentences(plan, judged, [summary for name in outcomes for summary in summaries if summary.outcome == name]),
    )


def _carried(runs: Runs) -> list[str]:
    """Every `network.outcome` that any run knows of, in the order of the outcome table, then by network."""
    names = {base_name(name) for records in runs.values() for r in records for name in (*r.outcomes, *r.times, *r.unsupported)}
    place = {name: index for index, name in enumerate(OUTCOMES)}
    known = [name for name in names if split_name(name)[1] in place]
    return sorted(known, key=lambda name: (place[split_name(name)[1]], name))


def _summary(plan: Plan, reference: str, cell: Cell, values: Values) -> Summary:
    numbers = values.complete
    n = len(values.numbers)
    if numbers is None:
        return Summary(reference, plan.unit(reference), *cell, n, None, None, None, None, list(values.numbers), reason=values.reason)
    found = within_range(reference, statistics.mean_interval(numbers, plan.confidence))
    low, high = (None, None) if values.reached is None else statistics.wilson(values.reached, n, plan.confidence)
    return Summary(
        reference, plan.unit(reference), *cell, n, found.mean, found.low, found.high, found.sd, list(numbers),
        reached=values.reached, reached_low=low, reached_high=high,
    )  # fmt: skip


def _bands(plan: Plan, cell: Cell, records: Sequence[RunRecord]) -> list[Band]:
    ends = records[0].epoch_end_s
    made = []
    for name in sorted({name for record in records for name in record.series}):
        rows = np.array([record.series.get(name, [None] * len(ends)) for record in records], float)
        kept = _thinned(np.flatnonzero(~np.isnan(rows).all(axis=0)))
        if len(kept):
            time_s = [ends[index] for index in kept]
            made.append(Band(base_name(name), plan.unit(base_name(name)), *cell, time_s, *_quantiles(rows[:, kept])))
    return made


def _thinned(indices: np.ndarray) -> np.ndarray:
    if len(indices) <= MOST_POINTS:
        return indices
    places = np.linspace(0, len(indices) - 1, MOST_POINTS).round().astype(int)
    return np.asarray(indices[places])


def _quantiles(rows: np.ndarray) -> list[list[float | None]]:
    """Five lists over the epochs, of the replications that measured the epoch (NaN where one did not)."""
    found = np.empty((len(QUANTILES), rows.shape[1]))
    whole = ~np.isnan(rows).any(axis=0)
    found[:, whole] = np.quantile(rows[:, whole], QUANTILES, axis=0)
    for column in np.flatnonzero(~whole):
        present = rows[~np.isnan(rows[:, column]), column]
        found[:, column] = np.quantile(present, QUANTILES)
    # Bands are drawn, never compared: nine digits keep the record small.
    return [[float(f"{value:.9g}") for value in row] for row in found]


def _histograms(plan: Plan, cell: Cell, records: Sequence[RunRecord]) -> list[Histogram]:
    made = []
    for name in sorted({name for record in records for name in record.histograms}):
        merged: Counter[int] = Counter()
        for record in records:
            for bucket, count in record.histograms.get(name, []):
                merged[bucket] += count
        network, _, metric = name.partition(".")
        buckets = np.array(sorted(bucket for bucket, count in merged.items() if count), np.int64)
        edges = zip(bucket_floors(buckets).tolist(), bucket_floors(buckets + 1).tolist(), buckets.tolist(), strict=True)
        bins = [[low / PS_PER_S, high / PS_PER_S, merged[bucket]] for low, high, bucket in edges]
        made.append(Histogram(network, metric, *cell, bins, plan.slo_s.get(metric)))
    return made


def _operators(cell: Cell, records: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """Means over replications of every number, rows told apart by what is text."""
    groups: defaultdict[tuple[tuple[str, str], ...], list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        for row in record.operators:
            groups[tuple((name, value) for name, value in row.items() if isinstance(value, str))].append(row)
    return [_operator_row(cell, dict(texts), rows) for texts, rows in groups.items()]


def _operator_row(cell: Cell, texts: dict[str, str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {**cell._asdict(), **texts, "replications": len(rows)}
    for name in dict.fromkeys(name for row in rows for name in row if name not in texts):
        numbers = [row[name] for row in rows if row.get(name) is not None]
        made[name] = statistics.mean(statistics.finite(numbers, f"operators' {name}")) if len(numbers) == len(rows) else None
    return made


def _method(plan: Plan) -> dict[str, str]:
    return {
        "replications": str(plan.replications),
        "seeds": f"root {plan.root_seed}, replications 0 to {plan.replications - 1}; policies meet the same users",
        "interval": f"two-sided t, {plan.confidence:.0%}, over replications; it tells the noise of the simulation, not what is unknown about parameters",
        "difference": "paired by replication; Holm over all declared comparisons",
        "band": "quantiles over replications (5, 25, 50, 75, 95 %)",
        "model revision": str(MODEL_REVISION),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        **versions(),
    }


def versions() -> dict[str, str]:
    """Versions of what numbers depend on."""
    found = {}
    for name in ("infermint", "numpy", "numba", "scipy", "simpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _warnings(plan: Plan, runs: Runs) -> list[str]:
    told = list(plan.warnings)
    if plan.replications < FEW:
        told.append(f"{plan.replications} replication{'s' if plan.replications > 1 else ''} only: intervals are rough below {FEW}")
    if plan.baseline not in plan.policies:
        told.append(f"the baseline {plan.baseline} is not among the policies that ran: no differences are told")
    for cell in plan.cells():
        told += [f"{cell.policy}: {note}" if len(plan.policies) > 1 else note for record in runs[cell] for note in record.notes]
    return list(dict.fromkeys(told))


def _counts(runs: Runs) -> dict[str, int]:
    total: Counter[str] = Counter()
    for records in runs.values():
        total["runs"] += len(records)
        for record in records:
            total.update(record.counts)
    return dict(sorted(total.items()))
