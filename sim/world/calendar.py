"""When things happen in a run: epochs, dates, and the instants of windows.

Windows of requests fall on instants that depend on the epoch's number alone, so that all policies measure at the same
ones. Where windows lie more than a day apart, the hour of the day moves on by the golden section from window to window;
where they lie closer, they stand evenly in the day and all move on together from day to day. Either way every stratum of
the day is visited evenly, however few windows there are.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools

from sim.errors import ScenarioError
from sim.units import DAY_S, PS_PER_S, ps
from sim.world.window import Window

DAY_PS = DAY_S * PS_PER_S
GOLDEN = 0.6180339887498949
"""Fractional part of the golden ratio: its multiples fill the unit interval most evenly (Weyl sequence)."""


@dataclasses.dataclass(frozen=True)
class Epoch:
    """One accounting period [start, end); the last ends at the horizon, whatever its length."""

    number: int
    start_ps: int
    end_ps: int

    @property
    def seconds(self) -> float:
        """Length."""
        return (self.end_ps - self.start_ps) / PS_PER_S

    @property
    def days(self) -> float:
        """Length."""
        return self.seconds / DAY_S


@dataclasses.dataclass(frozen=True)
class Calendar:
    """The run's time line. `start` is a date (0 h UTC); all other times are integer picoseconds since then."""

    start: datetime.date
    horizon_ps: int
    epoch_ps: int

    @classmethod
    def of(cls, start: datetime.date, horizon_s: float, epoch_s: float) -> Calendar:
        """From seconds as scenarios hold them."""
        return cls(start, ps(horizon_s), ps(epoch_s))

    def epochs(self) -> list[Epoch]:
        """All epochs; one that ends exactly at the horizon is closed there."""
        return list(_epochs(self.horizon_ps, self.epoch_ps))

    def first_from(self, at_ps: int) -> int:
        """Start of the first epoch that begins at an instant or after it; the instant itself where none does."""
        start_ps = -(-at_ps // self.epoch_ps) * self.epoch_ps
        return start_ps if start_ps < self.horizon_ps else at_ps

    def day(self, at_ps: int) -> datetime.date:
        """The calendar day of an instant."""
        return self.start + datetime.timedelta(days=at_ps // DAY_PS)


@functools.lru_cache(maxsize=16)
def _epochs(horizon_ps: int, epoch_ps: int) -> tuple[Epoch, ...]:
    count = -(-horizon_ps // epoch_ps)
    return tuple(Epoch(n, n * epoch_ps, min((n + 1) * epoch_ps, horizon_ps)) for n in range(count))


@dataclasses.dataclass(frozen=True)
class Sampling:
    """How windows sample an epoch: `per_epoch` of `window_ps`, after `warm_ps`, while requests live at most `life_ps`."""

    window_ps: int
    per_epoch: int
    every: int
    warm_ps: int
    life_ps: int

    def check(self, epoch_ps: int) -> None:
        """Raise `ScenarioError` where the windows of an epoch do not fit into it."""
        need = self.per_epoch * (self.warm_ps + self.window_ps + self.life_ps)
        if need > epoch_ps:
            raise ScenarioError(
                f"requests: {self.per_epoch} windows with warm-up and tail take {need / PS_PER_S:.0f} s, more than an epoch of "
                f"{epoch_ps / PS_PER_S:.0f} s; take a longer epoch, fewer windows, or `mode: all`"
            )

    def due(self, epoch: Epoch) -> bool:
        """Whether the epoch is one of every n-th."""
        return epoch.number % self.every == 0

    def longest_warm_ps(self, epoch: Epoch) -> int:
        """The longest warm-up with which all windows of an epoch fit into it."""
        return (epoch.end_ps - epoch.start_ps) // self.per_epoch - self.window_ps - self.life_ps

    def windows(self, epoch: Epoch, first_number: int, factor: int = 1) -> list[Window]:
        """The windows of an epoch in order of time, or none if it is too short; `factor` stretches the warm-up where that fits."""
        length_ps = epoch.end_ps - epoch.start_ps
        beyond_ps = self.window_ps + self.life_ps
        factor = min(factor, self.longest_warm_ps(epoch) // self.warm_ps)
        if factor < 1:
            return []
        warm_ps = self.warm_ps * factor
        apart = length_ps // self.per_epoch >= DAY_PS + warm_ps + beyond_ps
        starts = self._by_hour(epoch, warm_ps) if apart else self._evenly(epoch, warm_ps)
        return [
            Window(first_number + place, start - warm_ps, start, start + self.window_ps, start + beyond_ps)
            for place, start in enumerate(starts)
        ]

    def _by_hour(self, epoch: Epoch, warm_ps: int) -> list[int]:
        """Each at its hour of the day, on the day in the middle of its part of the epoch."""
        span = warm_ps + self.window_ps + self.life_ps
        part = (epoch.end_ps - epoch.start_ps) // self.per_epoch
        starts = []
        for place in range(self.per_epoch):
            begin = epoch.start_ps + place * part
            hour_ps = int(((epoch.number * self.per_epoch + place) * GOLDEN) % 1.0 * DAY_PS)
            offset = (hour_ps - begin) % DAY_PS
            day = (part - span - offset) // DAY_PS
            starts.append(begin + warm_ps + min(offset + max(day // 2, 0) * DAY_PS, part - span))
        return starts

    def _evenly(self, epoch: Epoch, warm_ps: int) -> list[int]:
        """A comb whose place moves on from day to day; windows that would meet, or leave the epoch, push each other apart."""
        span = warm_ps + self.window_ps + self.life_ps
        part = (epoch.end_ps - epoch.start_ps) // self.per_epoch
        begins = [epoch.start_ps + place * part for place in range(self.per_epoch)]
        starts = [begin + int(begin // DAY_PS * GOLDEN % 1.0 * part) for begin in begins]
        free = epoch.start_ps + warm_ps
        for place, start in enumerate(starts):
            starts[place] = max(start, free)
            free = starts[place] + span
        free = epoch.end_ps + warm_ps
        for place in reversed(range(self.per_epoch)):
            free = starts[place] = min(starts[place], free - span)
        return starts
