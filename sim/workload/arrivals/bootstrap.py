"""Arrivals drawn out of a trace by the stationary bootstrap: other hours that are like the one that was seen."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np

from sim.units import DAY_S, Quantity
from sim.workload.arrivals.cells import CELL_PS, Cells, Times
from sim.workload.arrivals.replayed import Piece, Replayed, arrivals_of, pieces
from sim.workload.modulation import CELL_S


class _Block(NamedTuple):
    """From an instant of the run on, the trace is read from this instant of its own."""

    start_ps: int
    origin_ps: int


class BootstrapArrivals(Replayed):
    """Blocks of a trace's time, each from a uniform instant of it and exponentially long, one after the other.

    The stationary bootstrap (Politis and Romano 1994, JASA 89, 1303) in continuous time: the trace is wound round its
    period, so every stretch of it is equally likely and the mean rate is the trace's; whole stretches move, so that rate and
    lengths stay together up to a block. Blocks begin at the instants of a Poisson process of rate 1 / `block`, and one at
    the start of the run. Every layer and every replication draws its own. Declared moments (of the gap): those of the
    trace, thinned, in units of its mean gap; gaps across the border of two blocks are left out.
    """

    kind: Literal["bootstrap"] = "bootstrap"
    block: Annotated[float, Quantity("duration", low=1, high=DAY_S, dated=False)] | None = None
    """Mean length of a block, 1 s to 1 day; left out, by the rule of Politis and White (2004)."""

    @property
    def block_s(self) -> float:
        """Mean length of a block in seconds, the rule's where none is given."""
        return self.block if self.block is not None else min(self.trace().block_s, float(DAY_S))

    def ceiling(self, headroom: int) -> int:
        """The headroom: each layer is one more independent copy."""
        return headroom

    def expected(self, t0_ps: int, t1_ps: int) -> float:
        """The trace's mean rate times the time, and the share kept."""
        trace = self.trace()
        return self.keep * len(trace) * (t1_ps - t0_ps) / trace.period_ps

    def times(self, cells: Cells) -> Times:
        """Arrivals of the cells with their rows."""
        trace, end_ps = self.trace(), (cells.first + cells.count) * CELL_PS
        blocks = self._blocks(cells, trace.period_ps)
        found: list[Piece] = []
        for block, after in zip(blocks, [*(later.start_ps for later in blocks[1:]), end_ps], strict=True):
            span = (max(block.start_ps, cells.first * CELL_PS), after)
            found += pieces(trace, block.start_ps - block.origin_ps, span)
        return self.thinned(cells, arrivals_of(trace, cells, found))

    def _blocks(self, cells: Cells, period_ps: int) -> list[_Block]:
        """The blocks that begin in the cells, and before them the one that goes on when the first cell starts."""
        mean, before = CELL_S / self.block_s, cells.first
        blocks = [b for cell in range(before, before + cells.count) for b in _begun(cells, cell, mean, period_ps)]
        while not blocks or blocks[0].start_ps > cells.first * CELL_PS:
            before -= 1
            blocks[:0] = _begun(cells, before, mean, period_ps)[-1:]
        return blocks


def _begun(cells: Cells, cell: int, mean: float, period_ps: int) -> list[_Block]:
    """The blocks that begin in a cell, in order: a function of the cell's own generator. Cell 0 begins with one."""
    generator = cells.generator(cell)
    drawn = generator.random((int(generator.poisson(mean)) + (cell == 0), 2))
    if cell == 0:
        drawn[0, 0] = 0.0
    drawn = drawn[np.argsort(drawn[:, 0], kind="stable")]
    # A uniform just below 1 may round up to the end of the cell or of the trace.
    starts = np.minimum((drawn[:, 0] * CELL_PS).astype(np.int64), CELL_PS - 1)
    origins = np.minimum((drawn[:, 1] * period_ps).astype(np.int64), period_ps - 1)
    return [
        _Block(cell * CELL_PS + start, origin) for start, origin in zip(starts.tolist(), origins.tolist(), strict=True)
    ]
