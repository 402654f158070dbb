"""An epoch's money of one network: use, emission, payment, trade and bills (`sim.world.money`)."""

from __future__ import annotations

import numpy as np

from sim.kernels import order, sums, wide
from sim.kernels.economy.functions import burnmint_at, payout_at
from sim.kernels.economy.layout import (
    AMM,
    BILLS,
    BOUGHT,
    BURNED,
    DRAW,
    FIXED_RATE,
    FUNDS,
    LIVE,
    MINT_LEFT,
    MINT_OPERATORS,
    MINT_VALIDATORS,
    OPERATORS,
    ORACLE,
    OTHERS,
    OUTSIDE,
    OWNER,
    OWNERS_FUNDS,
    PAID_COINS,
    PAID_USD,
    PATH,
    SETTLEMENT,
    SPENT,
    TAKE_COINS,
    TAKE_USD,
    TREASURY,
    USD_FOR_COINS,
    USERS,
    VALIDATORS,
    Calendar,
    Classes,
    Networks,
    Rows,
    Scratch,
    State,
    Written,
)  # fmt: skip
from sim.kernels.economy.pool import LARGEST, ONE, buy, coins_of, usd_of
from sim.kernels.economy.trading import MARGIN, post, trade
from sim.kernels.options import kernel, part

TRIES = 60
SCALE = 1000
WORK_TOP = 2.0**40


@part
def share_out(total: int, weights: np.ndarray, keys: np.ndarray, spare: np.ndarray, parts: np.ndarray) -> None:
    """`total` in integers by weights >= 0: rounded down, the rest one by one to the largest remainders (ties: first)."""
    n = len(weights)
    below = sums.total(weights)
    if below <= 0:
        for i in range(n):
            parts[i] = 0
        parts[0] = total
        return
    for i in range(n):
        keys[i] = weights[i] / below
    _part_out(total, keys, keys[:n], spare, parts)


@kernel
def _part_out(total: int, shares: np.ndarray, keys: np.ndarray, spare: np.ndarray, parts: np.ndarray) -> None:
    """The same by shares of one; `keys` may be the shares, which are lost then."""
    rest = total
    for i in range(len(keys)):
        exact = total * shares[i]
        down = np.floor(exact)
        keys[i] = down - exact
        parts[i] = np.int64(down)
        rest -= parts[i]
    if rest > 0:
        _give(rest, keys, spare, parts, 1)
    elif rest < 0:
        for i in range(len(keys)):
            keys[i] = -keys[i]
        _give(-rest, keys, spare, parts, -1)


@kernel
def _give(rest: int, keys: np.ndarray, spare: np.ndarray, parts: np.ndarray, unit: int) -> None:
    """A unit to each of the `rest` smallest keys; of equal keys the first."""
    if rest >= len(keys):
        for i in range(len(keys)):
            parts[i] += unit
        return
    limit, alike = keys[0], np.int64(0)
    for i in range(len(keys)):
        limit = min(limit, keys[i])
    for i in range(len(keys)):
        alike += np.int64(keys[i] == limit)
    if alike < rest:
        # Not all that get one are alike, as nodes of one kind are.
        for i in range(len(keys)):
            spare[i] = keys[i]
        limit = order.smallest(spare[: len(keys)], rest - 1)
    for i in range(len(keys)):
        if keys[i] < limit:
            parts[i] += unit
            rest -= 1
    for i in range(len(keys)):
        if rest > 0 and keys[i] == limit:
            parts[i] += unit
            rest -= 1


@part
def by_weight(k: Classes, s: State, room: Scratch, c0: int, c1: int) -> bool:
    """Each slot's share of the work, by the capacity of its node, into `room.weights`; False where nobody has any."""
    base = k.first[c0]
    for c in range(c0, c1):
        capacity, state = k.kind[c].capacity_rps, s.slot.state[k.first[c] : k.first[c + 1]]
        weights = room.weights[k.first[c] - base : k.first[c + 1] - base]
        for i in range(len(state)):
            weights[i] = capacity * np.int64(state[i] == LIVE)
    slots = k.first[c1] - base
    below = sums.total(room.weights[:slots])
    for i in range(slots):
        room.weights[i] = room.weights[i] / below if below > 0 else 0.0
    return below > 0


