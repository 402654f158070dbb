"""What the command line prints of a trace that was looked at, and its document for programs. ASCII, 100 columns."""

from __future__ import annotations

import dataclasses
import textwrap
from typing import Any

from sim.records.trace_check import Measure, TraceCheck
from sim.report.terminal import COLUMNS, aligned


def document(record: TraceCheck) -> dict[str, Any]:
    """The record for programs: `statistics` by group, then by statistic, each `trace`, `classes`, `low`, `high`; `ks` likewise."""
    told = dataclasses.asdict(record)
    statistics: dict[str, dict[str, Any]] = {}
    for one in record.measures:
        values = {"trace": one.trace, "classes": one.classes, "low": one.low, "high": one.high}
        statistics.setdefault(one.group, {})[one.statistic] = values
    ks: dict[str, dict[str, float]] = {}
    for distance in record.distances:
        ks.setdefault(distance.what, {})[distance.against] = distance.distance
    return {name: told[name] for name in ("trace", "classes", "replications", "notices")} | {
        "statistics": statistics,
        "ks": ks,
    }


def format_check(record: TraceCheck) -> str:
    """Statistics beside each other, then distances. No line end."""
    head = ["", "", "trace"]
    if record.classes:
        head += ["classes", "middle half"]
    rows = [head, *(_row(one, bool(record.classes)) for one in record.measures)]
    far = [[f"KS of {one.what}", f"from {one.against}", f"{one.distance:.3f}"] for one in record.distances]
    notes = [f"note: {notice}" for notice in record.notices]
    if record.classes:
        words = f"median and middle half of {record.replications} replications as long as the trace"
        notes.insert(0, f"classes: {' + '.join(record.classes)}, {words}")
    notes = [textwrap.fill(note, COLUMNS) for note in notes]
    return "\n".join([*aligned(rows), "", *aligned(far), *notes])


def _row(one: Measure, classes: bool) -> list[str]:
    cells = [one.group, one.statistic, _number(one.trace)]
    return [*cells, _number(one.classes), _half(one)] if classes else cells


def _half(one: Measure) -> str:
    return "" if one.low is None else f"{_number(one.low)} to {_number(one.high)}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
