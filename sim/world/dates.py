"""Which blocks of a scenario are in force when: its values change at dates, and policies begin."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Sequence
from typing import Any

from sim.blocks import Block
from sim.kept import Kept
from sim.scenario.network import Network
from sim.serving.catalogue import Gpu, LlmModel
from sim.tokenomics.operators import OperatorClass
from sim.units import Dated
from sim.world.calendar import DAY_PS, Calendar, Epoch


class InForce:
    """The scenario by epoch: `before` until the epoch that begins at `from_ps`, `after` from then on, each as its dated values stand."""

    def __init__(self, before: Any, after: Any, calendar: Calendar, from_ps: int) -> None:
        self._before, self._after, self._calendar, self._from_ps = before, after, calendar, from_ps
        self._dates = {id(before): dates_of(before)}
        if after is not before:
            self._dates[id(after)] = dates_of(after)
        self._now: tuple[Any, datetime.date] | None = None

    def on(self, spec: Any, day: datetime.date) -> Any:
        """One of the two scenarios with the values of a day."""
        return spec.at(day) if self._dates[id(spec)] else spec

    def at(self, epoch: Epoch) -> Any:
        """What holds in an epoch, at its first day; the same object as long as nothing changes."""
        spec = self._after if epoch.start_ps >= self._from_ps else self._before
        day = self._calendar.day(epoch.start_ps)
        last = max((date for date in self._dates[id(spec)] if date <= day), default=datetime.date.min)
        if self._now is None or self._now[0] is not spec or self._now[1] != last:
            self._now = spec, last
            self._found = self.on(spec, day)
        return self._found

    def turning(self, epochs: Sequence[Epoch]) -> list[Epoch]:
        """The first epoch, and each with which something may change: all between them hold what the one before them does."""
        days = [date for dates in self._dates.values() for date in dates]
        edges = {self._from_ps, *((day - self._calendar.start).days * DAY_PS for day in days)}
        length = self._calendar.epoch_ps
        numbers = {0, *(-(-edge // length) for edge in edges)}
        return [epochs[number] for number in sorted(numbers) if 0 <= number < len(epochs)]


_SHARED: Kept[list[datetime.date]] = Kept()


def dates_of(value: Any) -> list[datetime.date]:
    """Every date at which something in a block changes, in no order."""
    found, todo = list[datetime.date](), [value]
    while todo:
        one = todo.pop()
        if isinstance(one, Dated):
            found += [day for day, _ in one.steps]
        elif isinstance(one, dict):
            todo += filter(_may_hold, one.values())
        elif isinstance(one, (Gpu, LlmModel, Network, OperatorClass)) and one is not value:
            # Long, and most cases of a study share them.
            found += _SHARED.get((one,), (), functools.partial(dates_of, one))
        elif isinstance(one, Block):
            todo += filter(_may_hold, vars(one).values())
    return found


def _may_hold(value: Any) -> bool:
    # Most of what stands in blocks is a number or a text.
    return isinstance(value, (Dated, dict, Block))
