"""One server that takes the lowest rank first: classes, shortest job, shortest remaining work."""

from __future__ import annotations

from typing import Any

from sim.kernels.options import verb
from sim.kernels.queueing.heap import drop, push


@verb
def ranked(arrival: Any, service: Any, rank: Any, keys: Any, who: Any, out_end: Any) -> None:
    """End of service of each customer, never interrupted: a free server takes the lowest rank, ties to who came first.

    All int64[n], times in ticks, arrivals ascending; keys and who are room. Who arrives as the server becomes free is in time.
    """
    size, i, n, free = 0, 0, arrival.shape[0], 0
    while size > 0 or i < n:
        if size == 0:
            free = max(free, arrival[i])
        while i < n and arrival[i] <= free:
            size = push(keys, who, size, rank[i], i)
            i += 1
        j = who[0]
        size = drop(keys, who, size)
        free += service[j]
        out_end[j] = free


@verb
def ranked_preemptive(arrival: Any, left: Any, rank: Any, by_work: int, keys: Any, who: Any, out_end: Any) -> None:
    """The same where a lower rank interrupts at once, and who was interrupted goes on later where it stopped.

    The order is by rank[i] + by_work * left[i]: 0 keeps classes, 1 with ranks of zero takes the shortest remaining work.
    `left` starts as the services and is used up. Only a strictly lower order interrupts. An end at the instant of an arrival
    comes first.
    """
    size, i, n, now = 0, 0, arrival.shape[0], 0
    while size > 0 or i < n:
        if size == 0:
            now = arrival[i]
            size = push(keys, who, size, rank[i] + by_work * left[i], i)
            i += 1
        j = who[0]
        if i < n and arrival[i] < now + left[j]:
            # The one in service stays in the heap: less work left only moves it towards the head, where it is.
            left[j] -= arrival[i] - now
            keys[0] = rank[j] + by_work * left[j]
            now = arrival[i]
            size = push(keys, who, size, rank[i] + by_work * left[i], i)
            i += 1
        else:
            now += left[j]
            out_end[j] = now
            size = drop(keys, who, size)
