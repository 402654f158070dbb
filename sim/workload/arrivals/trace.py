"""Arrivals replayed from a trace."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from sim.units import Quantity, ps
from sim.workload.arrivals.cells import CELL_PS, Cells, Times
from sim.workload.arrivals.replayed import Piece, Replayed, arrivals_of, pieces


class TraceArrivals(Replayed):
    """The requests of a trace at their own instants; prompt, output and cached tokens come with them.

    Layer 0 is the trace, above it is nothing: a replay cannot show more users than it saw. It is one realisation: without
    `keep` all replications meet the same requests (`bootstrap` draws others). Declared moments (of the gap): those of the
    trace, thinned, in units of its mean gap.
    """

    kind: Literal["trace"] = "trace"
    repeat: bool = False
    """Whether the trace starts again after its end (one mean gap after its last arrival)."""
    offset: Annotated[float, Quantity("duration", low=0, dated=False)] = 0.0
    """Time of the run at which the trace's zero stands."""

    def expected(self, t0_ps: int, t1_ps: int) -> float:
        """Rows of the trace in [t0, t1), ps since the start of the run, times the share kept."""
        return self.keep * sum(piece.last - piece.first for piece in self._pieces(t0_ps, t1_ps))

    def times(self, cells: Cells) -> Times:
        """Arrivals of the cells with their rows; none above layer 0."""
        if cells.layer:
            nothing = np.zeros(cells.count, dtype=np.int64)
            return Times(nothing, nothing[:0], nothing[:0])
        found = self._pieces(cells.first * CELL_PS, (cells.first + cells.count) * CELL_PS)
        return self.thinned(cells, arrivals_of(self.trace(), cells, found))

    def _pieces(self, t0_ps: int, t1_ps: int) -> list[Piece]:
        zero_ps, trace = ps(self.offset), self.trace()
        if not self.repeat:
            return pieces(trace, zero_ps, (t0_ps, t1_ps), range(1))
        return pieces(trace, zero_ps, (max(t0_ps, zero_ps), max(t1_ps, zero_ps)))
