"""Arrivals of a renewal process with gamma gaps: one parameter, the measured coefficient of variation, for bursty clients."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.random import Generator
from pydantic import Field

from sim.workload.arrivals.cells import Cells, Times, by_cell, joined
from sim.workload.law import Figures, Floats
from sim.workload.modulation import CELL_S
from sim.workload.rate import HOUR_S

_FEWEST, _MOST = 64, 2**18
"""Gaps drawn at a time, doubling from the one to the other."""


def renewals(generator: Generator, cv: float, until: float, since: float = 0.0) -> Floats:
    """Renewal instants in [since, until) of a process that is in equilibrium at 0, gamma gaps of mean 1, variance cv^2.

    The first lies at a uniform share of a length-biased gap, a gamma of shape k + 1 (Cox 1962, Renewal Theory,
    section 5.3), so the expected number in any interval is its length. The interval asked for moves no instant.
    """
    shape, scale = 1 / cv**2, cv**2
    last = generator.random() * generator.standard_gamma(shape + 1) * scale
    kept = [np.array([last] if since <= last < until else [])]
    ahead = _FEWEST
    while last < until:
        # Sizes that do not depend on the interval: sums are rounded the same way wherever it begins and ends.
        instants = last + np.cumsum(generator.standard_gamma(shape, ahead) * scale)
        kept.append(instants[slice(*np.searchsorted(instants, (since, until)))])
        last, ahead = float(instants[-1]), min(2 * ahead, _MOST)
    return np.concatenate(kept)


class GammaArrivals(Figures):
    """Gaps are gamma with coefficient of variation `cv`, in operational time: the integral of the base rate.

    Each hour of the run starts a process of its own in equilibrium: rate and spread inside the hour are exact, a burst
    does not pass from one hour into the next. Declared moments (of the gap, in units of the mean gap): 1 and cv^2.
    """

    kind: Literal["gamma"] = "gamma"
    cv: Annotated[float, Field(ge=0.01, le=50)]
    """Standard deviation of the gap over its mean: 1 is Poisson, more is bursty."""

    @property
    def mean(self) -> float:
        """1."""
        return 1.0

    @property
    def variance(self) -> float:
        """cv^2."""
        return self.cv**2

    def times(self, cells: Cells) -> Times:
        """Arrivals of the cells, from the whole hours that hold them; each layer is an independent process."""
        parts = []
        rates = cells.base.hourly(cells.hours()[0], len(cells.hours()))
        for hour, rate in zip(cells.hours(), rates, strict=True):
            begin, end = cells.within(hour)
            until, since = rate * end * CELL_S, rate * begin * CELL_S
            # A little more on both sides: which cell an instant is in is decided in one place, by its picoseconds.
            instants = (
                renewals(cells.generator(hour), self.cv, min(until + 1, rate * HOUR_S), since - 1)
                if rate > 0
                else np.empty(0)
            )
            parts.append(by_cell(cells, hour, instants / rate if rate > 0 else instants))
        return joined(parts)
