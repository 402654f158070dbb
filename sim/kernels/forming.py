"""How the schedulers form a pass, and how far a pass of decodes alone is repeated (rules, section 3)."""

from __future__ import annotations

from typing import Any

from sim.kernels.cost import even_passes, pass_cost
from sim.kernels.lane import lane_dissolve, lane_leave, lane_longest
from sim.kernels.layout import NONE, PREFILL_FIRST, VLLM_V1
from sim.kernels.options import kernel, part
from sim.kernels.queues import becomes_waiting, blocks_held, run_append, run_remove, wait_prepend, wait_remove
from sim.kernels.stretch import duration, steps_until


@part
def tally_nothing(s: Any, r: int) -> None:
    """Begin the tallies of a pass."""
    rep = s.replicas[r]
    rep.tokens = 0
    rep.seqs = 0
    rep.decodes = 0
    rep.context = 0
    rep.prefill = 0
    rep.square = 0
    rep.past = 0
    rep.chunks = 0
    rep.paused = 0


@part
def give(s: Any, r: int, v: int, k: int) -> None:
    """Give slot v, not in the lane, k tokens of the pass."""
    rep, slot = s.replicas[r], s.slots[v]
    slot.k = k
    slot.computed += k
    rep.tokens += k
    rep.seqs += 1
    if slot.n - slot.c == 1 and slot.reading == 0:
        rep.decodes += 1
        rep.context += slot.c + 1
    else:
        rep.prefill += k
        rep.square += k * (2 * slot.c + k)
        rep.past += (slot.c + 63) >> 6
        rep.chunks += k * k


@kernel
def preempt_last(s: Any, r: int, t: int) -> int:
    """Send the last of `running`, a suffix member, back to the head of `waiting`; returns its slot."""
    rep = s.replicas[r]
    v = rep.run_tail
    slot = s.slots[v]
    slot.kept = slot.c
    slot.held = blocks_held(slot)
    slot.mark = rep.taken + rep.free
    rep.free += slot.held
    slot.c = 0
    slot.reading = 0
    slot.preemptions += 1
    run_remove(s, r, v)
    wait_prepend(s, r, v)
    becomes_waiting(s, r, v, t)
    return v


@kernel
def shorten(s: Any, r: int, t: int) -> bool:
    """Preempt from the end of `running` until free blocks suffice for the lane's next tokens; True if nobody was.

    Asked one by one, members take blocks in order and the last is preempted whenever one finds none: what remains at the
    end is the same, the longest beginning of `running` whose lane members all find theirs, for every preemption frees the
    blocks of one and takes away its need. `taken + free`, which a preemption notes, does not change by taking.
    """
    rep = s.replicas[r]
    calm = True
    while rep.lane > 0 and s.lanes[r, -rep.beat & 15] > rep.free:
        if rep.suffix == NONE:
            lane_leave(s, r, rep.run_tail)
            rep.suffix = rep.run_tail
        preempt_last(s, r, t)
        calm = False
    return calm


@part
def tally_lane(s: Any, r: int, t: int) -> bool:
    """Count the lane's decodes, and take their blocks; True if nobody was preempted for them. Dissolves one that cannot go."""
    rep, kind = s.replicas[r], s.types[s.replicas[r].type]
    calm = True
    if rep.lane > 0:
        if rep.lane > kind.max_tokens or (kind.spare > 0 and s.lanes[r, -rep.beat & 15] + kind.spare > rep.free):
            lane_dissolve(s, r)
        else:
            calm = shorten(s, r, t)
            blocks = s.lanes[r, -rep.beat & 15]
            rep.free -= blocks
            rep.taken += blocks
    rep.tokens = rep.lane
    rep.seqs = rep.lane
    rep.decodes = rep.lane
    rep.context = rep.lane_sum + rep.lane * (rep.beat + 1)
    return calm


@part
def walk_running(s: Any, r: int, t: int) -> bool:
    """Give the suffix its tokens in order; True if nobody was preempted for it."""
    rep = s.replicas[r]
    spare = s.types[rep.type].spare
    budget = s.types[rep.type].max_tokens - rep.tokens
    calm = True
    v = rep.suffix
    while v != NONE and budget > 0:
        slot = s.slots[v]
        k = min(slot.n - slot.c, budget)
        # What still reads has all its blocks, and asks for none to be free.
        blocks = ((slot.c + k + 15) >> 4) - ((slot.c + 15) >> 4) if slot.reading == 0 else 0
        wanted = max(blocks, spare) if slot.reading == 0 else 0
        while rep.free < wanted:
            calm = False
            if preempt_last(s, r, t) == v:
                return calm
        rep.free -= blocks
        rep.taken += blocks
        give(s, r, v, k)
        budget -= k
        v = slot.next
    return calm


