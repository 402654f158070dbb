"""Stretches of time in which requests are really served: warm-up, measured part, tail.

A window starts with empty replicas, runs its warm-up unmeasured, counts the requests that arrive in [start, end), and
goes on with arrivals as they come until the last counted one has ended, so that late ones meet an honest load.

Owners' parts of the work are told by the requests of the warm-up's second half as well: their differences are small sums of
luck, whose absolute value (the Gini coefficient, the worst node) is the more too large the fewer requests speak.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Mapping
from typing import Any

import numpy as np

from sim.serving import contract
from sim.serving.contract import FINISHED, NEVER, REQUEST, Fate, Reading, Requests
from sim.streams import Streams
from sim.units import PS_PER_S
from sim.world.energy import computed_by
from sim.world.expand import Expander
from sim.world.fleet import LifeEvent
from sim.world.requests import Batch
from sim.world.space import Part
from sim.world.tally import Tally, Targets, add_timely, add_work

TAIL_PS = 30 * PS_PER_S
"""Arrivals after a window are drawn in pieces of this length."""

Draw = Callable[[int, int], Mapping[str, np.ndarray]]
"""Columns of potential requests of (from_ps, until_ps), `option` telling the fleet (-1: nobody)."""


@dataclasses.dataclass(frozen=True)
class Window:
    """When: absolute picoseconds; `number` counts the windows of a run and names their draws."""

    number: int
    warm_ps: int
    start_ps: int
    end_ps: int
    limit_ps: int
    """No counted request is alive after this (the longest deadline)."""

    @property
    def work_ps(self) -> int:
        """From here on requests tell nodes' parts of the work: the middle of the warm-up, as replicas began empty."""
        return (self.warm_ps + self.start_ps) // 2


class Stint:
    """One fleet in one window: its engine, its tally, and the work of each node in the measured part and half of the warm-up.

    Of a fleet sampled in space the engine and `work` hold the nodes that serve, `tally` what they say of the whole fleet;
    `fates`, int64[fates], are the requests that were served one by one.
    """

    def __init__(
        self, part: Part, expander: Expander, engine: str, classes: int, targets: Targets, window: Window
    ) -> None:
        self.part, self.expander = part, expander
        self.roster = part.roster
        self.targets = targets
        self.window = window
        self.fleet = part.fleet(classes)
        # An engine takes what arrives after its start: a request may arrive at the first instant of the warm-up.
        self.engine = contract.make(engine, self.fleet, window.warm_ps - 1)  # type: ignore[arg-type]
        self.tally = Tally(classes)
        self.fates = np.zeros(len(Fate), np.int64)
        self.counted = 0
        self.ended = 0
        self.work = np.zeros((len(self.roster), 2), np.int64)
        self.timely: np.ndarray | None = None
        """Of `work` what met its target, int64[nodes], where somebody looks at it."""
        self.halves = [[0, 0, 0], [0, 0, 0]]
        self.energy_j = np.zeros(len(self.fleet.types))
        """What the nodes that serve used in the measured part, by type."""
        self._rows: list[np.ndarray] = []

    def offer(self, columns: Mapping[str, np.ndarray], origin_ps: int, option: int) -> None:
        """Give the fleet its share of the columns (times relative to origin_ps)."""
        rows = self.roster.place(request_rows(columns, option))
        arrival = rows["arrival"] + (origin_ps - self.window.start_ps)
        self.counted += int(((arrival >= 0) & (arrival < self.window.end_ps - self.window.start_ps)).sum())
        self.engine.offer(Requests(origin_ps, rows))

    def read(self) -> Reading:
        """Pull finished work; rows of counted requests are kept."""
        reading = self.engine.read()
        window, rows = self.window, reading.finished
        arrival = rows["arrival"] + (reading.origin_ps - window.start_ps)
        span = window.end_ps - window.start_ps
        telling = rows[(arrival >= window.work_ps - window.start_ps) & (arrival < span)]
        add_work(self.work, telling, self.fleet)
        if self.timely is not None:
            add_timely(self.timely, telling, self.fleet, self.targets)
        inside = (arrival >= 0) & (arrival < span)
        chosen = rows[inside]
        chosen["arrival"] = arrival[inside]
        if len(chosen):
            self._rows.append(chosen)
            self.ended += len(chosen)
            self._count_halves(chosen, arrival[inside], span)
        return reading

    def _count_halves(self, rows: np.ndarray, arrival: np.ndarray, span: int) -> None:
        """Sums of TTFT (ms) over the two halves of the window: count, sum, sum of squares."""
        begun = rows["first_token"] != NEVER
        ms = rows["first_token"][begun] // 10**9
        late = arrival[begun] * 2 >= span
        for half, pick in zip(self.halves, (~late, late), strict=True):
            half[0] += int(pick.sum())
            half[1] += int(ms[pick].sum())
            half[2] += int((ms[pick] ** 2).sum())

    def measure(self, reading: Reading) -> None:
        """Take the replicas' counters of the measured part."""
        self.tally.measure(reading, self.fleet, (self.window.end_ps - self.window.start_ps) / PS_PER_S)
        self.energy_j = self.tally.energy_type_j.copy()
        if self.part.sampled:
            self.expander.measure(self.tally, self.part, self.fleet, reading)

    def close(self) -> None:
        """Count the fates of all counted requests, and share the energy of the measured part over them."""
        if not self._rows:
            return
        every = np.concatenate(self._rows)
        self.fates += np.bincount(every["fate"], minlength=len(Fate))
        if self.part.sampled:
            self.expander.count(self.tally, self.part, self.fleet, every, self.targets)
        else:
            for rows in self._rows:
                self.tally.count(rows, self.targets, self.roster.network_ps(rows, self.fleet))
        self.tally.attribute(computed_by(every, self.fleet, len(self.tally.fates)))

    def batch(self, network: str, model: str) -> Batch:
        """The requests that were counted, once the window is over."""
        rows = np.concatenate([np.zeros(0, FINISHED), *self._rows])
        start_ps, number = self.window.start_ps, self.window.number
        return Batch(network, model, number, start_ps, rows, self.roster, self.fleet, self.energy_j)

    @property
    def open(self) -> bool:
        """Whether a counted request is still alive."""
        return self.ended < self.counted