@part
def meter(s: State, room: Scratch, first: int, slots: int, tokens: int, price: int) -> bool:
    """Charge tokens at `price` (SCALE-th base units a token) to slots by their share; False beyond what a meter holds."""
    _part_out(tokens, room.weights, room.keys[:slots], room.spare, room.parts)
    units, part = price // SCALE, price % SCALE
    most = LARGEST // (units + 1)
    if part == 0 and tokens < most:
        # Whole base units: what the meter keeps of one stays as it is.
        large = False
        for i in range(slots):
            large |= room.due[i] >= LARGEST // 2
            room.due[i] += room.parts[i] * units
        return not large
    for i in range(slots):
        counts = room.parts[i]
        if counts == 0:
            continue
        if counts >= most or room.due[i] >= LARGEST // 2:
            return False
        rest = s.slot.rest[first + i] + counts % SCALE * part
        room.due[i] += counts * units + counts // SCALE * part + rest // SCALE
        s.slot.rest[first + i] = rest % SCALE
    return True


@part
def emit(
    n: Networks, k: Classes, s: State, rules: Rows, room: Scratch, w: Written, g: int, j: int, e: int, issued: int,
    c0: int, c1: int, late: int, length_ps: int,
) -> bool:  # fmt: skip
    """Mint the epoch's coins at its end and hand them out; False where the payout's rule does not divide what it was given."""
    if issued == 0:
        return True
    own = wide.floor_of(issued, n.split[g, j, 6], ONE)
    given = np.int64(0)
    for party in range(5):
        room.pair[party] = wide.floor_of(own, n.split[g, j, party], ONE)
        given += room.pair[party]
    room.pair[n.terms[g, j].remainder] += own - given
    room.pair[OTHERS] = issued - own
    for party in n.turn[g, j]:
        if party < 0:
            break
        amount = room.pair[party]
        if party == OPERATORS:
            left = _pay(n, k, s, rules, room, w, g, j, e, amount, c0, c1, late, length_ps)
            if left < 0:
                return False
            heir = n.terms[g, j].remainder if n.terms[g, j].remainder != OPERATORS else TREASURY
            post(w, j, MINT_LEFT, e, left)
            s.coins[j, heir] += left
        else:
            post(w, j, MINT_VALIDATORS + party - 1, e, amount)
            s.coins[j, party] += amount
            if party in (VALIDATORS, OWNER, OTHERS):
                s.others_sell[j, party] += np.int64(amount * n.terms[g, j].sell_others)
    s.net[j].minted += issued
    return True


@kernel
def _pay(
    n: Networks, k: Classes, s: State, rules: Rows, room: Scratch, w: Written, g: int, j: int, e: int, amount: int,
    c0: int, c1: int, late: int, length_ps: int,
) -> int:  # fmt: skip
    """Divide the operators' part by the payout's rule; gives what nobody earned, -1 where the parts do not sum to it or somebody's work is nothing."""
    first, slots, most = k.first[c0], k.first[c1] - k.first[c0], 0.0
    for c in range(c0, c1):
        if s.counts[c, LIVE] > 0:
            most = max(most, k.kind[c].capacity_rps + k.kind[c].capacity_rps)
    scale = WORK_TOP / most if most > 0 else 0.0
    there, whole_us = np.int64(0), length_ps // 1_000_000
    for c in range(c0, c1):
        weight = k.kind[c].capacity_rps
        each, end = np.int64(np.rint((weight + weight) * scale / slots)), there + s.counts[c, LIVE]
        if each == 0 and end > there:
            # Who neither worked nor was live for a microsecond is not there: the interpreted economy asks each.
            return np.int64(-1)
        for place in range(there, end):
            room.work[place], room.live[place], room.amounts[place] = each, whole_us, 0
        there = end
    for i in range(late):
        place = room.late[i]
        room.live[place] = room.late_ps[i] // 1_000_000
    rule = rules.payout[g, j]
    row = rules.numbers[rule[1] : rule[2]]
    left = payout_at(rule[0])(amount, room.work[:there], room.live[:there], row, room.amounts[:there])
    paid, last, sold, income = np.int64(0), np.int64(-1), np.int64(0), 0.0
    for place in range(there):
        each, i = room.amounts[place], room.there[place]
        if each != last:
            # Nodes in a row are often alike.
            last, sold, income = each, np.int64(np.floor(each * n.terms[g, j].sell)), each / n.kind[j].unit
        paid += each
        s.slot.held[first + i] += each
        s.slot.to_sell[first + i] += sold
        room.income[i] = income
    post(w, j, MINT_OPERATORS, e, paid)
    s.coins[j, OPERATORS] += paid
    return left if paid + left == amount and left >= 0 else np.int64(-1)


