"""The lane: sequences that take one token a pass in step, advanced all at once (see `layout`)."""

from __future__ import annotations

from typing import Any

from sim.kernels.layout import BY_CLASS, NEVER, WHEEL, WHEEL_AT
from sim.kernels.options import kernel, part
from sim.kernels.stretch import count_gaps, duration


@part
def wheel_of(beat: int) -> int:
    """The column of `lanes` where the list of those begins who complete at a beat, or whole turns of the wheel before or after."""
    return WHEEL_AT + (beat & (WHEEL - 1))


@part
def lane_enter(s: Any, r: int, v: int) -> None:
    """Slot v, which has just sampled a token (n = c + 1), takes part in the lane from the next pass on."""
    rep, slot, lanes = s.replicas[r], s.slots[v], s.lanes
    slot.done = rep.beat + slot.prompt + slot.output - slot.n
    slot.c -= rep.beat
    slot.computed -= rep.beat
    lanes[r, slot.c & 15] += 1
    lanes[r, BY_CLASS + slot.klass] += 1
    at = wheel_of(slot.done)
    slot.after = lanes[r, at] - 1
    lanes[r, at] = v + 1
    rep.lane_sum += slot.c
    rep.lane += 1
    rep.next_done = min(rep.next_done, slot.done)


@part
def unlink(s: Any, r: int, v: int) -> None:
    """Take slot v out of its list of the wheel; lists are short."""
    lanes, slot = s.lanes, s.slots[v]
    at = wheel_of(slot.done)
    if lanes[r, at] == v + 1:
        lanes[r, at] = slot.after + 1
        return
    before = lanes[r, at] - 1
    while s.slots[before].after != v:
        before = s.slots[before].after
    s.slots[before].after = slot.after


@part
def next_stop(s: Any, r: int) -> int:
    """A lower bound of the beats after this one at which a member completes: of the next list with anybody in it."""
    rep, lanes = s.replicas[r], s.lanes
    if rep.lane == 0:
        return NEVER
    beat = rep.beat + 1
    while lanes[r, wheel_of(beat)] == 0:
        beat += 1
    return beat


@part
def lane_leave(s: Any, r: int, v: int) -> None:
    """Slot v gets its true numbers back and leaves the lane."""
    rep, slot, lanes = s.replicas[r], s.slots[v], s.lanes
    unlink(s, r, v)
    lanes[r, slot.c & 15] -= 1
    lanes[r, BY_CLASS + slot.klass] -= 1
    rep.lane_sum -= slot.c
    rep.lane -= 1
    slot.c += rep.beat
    slot.computed += rep.beat
    slot.n = slot.c + 1
    slot.k = 0
    slot.last = rep.landed


@kernel
def lane_dissolve(s: Any, r: int) -> None:
    """All members leave the lane: the suffix is all of `running`."""
    rep = s.replicas[r]
    v = rep.run_head
    while rep.lane > 0:
        lane_leave(s, r, v)
        v = s.slots[v].next
    rep.suffix = rep.run_head
    rep.next_done = NEVER


@part
def lane_blocks(s: Any, r: int, k: int) -> int:
    """Blocks that the lane takes in its next k passes: a member takes one where its c is a multiple of 16."""
    rep, lanes = s.replicas[r], s.lanes
    blocks = (k >> 4) * rep.lane
    for i in range(k & 15):
        blocks += lanes[r, -(rep.beat + i) & 15]
    return blocks


@part
def lane_longest(s: Any, r: int) -> int:
    """The largest number of passes that free blocks allow, blocks for the first having been taken already; >= 1."""
    rep, lanes = s.replicas[r], s.lanes
    left = rep.free + lanes[r, -rep.beat & 15] - s.types[rep.type].spare
    steps = left // rep.lane << 4
    left -= (steps >> 4) * rep.lane
    while lanes[r, -(rep.beat + steps) & 15] <= left:
        left -= lanes[r, -(rep.beat + steps) & 15]
        steps += 1
    return steps


@part
def book(s: Any, r: int, k: int) -> None:
    """Count the first k planned passes as ended: one addition each to tokens, gaps and blocks.

    Blocks of the first planned pass are taken already; if passes remain, those of the next are taken too. A lane that
    paused before the first of them has waited for its token since `landed`.
    """
    rep = s.replicas[r]
    if rep.lane > 0 and rep.paused == 0:
        pause = rep.start - rep.landed
        alone = 1 if pause > 0 else 0
        if pause > 0:
            count_gaps(s.gaps, s.lanes[r], pause + rep.first, 0, 1)
        count_gaps(s.gaps, s.lanes[r], rep.first + alone * rep.growth, rep.growth, k - alone)
        ahead = min(k + 1, rep.steps)
        if ahead > 1:
            blocks = lane_blocks(s, r, ahead) - s.lanes[r, -rep.beat & 15]
            rep.free -= blocks
            rep.taken += blocks
    rep.passes += k
    rep.computed += k * rep.tokens
    rep.start += duration(rep.first, rep.growth, k)
    rep.first += k * rep.growth
    rep.steps -= k
    if rep.paused == 0:
        rep.beat += k
        rep.landed = rep.start
