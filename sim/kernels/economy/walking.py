"""The walk through all epochs of a run."""

from __future__ import annotations

import math

import numpy as np

from sim.kernels import sums, wide
from sim.kernels.economy.deciding import act, come, served_ps
from sim.kernels.economy.functions import demand_at, price_at, supply_at
from sim.kernels.economy.layout import (
    AMM,
    BREAK_EVENS,
    BROKEN,
    CONCENTRATION,
    FINE,
    LIVE,
    OPERATORS,
    OTHERS,
    OUTSIDE,
    OWNER,
    POOL,
    SHARE,
    TOO_LARGE,
    TOO_MUCH_WANTED,
    VALIDATORS,
    Calendar,
    Classes,
    Demand,
    Networks,
    Rows,
    Scratch,
    State,
    Written,
)  # fmt: skip
from sim.kernels.economy.pool import ONE, whole
from sim.kernels.economy.settling import bills, by_weight, emit, meter, oracle, pay_coins, pay_usd
from sim.kernels.economy.telling import (
    PS_PER_S,
    accounts,
    believe,
    break_even,
    coin,
    concentration,
    costs,
    put,
    service,
)
from sim.kernels.economy.trading import trade
from sim.kernels.options import kernel, part, verb

DAY_S = 86_400
DAY_PS = 86_400 * 10**12
GPU_ONE = 10**6


@verb
def walk(
    calendar: Calendar, d: Demand, k: Classes, n: Networks, rules: Rows, s: State, room: Scratch, w: Written, loads: np.ndarray,
    fade: np.ndarray,
) -> int:  # fmt: skip
    """All epochs. `fade` is the weight of new fees by regular and last epoch.
    Gives how it ended; `s` is then the state at the horizon.
    """
    networks, epochs = len(n.first) - 1, len(calendar.epoch)
    for e in range(epochs):
        if e > 0:
            for j in range(networks):
                emission = _announced(calendar, k, n, rules, s, room, e, j)
                act(
                    k,
                    s,
                    room,
                    calendar,
                    e,
                    n.first[j],
                    n.first[j + 1],
                    emission,
                    _wanted(d, s, e, j) / calendar.epoch[e].seconds,
                )
        for j in range(networks):
            _look(calendar, rules, s, room, e, j)
        if not _offer(calendar, n, s, room, e):
            return TOO_LARGE
        if not _choose(d, s, room, e):
            return TOO_MUCH_WANTED
        come(k, s, calendar, e)
        for j in range(networks):
            end = _close(calendar, d, k, n, rules, s, room, w, loads, fade, room.found, e, j)
            if end != FINE:
                return end
        _whole_world(calendar, d, s, w, e, networks)
    return FINE


@part
def _whole_world(calendar: Calendar, d: Demand, s: State, w: Written, e: int, networks: int) -> None:
    """What users gain, and how many requests there might have been."""
    classes = len(d.at) - 1
    surplus = 0.0
    for i in range(classes):
        surplus += s.surplus[i] * d.base[e, i]
    w.surplus[e] = surplus / calendar.epoch[e].days
    base = sums.total(d.base[e])
    for j in range(networks):
        put(w, j, SHARE, e, _wanted(d, s, e, j), base)


