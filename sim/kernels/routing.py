"""Routers, and what becomes of a request that is routed (`docs/serving-rules.md`, sections 2 and 7)."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.kernels.ending import finish
from sim.kernels.layout import (
    CLASS_NUMBERS,
    LEAST,
    LIVE_INDEX,
    MEAN_OUTPUT,
    NONE,
    QUEUE_FULL,
    RANDOM,
    REGION_NEAREST,
    REJECTED,
    ROUND_ROBIN,
    SCORED,
    TOO_LONG,
    WEIGHTED,
)
from sim.kernels.looking import bring_due, note
from sim.kernels.options import kernel
from sim.kernels.queues import becomes_waiting, wait_append
from sim.kernels.replica import enqueue, run, set_due, settle
from sim.kernels.scoring import least_score
from sim.kernels.trees import tree_first
from sim.kernels.words import choice, mix64


@kernel
def next_given(s: Any) -> int:
    """Round robin: the lowest live replica above the last one given, else the lowest."""
    engine = s.engine[0]
    place = first_above(s.tables, engine.ids_at, engine.listed, engine.given)
    engine.given = s.tables[engine.ids_at + (place if place < engine.listed else 0)]
    return engine.given


@kernel
def first_above(table: Any, at: int, size: int, number: int) -> int:
    """The first of `size` ascending entries from `at` on that is above a number; `size` if there is none. By bisection."""
    low, high = 0, size
    while low < high:
        middle = (low + high) >> 1
        if table[at + middle] > number:
            high = middle
        else:
            low = middle + 1
    return low


@kernel
def weighted(s: Any, seed: Any, routes: int) -> int:
    """A live replica drawn in proportion to its weight: the first whose sum of weights is above the draw."""
    engine = s.engine[0]
    place = first_above(s.tables, engine.weights_at, engine.listed, choice(seed, routes * 16, engine.weight))
    return s.tables[engine.ids_at + place]


@kernel
def blind(engine: Any) -> bool:
    """Whether the router looks at no replica: what it gives to a request does not depend on what others are doing."""
    return engine.router == RANDOM or engine.router == ROUND_ROBIN or engine.router == WEIGHTED


@kernel
def drawn(s: Any, request: int, routes: int) -> int:
    """The replica that a router gives which looks at none, to the request of that id, routed so often before."""
    engine = s.engine[0]
    if engine.router == ROUND_ROBIN:
        return next_given(s)
    seed = mix64(engine.key ^ np.uint64(request))
    if engine.router == RANDOM:
        return s.tables[engine.ids_at + choice(seed, routes * 16, engine.listed)]
    return weighted(s, seed, routes)


@kernel
def least_of_sample(s: Any, at: int, size: int, seed: Any, routes: int, t: int, upto: int) -> int:
    """Power of d choices: of the replicas listed from `at` on the drawn one with the least load, ties to the lowest id."""
    engine = s.engine[0]
    best, least = NONE, 0
    for j in range(engine.choices):
        r = s.tables[at + choice(seed, routes * 16 + j, size)]
        rep = s.replicas[r]
        if engine.staleness != 0:
            load = rep.seen
        else:
            if rep.due <= upto:
                run(s, r, t, upto)
            load = rep.waiting + rep.running
        if best == NONE or load < least or (load == least and r < best):
            best, least = r, load
    return best


@kernel
def least_of_all(s: Any, t: int, upto: int) -> int:
    """The replica with the least load of all live ones, ties to the lowest id."""
    if s.engine[0].index == LIVE_INDEX and upto < t:
        bring_due(s, t)
    return tree_first(s.tables, s.engine[0].loads_at, s.engine[0].leaves)


@kernel
def choose(s: Any, v: int, t: int, upto: int) -> int:
    """The replica that the router gives to slot v at t, seeing what happened up to `upto`, or the last snapshot."""
    engine, slot = s.engine[0], s.slots[v]
    if blind(engine):
        return drawn(s, slot.id, slot.routes)
    if engine.router == LEAST:
        return least_of_all(s, t, upto)
    seed = mix64(engine.key ^ np.uint64(slot.id))
    if engine.router == SCORED:
        return least_score(s, slot, seed, t, upto)
    at, size = engine.ids_at, engine.listed
    if engine.router == REGION_NEAREST:
        nearest = engine.nearest_at + 2 * slot.region
        at, size = engine.placed_at + s.tables[nearest], s.tables[nearest + 1]
    return least_of_sample(s, at, size, seed, slot.routes, t, upto)


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
    if s.engine[0].listed == 0:
        to_gateway(s, v, t)
        return
    hand_over(s, v, choose(s, v, t, upto), t, upto)


@kernel
def hand_over(s: Any, v: int, r: int, t: int, upto: int) -> None:
    """Slot v comes to replica r at t: it waits there, or is rejected."""
    engine, slot = s.engine[0], s.slots[v]
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
        output = s.tables[engine.numbers_at + CLASS_NUMBERS * slot.klass + MEAN_OUTPUT]
        slot.work = min((slot.prompt * kind.prompt_work + output * kind.output_work) // 1000, engine.most_work)
        enqueue(s, r, v, t)
    if engine.index == LIVE_INDEX:
        note(s, r)
