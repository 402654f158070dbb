"""Rank correlation (Spearman 1904) and quantiles of a handful of numbers, without importing scipy.stats."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sim.study.statistics import mean


def rank_correlation(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """Spearman's rank correlation of pairs, ties with their mean rank; None below 3 pairs and where one side is constant."""
    if len(xs) != len(ys):
        raise ValueError(f"{len(xs)} and {len(ys)} values found; pairs need equally many")
    if len(xs) < 3 or len(set(xs)) == 1 or len(set(ys)) == 1:
        return None
    a, b = _centred(ranks(xs)), _centred(ranks(ys))
    both = math.fsum(x * y for x, y in zip(a, b, strict=True))
    found = both / math.sqrt(math.fsum(x * x for x in a) * math.fsum(y * y for y in b))
    return max(-1.0, min(1.0, found))


def ranks(numbers: Sequence[float]) -> list[float]:
    """Ranks from 1; equal numbers share the mean of theirs."""
    order = sorted(range(len(numbers)), key=lambda index: numbers[index])
    found = [0.0] * len(numbers)
    begin = 0
    while begin < len(order):
        end = begin
        while end < len(order) and numbers[order[end]] == numbers[order[begin]]:
            end += 1
        for index in order[begin:end]:
            found[index] = (begin + 1 + end) / 2
        begin = end
    return found


def _centred(numbers: Sequence[float]) -> list[float]:
    middle = mean(numbers)
    return [number - middle for number in numbers]


def quantile(numbers: Sequence[float], share: float) -> float:
    """The quantile at `share` of one or more numbers, linear between order statistics (Hyndman and Fan's type 7)."""
    ordered = sorted(numbers)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