@kernel
def _issued(
    calendar: Calendar, k: Classes, n: Networks, rules: Rows, s: State, room: Scratch, e: int, j: int, passes: bool, later: bool
) -> int:  # fmt: skip
    """Base units of the epoch, or of one as long after it, at today's supply; `passes` moves the schedule's state on."""
    rule = rules.supply[calendar.epoch[e].segment, j]
    row = rules.numbers[rule[1] : rule[2]]
    held = s.net[j].minted - s.net[j].burned
    gpus = 0
    for c in range(n.first[j], n.first[j + 1]):
        gpus += s.counts[c, LIVE] * k.kind[c].gpus
    room.reacts[0], room.reacts[1], room.reacts[2] = s.net[j].burned_a_day, s.coins[j, VALIDATORS], gpus * GPU_ONE
    begin, end = rules.state_at[j], rules.state_at[j + 1]
    state = s.schedule[begin:end]
    if not passes:
        for i in range(begin, end):
            room.trial[i - begin] = s.schedule[i]
        state = room.trial[: end - begin]
    at = calendar.epoch[e]
    day0, ps0, day1, ps1 = (at.day1, at.ps1, at.day2, at.ps2) if later else (at.day0, at.ps0, at.day1, at.ps1)
    return supply_at(rule[0])(day0, ps0, day1, ps1, held, row, room.reacts, state)


@part
def _announced(
    calendar: Calendar, k: Classes, n: Networks, rules: Rows, s: State, room: Scratch, e: int, j: int
) -> float:
    """USD a day that the schedule announces to operators; 0 unless nobody serves, as only then somebody asks."""
    if not n.kind[j].has_coin:
        return 0.0
    for c in range(n.first[j], n.first[j + 1]):
        if s.counts[c, LIVE] > 0:
            return 0.0
    g = calendar.epoch[e].segment
    issued = _issued(calendar, k, n, rules, s, room, e, j, False, False)
    own = wide.floor_of(issued, n.split[g, j, 6], ONE)
    amount, given, takes = np.int64(0), np.int64(0), False
    for party in range(5):
        part = wide.floor_of(own, n.split[g, j, party], ONE)
        given += part
        if party == OPERATORS:
            amount = part
    for party in n.turn[g, j]:
        takes |= party == OPERATORS
    if not takes or issued == 0:
        return 0.0
    if n.terms[g, j].remainder == OPERATORS:
        amount += own - given
    return wide.share(amount, n.kind[j].unit) / calendar.epoch[e].days * wide.share(s.net[j].price_pusd, PS_PER_S)


@part
def _wanted(d: Demand, s: State, e: int, j: int) -> float:
    """Expected requests of the epoch that choose a network."""
    classes = len(d.at) - 1
    for i in range(classes):
        s.asked[i] = d.base[e, i] * s.quantities[i, j]
    return sums.total(s.asked)


@part
def _look(calendar: Calendar, rules: Rows, s: State, room: Scratch, e: int, j: int) -> None:
    """Set the price in force of a network. What a price may see is 0: kinds that look are not compiled."""
    rule = rules.price[calendar.epoch[e].segment, j]
    price_at(rule[0])(rules.numbers[rule[1] : rule[2]], room.seen, room.asks, s.quote_state[j], s.quote[j])


@part
def _offer(calendar: Calendar, n: Networks, s: State, room: Scratch, e: int) -> bool:
    """Every network's prices as users see them, into `room.offer`; False beyond 64 bits."""
    for j in range(len(n.first) - 1):
        g, quote = calendar.epoch[e].segment, s.quote[j]
        if n.terms[g, j].quote_coin:
            seen = oracle(n, s, calendar, g, j, e, 0)
            if seen < 0:
                return False
            unit = 1e6 / 1000 / n.kind[j].unit * wide.share(seen, PS_PER_S)
            for place in range(3):
                room.offer[place, j] = quote[place] * unit
            room.offer[3, j] = quote[3] / 1e6 * unit
        else:
            for place in range(3):
                room.offer[place, j] = quote[place] / 1e6
            room.offer[3, j] = quote[3] / 1e6 / 1e6
    return True


