"""An epoch's trade: what users buy, what recipients sell, what holders do, and the postings of all of it."""

from __future__ import annotations

import math

import numpy as np

from sim.kernels import wide
from sim.kernels.economy.layout import (
    AMM,
    BOUGHT,
    GOT_OPERATORS,
    HOLDERS,
    HOLDERS_COINS_IN,
    HOLDERS_COINS_OUT,
    HOLDERS_USD_IN,
    HOLDERS_USD_OUT,
    OPERATORS,
    OTHERS,
    OUTSIDE,
    OWNER,
    PATH,
    SOLD_OPERATORS,
    SPENT,
    USD_FOR_COINS,
    USERS,
    VALIDATORS,
    Networks,
    Scratch,
    State,
    Written,
)  # fmt: skip
from sim.kernels.economy.pool import DAY_S, NANO, YEAR_S, coins_of, drift_path, flow, hold, log_move, sell, usd_of
from sim.kernels.options import kernel, part

STEP_S = DAY_S
MARGIN = 50
"""Users buy 1/MARGIN more coins than the rate says (`sim.world.money`)."""


@part
def post(w: Written, j: int, site: int, e: int, amount: int) -> None:
    """Note an amount of an epoch at a site."""
    w.posted[e, j, site] += amount


@kernel
def trade(
    n: Networks, s: State, room: Scratch, w: Written, g: int, j: int, e: int, seconds: float, owed: int, paid_usd: float,
    slots: int, first: int,
) -> int:  # fmt: skip
    """Clear the epoch's flows and post them; gives what users spent in nano-dollars, -1 where 64 bits do not hold a trade.

    Slots `first` .. `first + slots` are the network's.
    """
    unit = n.kind[j].unit
    need = max(owed - s.coins[j, USERS], np.int64(0))
    spend = usd_of(need + need // MARGIN, s.net[j].price_pusd, unit)
    if spend < 0:
        return np.int64(-1)
    to_sell, held = s.slot.to_sell[first : first + slots], s.slot.held[first : first + slots]
    own = np.int64(0)
    for slot in range(slots):
        own += to_sell[slot]
    s.others_sell[j, OPERATORS] = own
    worth = _worth(n, s, g, j, paid_usd * YEAR_S / seconds)
    if n.terms[g, j].market == PATH:
        bought, holders_usd, holders_coins, fine = _on_a_path(n, s, room, g, j, e, seconds, spend)
    else:
        bought, holders_usd, holders_coins, fine = _in_a_pool(n, s, room, g, j, e, seconds, spend, worth)
    if not fine:
        return np.int64(-1)
    other = OUTSIDE if n.terms[g, j].market == PATH else AMM
    post(w, j, SPENT, e, spend)
    post(w, j, USD_FOR_COINS, e, spend)
    post(w, j, BOUGHT, e, bought)
    s.coins[j, other] -= bought
    s.coins[j, USERS] += bought
    s.net[j].amm_usd += spend + holders_usd
    for place, party in enumerate((OPERATORS, VALIDATORS, OWNER, OTHERS)):
        coins = s.others_sell[j, party]
        post(w, j, SOLD_OPERATORS + 2 * place, e, coins)
        post(w, j, GOT_OPERATORS + 2 * place, e, room.pair[party])
        s.net[j].amm_usd -= room.pair[party]
        s.coins[j, party] -= coins
        s.coins[j, other] += coins
    for slot in range(slots):
        held[slot] -= to_sell[slot]
        to_sell[slot] = 0
    _post_holders(s, w, j, e, holders_usd, holders_coins)
    for party in range(len(s.others_sell[j])):
        s.others_sell[j, party] = 0
    return spend


@kernel
def _post_holders(s: State, w: Written, j: int, e: int, usd: int, coins: int) -> None:
    if usd >= 0:
        post(w, j, HOLDERS_USD_IN, e, usd)
    else:
        post(w, j, HOLDERS_USD_OUT, e, -usd)
    if coins >= 0:
        post(w, j, HOLDERS_COINS_IN, e, coins)
    else:
        post(w, j, HOLDERS_COINS_OUT, e, -coins)
    s.coins[j, HOLDERS] += coins
    s.coins[j, AMM] -= coins


@part
def _worth(n: Networks, s: State, g: int, j: int, yearly_usd: float) -> float:
    """What holders take a coin to be worth."""
    start = s.net[j].start_pusd / 1e12
    rate = n.terms[g, j].capitalize
    if rate == 0.0:
        return start
    supply = wide.share(s.net[j].minted - s.net[j].burned, n.kind[j].unit)
    return max(yearly_usd / rate / supply, start * 1e-6) if supply > 0 else start


@kernel
def _on_a_path(
    n: Networks, s: State, room: Scratch, g: int, j: int, e: int, seconds: float, spend: int
) -> tuple[int, int, int, bool]:
    """Trades find a counterparty outside at the price before the epoch's move."""
    fine = True
    for party in (OPERATORS, VALIDATORS, OWNER, OTHERS):
        room.pair[party] = sell(n, s, g, j, s.others_sell[j, party])
        fine &= room.pair[party] >= 0
    bought = coins_of(spend, s.net[j].price_pusd, n.kind[j].unit)
    fine &= bought >= 0 and drift_path(n, s, g, j, seconds, n.shock[e, j])
    return bought, np.int64(0), np.int64(0), fine


@part
def _part(total: int, step: int, steps: int) -> int:
    """What falls to one of `steps` equal steps."""
    return wide.floor_of(total, step + 1, steps) - wide.floor_of(total, step, steps)


@kernel
def _in_a_pool(
    n: Networks, s: State, room: Scratch, g: int, j: int, e: int, seconds: float, spend: int, worth: float
) -> tuple[int, int, int, bool]:
    """Steps of at most `STEP_S`: flows evenly, then holders' one trade."""
    steps = max(1, math.ceil(seconds / STEP_S))
    length, move = seconds / steps, log_move(n, g, j, seconds, n.shock[e, j]) / steps
    sold = np.int64(0)
    for party in (OPERATORS, VALIDATORS, OWNER, OTHERS):
        sold += s.others_sell[j, party]
    free = s.coins[j, HOLDERS]
    usd, coins, paid, got = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    drift = np.int64(np.rint(s.net[j].drift_usd * length / DAY_S * NANO))
    for step in range(steps):
        left = free + got
        more_sold, more_spent = _part(sold, step, steps), _part(spend, step, steps)
        offered = coins_of(max(np.int64(0), -drift), s.net[j].price_pusd, n.kind[j].unit)
        if offered < 0:
            return np.int64(0), np.int64(0), np.int64(0), False
        offered = max(np.int64(0), min(offered, left))
        usd_out, coins_out = flow(n, s, g, j, more_sold + offered, more_spent + max(np.int64(0), drift))
        if usd_out < 0 or coins_out < 0:
            return np.int64(0), np.int64(0), np.int64(0), False
        to_sellers, to_holders = _two(usd_out, more_sold, offered)
        to_buyers, holders_bought = _two(coins_out, more_spent, max(np.int64(0), drift))
        holders_paid, holders_got, fine = hold(n, s, g, j, length, move, worth, left - offered)
        if not fine:
            return np.int64(0), np.int64(0), np.int64(0), False
        usd += to_sellers
        coins += to_buyers
        paid += holders_paid + max(np.int64(0), drift) - to_holders
        got += holders_got + holders_bought - offered
    _pro_rata(n, s, room, g, j, usd, sold)
    return coins if spend > 0 else np.int64(0), paid, got, True


@part
def _two(total: int, one: int, other: int) -> tuple[int, int]:
    """`total` by two weights, rounded down; the first with a weight keeps what is left."""
    both = one + other
    if both == 0:
        return np.int64(0), np.int64(0)
    a, b = wide.floor_of(total, one, both), wide.floor_of(total, other, both)
    return (a + total - a - b, b) if one else (a, b + total - a - b)


@kernel
def _pro_rata(n: Networks, s: State, room: Scratch, g: int, j: int, total: int, sold: int) -> None:
    """Nano-dollars of each seller: rounded down, the first that sells keeps what is left; operators come first."""
    for party in (OPERATORS, VALIDATORS, OWNER, OTHERS):
        room.pair[party] = wide.floor_of(total, s.others_sell[j, party], sold) if sold > 0 else np.int64(0)
    left = total - room.pair[OPERATORS] - room.pair[VALIDATORS] - room.pair[OWNER] - room.pair[OTHERS]
    if s.others_sell[j, OPERATORS] > 0:
        room.pair[OPERATORS] += left
        return
    for party in n.turn[g, j]:
        if party >= 0 and s.others_sell[j, party] > 0:
            room.pair[party] += left
            return
