"""The requests that may come to a world: drawn once, the same under every policy.

A request of class k in layer l has a mark in [l, l + 1); it is wanted where demand relative to the base exceeds its mark
(by the share intervals of the options, `docs/architecture.md`). Layer 0 is the base demand; every layer above it is one
more independent copy at the base rate, so that more headroom appends and never changes what lies below.

id = cell << 36 | layer << 32 | class << 24 | index, cell = minutes since the start of the run, index by time within the
cell. Nothing but the named streams decides a draw, and they are read a cell at a time: how time is cut changes nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

import numpy as np

from sim.errors import ScenarioError
from sim.streams import Streams
from sim.units import DAY_S, PS_PER_S, ps
from sim.workload.arrivals.cells import CELL_PS
from sim.workload.arrivals.replayed import Replayed
from sim.workload.churn import Churn
from sim.workload.classes import ClientClass
from sim.workload.kept import KEPT
from sim.workload.modulation import Modulation, correlations
from sim.workload.rate import BaseRate
from sim.workload.requests import CLASS_BITS, INDEX_BITS, LAYER_BITS, ClassLayer, Columns, Sources

MAX_SPAN_PS = 10 * DAY_S * PS_PER_S
"""The longest block of time drawn at once, so that its times fit 64 bits."""
MAX_CELLS = 1 << (63 - INDEX_BITS - CLASS_BITS - LAYER_BITS)


class Potential:
    """All potential requests of one replication.

    Parameters
    ----------
    classes
        Client classes by name; their order numbers them, a class added at the end renumbers nothing.
    streams
        The replication's streams.
    start
        First day of the run; it begins at midnight UTC.
    headroom
        Number of layers, 1 to 16: the greatest demand relative to the base that can be met.

    Raises
    ------
    ScenarioError
        For correlations that cannot hold, an unreadable trace, too many classes or layers.

    """

    def __init__(
        self, classes: Mapping[str, ClientClass], streams: Streams, start: datetime.date, headroom: int = 2
    ) -> None:
        if not 1 <= headroom <= 1 << LAYER_BITS:
            raise ScenarioError(f"headroom {headroom} found; must be a whole number from 1 to {1 << LAYER_BITS}")
        if len(classes) > 1 << CLASS_BITS:
            raise ScenarioError(f"{len(classes)} client classes found; at most {1 << CLASS_BITS}")
        matrix, wrong = correlations(classes)
        if wrong:
            raise ScenarioError(wrong)
        self.names = tuple(classes)
        self.headroom = headroom
        self._replayed = {name: cls.arrivals for name, cls in classes.items() if isinstance(cls.arrivals, Replayed)}
        for law in self._replayed.values():
            law.trace()  # an unreadable one is told now, not in the middle of the run
        self._base = {name: BaseRate(cls, start) for name, cls in classes.items()}
        self._users = (KEPT.users(classes), streams.root, streams.replication, start)
        modulation = Modulation(classes, matrix, streams)
        churn = {
            name: Churn(cls.arrivals, streams[f"churn.{name}"])
            for name, cls in classes.items()
            if cls.arrivals.kind == "clients"
        }
        # By layer, then class: a stable sort by time then breaks ties by id.
        self._parts = [
            ClassLayer(
                cls, name, (index, layer), Sources(self._base[name], modulation, churn.get(name), streams, start)
            )
            for layer in range(headroom)
            for index, (name, cls) in enumerate(classes.items())
        ]

    def draw(self, t0_ps: int, t1_ps: int, below: Sequence[float] | None = None) -> Columns:
        """The requests with t0 <= arrival < t1 (ps since the start of the run, at most 10 days), times relative to t0.

        `below` gives for each class the mark from which on nobody is wanted: those requests are left out, and whole
        layers of them are not even drawn.
        """
        if not 0 <= t0_ps <= t1_ps or t1_ps - t0_ps > MAX_SPAN_PS:
            raise ValueError(f"[{t0_ps}, {t1_ps}) found; must be a span of at most 10 days, not before 0")
        first, last = t0_ps // CELL_PS, -(-t1_ps // CELL_PS)
        if last > MAX_CELLS:
            raise ValueError(f"time {t1_ps} ps found; ids reach to minute {MAX_CELLS} of a run")
        parts = [part for part in self._parts if below is None or part.layer < below[part.index]]
        if first == last or not parts:
            return Columns.empty()
        drawn = Columns.concatenate([self._cells(part, first, last - first) for part in parts])
        if below is not None:
            drawn = drawn.take(drawn.mark < np.asarray(below)[drawn.klass])
        begin = t0_ps - first * CELL_PS
        order = np.argsort(drawn.time_ps, kind="stable")
        low, high = np.searchsorted(drawn.time_ps, (begin, begin + t1_ps - t0_ps), sorter=order)
        columns = drawn.take(order[low:high])
        columns.time_ps[:] -= begin
        return columns

    def _cells(self, part: ClassLayer, first: int, count: int) -> Columns:
        if self.names[part.index] in self._replayed:
            return part.draw(first, count)
        key = (*self._users, part.index, part.layer, first, count)
        return KEPT.get(key, lambda: part.draw(first, count))

    def ceiling(self, name: str) -> int:
        """The greatest demand of a class relative to its base that can be met: the headroom, or what a trace can show."""
        return self._replayed[name].ceiling(self.headroom) if name in self._replayed else self.headroom

    def base_requests(self, name: str, t0_s: float, t1_s: float) -> float:
        """Expected requests of a class at base demand in [t0, t1), seconds since the start of the run.

        Growth and profile are in it, headroom and the state of a log-OU rate (mean 1) are not. Of a replayed class: what
        its trace has there, or, bootstrapped, at its mean rate.
        """
        if name in self._replayed:
            return float(self._replayed[name].expected(ps(t0_s), ps(t1_s)))
        return self._base[name].integral(t0_s, t1_s)

    def base_by_epoch(self, name: str, hours: int, count: int) -> np.ndarray:
        """`base_requests` of each of the first `count` epochs of `hours` whole hours; of a class that is not replayed."""
        return self._base[name].integrals(hours, count)
