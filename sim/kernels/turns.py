"""Arrivals in turns, a replica after the other, where the router looks at none: the same outcome, memory met in order.

Replicas share nothing but the router. One that looks at no replica gives each request the same one whenever it is asked, so all
arrivals of a replica may be served at once, in their order, before those of the next. A fleet's live requests are more than a
processor keeps at hand; those of one replica are not. The parity suite plays its scenarios both ways.
"""

from __future__ import annotations

from typing import Any

from sim.kernels.arriving import asks_too_fast, refuse
from sim.kernels.layout import NONE, RATE_LIMITED
from sim.kernels.options import kernel
from sim.kernels.routing import blind, drawn


@kernel
def in_turns(s: Any, arrivals: int) -> bool:
    """Whether so many arrivals are served in turns: it changes nothing, a replica gets several, and the pool has room for all."""
    engine = s.engine[0]
    return (
        blind(engine)
        and engine.listed > 1
        and arrivals >= engine.turns_from * engine.listed
        and arrivals <= s.order.shape[0]
        and engine.live + arrivals <= engine.pool
    )


@kernel
def deal(s: Any, requests: Any, first: int, last: int, shift: int) -> int:
    """Give requests[first:last] to replicas, in order, and refuse those that come too fast; returns how many are left.

    `given[i - first]` is the replica of request i, or NONE; `order` lists those left by (replica, i), by counting.
    """
    s.ends[:] = 0
    for i in range(first, last):
        request = requests[i]
        t = request.arrival + shift
        r = NONE
        if s.engine[0].limited != 0 and asks_too_fast(s, request, t):
            refuse(s, request, RATE_LIMITED, t)
        else:
            r = drawn(s, request.id, 0)
            s.ends[r] += 1
        s.given[i - first] = r
    left = 0
    for r in range(s.ends.shape[0]):
        left += s.ends[r]
        s.ends[r] = left
    for i in range(last - 1, first - 1, -1):
        r = s.given[i - first]
        if r != NONE:
            s.ends[r] -= 1
            s.order[s.ends[r]] = i
    return left
