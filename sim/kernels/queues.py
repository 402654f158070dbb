"""The two lists of a replica, `waiting` and `running`, linked through the slots; and what bounds a request's wait."""

from __future__ import annotations

from typing import Any

from sim.kernels.layout import ABANDONED, DEADLINE, DISCONNECTED, NEVER, NONE
from sim.kernels.options import kernel, part


@part
def wait_append(s: Any, r: int, v: int) -> None:
    """Put slot v at the tail of `waiting`."""
    rep, slot = s.replicas[r], s.slots[v]
    slot.prev, slot.next = rep.wait_tail, NONE
    if rep.wait_tail == NONE:
        rep.wait_head = v
    else:
        s.slots[rep.wait_tail].next = v
    rep.wait_tail = v
    rep.waiting += 1


@kernel
def wait_prepend(s: Any, r: int, v: int) -> None:
    """Put slot v at the head of `waiting`."""
    rep, slot = s.replicas[r], s.slots[v]
    slot.prev, slot.next = NONE, rep.wait_head
    if rep.wait_head == NONE:
        rep.wait_tail = v
    else:
        s.slots[rep.wait_head].prev = v
    rep.wait_head = v
    rep.waiting += 1


@part
def wait_remove(s: Any, r: int, v: int) -> None:
    """Take slot v out of `waiting`."""
    rep, slot = s.replicas[r], s.slots[v]
    if slot.prev == NONE:
        rep.wait_head = slot.next
    else:
        s.slots[slot.prev].next = slot.next
    if slot.next == NONE:
        rep.wait_tail = slot.prev
    else:
        s.slots[slot.next].prev = slot.prev
    rep.waiting -= 1


@part
def run_append(s: Any, r: int, v: int) -> None:
    """Put slot v at the end of `running`, into the suffix."""
    rep, slot = s.replicas[r], s.slots[v]
    slot.prev, slot.next = rep.run_tail, NONE
    if rep.run_tail == NONE:
        rep.run_head = v
    else:
        s.slots[rep.run_tail].next = v
    rep.run_tail = v
    rep.running += 1
    if rep.suffix == NONE:
        rep.suffix = v


@part
def run_remove(s: Any, r: int, v: int) -> None:
    """Take slot v out of `running`."""
    rep, slot = s.replicas[r], s.slots[v]
    if rep.suffix == v:
        rep.suffix = slot.next
    if slot.prev == NONE:
        rep.run_head = slot.next
    else:
        s.slots[slot.prev].next = slot.next
    if slot.next == NONE:
        rep.run_tail = slot.prev
    else:
        s.slots[slot.next].prev = slot.prev
    rep.running -= 1


@part
def blocks_held(slot: Any) -> int:
    """Blocks of a running request that is not in the lane: those of its KV, or of all it is to read."""
    return ((slot.n if slot.reading != 0 else slot.c) + 15) >> 4


@part
def limit_waiting(slot: Any) -> int:
    """The earliest instant that ends the request while it waits."""
    limit = min(slot.deadline, slot.disconnect)
    return min(limit, slot.patience) if slot.first_token == NEVER else limit


@kernel
def fate_waiting(slot: Any) -> int:
    """The fate that `limit_waiting` brings; at one instant patience goes before deadline before disconnection."""
    limit = limit_waiting(slot)
    if slot.first_token == NEVER and slot.patience == limit:
        return ABANDONED
    return DEADLINE if slot.deadline == limit else DISCONNECTED


@kernel
def fate_running(slot: Any) -> int:
    """The fate that the earlier of deadline and disconnection brings."""
    return DEADLINE if slot.deadline <= slot.disconnect else DISCONNECTED


@part
def level(slot: Any) -> int:
    """Where a request stands in a queue whose limits are in order: by its limit, before all others where it was preempted (`held`)."""
    return slot.limit if slot.held == 0 else -NEVER


@part
def note_order(s: Any, rep: Any, slot: Any) -> None:
    """Note whether `waiting` is still in order with the one that has just come to its tail or head."""
    before = level(s.slots[slot.prev]) if slot.prev != NONE else -NEVER
    behind = level(s.slots[slot.next]) if slot.next != NONE else NEVER
    if rep.waiting == 1:
        rep.mixed = 0
    elif not before <= level(slot) <= behind:
        rep.mixed = 1


@part
def becomes_waiting(s: Any, r: int, v: int, t: int) -> None:
    """Set the limit of a request that waits at replica r from t on; one that is not in the future makes it due."""
    rep, slot = s.replicas[r], s.slots[v]
    slot.limit = limit_waiting(slot)
    note_order(s, rep, slot)
    slot.due = 0
    if slot.limit <= t:
        slot.due = 1
        rep.dues += 1
    elif slot.limit < rep.wait_limit:
        rep.wait_limit = slot.limit
