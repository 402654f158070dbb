"""The verbs of the compiled core, the only kernels that Python calls: each takes the whole state and one span of work."""

from __future__ import annotations

from typing import Any

from sim.kernels.arriving import arrive, asks_too_fast, refuse
from sim.kernels.ending import finish
from sim.kernels.layout import (
    CLASS_NUMBERS,
    LIVE_INDEX,
    NEVER,
    NO_REASON,
    NONE,
    POOL_FULL,
    RATE_LIMITED,
    REQUEST_NEXT,
    TOKEN_NEXT,
    TOO_OFTEN_FAILED,
)
from sim.kernels.looking import bring_all, build, look, photograph
from sim.kernels.options import kernel, verb
from sim.kernels.queues import fate_waiting
from sim.kernels.replica import halt, set_due, settle
from sim.kernels.routing import choose, hand_over, route, to_gateway
from sim.kernels.turns import deal, in_turns


@verb
def refresh(s: Any, t: int) -> None:
    """Bring all replicas and the gateway to just before t, so that every request that has ended has left its slot."""
    look(s, t)
    bring_all(s, t, t - 1)
    build(s)


@verb
def serve(s: Any, requests: Any, first: int, last: int, shift: int) -> None:
    """Route the arrivals requests[first:last]; `shift` takes their times to the engine's origin.

    Where the router looks at no replica, all that come to one are served in one turn (`turns`). A slot whose request has
    ended may not be known to be free; only when all seem taken is the truth looked for.
    """
    engine = s.engine[0]
    turns = in_turns(s, last - first)
    count = last - first
    if turns:
        count = deal(s, requests, first, last, shift)
    for j in range(count):
        request = requests[s.order[j] if turns else first + j]
        t = request.arrival + shift
        r = NONE
        if turns:
            r = s.given[s.order[j] - first]
        else:
            if engine.look <= t:
                look(s, t)
            if engine.limited != 0 and asks_too_fast(s, request, t):
                refuse(s, request, RATE_LIMITED, t)
                continue
            if engine.live >= engine.pool:
                refresh(s, t)
            if engine.live >= engine.pool:
                refuse(s, request, POOL_FULL, t)
                continue
        v = arrive(s, request, t)
        if not turns:
            r = choose(s, v, t, t - 1) if engine.listed > 0 else NONE
        if r == NONE:
            to_gateway(s, v, t)
        else:
            hand_over(s, v, r, t, t - 1)


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
    for v in range(s.engine[0].fresh):
        slot = s.slots[v]
        slot.limit = moved(slot.limit, delta)
        slot.last = moved(slot.last, delta)
        slot.patience = moved(slot.patience, delta)
        slot.deadline = moved(slot.deadline, delta)
        slot.disconnect = moved(slot.disconnect, delta)
        slot.arrival = moved(slot.arrival, delta)
    for i in range(s.engine[0].finished):
        s.finished[i].arrival -= delta
