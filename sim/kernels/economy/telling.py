"""An epoch's line of the book, and what operators believe after it (`sim.world.lines`)."""

from __future__ import annotations

import numpy as np

from sim.kernels import order, sums, wide
from sim.kernels.economy.deciding import power_usd, running_usd
from sim.kernels.economy.layout import (
    BREAK_EVEN,
    BURN,
    COIN_USD,
    DEMAND_RPS,
    DILUTION,
    EMISSION,
    ENERGY,
    ENTRIES,
    EXITS,
    FEE_COVERAGE,
    GINI,
    GOODPUT,
    GPUS,
    LIVE,
    LORENZ,
    MARGIN,
    NAKAMOTO,
    NET_ISSUANCE,
    NETWORK_S,
    NODES,
    PAYOUT,
    PRICE_PAID,
    RESOURCE_COST,
    REVENUE,
    SECURITY,
    SELL_PRESSURE,
    SERVED_MTOK,
    SLO_MET,
    SUBSIDY,
    SUPPLY,
    SURPLUS,
    UNMET,
    UTILIZATION,
    Classes,
    Networks,
    Scratch,
    State,
    Written,
)  # fmt: skip
from sim.kernels.economy.pool import usd_of
from sim.kernels.options import part

PS_PER_S = 10**12
YEAR_DAYS = 365.25


@part
def put(w: Written, j: int, field: int, e: int, number: float, below: float) -> None:
    """A number and what it is divided by (NaN: it is no ratio)."""
    w.lines[e, j, field, 0], w.lines[e, j, field, 1] = number, below


@part
def service(w: Written, j: int, e: int, found: np.ndarray, days: float, seconds: float) -> None:
    """What was served; `found` are arrived and completed requests, tokens, output tokens, busy share (NaN: nobody), joules."""
    arrived, done, tokens, output, used, energy = found[0], found[1], found[2], found[3], found[4], found[5]
    put(w, j, SERVED_MTOK, e, tokens / 1e6 / days, np.nan)
    put(w, j, UTILIZATION, e, used * days, days)
    put(w, j, UNMET, e, arrived - done, arrived)
    put(w, j, SLO_MET, e, done, arrived)
    put(w, j, GOODPUT, e, output, seconds)
    put(w, j, NETWORK_S, e, 0.0, done)
    put(w, j, ENERGY, e, energy, tokens)


@part
def costs(k: Classes, s: State, room: Scratch, g: int, c0: int, c1: int) -> tuple[float, float, float]:
    """Bills, avoidable cost (with what the cards would earn elsewhere) and capital service of the epoch in USD."""
    billed, avoidable, capital, base = 0.0, 0.0, 0.0, k.first[c0]
    for c in range(c0, c1):
        power, hosting, fixed = power_usd(k, s, g, c), 24 * k.terms[g, c].hosting, k.terms[g, c].fixed
        begin, end = k.first[c] - base, k.first[c + 1] - base
        days, factor = room.days[begin:end], s.slot.factor[k.first[c] : k.first[c + 1]]
        bill = running_usd(factor, power, hosting, days, room.floats[begin:end])
        billed += bill
        avoidable += bill if fixed == hosting else running_usd(factor, power, fixed, days, room.floats[begin:end])
        capital += sums.total(days) * k.terms[g, c].capital
    return billed, avoidable, capital


@part
def accounts(
    k: Classes, s: State, room: Scratch, w: Written, j: int, e: int, c0: int, c1: int, days: float, tokens: int, paid_usd: float,
    wanted_rps: float, avoidable: float, capital: float, invoice: int,
) -> None:  # fmt: skip
    """Nodes, and what they earned and cost; `tokens` within SLO."""
    slots = k.first[c1] - k.first[c0]
    mtok, nodes, gpus, entered, left = tokens / 1e6, 0, 0, 0, 0
    for c in range(c0, c1):
        nodes += s.counts[c, LIVE]
        gpus += s.counts[c, LIVE] * k.kind[c].gpus
        entered += s.owner[c].entered
        left += s.owner[c].left
        s.owner[c].entered = s.owner[c].left = 0
    fees = sums.total(room.fees[:slots]) if invoice > 0 else 0.0
    income = fees + sums.total(room.income[:slots])
    put(w, j, NODES, e, nodes, np.nan)
    put(w, j, GPUS, e, gpus, np.nan)
    put(w, j, DEMAND_RPS, e, wanted_rps, np.nan)
    put(w, j, PRICE_PAID, e, paid_usd, mtok)
    put(w, j, PAYOUT, e, income, mtok)
    put(w, j, RESOURCE_COST, e, avoidable + capital, mtok)
    put(w, j, FEE_COVERAGE, e, fees, avoidable + capital)
    put(w, j, REVENUE, e, paid_usd / days, np.nan)
    put(w, j, MARGIN, e, income - avoidable, income)
    put(w, j, SURPLUS, e, (income - avoidable - capital) / days, np.nan)
    put(w, j, ENTRIES, e, entered / days * YEAR_DAYS, np.nan)
    put(w, j, EXITS, e, left / days * YEAR_DAYS, np.nan)


@part
def signed_share(a: int, b: int) -> float:
    """The float nearest to a / b, b > 0."""
    return wide.share(a, b) if a >= 0 else -wide.share(-a, b)


