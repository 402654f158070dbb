"""The weighted pool, in integers and to the digit of the chain: swaps with fee, limit orders, injection that leaves the price.

    price  p = (w_a / w_t) T / A                 T, A: reserves of TAO and alpha, weights in parts of 10^18
    buy    A (1 - (T / (T + q))^(w_t / w_a))     sell  T (1 - (A / (A + q))^(w_a / w_t))
    limit  T ((p' / p)^w_a - 1) of TAO           A ((p / p')^w_t - 1) of alpha

A power is cut to 18 digits and read as 64 binary digits, as the chain does, before it multiplies the reserve. The block's
kernel has the same rules in floats (`sim.kernels.bittensor.pools`).
Source: subtensor pallets/swap/src/pallet/balancer.rs, swap_step.rs, impls.rs.
"""

from __future__ import annotations

import dataclasses
import decimal
from fractions import Fraction

from sim.tokenomics.chains.bittensor import U16
from sim.tokenomics.chains.bittensor.constants import MAINNET

PARTS = 10**18
LEAST_WEIGHT: int = MAINNET["least_weight"].value
_Q64 = 1 << 64
_CONTEXT = decimal.Context(prec=60, Emin=-999_999, Emax=999_999)
MOST_INPUT: int = MAINNET["swap_most"].value
"""A swap puts in at most this many times the reserve."""
LEAST_RESERVE: int = MAINNET["swap_least_reserve"].value
"""Rao of what is bought that the pool must hold before a swap."""


class SwapError(ValueError):
    """The chain refuses this swap."""


def power(over: int, under: int, top: int, bottom: int) -> int:
    """(over / under)^(top / bottom) in parts of 10^18, rounded down; 0 where `over` is 0 or `under` is."""
    if over <= 0 or under <= 0:
        return 0
    context = _CONTEXT
    log = context.subtract(context.ln(decimal.Decimal(over)), context.ln(decimal.Decimal(under)))
    found = context.exp(context.divide(context.multiply(log, decimal.Decimal(top)), decimal.Decimal(bottom)))
    return int(context.multiply(found, decimal.Decimal(PARTS)))


def fee_of(amount: int, rate_u16: int) -> int:
    """The fee inside an amount paid in, rounded down; all of it is the block author's."""
    return amount * rate_u16 // U16