@kernel
def pay_usd(
    n: Networks, s: State, room: Scratch, w: Written, g: int, j: int, e: int, slots: int, invoice: int
) -> tuple[float, int]:
    """What users paid in USD, and nano-dollars that operators got of it; each slot's fees stand in `room.fees`."""
    taken = wide.floor_of(invoice, n.terms[g, j].take_parts, ONE)
    post(w, j, FUNDS, e, invoice)
    post(w, j, PAID_USD, e, invoice - taken)
    post(w, j, TAKE_USD, e, taken)
    if invoice:
        kept = wide.share(invoice - taken, invoice)
        for i in range(slots):
            room.fees[i] = room.due[i] * kept / 1e9
    return invoice / 1e9, invoice - taken


@part
def rate_of(n: Networks, s: State, calendar: Calendar, g: int, j: int, e: int) -> int:
    """Pico-dollars per coin at which an invoice in USD becomes coins."""
    rate = n.terms[g, j].rate
    if rate == FIXED_RATE:
        return n.terms[g, j].fixed_pusd
    if rate == ORACLE:
        return oracle(n, s, calendar, g, j, e, calendar.epoch[e].length_ps)
    return s.net[j].price_pusd


@part
def oracle(n: Networks, s: State, calendar: Calendar, g: int, j: int, e: int, past_ps: int) -> int:
    """The price seen `past_ps` after the start of epoch e (at its start or its end, before it is traded); -1 beyond 64 bits."""
    end = past_ps - n.terms[g, j].lag_ps
    return _average(s.prices[j], calendar.epoch, e, end - n.terms[g, j].twap_ps, end)


@kernel
def _average(prices: np.ndarray, epochs: np.ndarray, e: int, begin: int, end: int) -> int:
    """Time-weighted mean over [begin, end), picoseconds from the start of epoch e; the last price where the window is empty."""
    place, starts = e, np.int64(0)
    while place > 0 and starts > end - (1 if begin < end else 0):
        place -= 1
        starts -= epochs[place].length_ps
    if begin == end:
        return prices[place]
    if starts <= begin or place == 0:
        return prices[place]
    high, low, upto = np.uint64(0), np.uint64(0), end
    while True:
        since = max(starts, begin) if place > 0 else begin
        more_high, more_low = wide.product(np.uint64(prices[place]), np.uint64(upto - since))
        low += more_low
        high += more_high + (np.uint64(1) if low < more_low else np.uint64(0))
        upto = since
        if upto == begin:
            break
        place -= 1
        starts -= epochs[place].length_ps
    span = np.uint64(end - begin)
    if high >= span:
        return np.int64(-1)
    found, _ = wide.quotient(high, low, span)
    return np.int64(found)


