"""How requests come in: the slot of one that arrives, the row of one that is refused, and rate limits."""

from __future__ import annotations

from typing import Any

from sim.kernels.layout import (
    CLASS_NUMBERS,
    MEAN_OUTPUT,
    MINUTE_PS,
    NEVER,
    NONE,
    REJECTED,
    REQUEST_INTERVAL,
    REQUEST_NEXT,
    TOKEN_INTERVAL,
    TOKEN_NEXT,
)
from sim.kernels.options import kernel


@kernel
def arrive(s: Any, request: Any, t: int) -> int:
    """Take a free slot for the request that arrives at t; returns it."""
    engine = s.engine[0]
    v = engine.free_slot
    if v == NONE:
        v = engine.fresh
        engine.fresh += 1
    else:
        engine.free_slot = s.slots[v].next
    slot = s.slots[v]
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
