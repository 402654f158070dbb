"""Operators decide: what each class believes, who stops, comes back, leaves and orders, and what arrives (`sim.tokenomics.operators`)."""

from __future__ import annotations

import math

import numpy as np

from sim.kernels import sums
from sim.kernels.economy.layout import FREE, IDLE, LIVE, NEVER, ORDERED, OUT, PLANNED, Calendar, Classes, Scratch, State
from sim.kernels.options import part


@part
def move(s: State, c: int, slot: int, to: int) -> None:
    """Put a slot of class c into a state; its clocks start anew."""
    s.counts[c, s.slot.state[slot]] -= 1
    s.counts[c, to] += 1
    s.slot.state[slot] = to
    s.slot.below_s[slot] = 0.0
    s.slot.idle_s[slot] = 0.0


@part
def power_usd(k: Classes, s: State, g: int, c: int) -> float:
    """Power of a node's cards a day at the utilization last measured."""
    watts = k.kind[c].replicas * (k.kind[c].idle_w + s.owner[c].utilization * (k.kind[c].full_w - k.kind[c].idle_w))
    return watts * 24 / 1000 * k.terms[g, c].electricity


@part
def running_usd(factor: np.ndarray, power: float, other: float, days: np.ndarray, spent: np.ndarray) -> float:
    """USD that nodes cost over the `days` for which they were there, `factor` x `power` + `other` USD a day; by node into `spent`."""
    for i in range(len(spent)):
        spent[i] = days[i] * (power * factor[i] + other)
    return sums.total(spent)


@part
def act(
    k: Classes, s: State, room: Scratch, calendar: Calendar, e: int, c0: int, c1: int, emission_usd: float, wanted_rps: float
) -> None:  # fmt: skip
    """Classes c0 to c1, one network's, decide at the start of epoch e.

    All see what was there before any of them moved. `emission_usd` a day is what the schedule announces to operators; it counts
    where nobody serves.
    """
    g = calendar.epoch[e].segment
    there, coming = 0.0, 0.0
    for c in range(c0, c1):
        there += s.counts[c, LIVE] * k.kind[c].capacity_rps
        coming += s.counts[c, ORDERED] * k.kind[c].capacity_rps
    for c in range(c0, c1):
        capacity = k.kind[c].capacity_rps
        income = s.owner[c].fee_usd + s.owner[c].coin_usd
        if s.counts[c, LIVE] == 0 and there > 0:
            whole = 0.0
            for other in range(c0, c1):
                whole += (s.owner[other].fee_usd + s.owner[other].coin_usd) * s.counts[other, LIVE]
            income = whole / there * capacity
        crowd = there + coming + capacity
        entrant = income * there / crowd if crowd > 0 else 0.0
        if there == 0 and crowd > 0:
            entrant = emission_usd * capacity / crowd
        s.owner[c].hope, s.owner[c].entrant_hope = income, entrant
    for c in range(c0, c1):
        if k.terms[g, c].decides == FREE:
            _freely(k, s, room, calendar, e, c)
        elif k.terms[g, c].decides == PLANNED:
            planned = k.terms[g, c].planned_rps
            _plan(k, s, calendar, e, c, wanted_rps / planned if planned > 0 else 0.0)


@part
def _freely(k: Classes, s: State, room: Scratch, calendar: Calendar, e: int, c: int) -> None:
    """Owners decide each for themselves (`decides: free_entry`)."""
    g, length_s = calendar.epoch[e].segment, calendar.epoch[e].seconds
    last = 1 if e == len(calendar.epoch) - 1 else 0
    power, fixed = power_usd(k, s, g, c), k.terms[g, c].fixed
    income, entrant = s.owner[c].hope, s.owner[c].entrant_hope
    first, end = k.first[c], k.first[c + 1]
    draw = k.kind[c].draws_at + e * (end - first + 1)
    ordering = _to_order(k, s, g, c, last, power, k.draws[draw + end - first])
    if ordering > s.counts[c, OUT]:
        s.owner[c].full = True
    chance, patience = (k.terms[g, c].last_chance if last else k.terms[g, c].chance), k.terms[g, c].patience
    restart, idle_life = k.terms[g, c].restart, k.terms[g, c].idle_life
    slots = end - first
    state, factor = s.slot.state[first:end], s.slot.factor[first:end]
    below_s, idle_s, draws = s.slot.below_s[first:end], s.slot.idle_s[first:end], k.draws[draw : draw + slots]
    # Clocks first, each a product in place of branches: which slots are live follows no pattern, and the clocks of all others stand at 0.
    for i in range(slots):
        below_s[i] = (below_s[i] + length_s) * ((state[i] == LIVE) & (income < power * factor[i] + fixed))
    if s.counts[c, IDLE] > 0:
        for i in range(slots):
            idle_s[i] = (idle_s[i] + length_s) * (state[i] == IDLE)
    # Then who might act, without branches as well; the few who do are looked at one by one.
    some, acts = np.int64(0), room.acts
    for i in range(slots):
        back = entrant >= restart * (power * factor[i] + fixed)
        acting = ((state[i] == IDLE) & (idle_s[i] >= idle_life)) | (
            (draws[i] < chance) & ((below_s[i] > patience) | ((state[i] == IDLE) & back))
        )
        acts[i] = acting
        some += acting
    if ordering > 0:
        for i in range(slots):
            if state[i] == OUT:
                _order(k, s, g, e, c, first + i)
                ordering -= 1
                if ordering == 0:
                    break
    if some == 0:
        return
    for i in range(slots):
        if not acts[i]:
            continue
        if state[i] == LIVE:
            move(s, c, first + i, IDLE)
            s.owner[c].left += 1
        elif draws[i] < chance and entrant >= restart * (power * factor[i] + fixed):
            move(s, c, first + i, LIVE)
            s.slot.came_epoch[first + i], s.slot.came_ps[first + i] = e + k.kind[c].load_epochs, k.kind[c].load_ps
            s.owner[c].latest = max(s.owner[c].latest, s.slot.came_epoch[first + i])
            s.owner[c].entered += 1
        else:
            move(s, c, first + i, OUT)


