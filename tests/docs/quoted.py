"""What a page on a study may quote: means and differences with their intervals, made from the study's baseline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

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
    kinds = list(dict.fromkeys(row.coin_price for row in baseline.outcomes))
    texts = []
    for row in rows.values():
        texts += _level(row)
        other = rows[(first, *row.key[1:])]
        texts += _difference([(row, other)]) if row.policy != first else ()
        if row.policy != first and len(kinds) > 1:
            each = [(row.key[0], kind, *row.key[2:]) for kind in kinds]
            texts += _difference([(rows[key], rows[(first, *key[1:])]) for key in each])
    told = {quote for text in texts for quote in quotes(text)}
    return told | {bare(quote) for quote in told}


def bare(quote: tuple[str, str, str]) -> tuple[str, str, str]:
    """As words say it that tell the direction themselves: `-15 % [-21, -10]` is 15 % lower [10, 21]."""
    number, sign, ends = quote
    low, high = ends.strip("[]").split(", ")
    if low.startswith("-") and high.startswith("-"):
        low, high = high, low
        return number.lstrip("-"), sign, f"[{low[1:]}, {high[1:]}]"
    return number.lstrip("+"), sign, f"[{low.lstrip('+')}, {high.lstrip('+')}]"


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


def _difference(pairs: Sequence[tuple[Row, Row]]) -> Iterator[str]:
    """Of a policy from the baseline; of several kinds of coin price the mean, and the hull of the intervals, as in verdicts."""
    absolute, relative = [], []
    for row, other in pairs:
        ours, theirs = _numbers(row), _numbers(other)
        if ours is None or theirs is None:
            return
        found = difference_within_range(row.outcome, statistics.paired(ours, theirs, 0.95))
        if found.low is None or found.high is None:
            return
        absolute.append((found.difference, found.low, found.high))
        if scale := abs(found.baseline_mean):
            relative.append([number / scale for number in absolute[-1]])
    unit = pairs[0][0].unit
    if unit == "%":
        yield words.relative(*_hull(absolute), "pp")
        yield with_interval(*(100 * number for number in _hull(absolute)), "pp")
    else:
        yield with_interval(*_hull(absolute), unit)
        if len(relative) == len(pairs):
            yield words.relative(*_hull(relative))
            yield with_interval(*_hull(relative), "%")


def _hull(each: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    middles, lows, highs = zip(*each, strict=True)
    return sum(middles) / len(middles), min(lows), max(highs)
