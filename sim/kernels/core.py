"""The verbs of the compiled core, the only kernels that Python calls: each takes the whole state and one span of work."""

from __future__ import annotations

from typing import Any

from sim.kernels.ending import finish
from sim.kernels.layout import NEVER, NO_REASON, NONE, POOL_FULL, REJECTED, TOO_OFTEN_FAILED
from sim.kernels.options import kernel, verb
from sim.kernels.queues import fate_waiting
from sim.kernels.replica import halt, run, set_due, settle
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


@kernel
def refuse(s: Any, request: Any, t: int) -> None:
    """Write the row of a request that the full pool rejects."""
    engine = s.engine[0]
    row = s.finished[engine.finished]
    engine.finished += 1
    row.id = request.id
    row.arrival = t
    row.klass = request.klass
    row.fate = REJECTED
    row.reason = POOL_FULL
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


@verb
def refresh(s: Any, t: int) -> None:
    """Bring all replicas and the gateway to just before t, so that every request that has ended has left its slot."""
    for r in range(s.replicas.shape[0]):
        if s.replicas[r].due < t:
            run(s, r, t, t - 1)


@verb
def serve(s: Any, requests: Any, first: int, last: int, shift: int) -> None:
    """Route the arrivals requests[first:last]; `shift` takes their times to the engine's origin.

    A slot whose request has ended may not be known to be free; only when all seem taken is the truth looked for.
    """
    for i in range(first, last):
        request = requests[i]
        t = request.arrival + shift
        if s.engine[0].live >= s.engine[0].pool:
            refresh(s, t)
        if s.engine[0].live >= s.engine[0].pool:
            refuse(s, request, t)
        else:
            route(s, arrive(s, request, t), t, t - 1)


@verb
def settle_all(s: Any, first: int, last: int, t: int) -> None:
    """Bring replicas first .. last - 1 to after step 3 of t, with at most one pass in flight each."""
    for r in range(first, last):
        settle(s, r, t)


@verb
def halt_all(s: Any, first: int, last: int, t: int) -> None:
    """Replicas first .. last - 1 fail at t."""
    for r in range(first, last):
        halt(s, r, t)


@verb
def gather(s: Any, first: int, last: int, t: int, picked: Any) -> int:
    """Take all that waits at replicas first .. last - 1 off them at t; slots go into `picked`, their number comes back."""
    count = 0
    for r in range(first, last):
        settle(s, r, t)
        rep = s.replicas[r]
        v = rep.wait_head
        while v != NONE:
            picked[count] = v
            count += 1
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