@part
def _to_order(k: Classes, s: State, g: int, c: int, last: int, power: float, draw: float) -> int:
    """Slots to order: the gap to wanted capacity x speed, rounded at random."""
    entrant = s.owner[c].entrant_hope
    full_cost = power * k.terms[g, c].factor + k.terms[g, c].fixed + k.terms[g, c].capital + k.kind[c].hurdle
    if full_cost <= 0 or entrant <= full_cost:
        return 0
    there = max(s.counts[c, LIVE] + s.counts[c, ORDERED] + s.counts[c, IDLE], 1)
    excess = min(math.pow(entrant / full_cost, k.terms[g, c].elasticity) - 1, 1.0)
    expected = there * excess * (k.terms[g, c].last_order if last else k.terms[g, c].order)
    whole = int(expected)
    return whole + (1 if draw < expected - whole else 0)


@part
def _order(k: Classes, s: State, g: int, e: int, c: int, slot: int) -> None:
    move(s, c, slot, ORDERED)
    s.slot.ordered_in[slot] = e
    s.slot.came_epoch[slot], s.slot.came_ps[slot] = e + k.terms[g, c].lead_epochs, k.terms[g, c].lead_ps
    s.owner[c].soonest = min(s.owner[c].soonest, s.slot.came_epoch[slot])
    s.owner[c].entered += 1


@part
def _plan(k: Classes, s: State, calendar: Calendar, e: int, c: int, nodes: float) -> None:
    """One planner orders up to what is wanted and gives back the highest slots above 110 % of it (`decides: planned`)."""
    g = calendar.epoch[e].segment
    live = s.counts[c, LIVE]
    missing = math.ceil(nodes) - live - s.counts[c, ORDERED]
    keep = max(math.ceil(1.1 * nodes), 1)
    if missing > s.counts[c, OUT]:
        s.owner[c].full = True
    if missing <= 0 and live <= keep:
        return
    seen = 0
    for slot in range(k.first[c], k.first[c + 1]):
        if missing > 0 and s.slot.state[slot] == OUT:
            missing -= 1
            _order(k, s, g, e, c, slot)
        elif missing <= 0 and s.slot.state[slot] == LIVE:
            seen += 1
            if seen > keep:
                move(s, c, slot, OUT)
                s.owner[c].left += 1


@part
def _arrive(s: State, c: int, slot: int) -> None:
    s.owner[c].latest = max(s.owner[c].latest, s.slot.came_epoch[slot])
    move(s, c, slot, LIVE)


@part
def come(k: Classes, s: State, calendar: Calendar, e: int) -> None:
    """Nodes that come within epoch e, or at its very end where they were ordered before it."""
    length_ps = calendar.epoch[e].length_ps
    for c in range(len(k.first) - 1):
        if s.counts[c, ORDERED] == 0 or s.owner[c].soonest > e + 1:
            continue
        soonest = NEVER
        for slot in range(k.first[c], k.first[c + 1]):
            if s.slot.state[slot] != ORDERED:
                continue
            before = s.slot.ordered_in[slot] < e
            within = s.slot.came_epoch[slot] == e and (
                s.slot.came_ps[slot] < length_ps or (before and s.slot.came_ps[slot] == length_ps)
            )
            if within or (
                before
                and s.slot.came_epoch[slot] == e + 1
                and s.slot.came_ps[slot] == 0
                and length_ps == calendar.regular_ps
            ):
                _arrive(s, c, slot)
            else:
                soonest = min(soonest, s.slot.came_epoch[slot])
        s.owner[c].soonest = soonest


@part
def served_ps(s: State, slot: int, e: int, length_ps: int) -> int:
    """Time that a slot served in an epoch that is over."""
    if s.slot.state[slot] != LIVE:
        return 0
    if s.slot.came_epoch[slot] < e:
        return length_ps
    if s.slot.came_epoch[slot] > e:
        return 0
    return length_ps - min(s.slot.came_ps[slot], length_ps)
