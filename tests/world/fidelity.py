"""The rule that ways of sampling are held to: what they say of every outcome, beside the run that serves every request.

For every outcome the 95 % interval of the paired difference over replications contains 0, or lies within 5 % of the mean of
the run that serves every request. Pairs meet the same users; the lives of nodes are others in windows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from sim.records.run import RunRecord

CONFIDENCE = 0.95
NEAR = 0.05
"""Share of the mean within which a whole interval may lie."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """An outcome's interval of sampled - all, and the mean of all; NaN where one side has no number in some replication."""

    low: float
    high: float
    mean: float

    @property
    def contains_0(self) -> bool:
        """Whether no difference is told."""
        return self.low <= 0 <= self.high

    @property
    def near(self) -> bool:
        """Whether the whole interval lies within 5 % of the mean."""
        return max(abs(self.low), abs(self.high)) <= NEAR * abs(self.mean)

    @property
    def holds(self) -> bool:
        """Whether the rule holds."""
        return self.contains_0 or self.near


def difference(pairs: Sequence[tuple[float | None, float | None]]) -> Difference:
    """Student's interval of the paired differences (all, sampled)."""
    values = np.array(pairs, float)
    change = values[:, 1] - values[:, 0]
    half = stats.t.ppf((1 + CONFIDENCE) / 2, len(change) - 1) * change.std(ddof=1) / len(change) ** 0.5
    return Difference(change.mean() - half, change.mean() + half, values[:, 0].mean())


def differences(
    every: Sequence[Mapping[str, float | None]], sampled: Sequence[Mapping[str, float | None]]
) -> dict[str, Difference]:
    """Of each outcome that has a number anywhere; a sequence has the outcomes of one replication after the other."""
    names = [name for name in every[0] if any(run.get(name) is not None for run in (*every, *sampled))]
    return {
        name: difference([(a.get(name), b.get(name)) for a, b in zip(every, sampled, strict=True)]) for name in names
    }


def misses(found: Mapping[str, Difference]) -> list[str]:
    """A sentence for each outcome that breaks the rule."""
    return [
        f"{name}: difference [{d.low:.4g}, {d.high:.4g}] beside {d.mean:.4g}"
        for name, d in found.items()
        if not d.holds
    ]


def wide(found: Mapping[str, Difference], names: Sequence[str], narrow: float) -> list[str]:
    """A sentence for each of some outcomes whose interval is wider than +- `narrow` of the mean: it would say nothing."""
    return [
        f"{name}: difference [{d.low:.4g}, {d.high:.4g}] beside {d.mean:.4g} is too wide to say anything"
        for name in names
        if not (d := found[name]).high - d.low <= 2 * narrow * abs(d.mean)
    ]


def outcomes(runs: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """What runs say."""
    return [run.outcomes for run in runs]
