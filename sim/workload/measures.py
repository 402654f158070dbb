"""Statistics by which traces and classes are compared: how requests come, how long they are, and what goes together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.units import PS_PER_S
from sim.workload.law import Floats, Ints

SCALES_S = (0.1, 1.0, 10.0, 60.0, 300.0)
"""Windows in which requests are counted."""
LAGGED_S = (1.0, 10.0, 60.0)
"""Windows whose counts are compared with those of the next window."""
QUANTILES = (1, 10, 25, 50, 75, 90, 99)
_FEWEST_WINDOWS = 5
_MINUTE_S = 60.0

Named = dict[tuple[str, str], float]
"""Values by group and statistic."""


class Asked(NamedTuple):
    """Requests over a span that begins at 0: arrival (ps, never falling) and tokens, one entry a request."""

    arrival_ps: Ints
    prompt: Ints
    output: Ints
    span_ps: int


def measured(asked: Asked) -> Named:
    """Every statistic that the requests have; those that need more of them than there are, are left out."""
    return {
        **_arrivals(asked),
        **_lengths("prompt tokens", asked.prompt),
        **_lengths("output tokens", asked.output),
        **_pairs(asked),
    }


def _arrivals(asked: Asked) -> Named:
    found: Named = {("arrivals", "requests"): float(len(asked.arrival_ps))}
    found["arrivals", "rate per s"] = len(asked.arrival_ps) / asked.span_ps * PS_PER_S
    gaps = np.diff(asked.arrival_ps)
    if len(gaps) and gaps.any():
        found["arrivals", "CV of gaps"] = float(gaps.std() / gaps.mean())
    for scale in SCALES_S:
        counts = counted(asked, scale)
        if len(counts) >= _FEWEST_WINDOWS and counts.any():
            found["arrivals", f"dispersion at {scale:g} s"] = float(counts.var(ddof=1) / counts.mean())
    for scale in LAGGED_S:
        counts = counted(asked, scale)
        if len(counts) >= _FEWEST_WINDOWS:
            found["arrivals", f"autocorrelation at {scale:g} s"] = _correlation(counts[1:], counts[:-1])
    return _defined(found)


def counted(asked: Asked, scale_s: float) -> Floats:
    """Requests in each whole window of `scale_s` seconds."""
    window = int(scale_s * PS_PER_S)
    whole = asked.span_ps // window
    place = asked.arrival_ps // window
    return np.bincount(place[place < whole], minlength=whole).astype(float)


def _lengths(group: str, tokens: Ints) -> Named:
    if not len(tokens):
        return {}
    found = {(group, f"p{share}"): float(np.percentile(tokens, share)) for share in QUANTILES}
    return {
        (group, "mean"): float(tokens.mean()),
        (group, "sd"): float(tokens.std()),
        **found,
        (group, "max"): float(tokens.max()),
    }


def _pairs(asked: Asked) -> Named:
    """Correlations: of a minute's requests with its mean output, and of prompt with output request by request."""
    found: Named = {}
    counts = counted(asked, _MINUTE_S)
    place = asked.arrival_ps // int(_MINUTE_S * PS_PER_S)
    there = counts > 0
    if there.sum() >= _FEWEST_WINDOWS:
        sums = np.bincount(place[place < len(counts)], asked.output[place < len(counts)], len(counts))
        found["together", "minute's rate with mean output"] = _correlation(counts[there], sums[there] / counts[there])
    found["together", "prompt with output"] = _correlation(asked.prompt, asked.output)
    found["together", "prompt with output, ranks"] = _correlation(_ranks(asked.prompt), _ranks(asked.output))
    return _defined(found)


def _defined(found: Named) -> Named:
    """Without what is no number: correlations of what does not vary."""
    return {name: value for name, value in found.items() if not np.isnan(value)}


def _correlation(one: Floats | Ints, other: Floats | Ints) -> float:
    """Pearson's; NaN where either does not vary."""
    if len(one) < 2 or not one.std() or not other.std():
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def _ranks(values: Ints) -> Floats:
    """Mean rank of each value among all, ties sharing theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[place])
