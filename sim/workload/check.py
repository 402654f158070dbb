"""A trace beside client classes: the statistics of both, and how far their distributions are apart."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import numpy as np
from scipy import stats

from sim.errors import ScenarioError
from sim.records.trace_check import Distance, Measure, TraceCheck
from sim.streams import Streams
from sim.units import DAY_S, PS_PER_S
from sim.workload.classes import ClientClass
from sim.workload.law import Floats, Ints
from sim.workload.lengths.quantiles import KNOTS, Quantiles
from sim.workload.measures import Asked, measured
from sim.workload.potential import Potential
from sim.workload.trace import Trace

REPLICATIONS = 20
"""Times that classes are drawn."""
LONGEST_PS = DAY_S * PS_PER_S
"""Classes are drawn for the trace's span, a day at most."""
_START = datetime.date(2026, 1, 1)


def check(
    trace: Trace, name: str, classes: Mapping[str, ClientClass], outputs: tuple[int, int] | None = None
) -> TraceCheck:
    """What a trace is like, and what as many hours of the classes together are like.

    `outputs` keeps only the rows whose output lies in a closed range: those that a class was fitted to. Raises
    `ScenarioError` where no row is left, and for classes that cannot be drawn.
    """
    asked, notices = _asked(trace, outputs), []
    span_ps = min(asked.span_ps, LONGEST_PS)
    if classes and span_ps < asked.span_ps:
        notices.append("the trace is longer than a day; classes are drawn for a day")
    drawn = [_drawn(classes, span_ps, replication) for replication in range(REPLICATIONS if classes else 0)]
    return TraceCheck(
        trace=name,
        classes=list(classes),
        replications=len(drawn),
        measures=_beside(asked, drawn),
        distances=_own_distances(asked) + _distances(asked, drawn),
        notices=notices,
    )


def _asked(trace: Trace, outputs: tuple[int, int] | None) -> Asked:
    low, high = outputs or (1, int(trace.output_tokens.max()))
    kept = (trace.output_tokens >= low) & (trace.output_tokens <= high)
    if not kept.any():
        raise ScenarioError(
            f"no row with {low} to {high} output tokens found; the trace has {trace.output_tokens.min()} to {trace.output_tokens.max()}"
        )
    return Asked(
        trace.arrival_ps[kept], trace.prompt_tokens[kept], trace.output_tokens[kept], max(int(trace.arrival_ps[-1]), 1)
    )


def _drawn(classes: Mapping[str, ClientClass], span_ps: int, replication: int) -> Asked:
    columns = Potential(classes, Streams(0, replication), _START, 1).draw(0, span_ps)
    return Asked(columns.time_ps, columns.prompt.astype(np.int64), columns.output.astype(np.int64), span_ps)


def _beside(asked: Asked, drawn: list[Asked]) -> list[Measure]:
    of_trace, of_classes = measured(asked), [measured(one) for one in drawn]
    found = []
    for (group, statistic), value in of_trace.items():
        values = [one[group, statistic] for one in of_classes if (group, statistic) in one]
        quartiles = np.percentile(values, (50, 25, 75)).tolist() if values else [None] * 3
        found.append(Measure(group, statistic, value, *quartiles))
    return found


def _own_distances(asked: Asked) -> list[Distance]:
    """Gaps and lengths against the laws with their own moments or quantiles: what a fit to this very trace would leave."""
    gaps = np.diff(asked.arrival_ps) / PS_PER_S
    found = []
    if len(gaps) > 1 and gaps.std():
        mean, shape = gaps.mean(), (gaps.mean() / gaps.std()) ** 2
        laws = {
            "exponential": stats.expon(scale=mean),
            "gamma with the gaps' CV": stats.gamma(shape, scale=mean / shape),
        }
        found += [Distance("gaps", law, float(stats.kstest(gaps, one.cdf).statistic)) for law, one in laws.items()]
    for what, tokens in (("prompt tokens", asked.prompt), ("output tokens", asked.output)):
        found.append(Distance(what, f"its own table of {len(KNOTS)} quantiles", _table_distance(tokens)))
    return found


def _table_distance(tokens: Ints) -> float:
    """Distance of lengths from the quantile table made of them, at the integers."""
    knots = np.maximum(np.rint(np.percentile(tokens, KNOTS)), 1).astype(int)
    lengths, chances = Quantiles(tokens=tuple(knots.tolist())).distribution()
    below = np.searchsorted(np.sort(tokens), lengths, side="right") / len(tokens)
    return float(np.abs(np.cumsum(chances) - below).max())


def _distances(asked: Asked, drawn: list[Asked]) -> list[Distance]:
    """The trace against the classes, all replications together."""
    if not drawn or not sum(len(one.prompt) for one in drawn):
        return []
    theirs: dict[str, list[Floats | Ints]] = {
        "gaps": [np.diff(one.arrival_ps) for one in drawn],
        "prompt tokens": [one.prompt for one in drawn],
        "output tokens": [one.output for one in drawn],
    }
    ours = {"gaps": np.diff(asked.arrival_ps), "prompt tokens": asked.prompt, "output tokens": asked.output}
    return [
        Distance(what, "the classes", float(stats.ks_2samp(ours[what], together, method="asymp").statistic))
        for what, parts in theirs.items()
        if len(ours[what]) and len(together := np.concatenate(parts))
    ]
