"""The base rate of a class over the run: what is expected before any modulation, constant within each hour."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np

from sim.units import DAY_S, Dated
from sim.workload.law import Floats

HOUR_S = 3600


class BaseRate:
    """rate x growth x profile, held constant over each hour of the run.

    `rate` may change at dates (midnight UTC; runs start at midnight), `profile` gives 24 hours of the day, growth is
    taken at the middle of the hour: at 35 % a year that is within 1e-10 of its integral. A class without a rate (a
    replayed one) has 0.
    """

    def __init__(self, cls: Any, start: datetime.date) -> None:
        steps = cls.rate.steps if isinstance(cls.rate, Dated) else ((start, cls.rate or 0.0),)
        self._from_hour = np.array([(day - start).days * 24 for day, _ in steps])
        self._per_s = np.array([rate for _, rate in steps], dtype=float)
        self._growth, self._start = cls.growth, start
        profile = np.ones(24) if cls.profile is None else np.array(cls.profile, dtype=float)
        self._profile = profile / profile.mean()
        self._before = np.zeros(1)
        self._read: tuple[tuple[int, int], Floats] = ((0, 0), np.empty(0))

    def hourly(self, first: int, count: int) -> Floats:
        """Requests per second in hours first .. first + count - 1 of the run; the last stretch is kept."""
        if self._read[0] != (first, count):
            self._read = ((first, count), self._hourly(first, count))
        return self._read[1]

    def _hourly(self, first: int, count: int) -> Floats:
        hours = np.arange(first, first + count)
        step = np.maximum(np.searchsorted(self._from_hour, hours, side="right") - 1, 0)
        factor = self._growth.factor((hours + 0.5) * HOUR_S, self._start)
        return np.asarray(self._per_s[step] * factor * self._profile[hours % 24])

    def integral(self, t0_s: float, t1_s: float) -> float:
        """Requests expected in [t0, t1), seconds since the start of the run."""
        first, last = int(t0_s // HOUR_S), int(-(-t1_s // HOUR_S))
        if last <= first:
            return 0.0
        edges = np.arange(first, last + 1) * float(HOUR_S)
        overlap = np.minimum(edges[1:], t1_s) - np.maximum(edges[:-1], t0_s)
        return float((self.hourly(first, last - first) * overlap).sum())

    def integrals(self, hours: int, count: int) -> Floats:
        """Requests expected in each of the first `count` stretches of `hours` whole hours: what `integral` gives, to the last bit."""
        # Rows lie one behind the other in memory, so each is added up as a single stretch is.
        by_hour = self._hourly(0, hours * count).reshape(count, hours) * float(HOUR_S)
        return np.asarray(by_hour.sum(axis=1))

    def before(self, hour: int) -> float:
        """Requests expected from the start of the run to the start of an hour.

        Sums run in the order of time, so a longer table begins with the shorter one, to the last bit.
        """
        if hour >= len(self._before):
            hours = max(2 * len(self._before), hour + 1, DAY_S // HOUR_S)
            self._before = np.concatenate(([0.0], np.cumsum(self.hourly(0, hours) * HOUR_S)))
        return float(self._before[hour])
