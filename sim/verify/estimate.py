"""From replications to an estimate with an honest error: ratios of sums, and controls whose means are known.

A replication gives for every quantity a numerator and a denominator. The estimate is the ratio of their sums, its error
that of a ratio of means over independent replications (Cochran 1977, Sampling Techniques, eq. 2.46): customers of one
replication depend on each other and never count as observations. Controls are deviations of inputs (arrivals, services) from
their known means; what sums owe to them is taken out by regression, and the error is that of the regression's
constant (Lavenberg and Welch 1981, Management Science 27, p. 322): degrees of freedom are replications - 1 - controls.

What is known must be known by the draws alone, not by theory of the queue: then a simulator that is wrong is not put right.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from sim.verify.rungs import Rungs, pseudo_values

CONFIDENCE = 0.95
NOTHING = 1e-6
"""Spread of a control (a sum over thousands) that does not vary but for rounding of floats: constant services."""


@dataclasses.dataclass(frozen=True)
class Sample:
    """What one replication gives: (numerator, denominator) of each quantity, and the controls' deviations.

    `controls` serve every ratio, `own` further ones the quantity they stand with.
    """

    ratios: dict[str, tuple[float, float]]
    controls: tuple[float, ...] = ()
    own: Mapping[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)
    rungs: Mapping[str, Rungs] = dataclasses.field(default_factory=dict)
    """Quantities that are put together from moves between levels; their `own` are of the share of time that rungs reach."""


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
    found = {
        name: _ratio(
            np.array([sample.ratios[name] for sample in samples]),
            np.array([(*sample.controls, *sample.own.get(name, ())) for sample in samples], float),
        )
        for name in samples[0].ratios
    }
    for name in samples[0].rungs:
        values = pseudo_values([sample.rungs[name] for sample in samples])
        known = np.array([sample.own.get(name, ()) for sample in samples], float)
        log = _ratio(np.column_stack([values, np.ones(len(values))]), known)
        found[name] = Estimate(math.exp(log.value), math.exp(log.value) * log.error, log.freedom)
    return found


def _ratio(pairs: np.ndarray, controls: np.ndarray) -> Estimate:
    count = len(pairs)
    # Controls of very different sizes: each in units of its own spread, or the least of them are taken for zeros.
    spread = controls.std(axis=0) if controls.size else np.zeros(0)
    controls = controls[:, spread > NOTHING] / spread[spread > NOTHING] if controls.size else controls
    design = np.column_stack([np.ones(count), controls])
    # By singular values: of controls that say the same, one counts.
    left, size, right = np.linalg.svd(design, full_matrices=False)
    kept = size > NOTHING * size[0]
    coefficients = right[kept].T @ ((left[:, kept].T @ pairs) / size[kept, None])
    # Numerator and denominator as they would be without what chance did, not their quotient alone: that is right to second order.
    ratio = coefficients[0, 0] / coefficients[0, 1]
    freedom = count - int(kept.sum())
    noise = (((pairs - design @ coefficients) @ [1.0, -ratio]) ** 2).sum() / freedom
    variance = noise * ((right[kept, 0] / size[kept]) ** 2).sum()
    return Estimate(float(ratio), float(np.sqrt(variance) / abs(coefficients[0, 1])), freedom)