@part
def found_again(s: Any, r: int, v: int) -> int:
    """Blocks of a preempted sequence that nobody has taken since, by the rule `cached`."""
    rep, slot = s.replicas[r], s.slots[v]
    if s.types[rep.type].full != 0:
        return 0
    survivors = max(0, slot.held - max(0, rep.taken - slot.mark))
    return min(survivors, slot.kept >> 4)


@part
def held_before(s: Any, r: int, v: int, again: int) -> int:
    """Tokens of a waiting sequence that need not be computed: blocks found again, or those of its `cached` prefix."""
    slot = s.slots[v]
    return min(max(again, slot.cached >> 4), (slot.n - 1) >> 4) << 4


@part
def admit(s: Any, r: int, v: int, budget: int) -> int:
    """Move the head of `waiting` into the pass; returns the tokens given."""
    rep, slot = s.replicas[r], s.slots[v]
    again = found_again(s, r, v)
    slot.c = held_before(s, r, v, again)
    k = min(slot.n - slot.c, budget)
    slot.reading = 0 if s.types[rep.type].scheduler == VLLM_V1 else 1
    blocks = (slot.c + k + 15) >> 4 if slot.reading == 0 else blocks_held(slot)
    rep.free -= blocks
    rep.taken += blocks - again
    wait_remove(s, r, v)
    run_append(s, r, v)
    slot.limit = min(slot.deadline, slot.disconnect)
    rep.run_limit = min(rep.run_limit, slot.limit)
    give(s, r, v, k)
    return k


@part
def fits(s: Any, r: int, v: int) -> bool:
    """Whether there is a seat for slot v, and memory for all its tokens so far beside what is to stay free."""
    rep, kind = s.replicas[r], s.types[s.replicas[r].type]
    return rep.running < kind.max_seqs and rep.free - ((s.slots[v].n + 15) >> 4) >= kind.watermark


@part
def walk_waiting(s: Any, r: int) -> None:
    """Admit from the head of `waiting` while budget, seats and blocks last; the first that does not fit ends it."""
    rep, kind = s.replicas[r], s.types[s.replicas[r].type]
    budget = kind.max_tokens - rep.tokens
    while rep.wait_head != NONE and budget > 0 and fits(s, r, rep.wait_head):
        budget -= admit(s, r, rep.wait_head, budget)


@part
def walk_prompts(s: Any, r: int) -> bool:
    """`prefill_first`: admit whole prompts while their number times the longest is within budget; True if one was."""
    rep, kind = s.replicas[r], s.types[s.replicas[r].type]
    length = 0
    while rep.wait_head != NONE and fits(s, r, rep.wait_head):
        v = rep.wait_head
        length = max(length, s.slots[v].n - held_before(s, r, v, 0))
        if (rep.seqs + 1) * length > kind.max_tokens:
            break
        admit(s, r, v, kind.max_tokens)
    rep.paused = 1 if rep.seqs > 0 and rep.lane > 0 else 0
    return rep.seqs > 0


@part
def longest(s: Any, r: int) -> int:
    """How often the pass of the lane alone is repeated: until a member completes, blocks run out, or a limit ends one.

    What waits stays out meanwhile: seats and budget do not change, free blocks only become fewer.
    """
    rep = s.replicas[r]
    steps = min(rep.next_done - rep.beat, lane_longest(s, r))
    if s.types[rep.type].grid != 0:
        steps = even_passes(rep, steps)
    if rep.start + duration(rep.first, rep.growth, steps) > rep.run_limit:
        steps = steps_until(rep.first, rep.growth, rep.run_limit - rep.start, steps)
    return steps


@part
def form(s: Any, r: int, t: int) -> None:
    """Form and start the pass of instant t at a replica that has work and no pass in flight."""
    rep, kind = s.replicas[r], s.types[s.replicas[r].type]
    calm = True
    tally_nothing(s, r)
    if kind.scheduler != PREFILL_FIRST or not walk_prompts(s, r):
        calm = tally_lane(s, r, t)
        calm = walk_running(s, r, t) and calm
        if calm and kind.scheduler != PREFILL_FIRST:
            walk_waiting(s, r)
    rep.start = t
    rep.busy_from = t
    rep.first = pass_cost(kind, s.tables, rep)
    rep.growth = 0
    rep.steps = 1
    if s.engine[0].jump != 0 and calm and rep.suffix == NONE:
        rep.growth = kind.a2 * rep.lane
        rep.steps = longest(s, r)
    rep.end = t + duration(rep.first, rep.growth, rep.steps)
