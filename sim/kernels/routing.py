"""Routers, and what becomes of a request that is routed (`docs/serving-rules.md`, sections 2 and 7)."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.kernels.ending import finish
from sim.kernels.layout import NONE, QUEUE_FULL, RANDOM, REJECTED, ROUND_ROBIN, TOO_LONG
from sim.kernels.options import kernel
from sim.kernels.queues import becomes_waiting, wait_append
from sim.kernels.replica import enqueue, run, set_due, settle
from sim.kernels.words import choice, mix64


@kernel
def next_given(s: Any) -> int:
    """Round robin: the lowest live replica above the last one given, else the lowest."""
    engine = s.engine[0]
    low, high = 0, engine.listed
    while low < high:
        middle = (low + high) >> 1
        if s.replicas[middle].listed > engine.given:
            high = middle
        else:
            low = middle + 1
    engine.given = s.replicas[low if low < engine.listed else 0].listed
    return engine.given


@kernel
def least_of_sample(s: Any, seed: Any, routes: int, t: int, upto: int) -> int:
    """Power of d choices: the drawn replica with the least outstanding, ties to the lowest id."""
    engine = s.engine[0]
    best, fewest = NONE, 0
    for j in range(engine.choices):
        r = s.replicas[choice(seed, routes * 16 + j, engine.listed)].listed
        rep = s.replicas[r]
        if rep.due <= upto:
            run(s, r, t, upto)
        outstanding = rep.waiting + rep.running
        if best == NONE or outstanding < fewest or (outstanding == fewest and r < best):
            best, fewest = r, outstanding
    return best


@kernel
def choose(s: Any, v: int, t: int, upto: int) -> int:
    """The replica that the router gives to slot v at t, seeing what happened up to `upto`."""
    engine, slot = s.engine[0], s.slots[v]
    if engine.router == ROUND_ROBIN:
        return next_given(s)
    seed = mix64(engine.key ^ np.uint64(slot.id))
    if engine.router == RANDOM:
        return s.replicas[choice(seed, slot.routes * 16, engine.listed)].listed
    return least_of_sample(s, seed, slot.routes, t, upto)


@kernel
def to_gateway(s: Any, v: int, t: int) -> None:
    """Slot v waits at the gateway, the last row of the replicas."""
    gate = s.replicas.shape[0] - 1
    wait_append(s, gate, v)
    becomes_waiting(s, gate, v, t - 1)
    set_due(s.replicas[gate])


@kernel
def route(s: Any, v: int, t: int, upto: int) -> None:
    """Route slot v at t, as an arrival (upto = t - 1) or as one put back (upto = t)."""
    slot = s.slots[v]
    if s.engine[0].listed == 0:
        to_gateway(s, v, t)
        return
    r = choose(s, v, t, upto)
    rep, kind = s.replicas[r], s.types[s.replicas[r].type]
    slot.attempts = max(slot.attempts, 1)
    slot.routes += 1
    slot.replica = r
    slot.held = 0
    longest = slot.prompt + slot.output
    if longest > kind.max_len or (longest + 14) >> 4 > kind.blocks - kind.watermark:
        finish(s, v, REJECTED, TOO_LONG, t)
        return
    if upto == t:
        settle(s, r, t)
    else:
        run(s, r, t, upto)
    if rep.waiting >= kind.max_waiting:
        finish(s, v, REJECTED, QUEUE_FULL, t)
    else:
        enqueue(s, r, v, t)
