"""How the scheduler `vllm_v1` forms a pass, and how far a pass of decodes alone is repeated (rules, section 3)."""

from __future__ import annotations

from typing import Any

from sim.kernels.cost import pass_cost
from sim.kernels.lane import lane_dissolve, lane_longest
from sim.kernels.layout import NONE
from sim.kernels.options import kernel
from sim.kernels.queues import becomes_waiting, run_append, run_remove, wait_prepend, wait_remove
from sim.kernels.stretch import duration, steps_until


@kernel
def tally_lane(s: Any, r: int) -> None:
    """Begin the tallies of a pass with the lane's decodes, and take their blocks; dissolves a lane that cannot go."""
    rep, kind = s.replicas[r], s.types[s.replicas[r].type]
    if rep.lane > 0:
        blocks = s.lanes[r, -rep.beat & 15]
        if blocks > rep.free or rep.lane > kind.max_tokens:
            lane_dissolve(s, r)
        else:
            rep.free -= blocks
            rep.taken += blocks
    rep.tokens = rep.lane
    rep.seqs = rep.lane
    rep.decodes = rep.lane
    rep.context = rep.lane_sum + rep.lane * (rep.beat + 1)
    rep.prefill = 0
    rep.square = 0


@kernel
def give(s: Any, r: int, v: int, k: int) -> None:
    """Give slot v, not in the lane, k tokens of the pass."""
    rep, slot = s.replicas[r], s.slots[v]
    slot.k = k
    slot.computed += k
    rep.tokens += k
    rep.seqs += 1
    if slot.n - slot.c == 1:
        rep.decodes += 1
        rep.context += slot.c + 1
    else:
        rep.prefill += k
        rep.square += k * (2 * slot.c + k)


@kernel
def preempt_last(s: Any, r: int, t: int) -> int:
    """Send the last of `running`, a suffix member, back to the head of `waiting`; returns its slot."""
    rep = s.replicas[r]
    v = rep.run_tail
    slot = s.slots[v]
    slot.kept = slot.c
    slot.held = (slot.c + 15) >> 4
    slot.mark = rep.taken + rep.free
    rep.free += slot.held
    slot.c = 0
    slot.preemptions += 1
    run_remove(s, r, v)
    wait_prepend(s, r, v)
    becomes_waiting(s, r, v, t)
    return v


@kernel
def walk_running(s: Any, r: int, t: int) -> bool:
    """Give the suffix its tokens in order; True if nobody was preempted for it."""
    rep = s.replicas[r]
    budget = s.types[rep.type].max_tokens - rep.tokens
    calm = True
    v = rep.suffix
    while v != NONE and budget > 0:
        slot = s.slots[v]
        k = min(slot.n - slot.c, budget)
        blocks = ((slot.c + k + 15) >> 4) - ((slot.c + 15) >> 4)
        while rep.free < blocks:
            calm = False
            if preempt_last(s, r, t) == v:
                return calm
        rep.free -= blocks
        rep.taken += blocks
        give(s, r, v, k)
        budget -= k
        v = slot.next
    return calm


@kernel
def found_again(s: Any, r: int, v: int) -> int:
    """Blocks of a preempted sequence that nobody has taken since, by the rule `cached`."""
    rep, slot = s.replicas[r], s.slots[v]
    if s.types[rep.type].full != 0:
        return 0
    survivors = max(0, slot.held - max(0, rep.taken - slot.mark))
    return min(survivors, slot.kept >> 4)


@kernel
def admit(s: Any, r: int, v: int, budget: int) -> int:
    """Move the head of `waiting` into the pass; returns the tokens given."""
    rep, slot = s.replicas[r], s.slots[v]
    again = found_again(s, r, v)
    slot.c = min(max(again, slot.cached >> 4), (slot.n - 1) >> 4) << 4
    k = min(slot.n - slot.c, budget)
    blocks = (slot.c + k + 15) >> 4
    rep.free -= blocks
    rep.taken += blocks - again
    wait_remove(s, r, v)
    run_append(s, r, v)
    slot.limit = min(slot.deadline, slot.disconnect)
    rep.run_limit = min(rep.run_limit, slot.limit)
    give(s, r, v, k)
    return k


@kernel
def walk_waiting(s: Any, r: int) -> None:
    """Admit from the head of `waiting` while budget, seats and blocks last; the first that does not fit ends it."""
    rep, kind = s.replicas[r], s.types[s.replicas[r].type]
    budget = kind.max_tokens - rep.tokens
    while rep.wait_head != NONE and budget > 0 and rep.running < kind.max_seqs:
        v = rep.wait_head
        if rep.free < (s.slots[v].n + 15) >> 4:
            return
        budget -= admit(s, r, v, budget)


@kernel
def longest(s: Any, r: int) -> int:
    """How often the pass of the lane alone is repeated: until a member completes, blocks run out, or a limit ends one.

    What waits stays out meanwhile: seats and budget do not change, free blocks only become fewer.
    """
    rep = s.replicas[r]
    steps = min(rep.next_done - rep.beat, lane_longest(s, r))
    if rep.start + duration(rep.first, rep.growth, steps) > rep.run_limit:
        steps = steps_until(rep.first, rep.growth, rep.run_limit - rep.start, steps)
    return steps


@kernel
def form(s: Any, r: int, t: int) -> None:
    """Form and start the pass of instant t at a replica that has work and no pass in flight."""
    rep, kind = s.replicas[r], s.types[s.replicas[r].type]
    tally_lane(s, r)
    calm = walk_running(s, r, t)
    if calm:
        walk_waiting(s, r)
    rep.start = t
    rep.busy_from = t
    rep.first = pass_cost(kind, s.costs, rep)
    rep.growth = 0
    rep.steps = 1
    if s.engine[0].jump != 0 and calm and rep.suffix == NONE:
        rep.growth = kind.a2 * rep.lane
        rep.steps = longest(s, r)
    rep.end = t + duration(rep.first, rep.growth, rep.steps)
