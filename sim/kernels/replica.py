"""A replica through time: advanced only when somebody looks, exactly as if it had been advanced all along."""

from __future__ import annotations

from typing import Any

from sim.kernels.ending import cut, expire, land
from sim.kernels.forming import form
from sim.kernels.lane import book, lane_leave
from sim.kernels.layout import DRAINING, FAILED, LIVE, NEVER, NONE
from sim.kernels.options import kernel, part
from sim.kernels.queues import becomes_waiting, run_remove, wait_append
from sim.kernels.stretch import duration, steps_until


@part
def to_start(rep: Any) -> bool:
    """Whether a pass is to start at `clock`: there is work, none in flight, and the replica serves."""
    return rep.end == NEVER and rep.running + rep.waiting > 0 and (rep.mode == LIVE or rep.mode == DRAINING)


@part
def set_due(rep: Any) -> None:
    """Note the earliest instant at which something happens here by itself."""
    rep.due = rep.clock if to_start(rep) else min(rep.end, rep.wait_limit)


@kernel
def run(s: Any, r: int, t: int, upto: int) -> None:
    """Start passes before t; end passes and expire waiting requests up to `upto`.

    `upto = t - 1` leaves the replica just before t, `upto = t` after step 3 of t.
    """
    rep = s.replicas[r]
    while rep.due <= upto:
        instant = min(rep.end, rep.wait_limit)
        if to_start(rep) and instant > rep.clock:
            if rep.clock >= t:
                return
            form(s, r, rep.clock)
        elif rep.end == instant:
            land(s, r)
            if rep.wait_limit == instant:
                expire(s, r, instant)
        else:
            expire(s, r, instant)
        set_due(rep)


@kernel
def settle(s: Any, r: int, t: int) -> None:
    """As `run(t, t)`, and book the planned passes that ended: at most one pass is in flight, begun before t."""
    run(s, r, t, t)
    rep = s.replicas[r]
    if rep.steps > 1:
        k = steps_until(rep.first, rep.growth, t - rep.start, rep.steps)
        if rep.start + duration(rep.first, rep.growth, k) == t:
            # The pass of step 6 of t is not to start before others have spoken in steps 4 and 5.
            cut(s, r, t)
            set_due(rep)
            run(s, r, t, t)
        elif k > 1:
            book(s, r, k - 1)


@part
def enqueue(s: Any, r: int, v: int, t: int) -> None:
    """Slot v joins the tail of `waiting` at t, up to which the replica stands.

    A head that waits already does not fit, so whoever comes behind it changes nothing; the first one cuts a stretch.
    """
    rep = s.replicas[r]
    if rep.waiting == 0:
        cut(s, r, t)
    wait_append(s, r, v)
    rep.work += s.slots[v].work
    becomes_waiting(s, r, v, t - 1)
    if rep.end == NEVER and rep.running == 0:
        rep.clock = max(rep.clock, t)
    set_due(rep)


@kernel
def halt(s: Any, r: int, t: int) -> None:
    """The replica fails at t: its pass is void, and all it runs waits, without KV, for the failure to be noticed."""
    settle(s, r, t)
    rep = s.replicas[r]
    if rep.end != NEVER:
        rep.computed += rep.tokens
        rep.busy += t - rep.busy_from
    # What the lane was computing in the void pass, if it was in it.
    void = 1 if rep.end != NEVER and rep.paused == 0 else 0
    v = rep.run_head
    while v != NONE:
        slot = s.slots[v]
        after = slot.next
        if rep.lane > 0:
            lane_leave(s, r, v)
            slot.computed += void
        slot.c = 0
        slot.k = 0
        slot.reading = 0
        run_remove(s, r, v)
        wait_append(s, r, v)
        becomes_waiting(s, r, v, t)
        v = after
    rep.live += t - rep.live_from
    rep.mode = FAILED
    rep.end = NEVER
    rep.steps = 0
    set_due(rep)