def to_reach(reserve: int, change: Fraction, weight: int) -> int:
    """What goes into a reserve until the price has changed `change` times: reserve (change^weight - 1); 0 for 1 and less.

    Of TAO the change is p' / p and the weight alpha's; of alpha they are p / p' and TAO's.
    """
    return max(0, reserve * ((power(*change.as_integer_ratio(), weight, PARTS) << 64) // PARTS - _Q64) >> 64)


@dataclasses.dataclass(frozen=True)
class Swap:
    """What a swap did: paid into the pool, fee on top (both of what was put in), paid out."""

    paid_in: int
    fee: int
    out: int


@dataclasses.dataclass
class Balancer:
    """A pool: reserves in rao and the weight of TAO in parts of 10^18."""

    tao: int
    alpha: int
    weight: int = PARTS // 2

    @classmethod
    def at_price(cls, tao: int, alpha: int, price: Fraction) -> Balancer:
        """A pool of given reserves whose price is `price`: w_t = T / (p A + T). Raises `SwapError` out of [0.01, 0.99]."""
        worth = int(price * alpha)
        weight = tao * PARTS // (worth + tao)
        if not LEAST_WEIGHT <= weight <= PARTS - LEAST_WEIGHT:
            raise SwapError(f"weight {weight / PARTS} of TAO; a pool needs 0.01 to 0.99")
        return cls(tao, alpha, weight)

    @property
    def price(self) -> Fraction:
        """TAO an alpha; 0 for an empty pool."""
        if self.alpha == 0:
            return Fraction(0)
        return Fraction((PARTS - self.weight) * self.tao, self.weight * self.alpha)

    def alpha_for(self, tao: int) -> int:
        """Alpha paid out for TAO that goes in, the fee taken off already."""
        return _paid(self.alpha, power(self.tao, self.tao + tao, self.weight, PARTS - self.weight))

    def tao_for(self, alpha: int) -> int:
        """TAO paid out for alpha that goes in, the fee taken off already."""
        return _paid(self.tao, power(self.alpha, self.alpha + alpha, PARTS - self.weight, self.weight))

    def buy(self, tao: int, rate_u16: int = 0, limit: Fraction | None = None) -> Swap:
        """Swap TAO, fee included, for alpha; above `limit` no more is bought and the rest is not taken.

        A purchase that would take all alpha has no price after it, and the chain lets it pass any limit.

        Raises `SwapError` where the chain refuses: more than 1,000 times the reserve, too little alpha in the pool, a
        limit below the price, or a payout of nothing.
        """
        _check(tao - fee_of(tao, rate_u16), self.tao, self.alpha)
        if limit is not None and limit < self.price:
            raise SwapError(f"price {float(self.price)} found; the limit is {float(limit)}")
        fee, net = fee_of(tao, rate_u16), tao - fee_of(tao, rate_u16)
        if limit is not None and Balancer(self.tao + net, self.alpha - self.alpha_for(net), self.weight).price > limit:
            net = to_reach(self.tao, limit / self.price, PARTS - self.weight)
            fee = net * rate_u16 // (U16 - rate_u16)
        out = _nonzero(self.alpha_for(net), net)
        self.tao, self.alpha = self.tao + net, self.alpha - out
        return Swap(net, fee, out)

    def sell(self, alpha: int, rate_u16: int = 0, limit: Fraction | None = None) -> Swap:
        """Swap alpha, fee included, for TAO; below `limit` no more is sold. Raises `SwapError` as `buy` does."""
        _check(alpha - fee_of(alpha, rate_u16), self.alpha, self.tao)
        if limit is not None and limit > self.price:
            raise SwapError(f"price {float(self.price)} found; the limit is {float(limit)}")
        fee, net = fee_of(alpha, rate_u16), alpha - fee_of(alpha, rate_u16)
        if limit is not None and Balancer(self.tao - self.tao_for(net), self.alpha + net, self.weight).price < limit:
            net = to_reach(self.alpha, self.price / limit, self.weight)
            fee = net * rate_u16 // (U16 - rate_u16)
        out = _nonzero(self.tao_for(net), net)
        self.tao, self.alpha = self.tao - out, self.alpha + net
        return Swap(net, fee, out)

    def inject(self, tao: int, alpha: int) -> bool:
        """Add to both reserves; the weights move so that the price does not.

        False, and nothing is added, where a weight would leave [0.01, 0.99].
        """
        left = _round(self.weight * (self.alpha * (self.tao + tao)))
        right = _round((PARTS - self.weight) * (self.tao * (self.alpha + alpha)))
        weight = left * PARTS // (left + right) if left + right else PARTS // 2
        if not LEAST_WEIGHT <= weight <= PARTS - LEAST_WEIGHT:
            return False
        self.tao, self.alpha, self.weight = self.tao + tao, self.alpha + alpha, weight
        return True


def _round(product: int) -> int:
    return (product + PARTS // 2) // PARTS


def _paid(reserve: int, left: int) -> int:
    """What leaves a reserve of which `left` parts stay."""
    return reserve * (_Q64 - min((left << 64) // PARTS, _Q64)) >> 64


def _check(net: int, reserve_in: int, reserve_out: int) -> None:
    if net > MOST_INPUT * reserve_in:
        raise SwapError(f"{net} rao put in; at most {MOST_INPUT} times the reserve, {reserve_in}, is taken")
    if reserve_out < LEAST_RESERVE:
        raise SwapError(f"{reserve_out} rao to buy from; a swap needs a reserve of {LEAST_RESERVE}")


def _nonzero(out: int, net: int) -> int:
    if out == 0 and net > 0:
        raise SwapError(f"{net} rao put in would pay out nothing")
    return out
