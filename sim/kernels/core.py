"""The verbs of the compiled core, the only kernels that Python calls: each takes the whole state and one span of work."""

from __future__ import annotations

from typing import Any

from sim.kernels.ending import finish
from sim.kernels.layout import (
    CLASS_NUMBERS,
    LIVE_INDEX,
    MEAN_OUTPUT,
    MINUTE_PS,
    NEVER,
    NO_REASON,
    NONE,
    POOL_FULL,
    RATE_LIMITED,
    REJECTED,
    REQUEST_INTERVAL,
    REQUEST_NEXT,
    TOKEN_INTERVAL,
    TOKEN_NEXT,
    TOO_OFTEN_FAILED,
)
from sim.kernels.looking import bring_all, build, look, photograph
from sim.kernels.options import kernel, verb
from sim.kernels.queues import fate_waiting
from sim.kernels.replica import halt, set_due, settle
from sim.kernels.routing import route


@kernel
def arrive(s: Any, request: Any, t: int) -> int:
    """Take a free slot for the request that arrives at t; returns it."""
    engine = s.engine[0]
    v = engine.free_slot
    slot = s.slots[v]
    engine.free_slot = slot.next
    engine.live += 1
    slot.id = request.id
    slot.arrival = t
    slot.klass = request.klass
    slot.prompt = request.prompt
    slot.output = request.output
    slot.cached = request.cached
    slot.region = request.region
    slot.deadline = t + request.deadline
    # A limit behind the deadline never acts; without it sums stay far below 2^63.
    slot.patience = t + request.patience if request.patience <= request.deadline else NEVER
    slot.disconnect = t + request.disconnect if request.disconnect < request.deadline else NEVER
    slot.n = slot.prompt
    slot.first_token = NEVER
    clear(slot)
    return v


@kernel
def clear(slot: Any) -> None:
    """Counters of a request that has just arrived."""
    slot.c = 0
    slot.k = 0
    slot.computed = 0
    slot.attempts = 0
    slot.routes = 0
    slot.preemptions = 0
    slot.replica = NONE
    slot.reading = 0
    slot.held = 0
    slot.kept = 0
    slot.mark = 0
    slot.work = 0


@kernel
def refuse(s: Any, request: Any, reason: int, t: int) -> None:
    """Write the row of a request that is rejected before any router sees it."""
    engine = s.engine[0]
    row = s.finished[engine.finished]
    engine.finished += 1
    row.id = request.id
    row.arrival = t
    row.klass = request.klass
    row.fate = REJECTED
    row.reason = reason
    row.prompt = request.prompt
    row.output = request.output
    row.cached = request.cached
    row.delivered = 0
    row.computed = 0
    row.attempts = 0
    row.routes = 0
    row.preemptions = 0
    row.replica = NONE
    row.first_token = NEVER
    row.end = 0


@kernel
def asks_too_fast(s: Any, request: Any, t: int) -> bool:
    """Whether a limit of its class holds off the request that arrives at t; if none does, it takes from both buckets.

    The generic cell rate algorithm as a virtual schedule (ITU-T I.371, annex A), with a burst of one minute.
    """
    tables, at = s.tables, s.engine[0].numbers_at + CLASS_NUMBERS * request.klass
    a_request, a_token = tables[at + REQUEST_INTERVAL], tables[at + TOKEN_INTERVAL]
    if a_request == 0 and a_token == 0:
        return False
    units = request.prompt + tables[at + MEAN_OUTPUT]
    if a_token > 0 and units > MINUTE_PS // a_token:
        return True
    requests = max(t, tables[at + REQUEST_NEXT]) + a_request
    tokens = max(t, tables[at + TOKEN_NEXT]) + units * a_token
    if max(requests, tokens) > t + MINUTE_PS:
        return True
    tables[at + REQUEST_NEXT] = requests
    tables[at + TOKEN_NEXT] = tokens
    return False


@verb
def refresh(s: Any, t: int) -> None:
    """Bring all replicas and the gateway to just before t, so that every request that has ended has left its slot."""
    look(s, t)
    bring_all(s, t, t - 1)
    build(s)


@verb
def serve(s: Any, requests: Any, first: int, last: int, shift: int) -> None:
    """Route the arrivals requests[first:last]; `shift` takes their times to the engine's origin.

    A slot whose request has ended may not be known to be free; only when all seem taken is the truth looked for.
    """
    for i in range(first, last):
        request = requests[i]
        t = request.arrival + shift
        if s.engine[0].look <= t:
            look(s, t)
        if s.engine[0].limited != 0 and asks_too_fast(s, request, t):
            refuse(s, request, RATE_LIMITED, t)
            continue
        if s.engine[0].live >= s.engine[0].pool:
            refresh(s, t)
        if s.engine[0].live >= s.engine[0].pool:
            refuse(s, request, POOL_FULL, t)
        else:
            route(s, arrive(s, request, t), t, t - 1)


