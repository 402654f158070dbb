"""Arrivals whose rate wanders: locally Poisson, drifting over minutes, as a conversation service's do."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.units import Quantity
from sim.workload.arrivals.cells import Cells, Times
from sim.workload.arrivals.poisson import poisson_times
from sim.workload.law import Figures


class LogOuArrivals(Figures):
    """A Poisson process whose rate is the base rate times the exponential of an Ornstein-Uhlenbeck path (`modulation`).

    Declared moments (of the rate factor): mean 1, variance `relative_variance`.
    """

    kind: Literal["log_ou"] = "log_ou"
    relative_variance: Annotated[float, Field(gt=0, le=100)]
    """Variance of the rate over its squared mean."""
    tau: Annotated[float, Quantity("duration", low=1, high=7 * 86_400, dated=False)]
    """Time constant of the logarithm of the rate: its autocorrelation at lag t is exp(-t / tau)."""

    @property
    def mean(self) -> float:
        """1."""
        return 1.0

    @property
    def variance(self) -> float:
        """`relative_variance`."""
        return self.relative_variance

    def times(self, cells: Cells) -> Times:
        """Arrivals of the cells; layers share the rate path and are independent given it."""
        return poisson_times(cells, cells.rates_per_s[:, None] * cells.factors(cells.first, cells.count))
