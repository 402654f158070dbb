"""How passes and requests end: samples at the end of a pass, completions, limits, and the row that a request leaves."""

from __future__ import annotations

from typing import Any

from sim.kernels.lane import book, lane_enter, lane_leave, next_stop, wheel_of
from sim.kernels.layout import COMPLETED, NEVER, NO_REASON, NONE
from sim.kernels.options import kernel, part
from sim.kernels.queues import blocks_held, fate_running, fate_waiting, level, run_remove, wait_remove
from sim.kernels.stretch import bucket_of, steps_until


@kernel
def finish(s: Any, v: int, fate: int, reason: int, t: int) -> None:
    """Write the row of the request in slot v, which ends at t, and free the slot."""
    engine, slot = s.engine[0], s.slots[v]
    row = s.finished[engine.finished]
    engine.finished += 1
    row.id = slot.id
    row.arrival = slot.arrival
    row.klass = slot.klass
    row.fate = fate
    row.reason = reason
    row.prompt = slot.prompt
    row.output = slot.output
    row.cached = slot.cached
    row.delivered = slot.n - slot.prompt
    row.computed = slot.computed
    row.attempts = slot.attempts
    row.routes = slot.routes
    row.preemptions = slot.preemptions
    row.replica = slot.replica
    row.first_token = slot.first_token
    row.end = t - slot.arrival
    slot.next = engine.free_slot
    engine.free_slot = v
    engine.live -= 1


@part
def end_running(s: Any, r: int, v: int, fate: int, t: int) -> None:
    """End a running request that is not (any more) in the lane; its blocks are free at once."""
    rep = s.replicas[r]
    rep.free += blocks_held(s.slots[v])
    rep.work -= s.slots[v].work
    run_remove(s, r, v)
    finish(s, v, fate, NO_REASON, t)


@kernel
def end_waiting(s: Any, r: int, v: int, t: int) -> None:
    """End a waiting request by its earliest limit, at t."""
    s.replicas[r].work -= s.slots[v].work
    wait_remove(s, r, v)
    finish(s, v, fate_waiting(s.slots[v]), NO_REASON, t)


@part
def sample(s: Any, v: int, t: int) -> None:
    """A token of slot v is sampled at t: its first-token time, or one more gap."""
    slot = s.slots[v]
    if slot.first_token == NEVER:
        slot.first_token = t - slot.arrival
    else:
        s.gaps[slot.klass, bucket_of(t - slot.last)] += 1
    slot.n += 1
    slot.last = t
    slot.reading = 0


@part
def land_suffix(s: Any, r: int, t: int) -> None:
    """End of a pass for the suffix: who has no token to wait for samples one and joins the lane."""
    rep = s.replicas[r]
    v = rep.suffix
    while v != NONE:
        slot = s.slots[v]
        after = slot.next
        slot.c += slot.k
        slot.k = 0
        if slot.limit < t:
            end_running(s, r, v, fate_running(slot), t)
        elif slot.c == slot.n:
            sample(s, v, t)
            if rep.paused == 0 and rep.suffix == v:
                # Members before this one sampled too, or it would have had no budget: the lane stays a prefix.
                rep.suffix = after
                lane_enter(s, r, v)
            elif slot.n == slot.prompt + slot.output:
                end_running(s, r, v, COMPLETED, t)
        v = after


@part
def complete(s: Any, r: int, t: int) -> None:
    """Complete the lane members whose last token was sampled at t, where no limit of a running request is reached."""
    rep = s.replicas[r]
    v = s.lanes[r, wheel_of(rep.beat)] - 1
    while v != NONE:
        slot = s.slots[v]
        after = slot.after
        if slot.done == rep.beat:
            lane_leave(s, r, v)
            end_running(s, r, v, COMPLETED, t)
        v = after
    rep.next_done = next_stop(s, r)


@kernel
def sweep(s: Any, r: int, t: int, gap: int) -> None:
    """Complete and end running requests at t, the end of a pass that lasted `gap`; renew the bounds of the rest."""
    rep = s.replicas[r]
    members = rep.lane
    limit = NEVER
    v = rep.run_head
    while v != NONE:
        slot = s.slots[v]
        after = slot.next
        inside = members > 0
        members -= 1
        completes = inside and slot.done == rep.beat
        if slot.limit > t and not completes:
            limit = min(limit, slot.limit)
        else:
            if inside:
                lane_leave(s, r, v)
            if slot.limit < t and rep.paused == 0:
                # Too late for the token that the lane took: it was computed and is not delivered.
                slot.n -= 1
                s.gaps[slot.klass, bucket_of(gap)] -= 1
                completes = False
            end_running(s, r, v, COMPLETED if completes else fate_running(slot), t)
        v = after
    rep.next_done = next_stop(s, r)
    rep.run_limit = limit


@kernel
def end_dues(s: Any, r: int, t: int) -> None:
    """End the preempted ones whose limit had passed when they became waiting."""
    rep = s.replicas[r]
    v = rep.wait_head
    while v != NONE and rep.dues > 0:
        after = s.slots[v].next
        if s.slots[v].due != 0:
            rep.dues -= 1
            end_waiting(s, r, v, t)
        v = after


@part
def land(s: Any, r: int) -> None:
    """End of the last planned pass: steps 2 and 3 of its instant for all that ran."""
    rep = s.replicas[r]
    t = rep.end
    # A pass alone may follow a pause of the lane: the gap is longer than the pass.
    gap = rep.first + (rep.steps - 1) * rep.growth if rep.steps > 1 else t - rep.landed
    book(s, r, rep.steps)
    rep.end = NEVER
    rep.clock = t
    rep.busy += t - rep.busy_from
    if rep.suffix != NONE:
        land_suffix(s, r, t)
    if rep.run_limit <= t:
        sweep(s, r, t, gap)
    elif rep.next_done <= rep.beat:
        complete(s, r, t)
    if rep.dues > 0:
        end_dues(s, r, t)


@kernel
def cut(s: Any, r: int, t: int) -> None:
    """Let the stretch in flight stop with the first of its passes that ends at t or later."""
    rep = s.replicas[r]
    if rep.steps > 1:
        rep.steps = steps_until(rep.first, rep.growth, t - rep.start, rep.steps)
        rep.end = rep.start + rep.steps * rep.first + rep.growth * (rep.steps * (rep.steps - 1) // 2)


@kernel
def expire(s: Any, r: int, t: int) -> None:
    """End the waiting requests whose limit is t, and renew the bound; a new head may fit at the next end of a pass.

    In a queue in order only the first are asked: whoever stands behind one who stays will stay as well. Users of one patience wait in
    order, and there may be hundreds: asking all of them whenever one leaves is most of the work of a full replica.
    """
    rep = s.replicas[r]
    limit, highest, mixed = NEVER, -NEVER, 0
    before = rep.waiting
    v = rep.wait_head
    while v != NONE:
        slot = s.slots[v]
        after = slot.next
        if slot.due == 0 and slot.limit <= t:
            end_waiting(s, r, v, slot.limit)
        else:
            if slot.due == 0:
                limit = min(limit, slot.limit)
                if rep.mixed == 0 and slot.held == 0:
                    break
            if level(slot) < highest:
                mixed = 1
            highest = level(slot)
        v = after
    rep.wait_limit = limit
    rep.mixed = mixed
    if rep.waiting < before:
        cut(s, r, t)