@verb
def index(s: Any) -> None:
    """Make the trees of the router anew, if it has any: replicas came, left, or were moved from outside."""
    build(s)


@verb
def begin_snapshots(s: Any, first: int, t: int) -> None:
    """The router that has just been set at t sees the loads of now, and those of `first` and later multiples."""
    for r in range(s.replicas.shape[0]):
        settle(s, r, t)
    s.engine[0].look = first
    photograph(s)


@verb
def settle_all(s: Any, first: int, last: int, t: int) -> None:
    """Bring replicas first .. last - 1 to after step 3 of t, with at most one pass in flight each."""
    look(s, t)
    for r in range(first, last):
        settle(s, r, t)


@verb
def halt_all(s: Any, first: int, last: int, t: int) -> None:
    """Replicas first .. last - 1 fail at t."""
    look(s, t)
    for r in range(first, last):
        halt(s, r, t)


@verb
def gather(s: Any, first: int, last: int, t: int, picked: Any) -> int:
    """Take all that waits at replicas first .. last - 1 off them at t; slots go into `picked`, their number comes back."""
    count = 0
    look(s, t)
    for r in range(first, last):
        settle(s, r, t)
        rep = s.replicas[r]
        v = rep.wait_head
        while v != NONE:
            picked[count] = v
            count += 1
            rep.work -= s.slots[v].work
            s.slots[v].work = 0
            v = s.slots[v].next
        rep.wait_head = NONE
        rep.wait_tail = NONE
        rep.waiting = 0
        rep.wait_limit = NEVER
        rep.dues = 0
        set_due(rep)
    return count


@verb
def put_back(s: Any, picked: Any, retried: Any, t: int) -> None:
    """Step 5 of t: each of the slots `picked`, in this order, meets its limits and attempts, or is routed."""
    look(s, t)
    if s.engine[0].index == LIVE_INDEX:
        # Whoever compares all sees all as they are after step 3 of t.
        bring_all(s, t, t)
        build(s)
    for i in range(picked.shape[0]):
        v = picked[i]
        slot = s.slots[v]
        if slot.limit <= t:
            finish(s, v, fate_waiting(slot), NO_REASON, t)
        elif retried[i] != 0 and slot.attempts >= s.engine[0].max_attempts:
            finish(s, v, TOO_OFTEN_FAILED, NO_REASON, t)
        else:
            slot.attempts += retried[i]
            route(s, v, t, t)


@kernel
def moved(t: int, delta: int) -> int:
    """An instant as seen from an origin `delta` later; what is long over is held at -2^61, lest it ever wrap."""
    return NEVER if t == NEVER else max(t - delta, -(1 << 61))


@verb
def move_origin(s: Any, delta: int) -> None:
    """Shift every stored instant to an origin `delta` later."""
    s.engine[0].look = moved(s.engine[0].look, delta)
    for klass in range(s.engine[0].classes):
        at = s.engine[0].numbers_at + CLASS_NUMBERS * klass
        s.tables[at + REQUEST_NEXT] = moved(s.tables[at + REQUEST_NEXT], delta)
        s.tables[at + TOKEN_NEXT] = moved(s.tables[at + TOKEN_NEXT], delta)
    for r in range(s.replicas.shape[0]):
        rep = s.replicas[r]
        rep.due = moved(rep.due, delta)
        rep.end = moved(rep.end, delta)
        rep.wait_limit = moved(rep.wait_limit, delta)
        rep.clock = moved(rep.clock, delta)
        rep.run_limit = moved(rep.run_limit, delta)
        rep.start = moved(rep.start, delta)
        rep.landed = moved(rep.landed, delta)
        rep.busy_from = moved(rep.busy_from, delta)
        rep.live_from = moved(rep.live_from, delta)
    for v in range(s.slots.shape[0]):
        slot = s.slots[v]
        slot.limit = moved(slot.limit, delta)
        slot.last = moved(slot.last, delta)
        slot.patience = moved(slot.patience, delta)
        slot.deadline = moved(slot.deadline, delta)
        slot.disconnect = moved(slot.disconnect, delta)
        slot.arrival = moved(slot.arrival, delta)
    for i in range(s.engine[0].finished):
        s.finished[i].arrival -= delta