@part
def pay_coins(
    n: Networks, s: State, calendar: Calendar, rules: Rows, room: Scratch, w: Written, g: int, j: int, e: int,
    first: int, slots: int, invoice: int,
) -> tuple[float, int, bool]:  # fmt: skip
    """What users paid in USD, base units burned, and whether 64 bits held it all; fees stand in `room.fees`."""
    before, unit = s.net[j].price_pusd, n.kind[j].unit
    rate = rate_of(n, s, calendar, g, j, e)
    if rate <= 0:
        return 0.0, np.int64(0), False
    owed = invoice if n.terms[g, j].quote_coin else coins_of(invoice, rate, unit)
    worth = usd_of(owed, before, unit) if owed >= 0 else np.int64(-1)
    if owed < 0 or worth < 0:
        return 0.0, np.int64(0), False
    spent = trade(n, s, room, w, g, j, e, calendar.epoch[e].seconds, owed, worth / 1e9, slots, first)
    if spent < 0:
        return 0.0, np.int64(0), False
    if n.terms[g, j].rate == SETTLEMENT:
        owed = coins_of(invoice, s.net[j].price_pusd, unit)
    if owed < 0 or not _top_up(n, s, w, g, j, e, owed):
        return 0.0, np.int64(0), False
    price = s.net[j].price_pusd
    invoice_usd = usd_of(owed, price, unit) if n.terms[g, j].quote_coin else invoice
    to_operators, taken, burned = _divide(n, rules, g, j, owed)
    _post_payment(n, s, room, w, g, j, e, first, slots, invoice, to_operators, taken, burned)
    if owed:
        worth = usd_of(to_operators, price, unit)
        if worth < 0 or invoice_usd < 0:
            return 0.0, np.int64(0), False
        fees_usd = worth / 1e9
        for i in range(slots):
            room.fees[i] = room.due[i] / invoice * fees_usd
        for place, number in enumerate((invoice_usd, to_operators, taken, burned, before, price)):
            w.gains[e, j, place] = number
    return invoice_usd / 1e9, burned, True


@kernel
def _top_up(n: Networks, s: State, w: Written, g: int, j: int, e: int, owed: int) -> bool:
    """Buy what the invoice still lacks; False where the market cannot give it."""
    other = OUTSIDE if n.terms[g, j].market == PATH else AMM
    for _ in range(TRIES):
        missing = owed - s.coins[j, USERS]
        if missing <= 0:
            return True
        usd = usd_of(missing + missing // MARGIN + 1, s.net[j].price_pusd, n.kind[j].unit) + 1
        got = buy(n, s, g, j, usd)
        if usd <= 0 or got < 0:
            return False
        post(w, j, SPENT, e, usd)
        post(w, j, USD_FOR_COINS, e, usd)
        post(w, j, BOUGHT, e, got)
        s.net[j].amm_usd += usd
        s.coins[j, other] -= got
        s.coins[j, USERS] += got
    return False


@part
def _divide(n: Networks, rules: Rows, g: int, j: int, owed: int) -> tuple[int, int, int]:
    """Coins to operators, taken, burned: burns of payments come off what operators get, of the take off the take."""
    taken = wide.floor_of(owed, n.terms[g, j].take_parts, ONE)
    off_operators, off_take = np.int64(0), np.int64(0)
    for place in range(rules.burn.shape[2]):
        rule = rules.burn[g, j, place]
        if rule[0] == 0:
            break
        burned = burnmint_at(rule[0])(owed, taken, rules.numbers[rule[1] : rule[2]])
        if rule[3]:
            off_take += burned
        else:
            off_operators += burned
    off_take, off_operators = min(off_take, taken), min(off_operators, owed - taken)
    return owed - taken - off_operators, taken - off_take, off_take + off_operators


@part
def _post_payment(
    n: Networks, s: State, room: Scratch, w: Written, g: int, j: int, e: int, first: int, slots: int, invoice: int,
    to_operators: int, taken: int, burned: int,
) -> None:  # fmt: skip
    paid = np.int64(0)
    if invoice > 0:
        for i in range(slots):
            room.floats[i] = room.due[i]
        share_out(to_operators, room.floats[:slots], room.keys, room.spare, room.parts)
        for i in range(slots):
            each = room.parts[i]
            paid += each
            s.slot.held[first + i] += each
            s.slot.to_sell[first + i] += np.int64(np.floor(each * n.terms[g, j].sell))
    post(w, j, PAID_COINS, e, paid)
    post(w, j, TAKE_COINS, e, taken)
    post(w, j, BURNED, e, burned)
    s.coins[j, USERS] -= paid + taken + burned
    s.coins[j, OPERATORS] += paid
    s.coins[j, n.terms[g, j].take_to] += taken
    s.net[j].burned += burned


@part
def bills(w: Written, j: int, e: int, amount: int, held: int) -> bool:
    """Operators, who hold `held` nano-dollars, pay `amount` for power and hosting (negative: too large); owners put in what is
    missing and take out what is over.
    """
    if amount < 0:
        return False
    post(w, j, BILLS, e, amount)
    if held < amount:
        post(w, j, OWNERS_FUNDS, e, amount - held)
        held = amount
    post(w, j, DRAW, e, held - amount)
    return True
