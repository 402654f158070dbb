"""What a page on a study may quote: means and differences with their intervals, made from the study's baseline."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sim.records.baseline import Baseline, Row
from sim.report import words
from sim.study import statistics
from sim.study.rounding import with_interval
from sim.study.values import difference_within_range, within_range

NUMBER = r"[+-]?\d[\d,]*(?:\.\d+)?"
QUOTED = re.compile(rf"({NUMBER})(?: (%|pp))?(?: [A-Za-z/]+)? (\[{NUMBER}, {NUMBER}\])")
"""`-18 % [-27, -9]`, `44 nodes [39, 49]`, `0.041 [0.040, 0.042]`."""


def quotes(page: str) -> list[tuple[str, str, str]]:
    """Every number with an interval that a page holds: (number, sign of percent, interval)."""
    return [(found[1], found[2] or "", found[3]) for found in QUOTED.finditer(page)]


def quotable(baseline: Baseline) -> set[tuple[str, str, str]]:
    """What may be quoted: each outcome's mean, and its difference from the baseline policy, relative and in its unit."""
    rows = {row.key: row for row in baseline.outcomes}
    first = baseline.values["compare.baseline"]
    texts = []
    for row in rows.values():
        texts += _level(row)
        other = rows[(first, *row.key[1:])]
        texts += _difference(row, other) if row.policy != first else ()
    return {quote for text in texts for quote in quotes(text)}


def _numbers(row: Row) -> list[float] | None:
    kept = [value for value in row.values if value is not None]
    return kept if len(kept) == len(row.values) else None


def _level(row: Row) -> Iterator[str]:
    numbers = _numbers(row)
    if numbers is None:
        return
    found = within_range(row.outcome, statistics.mean_interval(numbers, 0.95))
    if found.mean is not None and found.low is not None and found.high is not None:
        yield with_interval(found.mean, found.low, found.high, row.unit)


def _difference(row: Row, other: Row) -> Iterator[str]:
    ours, theirs = _numbers(row), _numbers(other)
    if ours is None or theirs is None:
        return
    found = difference_within_range(row.outcome, statistics.paired(ours, theirs, 0.95))
    if found.low is None or found.high is None:
        return
    if row.unit == "%":
        yield words.relative(found.difference, found.low, found.high, "pp")
    else:
        yield with_interval(found.difference, found.low, found.high, row.unit)
        if scale := abs(found.baseline_mean):
            yield words.relative(found.difference / scale, found.low / scale, found.high / scale)
