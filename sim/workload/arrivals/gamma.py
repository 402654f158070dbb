"""Arrivals of a renewal process with gamma gaps: one parameter, the measured coefficient of variation, for bursty clients."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.random import Generator
from pydantic import Field

from sim.workload.arrivals.cells import Cells, Times, by_cell, joined
from sim.workload.law import Figures, Floats
from sim.workload.rate import HOUR_S


def renewals(generator: Generator, cv: float, until: float) -> Floats:
    """Renewal instants in [0, until) of a process in equilibrium with gamma gaps of mean 1 and variance cv^2.

    The first lies at a uniform share of a length-biased gap, a gamma of shape k + 1 (Cox 1962, Renewal Theory,
    section 5.3), so the expected number in any interval is its length.
    """
    shape, scale = 1 / cv**2, cv**2
    first = generator.random() * generator.standard_gamma(shape + 1) * scale
    instants = np.array([first])
    ahead = int(until + 6 * cv * np.sqrt(until) + 16)
    while instants[-1] < until:
        gaps = generator.standard_gamma(shape, ahead) * scale
        instants = np.cumsum(np.concatenate((instants[-1:], gaps))) if len(instants) == 1 else np.concatenate((instants, instants[-1] + np.cumsum(gaps)))
    return instants[: np.searchsorted(instants, until)]


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
            expected = rate * HOUR_S
            instants = renewals(cells.generator(hour), self.cv, expected) if expected > 0 else np.empty(0)
            parts.append(by_cell(cells, hour, instants / rate if expected > 0 else instants))
        return joined(parts)
