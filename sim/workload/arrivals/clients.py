"""Arrivals from many clients who come and go, each bursty by itself: what the users of an API look like from outside."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sim.units import DAY_S, Quantity
from sim.workload.arrivals.cells import Cells, Times, by_cell, joined
from sim.workload.arrivals.gamma import renewals
from sim.workload.churn import LEAST_CV, MOST_CV, Regimes
from sim.workload.law import Figures, Floats
from sim.workload.modulation import CELL_S
from sim.workload.rate import HOUR_S

_Stretch = Quantity("duration", low=60, high=365 * DAY_S, dated=False)
_REGIMES = 1 << 24
"""More regimes than an hour can hold: 1,024 clients change at most every half minute."""


class ClientArrivals(Figures):
    """A sum of gamma renewal processes, one a client, whose rates are lognormal and who are silent at times (`churn`).

    Client i of n has the share of the (i - 1/2)/n quantile of a lognormal law, so the largest ones are the same in every
    replication; when they ask, at which level and how bursty, is drawn. Declared moments (of the rate factor): mean 1,
    variance sum of squared shares x (exp(level_spread^2) / share_asking - 1). The dispersion of counts tends, for windows longer
    than gaps, to the mean CV^2 plus what the rate's variance brings.
    """

    kind: Literal["clients"] = "clients"
    clients: Annotated[int, Field(ge=1, le=1024)]
    """Number of clients."""
    spread: Annotated[float, Field(ge=0, le=5)]
    """Standard deviation of ln(mean rate) over clients."""
    asking: Annotated[float, _Stretch]
    """Mean time for which a client asks."""
    silent: Annotated[float, _Stretch]
    """Mean time for which it is silent."""
    level_spread: Annotated[float, Field(ge=0, le=3)]
    """Standard deviation of ln(rate) of an asking client over time."""
    cv: Annotated[float, Field(ge=LEAST_CV, le=MOST_CV)]
    """Median coefficient of variation of a client's gaps: 1 is Poisson, more is bursty."""
    cv_spread: Annotated[float, Field(ge=0, le=2)] = 0.0
    """Standard deviation of ln(CV)."""

    @property
    def share_asking(self) -> float:
        """Share of the time in which a client asks."""
        return self.asking / (self.asking + self.silent)

    @property
    def tau_s(self) -> float:
        """Mean time between changes, and time constant of the rate's autocorrelation: asking silent / (asking + silent)."""
        return self.silent * self.share_asking

    def shares(self) -> Floats:
        """Share of each client in the mean rate, falling, sum 1."""
        from scipy.special import ndtri

        rates = np.exp(self.spread * ndtri((np.arange(self.clients, 0, -1) - 0.5) / self.clients))
        return np.asarray(rates / rates.sum())

    @property
    def mean(self) -> float:
        """1."""
        return 1.0

    @property
    def variance(self) -> float:
        """Sum of squared shares x (exp(level_spread^2) / share_asking - 1)."""
        return float((self.shares() ** 2).sum() * (np.exp(self.level_spread**2) / self.share_asking - 1))

    def times(self, cells: Cells) -> Times:
        """Arrivals of the cells, from the whole hours that hold them; layers share the clients' regimes."""
        parts = []
        rates = cells.base.hourly(cells.hours()[0], len(cells.hours()))
        for hour, rate in zip(cells.hours(), rates, strict=True):
            within_s = _hour(cells, hour, rate, cells.regimes(hour)) if rate > 0 else np.empty(0)
            parts.append(by_cell(cells, hour, within_s))
        return joined(parts)


def _hour(cells: Cells, hour: int, rate: float, regimes: Regimes) -> Floats:
    """Arrivals in the wanted cells of an hour and some around them, in seconds from its start, rising.

    Each regime starts a process of its own in equilibrium, as each hour does under `gamma`.
    """
    begin, end = (cell * CELL_S for cell in cells.within(hour))
    found = [np.empty(0)]
    for number, (start_s, end_s, factor, cv) in enumerate(zip(*regimes, strict=True)):
        own = rate * factor
        # A little more on both sides: which cell an instant is in is decided in one place, by its picoseconds.
        if start_s <= end and end_s >= begin - 1:
            until = min(own * (end - start_s) + 1, own * (end_s - start_s))
            generator = cells.generator(hour * _REGIMES + number)
            found.append(start_s + renewals(generator, cv, until, own * (begin - start_s) - 1) / own)
    within_s = np.concatenate(found)
    # Rounding must not carry an arrival past the hour, nor a slow client's one before it.
    return np.sort(within_s[within_s < HOUR_S])