@part
def _choose(d: Demand, s: State, room: Scratch, e: int) -> bool:
    """Users choose at the prices in `room.offer`; False where a class wants more than there may be."""
    networks = s.quantities.shape[1]
    for i in range(len(d.at) - 1):
        prompt, output, cached = d.means[i, 0], d.means[i, 1], d.cached[i]
        for j in range(networks):
            asked = (
                prompt * room.offer[0, j] + output * room.offer[1, j] - cached * (room.offer[0, j] - room.offer[2, j])
            )
            usd = asked / 1e6 + room.offer[3, j]
            room.usd[j], room.usd_per_mtok[j] = usd, usd / ((prompt + output) / 1e6)
        row = d.rows[d.at[i] : d.at[i + 1]]
        s.surplus[i] = demand_at(d.rule[i])(
            row, room.usd, room.usd_per_mtok, d.e2e_s[i], d.failure_frac[i], d.central, s.quantities[i]
        )
        if sums.total(s.quantities[i]) > d.ceiling[i] * (1 + 1e-9):
            return False
    return True


@part
def _busy(k: Classes, loads: np.ndarray, c: int, load: float, choices: int) -> float:
    """Share of time in which a class's replicas compute at a load (`sim.serving.busy`)."""
    if load <= 0 or k.kind[c].capacity_rps <= 0:
        return 0.0
    offered = min(load, 1.0) * k.kind[c].capacity_rps / k.kind[c].replicas
    if offered <= 0:
        return 0.0
    if offered >= k.kind[c].fastest_rps:
        return 1.0
    if choices == 0:
        return min(offered / k.kind[c].slowest_rps, 1.0)
    at = offered / k.kind[c].fastest_rps
    if at < loads[0]:
        return offered / k.kind[c].slowest_rps
    low = min(max(np.searchsorted(loads, at, side="right") - 1, 0), len(loads) - 2)
    slope = (k.rest[c, low + 1] - k.rest[c, low]) / (loads[low + 1] - loads[low])
    return 1.0 - math.exp(k.rest[c, low] + slope * (at - loads[low]))


@part
def _serve(
    calendar: Calendar,
    d: Demand,
    k: Classes,
    n: Networks,
    s: State,
    loads: np.ndarray,
    found: np.ndarray,
    e: int,
    j: int,
) -> tuple[int, int, int]:
    """Service from capacity: requests that came, prompt and output tokens served; `found` as `telling.service` reads it."""
    seconds, g = calendar.epoch[e].seconds, calendar.epoch[e].segment
    arrived = np.int64(0)
    for i in range(len(d.at) - 1):
        exact = d.base[e, i] * s.quantities[i, j] + s.carry[j, i]
        count = math.floor(exact)
        s.carry[j, i] = exact - count
        s.came[i] = np.int64(count)
        arrived += s.came[i]
    capacity, busy_w, idle_w, replicas = 0.0, 0.0, 0.0, 0
    for c in range(n.first[j], n.first[j + 1]):
        live = s.counts[c, LIVE]
        capacity += live * k.kind[c].capacity_rps
        busy_w += live * (k.kind[c].replicas * (k.kind[c].idle_w + 1.0 * (k.kind[c].full_w - k.kind[c].idle_w)))
        idle_w += live * (k.kind[c].replicas * (k.kind[c].idle_w + 0.0 * (k.kind[c].full_w - k.kind[c].idle_w)))
        replicas += live * k.kind[c].replicas
    wanted_rps = arrived / seconds
    part = min(1.0, capacity / wanted_rps) if wanted_rps > 0 else 0.0
    done, prompt, output, cached = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    for i in range(len(d.at) - 1):
        completed = math.floor(s.came[i] * part)
        done += np.int64(completed)
        read = np.int64(np.rint(completed * d.means[i, 0]))
        prompt += read
        cached += min(np.int64(np.rint(completed * d.cached[i])), read)
        output += np.int64(np.rint(completed * d.means[i, 1]))
    s.cached[0] = cached
    used = np.nan
    if replicas and capacity > 0:
        load, busy, part_busy, machine = wanted_rps / capacity, 0.0, 0.0, np.int64(-1)
        for c in range(n.first[j], n.first[j + 1]):
            if k.kind[c].machine != machine:
                machine, part_busy = k.kind[c].machine, _busy(k, loads, c, load, n.terms[g, j].choices)
            busy += s.counts[c, LIVE] * k.kind[c].replicas * part_busy
        used = busy / replicas
        for c in range(n.first[j], n.first[j + 1]):
            s.owner[c].utilization = used
    share = used if used == used else 0.0
    energy = (share * busy_w + (1 - share) * idle_w) * seconds
    found[0], found[1], found[2], found[3], found[4], found[5] = arrived, done, prompt + output, output, used, energy
    return done, prompt, output


