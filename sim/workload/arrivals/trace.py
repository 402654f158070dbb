"""Arrivals replayed from a trace."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sim.units import Quantity, ps
from sim.workload.arrivals.cells import CELL_PS, Cells, Times
from sim.workload.law import Figures, Ints
from sim.workload.trace import Trace, read_trace


class TraceArrivals(Figures):
    """The requests of a trace at their own instants; prompt, output and cached tokens come with them.

    Layer 0 is the trace, above it is nothing: a replay cannot show more users than it saw. Declared moments (of the
    gap): those of the trace, in units of its mean gap.
    """

    kind: Literal["trace"] = "trace"
    file: str = Field(json_schema_extra={"file": "trace"})
    """The trace: CSV with arrival_s, prompt_tokens, output_tokens and optional cached_tokens; may be gzipped."""
    repeat: bool = False
    """Whether the trace starts again after its end (one mean gap after its last arrival)."""
    offset: Annotated[float, Quantity("duration", low=0, dated=False)] = 0.0
    """Time of the run at which the trace's zero stands."""

    def trace(self) -> Trace:
        """The rows; raises `ScenarioError` if they cannot be read."""
        return read_trace(self.file)

    @property
    def mean(self) -> float:
        """1."""
        return 1.0

    @property
    def variance(self) -> float:
        """Squared coefficient of variation of the trace's gaps."""
        gaps = np.diff(self.trace().arrival_ps).astype(float)
        return float((gaps.std() / gaps.mean()) ** 2) if len(gaps) and gaps.mean() else 0.0

    def count(self, t0_ps: int, t1_ps: int) -> int:
        """Requests of the trace in [t0, t1), ps since the start of the run."""
        return sum(last - first for _, first, last in self._pieces(t0_ps, t1_ps))

    def times(self, cells: Cells) -> Times:
        """Arrivals of the cells with their rows; none above layer 0."""
        empty = np.empty(0, dtype=np.int64)
        if cells.layer:
            return Times(np.zeros(cells.count, dtype=np.int64), empty, empty)
        start_ps = cells.first * CELL_PS
        arrival = self.trace().arrival_ps
        instants, rows = [empty], [empty]
        for zero_ps, first, last in self._pieces(start_ps, start_ps + cells.count * CELL_PS):
            instants.append(arrival[first:last] + (zero_ps - start_ps))
            rows.append(np.arange(first, last))
        since_ps: Ints = np.concatenate(instants)
        cell = since_ps // CELL_PS
        return Times(np.bincount(cell, minlength=cells.count), since_ps - cell * CELL_PS, np.concatenate(rows))

    def _pieces(self, t0_ps: int, t1_ps: int) -> list[tuple[int, int, int]]:
        """(zero of the trace in the run, first row, row after the last) of each replay that [t0, t1) meets."""
        trace, zero_ps = self.trace(), ps(self.offset)
        period = trace.period_ps
        turns = (
            range(max(0, (t0_ps - zero_ps) // period), max(0, -(-(t1_ps - zero_ps) // period)))
            if self.repeat
            else range(1)
        )
        pieces = []
        for turn in turns:
            zero = zero_ps + turn * period
            ends = [min(max(t - zero, 0), 2**62) for t in (t0_ps, t1_ps)]
            first, last = (int(row) for row in np.searchsorted(trace.arrival_ps, ends))
            if last > first:
                pieces.append((zero, first, last))
        return pieces