COLUMNS = {  # a request's columns: engines' name, ours
    "id": "id", "arrival": "time_ps", "klass": "klass", "prompt": "prompt", "output": "output", "cached": "cached",
    "patience": "patience_ps", "deadline": "deadline_ps", "disconnect": "disconnect_ps",
}  # fmt: skip


def request_rows(columns: Mapping[str, np.ndarray], option: int) -> np.ndarray:
    """The requests of one fleet among drawn columns, as its engine takes them (dtype REQUEST)."""
    mine = columns["option"] == option
    rows = np.zeros(int(mine.sum()), REQUEST)
    for name, column in COLUMNS.items():
        rows[name] = columns[column][mine]
    return rows


def serve(env: Any, window: Window, stints: list[Stint], draw: Draw, streams: Streams) -> Generator[Any, None, None]:
    """SimPy process of one window; begins at its warm-up and leaves the world's clock at the end of the measured part."""
    lives = []
    for index, stint in enumerate(stints):
        up, events = stint.part.lives(streams, window.number, window.warm_ps, window.limit_ps)
        for node in np.flatnonzero(up):
            stint.engine.join(int(node))
        lives += [(event, index) for event in events]
    lives.sort(key=lambda item: (item[0].at_ps, item[0].rank, item[1], item[0].node))
    columns = draw(window.warm_ps, window.end_ps)
    for index, stint in enumerate(stints):
        stint.offer(columns, window.warm_ps, index)
    todo = iter([*lives, None])
    event = next(todo)
    for stop_ps in (window.start_ps, window.end_ps):
        while event is not None and event[0].at_ps < stop_ps:
            yield env.timeout(event[0].at_ps - env.now)
            happen(stints[event[1]].engine, event[0])
            event = next(todo)
        yield env.timeout(stop_ps - env.now)
        for stint in stints:
            # The instant itself is left open: arrivals after the window may fall on it.
            stint.engine.advance(stop_ps - 1)
            reading = stint.read()
            if stop_ps == window.end_ps:
                stint.measure(reading)
    _finish(window, stints, draw, [item for item in (event, *todo) if item is not None])


def happen(engine: contract.Engine, event: LifeEvent) -> None:
    """A node of an engine fails or comes back, at the instant of the event."""
    engine.advance(event.at_ps)
    if event.fails:
        engine.leave(event.node, "fail")
    else:
        engine.join(event.node)


def _finish(window: Window, stints: list[Stint], draw: Draw, lives: list[tuple[LifeEvent, int]]) -> None:
    """Run on past the end, in pieces, until every counted request has ended.

    The world's clock stands still meanwhile: what happens in the tail is seen by nobody but the counted requests.
    """
    now = window.end_ps
    while any(stint.open for stint in stints) and now < window.limit_ps:
        until = min(now + TAIL_PS, window.limit_ps)
        drawn = draw(now, until)
        # In the window's own time, so that engines need not move theirs.
        columns = {**drawn, "time_ps": drawn["time_ps"] + (now - window.warm_ps)}
        for index, stint in enumerate(stints):
            if not stint.open:
                continue
            stint.offer(columns, window.warm_ps, index)
            for event, whose in lives:
                if whose == index and now <= event.at_ps < until:
                    happen(stint.engine, event)
            stint.engine.advance(until - 1)
            stint.read()
        now = until
    for stint in stints:
        stint.close()


__all__ = ["TAIL_PS", "Stint", "Window", "happen", "request_rows", "serve"]