@part
def coin(
    n: Networks, s: State, w: Written, j: int, e: int, days: float, issued: int, own: int, burned: int, sold_nusd: int,
    paid_usd: float, mtok: float,
) -> bool:  # fmt: skip
    """What a network with a coin has besides; `own` of what was issued was this network's. False beyond 64 bits."""
    unit, price = n.kind[j].unit, wide.share(s.net[j].price_pusd, PS_PER_S)
    worth = usd_of(own, s.net[j].price_pusd, unit)
    net = issued - burned
    put(w, j, COIN_USD, e, price, np.nan)
    put(w, j, EMISSION, e, wide.share(issued, unit) / days, np.nan)
    put(w, j, BURN, e, wide.share(burned, unit) / days, np.nan)
    put(w, j, NET_ISSUANCE, e, signed_share(net, unit) / days, np.nan)
    put(w, j, SUPPLY, e, wide.share(s.net[j].minted - s.net[j].burned, unit), np.nan)
    put(w, j, SELL_PRESSURE, e, sold_nusd / 1e9 / days, np.nan)
    put(w, j, SECURITY, e, (worth / 1e9 + paid_usd) / days, np.nan)
    put(w, j, DILUTION, e, signed_share(net, unit) * price / days, np.nan)
    put(w, j, SUBSIDY, e, worth / 1e9, mtok)
    return worth >= 0


@part
def concentration(k: Classes, s: State, room: Scratch, w: Written, j: int, e: int, c0: int, c1: int) -> None:
    """Gini, Nakamoto coefficient and Lorenz curve of live slots' incomes (`sim.world.book`)."""
    live = np.int64(0)
    for c in range(c0, c1):
        live += s.counts[c, LIVE]
    falls, last = False, 0.0
    for place in range(live):
        i = room.there[place]
        income = room.fees[i] + room.income[i]
        room.floats[place] = income
        falls |= income < last
        last = income
    incomes = room.floats[:live]
    total = sums.total(incomes)
    if total <= 0:
        put(w, j, GINI, e, np.nan, np.nan)
        put(w, j, NAKAMOTO, e, np.nan, np.nan)
        return
    ordered = incomes
    if falls:
        order.ascending(ordered, room.keys)
    for i in range(live):
        room.keys[i] = (i + 1) * ordered[i]
    put(w, j, GINI, e, 2 * sums.total(room.keys[:live]) / (live * total) - (live + 1) / live, np.nan)
    put(w, j, NAKAMOTO, e, 1 + lorenz(ordered, total / 2, room.keys[:live], w.lorenz[e, j]), np.nan)


@part
def lorenz(ordered: np.ndarray, half: float, spare: np.ndarray, out_share: np.ndarray) -> int:
    """Shares of all income of the poorest 0, 5, ..., 100 % of live slots (`sim.world.book`); `spare` is room for running sums.

    Gives how many of the richest together have no more than `half`.
    """
    live, sofar, above, owners = len(ordered), 0.0, 0.0, np.int64(0)
    # Two running sums that need not wait for each other.
    for i in range(live):
        sofar += ordered[i]
        above += ordered[live - 1 - i]
        spare[i] = sofar
        owners += np.int64(above <= half)
    for step in range(LORENZ + 1):
        whole, rest = step * live // LORENZ, step * live % LORENZ
        below = spare[whole - 1] if whole > 0 else 0.0
        part_of_next = rest / LORENZ * ordered[whole] if rest > 0 else 0.0
        out_share[step] = (below + part_of_next) / sofar
    return owners


@part
def break_even(
    k: Classes, s: State, room: Scratch, w: Written, g: int, j: int, e: int, c0: int, c1: int, days: float, price: float
) -> None:
    """Coin price at which the marginal live node's avoidable margin is zero; NaN where nobody earns coins."""
    highest, some, base, place = -np.inf, False, k.first[c0], np.int64(0)
    for c in range(c0, c1):
        power, fixed = power_usd(k, s, g, c), k.terms[g, c].fixed
        end = place + s.counts[c, LIVE]
        while place < end:
            # Of nodes in a row that earn the same the dearest counts.
            i = room.there[place]
            income, fees, served, dearest = room.income[i], room.fees[i], room.days[i], s.slot.factor[base + i]
            place += 1
            while place < end:
                i = room.there[place]
                if (room.income[i] != income) | (room.fees[i] != fees) | (room.days[i] != served):
                    break
                dearest = max(dearest, s.slot.factor[base + i])
                place += 1
            each = max(served, 1e-12)
            if income <= 0 or price <= 0 or each <= 0.5 * days:
                continue
            coins = income / price
            if coins > 0:
                highest = max(highest, ((power * dearest + fixed) * each - fees) / coins)
                some = True
    put(w, j, BREAK_EVEN, e, max(highest, 0.0) if some else np.nan, np.nan)


@part
def believe(
    k: Classes, s: State, room: Scratch, c0: int, c1: int, days: float, growth: float, weight: float, invoice: int
) -> None:
    """Operators take the epoch's fees, and the coins of the coming one at today's price, per node and day."""
    base, served, capacity = k.first[c0], 0.0, 0.0
    for c in range(c0, c1):
        capacity += s.counts[c, LIVE] * k.kind[c].capacity_rps
    for c in range(c0, c1):
        served += s.node_days[c] * k.kind[c].capacity_rps
    thinner = served / (capacity * days) if capacity else 1.0
    for c in range(c0, c1):
        if s.node_days[c] <= 0:
            continue
        begin, end = k.first[c] - base, k.first[c + 1] - base
        fees = sums.total(room.fees[begin:end]) / s.node_days[c] * thinner if invoice > 0 else 0.0
        coins = sums.total(room.income[begin:end]) / s.node_days[c] * growth * thinner
        if s.owner[c].crowd_rps > 0 and capacity > 0:
            s.owner[c].fee_usd *= s.owner[c].crowd_rps / capacity
        s.owner[c].crowd_rps = capacity
        s.owner[c].fee_usd += (1.0 if s.owner[c].fee_usd == 0.0 else weight) * (fees - s.owner[c].fee_usd)
        s.owner[c].coin_usd = coins
