"""Arrivals at equal distances."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sim.workload.arrivals.cells import HOUR_CELLS, Cells, Times, by_cell, joined
from sim.workload.law import Figures
from sim.workload.rate import HOUR_S


class ConstantArrivals(Figures):
    """The n-th request (from 0) comes when the expected number since the start of the run passes n + 1/2.

    Declared moments (of the gap, in units of the mean gap): mean 1, variance 0. Layers repeat the same instants.
    """

    kind: Literal["constant"] = "constant"

    @property
    def mean(self) -> float:
        """1."""
        return 1.0

    @property
    def variance(self) -> float:
        """0."""
        return 0.0

    def times(self, cells: Cells) -> Times:
        """Arrivals of the cells: no draw, and no history but the base rate's integral."""
        parts = []
        for hour in cells.hours():
            before, after = cells.base.before(hour), cells.base.before(hour + 1)
            begin, end = (before + (after - before) * cell / HOUR_CELLS for cell in cells.within(hour))
            # One more on both sides: which cell an instant is in is decided in one place, by its picoseconds.
            numbers = np.arange(
                max(np.ceil(before - 0.5), np.ceil(begin - 1.5)), min(np.ceil(after - 0.5), np.ceil(end + 0.5))
            )
            share = (numbers + 0.5 - before) / (after - before) if after > before else numbers
            parts.append(by_cell(cells, hour, share * HOUR_S))
        return joined(parts)
