"""The coin's markets in integers: `sim.tokenomics.market` again, written for kernels. -1 for an amount says that 64 bits do not hold it."""

from __future__ import annotations

import math

import numpy as np

from sim.kernels import wide
from sim.kernels.economy.layout import PATH, Networks, State
from sim.kernels.options import kernel, part

DAY_S = 86_400
YEAR_S = 31_557_600
ONE = 10**12
NANO = 10**9
PRICE_ONE = 10**12
LARGEST = 1 << 62


@part
def usd_of(coins: int, price_pusd: int, unit: int) -> int:
    """Nano-dollars of base units of coin, `unit` to a coin, rounded down."""
    return wide.floor_of(coins, price_pusd, unit * 1000)


@part
def coins_of(usd: int, price_pusd: int, unit: int) -> int:
    """Base units of coin that nano-dollars buy, rounded down."""
    return wide.floor_of(usd, unit * 1000, price_pusd)


@part
def whole(x: float) -> int:
    """`round`: the nearest integer, half to even; -1 beyond 2^62, as no amount here is negative."""
    if not 0.0 <= x < 4.6e18:
        return np.int64(-1)
    return np.int64(np.rint(x))


@part
def _moved(net: np.ndarray, unit: int, j: int, usd: int, coins: int) -> bool:
    """Move reserves and price; False where the price leaves 64 bits."""
    net[j].pool_usd += usd
    net[j].pool_coins += coins
    found = wide.floor_of(net[j].pool_usd, unit * 1000, net[j].pool_coins)
    net[j].price_pusd = max(np.int64(1), found)
    return found >= 0


@kernel
def _sell(net: np.ndarray, fee_parts: int, unit: int, j: int, coins: int) -> int:
    kept = coins - wide.floor_of(coins, fee_parts, ONE)
    left = wide.ceil_of(net[j].pool_usd, net[j].pool_coins, net[j].pool_coins + kept)
    proceeds = net[j].pool_usd - left
    if left < 0 or not _moved(net, unit, j, -proceeds, coins):
        return np.int64(-1)
    return proceeds


@kernel
def _buy(net: np.ndarray, fee_parts: int, unit: int, j: int, usd: int) -> int:
    kept = usd - wide.floor_of(usd, fee_parts, ONE)
    left = wide.ceil_of(net[j].pool_usd, net[j].pool_coins, net[j].pool_usd + kept)
    coins = net[j].pool_coins - left
    if left < 0 or not _moved(net, unit, j, usd, -coins):
        return np.int64(-1)
    return coins


@part
def sell(n: Networks, s: State, g: int, j: int, coins: int) -> int:
    """Sell base units at once; gives nano-dollars."""
    if n.terms[g, j].market == PATH:
        return usd_of(coins, s.net[j].price_pusd, n.kind[j].unit)
    return _sell(s.net, n.terms[g, j].fee_parts, n.kind[j].unit, j, coins)


@part
def buy(n: Networks, s: State, g: int, j: int, usd: int) -> int:
    """Buy for nano-dollars at once; gives base units."""
    if n.terms[g, j].market == PATH:
        return coins_of(usd, s.net[j].price_pusd, n.kind[j].unit)
    return _buy(s.net, n.terms[g, j].fee_parts, n.kind[j].unit, j, usd)


@part
def log_move(n: Networks, g: int, j: int, seconds: float, shock: float) -> float:
    """The innovation of the log price."""
    return n.terms[g, j].daily_sd * math.sqrt(seconds / DAY_S) * shock


@part
def drift_path(n: Networks, s: State, g: int, j: int, seconds: float, shock: float) -> bool:
    """A path's move over an epoch; False where the price leaves 64 bits."""
    move = n.terms[g, j].log_drift * seconds / YEAR_S + log_move(n, g, j, seconds, shock)
    price = whole(s.net[j].price_pusd * math.exp(move))
    s.net[j].price_pusd = max(1, price)
    return price >= 0


@kernel
def flow(n: Networks, s: State, g: int, j: int, coins_in: int, usd_in: int) -> tuple[int, int]:
    """Both flows evenly over a step: nano-dollars to the sellers, base units to the buyers (-1: too large)."""
    if coins_in == 0 or usd_in == 0:
        usd = sell(n, s, g, j, coins_in) if coins_in else np.int64(0)
        return usd, buy(n, s, g, j, usd_in) if usd_in else np.int64(0)
    usd_side, coin_side = s.net[j].pool_usd, s.net[j].pool_coins
    sold = coins_in - wide.floor_of(coins_in, n.terms[g, j].fee_parts, ONE)
    spent = usd_in - wide.floor_of(usd_in, n.terms[g, j].fee_parts, ONE)
    high, low = wide.product(np.uint64(usd_side), np.uint64(coin_side))
    root = math.sqrt(wide.as_float(high, low, False))
    rest = math.sqrt(sold) * root / math.sqrt(spent)
    turn = math.tanh(math.sqrt(sold) * math.sqrt(spent) / root)
    y = coin_side / rest
    after = whole(rest * (y + turn) / (1 + y * turn))
    if after < 0:
        return np.int64(-1), np.int64(-1)
    after = min(max(np.int64(1), after), coin_side + sold)
    left = wide.ceil_of(usd_side, coin_side, after)
    if left < 0:
        return np.int64(-1), np.int64(-1)
    coins_out = coin_side + sold - after
    usd_out = max(np.int64(0), min(spent + usd_side - left, spent + usd_side - 1))
    if not _moved(s.net, n.kind[j].unit, j, usd_in - usd_out, coins_in - coins_out):
        return np.int64(-1), np.int64(-1)
    return usd_out, coins_out


@kernel
def hold(
    n: Networks, s: State, g: int, j: int, seconds: float, move: float, value_usd: float, free: int
) -> tuple[int, int, bool]:
    """Holders' one trade at the end of a step: nano-dollars in, base units out (negative: the other way), and whether it was had."""
    price = wide.share(s.net[j].price_pusd, PRICE_ONE)
    pull = -math.expm1(-2 * n.terms[g, j].pull * NANO / s.net[j].pool_usd * seconds / DAY_S)
    move += pull * math.log(value_usd / price)
    if move >= 0:
        usd = whole(s.net[j].pool_usd * math.expm1(move / 2) / (1 - n.terms[g, j].fee))
        got = buy(n, s, g, j, usd) if usd >= 0 else np.int64(-1)
        return usd, got, got >= 0
    coins = whole(s.net[j].pool_coins * math.expm1(-move / 2) / (1 - n.terms[g, j].fee))
    if coins < 0:
        return np.int64(0), np.int64(0), False
    coins = max(np.int64(0), min(coins, free))
    usd = sell(n, s, g, j, coins)
    return -usd, -coins, usd >= 0
