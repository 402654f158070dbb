"""The verdict: whether each interval contains what theory says, and whether chance explains the misses.

Of intervals of 95 % one in twenty misses though all is well. So no single miss is an error: the number of misses among the
headline quantities, one a case and independent of each other, is held against the binomial distribution. That test would
overlook one case that is wrong by far; so the least probable deviation is judged too, with the probability that the least of so
many is as small (Sidak 1967). Either fails below 1 %. There is no tolerance anywhere.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from scipy import stats

from sim.verify.estimate import CONFIDENCE, Estimate

LEAST = 0.01
"""Probability below which chance is no explanation."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One quantity of one case: theory, estimate, interval, and whether it speaks for its case."""

    family: str
    case: str
    quantity: str
    theory: float
    found: Estimate
    headline: bool

    @property
    def inside(self) -> bool:
        """Whether the interval contains theory's value; its ends belong to it."""
        low, high = self.found.interval()
        return low <= self.theory <= high


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the headline rows say together."""

    cases: int
    misses: int
    chance: float
    """P(at least so many misses | theory and estimates agree)."""
    least: float
    """P(the least probable deviation of so many is as improbable | the same)."""

    @property
    def fine(self) -> bool:
        """Whether chance explains both."""
        return min(self.chance, self.least) >= LEAST


def judge(rows: Sequence[Row]) -> Verdict:
    """The verdict over the headline rows; raises ValueError if there is none."""
    spoken = [row for row in rows if row.headline]
    if not spoken:
        raise ValueError("no headline row found; a verdict needs one or more")
    misses = sum(not row.inside for row in spoken)
    chance = float(stats.binom.sf(misses - 1, len(spoken), 1 - CONFIDENCE))
    smallest = min(row.found.chance(row.theory) for row in spoken)
    return Verdict(len(spoken), misses, chance, _least_of(len(spoken), smallest))


def _least_of(count: int, smallest: float) -> float:
    """P(the least of `count` uniforms is below `smallest`) = 1 - (1 - smallest)^count, without loss of digits."""
    return 1.0 if smallest >= 1 else -math.expm1(count * math.log1p(-smallest))
