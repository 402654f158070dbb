"""Servers that share one queue in order of arrival, with or without a bound on how many may be there."""

from __future__ import annotations

from typing import Any

from sim.kernels.options import verb
from sim.kernels.queueing.heap import drop, push, sink


@verb
def many_servers(
    arrival: Any, service: Any, places: int, free_at: Any, server: Any, leaves: Any, who: Any, out_start: Any
) -> None:
    """Start of service of each customer at c servers and `places` places, service included; -1 for who is turned away.

    arrival, service, out_start: int64[n] ticks, arrivals ascending. free_at int64[c] zeros and server int64[c] 0 .. c-1:
    when each server is free. leaves, who: int64[places + 1], room for those present; unread where places >= n.
    Start[i] = max(arrival[i], earliest free_at), ties to the lowest server (Kiefer and Wolfowitz 1955). Who leaves at
    the instant of an arrival still holds a place then: arrivals come first.
    """
    present = 0
    for i in range(arrival.shape[0]):
        t = arrival[i]
        while present > 0 and leaves[0] < t:
            present = drop(leaves, who, present)
        if present >= places:
            out_start[i] = -1
            continue
        begin = max(t, free_at[0])
        out_start[i] = begin
        free_at[0] = begin + service[i]
        if places < arrival.shape[0]:
            present = push(leaves, who, present, free_at[0], i)
        sink(free_at, server, free_at.shape[0])
