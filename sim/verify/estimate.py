"""From replications to an estimate with an honest error: ratios of sums, and controls whose means are known.

A replication gives for every quantity a numerator and a denominator. The estimate is the ratio of their sums, its error
that of a ratio of means over independent replications (Cochran 1977, Sampling Techniques, eq. 2.46): customers of one
replication depend on each other and never count as observations. Controls are deviations of inputs (arrivals, services) from
their known means; what the ratio owes to them is taken out by regression, and the error is that of the regression's
constant (Lavenberg and Welch 1981, Management Science 27, p. 322): degrees of freedom are replications - 1 - controls.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclasses.dataclass(frozen=True)
class Sample:
    """What one replication gives: (numerator, denominator) of each quantity, and the controls' deviations."""

    ratios: dict[str, tuple[float, float]]
    controls: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A value, its standard error and the error's degrees of freedom."""

    value: float
    error: float
    freedom: int

    def interval(self) -> tuple[float, float]:
        """Student's interval of 95 %."""
        half = float(stats.t.ppf((1 + CONFIDENCE) / 2, self.freedom)) * self.error
        return self.value - half, self.value + half

    def chance(self, theory: float) -> float:
        """P(an estimate is at least as far off | theory holds): two-sided, Student's t. 0 or 1 where nothing varied."""
        if self.error == 0.0:
            return 1.0 if self.value == theory else 0.0
        return float(2 * stats.t.sf(abs(self.value - theory) / self.error, self.freedom))


def estimate(samples: Sequence[Sample]) -> dict[str, Estimate]:
    """The estimate of each quantity of the samples, in their order. Needs more than 1 + controls replications."""
    controls = np.array([sample.controls for sample in samples], float)
    return {name: _ratio(np.array([sample.ratios[name] for sample in samples]), controls) for name in samples[0].ratios}


def _ratio(pairs: np.ndarray, controls: np.ndarray) -> Estimate:
    count = len(pairs)
    ratio = pairs[:, 0].sum() / pairs[:, 1].sum()
    rest = pairs[:, 0] - ratio * pairs[:, 1]
    design = np.column_stack([np.ones(count), controls])
    freedom = count - design.shape[1]
    found = np.linalg.lstsq(design, rest, rcond=None)[0]
    left = ((rest - design @ found) ** 2).sum() / freedom
    variance = left * np.linalg.pinv(design.T @ design)[0, 0]
    mean = pairs[:, 1].mean()
    return Estimate(float(ratio + found[0] / mean), float(np.sqrt(variance) / mean), freedom)