@part
def _present(calendar: Calendar, k: Classes, s: State, room: Scratch, e: int, c0: int, c1: int) -> int:
    """Who is live at the end of an epoch, and for how long each was.

    Live slots of the network in order into `room.there`, classes behind one another; days by slot. Places in `room.there` of those who came in
    the epoch stand in `room.late`, with their time; gives how many.
    """
    length_ps, base = calendar.epoch[e].length_ps, k.first[c0]
    whole_days = length_ps / 1e12 / DAY_S
    there, late, known, known_days = np.int64(0), np.int64(0), np.int64(-1), 0.0
    for c in range(c0, c1):
        begin, end = k.first[c] - base, k.first[c + 1] - base
        state, served = s.slot.state[k.first[c] : k.first[c + 1]], room.days[begin:end]
        for i in range(end - begin):
            # A product in place of a branch: which slots are live follows no pattern.
            served[i] = whole_days * np.int64(state[i] == LIVE)
        before = there
        for i in range(end - begin):
            room.there[np.uint64(there)] = begin + i
            there += np.int64(state[i] == LIVE)
        before_late = late
        if s.owner[c].latest >= e:
            for place in range(before, there):
                i = room.there[place]
                if s.slot.came_epoch[base + i] >= e:
                    room.late[late], room.late_ps[late] = place, served_ps(s, base + i, e, length_ps)
                    room.days[i] = room.late_ps[late] / 1e12 / DAY_S
                    late += 1
        if late == before_late and there - before == known:
            s.node_days[c] = known_days
            continue
        # Picoseconds of many slots exceed 64 bits.
        high, low = wide.product(np.uint64(there - before - (late - before_late)), np.uint64(length_ps))
        for place in range(before_late, late):
            each = np.uint64(room.late_ps[place])
            low += each
            high += np.uint64(1) if low < each else np.uint64(0)
        s.node_days[c] = wide.ratio(high, low, np.uint64(PS_PER_S)) / DAY_S
        if late == before_late:
            known, known_days = there - before, s.node_days[c]
    return late


