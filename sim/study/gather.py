"""What the replications of one case say together, before any case is compared with another.

Each cell is read once and let go, so that a study of many cases never holds more than one case's runs in memory.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from sim.records.histogram import bucket_floors
from sim.records.outcomes import OUTCOMES
from sim.records.run import RunRecord, bucket_usd
from sim.records.study import Band, BreakEven, Histogram, Lorenz, PolicyFlows, Warmup
from sim.study import statistics
from sim.study.batches import BatchMeans, long_runs
from sim.study.plan import Cell, Plan
from sim.study.values import Values, base_name, values_of
from sim.study.warmup import warmups
from sim.study.windows import measured
from sim.units import PS_PER_S

MOST_POINTS = 200
"""Points of a band; a longer series is thinned evenly, its first and last epoch kept."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclasses.dataclass(frozen=True)
class Gathered:
    """One cell: values of every outcome by reference, and what is drawn or listed of it."""

    values: dict[str, Values]
    bands: list[Band]
    histograms: list[Histogram]
    operators: list[dict[str, Any]]
    classes: list[dict[str, Any]]
    flows: PolicyFlows
    counts: Counter[str]
    notes: list[str]
    warmups: list[Warmup]
    lorenz: list[Lorenz]
    break_evens: list[BreakEven]
    batches: dict[str, BatchMeans]
    """For one long run: batch means of its outcomes by reference."""
    measured: dict[str, np.ndarray | None]
    """Numbers of the measured epochs of each outcome asked for (`sim.study.windows`)."""


def gather(plan: Plan, cell: Cell, records: Sequence[RunRecord], references: Iterable[str]) -> Gathered:
    """A cell's runs, in order of replication; `references` are asked for beside what the runs carry.

    Raises `InvariantError` for a number that is not finite.
    """
    references = list(references)
    carried = {base_name(name) for record in records for name in (*record.outcomes, *record.times, *record.unsupported)}
    counts = Counter(runs=len(records))
    for record in records:
        counts.update(record.counts)
    return Gathered(
        values={name: values_of(plan, records, name) for name in sorted({*carried, *references})},
        bands=_bands(plan, cell, records),
        histograms=_histograms(plan, cell, records),
        operators=_rows(cell, [record.operators for record in records], "operators'"),
        classes=_rows(cell, [record.classes for record in records], "client classes'"),
        flows=PolicyFlows(*cell, rows=list(records[0].flows), residuals=dict(records[0].residuals)),
        counts=counts,
        measured={name: measured(plan, records, name) for name in sorted(references)},
        notes=list(dict.fromkeys([*(note for record in records for note in record.notes), *_from_before(records)])),
        warmups=warmups(plan, cell, records, plan.outcomes or list(references)),
        lorenz=_lorenz(cell, records),
        break_evens=_break_evens(cell, records),
        batches=long_runs(plan, records, sorted({*carried, *references})),
    )


def _from_before(records: Sequence[RunRecord]) -> list[str]:
    """What is to be said of runs that measured latencies and keep none by epoch, as stores hold from before they did."""
    lack = any(record.histograms and not any(map(_is_quantile, record.series)) for record in records)
    return [OLDER] if lack else []


OLDER = (
    "runs in the store from before latency quantiles were kept by epoch: what windows add to the doubt about them is not told; "
    "`infermint run --fresh` makes them anew"
)


def _is_quantile(name: str) -> bool:
    outcome = OUTCOMES.get(name.rpartition(".")[2])
    return outcome is not None and outcome.aggregation == "quantile"


def _bands(plan: Plan, cell: Cell, records: Sequence[RunRecord]) -> list[Band]:
    ends = records[0].epoch_end_s
    made = []
    for name in sorted({name for record in records for name in record.series}):
        if _is_quantile(name) and any(name not in record.series for record in records):
            continue  # some are from before such series were kept
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


def _lorenz(cell: Cell, records: Sequence[RunRecord]) -> list[Lorenz]:
    """Means over the replications in which anybody earned anything."""
    made = []
    for network in sorted({network for record in records for network in record.lorenz}):
        curves = [record.lorenz[network] for record in records if network in record.lorenz]
        share = [statistics.mean(shares) for shares in zip(*curves, strict=True)]
        made.append(Lorenz(network, *cell, [float(f"{one:.9g}") for one in share]))
    return made


def _break_evens(cell: Cell, records: Sequence[RunRecord]) -> list[BreakEven]:
    """Mean nodes by break-even price; a replication in which the class has no node counts as none at any price."""
    made = []
    for name in sorted({name for record in records for name in record.break_evens}):
        merged: Counter[int] = Counter()
        for record in records:
            for bucket, count in record.break_evens.get(name, []):
                merged[bucket] += count
        network, _, operators = name.partition(".")
        prices = [(bucket_usd(bucket), merged[bucket] / len(records)) for bucket in sorted(merged)]
        steps = [[float(f"{usd:.6g}") if math.isfinite(usd) else None, nodes] for usd, nodes in prices]
        made.append(BreakEven(network, operators, *cell, steps))
    return made


def _rows(cell: Cell, tables: Sequence[list[dict[str, Any]]], whose: str) -> list[dict[str, Any]]:
    """Means over replications of every number of a table, rows told apart by what is text."""
    groups: defaultdict[tuple[tuple[str, str], ...], list[dict[str, Any]]] = defaultdict(list)
    for table in tables:
        for row in table:
            groups[tuple((name, value) for name, value in row.items() if isinstance(value, str))].append(row)
    return [_mean_row(cell, dict(texts), rows, whose) for texts, rows in groups.items()]


def _mean_row(cell: Cell, texts: dict[str, str], rows: list[dict[str, Any]], whose: str) -> dict[str, Any]:
    made: dict[str, Any] = {**cell._asdict(), **texts, "replications": len(rows)}
    for name in dict.fromkeys(name for row in rows for name in row if name not in texts):
        numbers = [row[name] for row in rows if row.get(name) is not None]
        made[name] = (
            statistics.mean(statistics.finite(numbers, f"{whose} {name}")) if len(numbers) == len(rows) else None
        )
    return made
