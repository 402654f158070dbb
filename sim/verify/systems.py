"""The kernels of classical queues as functions of arrays: they allocate, call, and give back what happened.

Times are int64 ticks, arrivals ascending. What each system does at a tie stands with its kernel in `sim.kernels.queueing`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.kernels.queueing import batches, network, ranks, servers
from sim.kernels.queueing.network import NONE, STATION, VISIT

Ticks = np.ndarray
FOREVER = 2**62


def many_servers(arrival: Ticks, service: Ticks, count: int, places: int = FOREVER) -> Ticks:
    """Start of service at `count` servers with one queue; -1 for who finds all places taken."""
    start = np.empty(len(arrival), np.int64)
    room = places + 1 if places < len(arrival) else 1
    free_at, server = np.zeros(count, np.int64), np.arange(count)
    servers.many_servers(
        arrival, service, places, free_at, server, np.zeros(room, np.int64), np.zeros(room, np.int64), start
    )
    return start


def walked(
    arrival: Ticks, length: np.ndarray, station: np.ndarray, service: Ticks, count: Sequence[int], until: int
) -> np.ndarray:
    """Visits (dtype VISIT) of customers through stations of count[k] servers; -1 where it did not come to that by `until`.

    Customer i makes length[i] >= 1 visits; `station` and `service` hold them one customer after another.
    """
    visits = np.zeros(len(station), VISIT)
    visits["station"], visits["service"] = station, service
    visits["come"] = visits["start"] = visits["end"] = NONE
    first = np.concatenate(([0], np.cumsum(length)))
    visits["last"][first[1:] - 1] = 1
    stations = np.zeros(len(count), STATION)
    stations["idle"], stations["head"], stations["tail"] = count, NONE, NONE
    room = int(np.sum(count)) + 1
    network.network(arrival, first, visits, stations, np.zeros(room, np.int64), np.zeros(room, np.int64), until)
    return visits


def ranked(arrival: Ticks, service: Ticks, rank: np.ndarray) -> Ticks:
    """End of service at one server that takes the lowest rank when it is free."""
    end, keys, who = (np.zeros(len(arrival), np.int64) for _ in range(3))
    ranks.ranked(arrival, service, rank, keys, who, end)
    return end


def preemptive(arrival: Ticks, service: Ticks, rank: np.ndarray | None) -> Ticks:
    """End of service where a lower rank interrupts; without ranks the shortest remaining work goes first."""
    end, keys, who = (np.zeros(len(arrival), np.int64) for _ in range(3))
    classes = np.zeros(len(arrival), np.int64) if rank is None else rank
    ranks.ranked_preemptive(arrival, service.copy(), classes, int(rank is None), keys, who, end)
    return end


def partial_batches(arrival: Ticks, service: Ticks, most: int) -> tuple[Ticks, int]:
    """End of each customer at a server that clears up to `most` at once, and the number of batches."""
    end = np.zeros(len(arrival), np.int64)
    return end, int(batches.partial_batches(arrival, service, most, end))