@part
def _close(
    calendar: Calendar, d: Demand, k: Classes, n: Networks, rules: Rows, s: State, room: Scratch, w: Written, loads: np.ndarray, fade: np.ndarray, found: np.ndarray, e: int, j: int,
) -> int:  # fmt: skip
    """Service, settlement, emission and market of a network's epoch, its line, and what its operators make of it."""
    g, c0, c1 = calendar.epoch[e].segment, n.first[j], n.first[j + 1]
    seconds, days, length_ps = calendar.epoch[e].seconds, calendar.epoch[e].days, calendar.epoch[e].length_ps
    first, slots = k.first[c0], k.first[c1] - k.first[c0]
    done, prompt, output = _serve(calendar, d, k, n, s, loads, found, e, j)
    late = _present(calendar, k, s, room, e, c0, c1)
    if room.metered[0]:
        for i in range(len(room.due)):
            room.fees[i], room.due[i] = 0.0, 0
        room.metered[0] = False
    income = room.income[:slots]
    for i in range(slots):
        income[i] = 0.0
    cached, quote = min(s.cached[0], prompt) if s.quote[j, 2] != s.quote[j, 0] else np.int64(0), s.quote[j]
    shared = False
    for place in range(4):
        count = prompt - cached if place == 0 else cached if place == 1 else output if place == 2 else done
        price = quote[0] if place == 0 else quote[2] if place == 1 else quote[1] if place == 2 else quote[3]
        if count == 0 or price == 0:
            continue
        if not shared and not by_weight(k, s, room, c0, c1):
            break
        shared = room.metered[0] = True
        if not meter(s, room, first, slots, count, price):
            return TOO_LARGE
    invoice, issued, own, burned, sold = np.int64(0), np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    if shared:
        for i in range(slots):
            invoice += room.due[i]
    if n.kind[j].has_coin:
        issued = _issued(calendar, k, n, rules, s, room, e, j, True, False)
        own = wide.floor_of(issued, n.split[g, j, 6], ONE)
        if not emit(n, k, s, rules, room, w, g, j, e, issued, c0, c1, late, length_ps):
            return BROKEN
    if n.kind[j].has_coin and n.terms[g, j].pay_coin:
        paid_usd, burned, fine = pay_coins(n, s, calendar, rules, room, w, g, j, e, first, slots, invoice)
        if not fine:
            return TOO_LARGE
    else:
        paid_usd, kept = pay_usd(n, s, room, w, g, j, e, slots, invoice)
        s.net[j].usd += kept
        if n.kind[j].has_coin and trade(n, s, room, w, g, j, e, seconds, np.int64(0), paid_usd, slots, first) < 0:
            return TOO_LARGE
    if n.kind[j].has_coin:
        s.net[j].usd += room.pair[OPERATORS]
        sold = room.pair[OPERATORS] + room.pair[VALIDATORS] + room.pair[OWNER] + room.pair[OTHERS]
        s.prices[j, e + 1] = s.net[j].price_pusd
        s.net[j].burned_a_day = wide.floor_of(burned, DAY_PS, length_ps)
        price = wide.share(s.net[j].price_pusd, PS_PER_S)
        for i in range(slots):
            room.income[i] = room.income[i] * price
    billed, avoidable, capital = costs(k, s, room, g, c0, c1)
    if not bills(w, j, e, whole(billed * 1e9), s.net[j].usd):
        return TOO_LARGE
    s.net[j].usd = 0
    service(w, j, e, found, days, seconds)
    wanted_rps = _wanted(d, s, e, j) / seconds
    accounts(k, s, room, w, j, e, c0, c1, days, prompt + output, paid_usd, wanted_rps, avoidable, capital, invoice)
    if w.asked[CONCENTRATION]:
        concentration(k, s, room, w, j, e, c0, c1)
    growth = 1.0
    if n.kind[j].has_coin:
        if not coin(n, s, w, j, e, days, issued, own, burned, sold, paid_usd, (prompt + output) / 1e6):
            return TOO_LARGE
        if w.asked[BREAK_EVENS]:
            break_even(k, s, room, w, g, j, e, c0, c1, days, wide.share(s.net[j].price_pusd, PS_PER_S))
        if issued > 0:
            growth = wide.share(_issued(calendar, k, n, rules, s, room, e, j, False, True), issued)
        if not _conserved(n, s, g, j):
            return BROKEN
    last = 1 if e == len(calendar.epoch) - 1 else 0
    believe(k, s, room, c0, c1, days, growth, fade[last], invoice)
    return FINE


@part
def _conserved(n: Networks, s: State, g: int, j: int) -> bool:
    """Balances sum to what was minted less what was burned, nobody owes, and the pool holds what its market counts."""
    whole = s.net[j].elsewhere
    for holder in range(len(s.coins[j])):
        if s.coins[j, holder] < 0 and holder != OUTSIDE:
            return False
        whole += s.coins[j, holder]
    if n.terms[g, j].market == POOL and (
        s.coins[j, AMM] != s.net[j].pool_coins or s.net[j].amm_usd != s.net[j].pool_usd
    ):
        return False
    return whole == s.net[j].minted - s.net[j].burned
