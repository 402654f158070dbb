"""What an arrival law is given and gives back: whole cells of 60 s, for one class and one layer."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from sim.units import PS_PER_S
from sim.workload.churn import Regimes
from sim.workload.law import Floats, Ints
from sim.workload.modulation import CELL_S
from sim.workload.rate import BaseRate

CELL_PS = CELL_S * PS_PER_S
HOUR_CELLS = 3600 // CELL_S


class Times(NamedTuple):
    """Arrivals in consecutive cells, in order of time: how many each cell holds, and each one's place in its cell.

    `rows` are the rows of a trace that they are, or None for drawn arrivals.
    """

    counts: Ints
    within_ps: Ints
    rows: Ints | None = None


@dataclasses.dataclass(frozen=True)
class Cells:
    """Cells first .. first + count - 1 of the run, counted from its start.

    `generator(n)` is the n-th generator of the class's and layer's arrival stream, valid until the next call.
    `factors(first_cell, cells)` gives the rate factors on the grid of the class: shape (cells, steps a cell).
    `regimes(hour)` tells which clients of the class ask in an hour of the run.
    """

    first: int
    count: int
    layer: int
    generator: Callable[[int], Generator]
    base: BaseRate
    factors: Callable[[int, int], Floats]
    regimes: Callable[[int], Regimes]

    @functools.cached_property
    def rates_per_s(self) -> Floats:
        """Base rate in each cell, requests per second, shape (count,)."""
        first = self.first // HOUR_CELLS
        last = (self.first + self.count - 1) // HOUR_CELLS
        hours = np.arange(self.first, self.first + self.count) // HOUR_CELLS - first
        return self.base.hourly(first, last - first + 1)[hours]

    def hours(self) -> range:
        """The hours of the run that the cells touch."""
        return range(self.first // HOUR_CELLS, (self.first + self.count - 1) // HOUR_CELLS + 1)

    def within(self, hour: int) -> tuple[int, int]:
        """First wanted cell of an hour and the one after the last, counted from the hour's start."""
        zero = hour * HOUR_CELLS
        return max(self.first - zero, 0), min(self.first + self.count - zero, HOUR_CELLS)


def by_cell(cells: Cells, hour: int, within_s: Floats) -> Times:
    """Arrivals of one hour (seconds from its start, rising) as those of the wanted cells in it."""
    within_ps = np.minimum((within_s * PS_PER_S).astype(np.int64), HOUR_CELLS * CELL_PS - 1)
    cell = within_ps // CELL_PS
    first, last = cells.within(hour)
    kept = slice(*np.searchsorted(cell, (first, last)))
    return Times(np.bincount(cell[kept] - first, minlength=last - first), within_ps[kept] - cell[kept] * CELL_PS)


def joined(parts: list[Times]) -> Times:
    """Arrivals of consecutive stretches as one."""
    return Times(np.concatenate([part.counts for part in parts]), np.concatenate([part.within_ps for part in parts]))
