"""What arrivals out of a trace share: its rows, and how many of them are kept."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from sim.units import Quantity
from sim.workload.arrivals.cells import CELL_PS, Cells, Times
from sim.workload.law import Figures, Floats, Ints
from sim.workload.trace import Trace, read_trace

_THINNING = 1 << 40
"""Number of the generator that thins cell 0: a cell's own number stays below."""


class Piece(NamedTuple):
    """Rows first .. last - 1 of a trace whose zero stands at an instant of the run (ps)."""

    zero_ps: int
    first: int
    last: int


class Replayed(Figures):
    """Arrivals that are rows of a trace; prompt, output and cached tokens come with them.

    Of every row's chance to be kept, independent of all else, the draws are those of its cell: the rows kept at 30 % are
    among those kept at 50 %. Declared moments (of the gap): those of the trace's gaps, thinned, in units of their mean.
    """

    file: str = Field(json_schema_extra={"file": "trace"})
    """The trace: CSV with arrival_s, prompt_tokens, output_tokens and optional cached_tokens; may be gzipped."""
    keep: Annotated[float, Quantity("share", above=0, high=1, dated=False)] = 1.0
    """Share of the requests that is kept, drawn for each by itself."""

    def trace(self) -> Trace:
        """The rows; raises `ScenarioError` if they cannot be read."""
        return read_trace(self.file)

    @property
    def mean(self) -> float:
        """1."""
        return 1.0

    @property
    def variance(self) -> float:
        """Squared coefficient of variation of the gaps between the rows kept."""
        arrival = self.trace().arrival_ps
        if len(arrival) < 2 or arrival[0] == arrival[-1]:
            return 0.0
        return _gap_variance(arrival.astype(float), self.keep)

    def ceiling(self, headroom: int) -> int:
        """The greatest demand relative to the trace that can be met: 1, for a replay cannot show more users than it saw."""
        return 1

    def expected(self, t0_ps: int, t1_ps: int) -> float:
        """Requests expected in [t0, t1), ps since the start of the run."""
        raise NotImplementedError

    def thinned(self, cells: Cells, times: Times) -> Times:
        """The arrivals of whole cells that are kept."""
        if self.keep == 1 or times.rows is None:
            return times
        drawn = [cells.generator(_THINNING + cells.first + i).random(n) for i, n in enumerate(times.counts) if n]
        kept = np.concatenate([*drawn, np.empty(0)]) < self.keep
        cell = np.repeat(np.arange(cells.count), times.counts)[kept]
        return Times(np.bincount(cell, minlength=cells.count), times.within_ps[kept], times.rows[kept])


def _gap_variance(arrival: Floats, keep: float) -> float:
    """Squared coefficient of variation of the gaps left when each row is kept by itself with chance `keep`.

    Two kept rows k apart are neighbours with chance keep^2 (1 - keep)^(k-1): sums over all pairs, to 1e-12 of the weight.
    """
    weights = keep * (1 - keep) ** np.arange(min(len(arrival) - 1, int(1 + 28 / keep)))
    sums = np.zeros(3)
    for apart, weight in enumerate(weights[weights > 1e-12], start=1):
        gaps = arrival[apart:] - arrival[:-apart]
        sums += weight * np.array([len(gaps), gaps.sum(), (gaps**2).sum()])
    count, first, second = sums
    return float(second * count / first**2 - 1)


def pieces(trace: Trace, zero_ps: int, span_ps: tuple[int, int], turns: range | None = None) -> list[Piece]:
    """Where a trace that begins at `zero_ps` and again after each period has rows in [t0, t1) of the run.

    `turns` limits the periods looked at (0 is the first); without it they run without end, both ways.
    """
    period = trace.period_ps
    if turns is None:
        turns = range((span_ps[0] - zero_ps) // period, -(-(span_ps[1] - zero_ps) // period))
    found = []
    for turn in turns:
        zero = zero_ps + turn * period
        ends = [min(max(t - zero, 0), 2**62) for t in span_ps]
        first, last = (int(row) for row in np.searchsorted(trace.arrival_ps, ends))
        if last > first:
            found.append(Piece(zero, first, last))
    return found


def arrivals_of(trace: Trace, cells: Cells, found: list[Piece]) -> Times:
    """The rows of pieces, in order of time, as arrivals of the cells."""
    start_ps = cells.first * CELL_PS
    empty: Ints = np.empty(0, dtype=np.int64)
    instants = [empty, *(trace.arrival_ps[p.first : p.last] + (p.zero_ps - start_ps) for p in found)]
    rows = [empty, *(np.arange(p.first, p.last) for p in found)]
    since_ps = np.concatenate(instants)
    cell = since_ps // CELL_PS
    return Times(np.bincount(cell, minlength=cells.count), since_ps - cell * CELL_PS, np.concatenate(rows))
