"""Arrivals without memory, at the base rate."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sim.units import PS_PER_S
from sim.workload.arrivals.cells import CELL_PS, Cells, Times
from sim.workload.law import Figures, Floats
from sim.workload.modulation import CELL_S


def poisson_times(cells: Cells, rates: Floats) -> Times:
    """A Poisson process whose rate is constant over the equal steps of each cell: `rates` per second, (cells, steps).

    Cell by cell: the number of arrivals is Poisson of the rate's integral, and they lie where the integral passes
    uniforms in [0, 1) of its whole (Cinlar 1975, Introduction to Stochastic Processes, section 4.7).
    """
    steps = rates.shape[1]
    edges_ps = np.linspace(0.0, CELL_S, steps + 1) * PS_PER_S
    below = np.zeros((len(rates), steps + 1))
    np.cumsum(rates * (CELL_S / steps), axis=1, out=below[:, 1:])
    counts = np.zeros(len(rates), dtype=np.int64)
    parts = [np.empty(0)]
    for row, passed in enumerate(below):
        if passed[-1] > 0:
            generator = cells.generator(cells.first + row)
            counts[row] = generator.poisson(passed[-1])
            drawn = generator.random(counts[row])
            parts.append(drawn * CELL_PS if steps == 1 else np.interp(drawn * passed[-1], passed, edges_ps))
    # A uniform just below 1 may round up to the end of the cell, which belongs to the next one.
    within = np.minimum(np.concatenate(parts).astype(np.int64), CELL_PS - 1)
    starts = np.repeat(np.arange(len(rates)) * CELL_PS, counts)
    return Times(counts, np.sort(within + starts) - starts)


class PoissonArrivals(Figures):
    """Requests come independently of each other.

    Declared moments (of the gap between two requests, in units of the mean gap): mean 1, variance 1.
    """

    kind: Literal["poisson"] = "poisson"

    @property
    def mean(self) -> float:
        """1."""
        return 1.0

    @property
    def variance(self) -> float:
        """1."""
        return 1.0

    def times(self, cells: Cells) -> Times:
        """Arrivals of the cells; each layer is an independent process."""
        return poisson_times(cells, cells.rates_per_s[:, None])
