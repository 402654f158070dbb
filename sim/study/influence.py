"""Whether one replication drives a difference: an outlier without which the verdict would be another.

A replication is named where both hold:

1. Its difference is an outlier among those of all replications: Grubbs's two-sided test at `LEVEL` (Grubbs, F. E. (1969),
   Technometrics 11, 1-21). The farthest one alone is looked at: two that stand close together may hide each other.
2. Without it, the rules of `sim.study.statistics` give another word (leave-one-out: Belsley, D. A., Kuh, E. & Welsch, R. E.
   (1980), *Regression Diagnostics*, chapter 2).

The first keeps apart what one run does from an interval that merely ends near the zone's edge, which any run would tip.
Nothing is ever dropped: the numbers of the verdict are those of all replications, and the reader is told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from sim.study.statistics import mean, sd, t_quantile

LEVEL = 0.01
"""Probability that the farthest of n normal differences is called an outlier (a convention; assumed)."""


def outlier(differences: Sequence[float]) -> int | None:
    """Place of the difference that Grubbs's test calls an outlier; the first of equals; None below three differences."""
    n, spread = len(differences), sd(differences)
    if n < 3 or not spread:
        return None
    middle = mean(differences)
    far = [abs(number - middle) for number in differences]
    place = far.index(max(far))
    return place if far[place] / spread > critical(n) else None


def critical(n: int, level: float = LEVEL) -> float:
    """Largest deviation from the mean, in standard deviations of the sample, that n >= 3 normal values reach but for `level`."""
    t = t_quantile(1 - level / (2 * n), n - 2)
    return (n - 1) / math.sqrt(n) * math.sqrt(t * t / (n - 2 + t * t))
