"""Stations of several servers, each with a queue in order of arrival; customers walk from one to the next."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.kernels.options import kernel, verb
from sim.kernels.queueing.heap import drop, push

NONE = -1
VISIT = np.dtype(
    [
        ("station", "i8"),
        ("service", "i8"),  # ticks
        ("last", "i8"),  # 1 if the customer leaves after it
        ("next", "i8"),  # the visit behind it in the queue: the kernel's own
        ("come", "i8"),  # ticks: joined the station
        ("start", "i8"),  # service began
        ("end", "i8"),  # service ended
    ]
)
STATION = np.dtype([("idle", "i8"), ("head", "i8"), ("tail", "i8")])
"""Servers that are idle, and the queue's first and last visit (NONE: empty)."""


@kernel
def come(v: int, t: int, visits: Any, stations: Any, ends: Any, who: Any, size: int) -> int:
    """Visit v reaches its station at t: served at once if a server is idle, else queued. Returns the heap's size."""
    visit = visits[v]
    station = stations[visit.station]
    visit.come = t
    visit.next = NONE
    if station.idle > 0:
        station.idle -= 1
        visit.start = t
        return push(ends, who, size, t + visit.service, v)
    if station.head == NONE:
        station.head = v
    else:
        visits[station.tail].next = v
    station.tail = v
    return size


@kernel
def go(v: int, t: int, visits: Any, stations: Any, ends: Any, who: Any, size: int) -> int:
    """Visit v ends at t: its server takes the head of the queue. Returns the heap's size."""
    station = stations[visits[v].station]
    visits[v].end = t
    head = station.head
    if head == NONE:
        station.idle += 1
        return size
    station.head = visits[head].next
    visits[head].start = t
    return push(ends, who, size, t + visits[head].service, head)


@verb
def network(arrival: Any, first: Any, visits: Any, stations: Any, ends: Any, who: Any, until: int) -> None:
    """Fill in `come`, `start`, `end` of every visit until an instant; what has not happened by then stays as it was.

    Customer i arrives at arrival[i] (int64[n] ticks, ascending) and makes visits first[i] .. first[i + 1] - 1 (int64[n + 1]),
    one after the other. `visits` is VISIT[v], `stations` STATION[k] (all idle, heads NONE); ends, who: int64[servers of all stations + 1].
    Arrivals come before ends of the same instant, ends by number of visit; at an end the head of the queue is served first,
    then the customer goes on, so that one who comes back to the same station stands behind it.
    """
    size, i, n = 0, 0, arrival.shape[0]
    while size > 0 or i < n:
        if i < n and (size == 0 or arrival[i] <= ends[0]):
            if arrival[i] > until:
                return
            size = come(first[i], arrival[i], visits, stations, ends, who, size)
            i += 1
            continue
        t, v = ends[0], who[0]
        if t > until:
            return
        size = drop(ends, who, size)
        size = go(v, t, visits, stations, ends, who, size)
        if visits[v].last == 0:
            size = come(v + 1, t, visits, stations, ends, who, size)
