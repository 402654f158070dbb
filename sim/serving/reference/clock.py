"""A private SimPy clock in integer picoseconds that keeps the order within an instant."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

import simpy
from simpy.events import EventPriority


class Step(enum.IntEnum):
    """The six steps of an instant, in their order (`docs/serving-rules.md`, section 1)."""

    ARRIVAL = 1
    END = 2
    EXPIRY = 3
    OUTER = 4
    ROUTE = 5
    START = 6


ORDER: Mapping[Step, int] = MappingProxyType({step: int(step) for step in Step})
"""Place of each step in an instant."""


class At(simpy.Event):
    """An event at an absolute instant; within it by the step's place, then by `key` (a request, node or replica id)."""

    def __init__(self, env: simpy.Environment, instant_ps: int, priority: int) -> None:
        super().__init__(env)
        self._ok = True
        self._value = None
        # SimPy's type names its own two priorities; any integer orders the same way.
        env.schedule(self, cast(EventPriority, priority), instant_ps - env.now)


class Clock:
    """Time, and what happens when. SimPy's own events (a bell, a process's start) have priorities 0 and 1, before all.

    Parameters
    ----------
    start_ps
        The instant it stands at.
    order
        Place of each step within an instant.

    """

    def __init__(self, start_ps: int, order: Mapping[Step, int] = ORDER) -> None:
        self._env = simpy.Environment(initial_time=start_ps)
        self._order = order

    @property
    def now_ps(self) -> int:
        """The present instant."""
        return int(self._env.now)

    def at(self, instant_ps: int, step: Step, key: int = 0) -> At:
        """What a process yields to sleep until a step of an instant that is not past."""
        # 64 bits are room for every id below the step, so that ids order only events of one step.
        return At(self._env, instant_ps, (self._order[step] << 64) + key)

    def call(self, instant_ps: int, step: Step, key: int, act: Callable[[], None]) -> None:
        """Have `act()` called at a step of an instant."""
        event = self.at(instant_ps, step, key)
        assert event.callbacks is not None
        event.callbacks.append(lambda _: act())

    def live(self, life: Any) -> None:
        """Start a process; its first lines run when the clock next steps, before anything else of this instant."""
        self._env.process(life)

    def bell(self) -> simpy.Event:
        """An event that somebody rings with `.succeed()`."""
        return self._env.event()

    def run(self, until_ps: int) -> None:
        """Do everything up to, and not including, the outer events of `until_ps`."""
        boundary = self.at(until_ps, Step.OUTER)
        while not boundary.processed:
            self._env.step()
