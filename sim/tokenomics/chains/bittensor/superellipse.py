"""The announced successor of the weighted pool: a quarter of an ellipse that can be moved without changing its shape.

    X^2 / a^2 + Y^2 / b^2 = const        a = 2 w_t A, b = 2 w_a T when the pool is made; then X = a, Y = b
    price = b^2 X / (a^2 Y)

A purchase lowers Y by the TAO paid and raises X by the alpha got. Liquidity that is added moves the reserves and leaves X and Y,
so price and quotes stay. Unlike a product, the curve ends: buying stops where Y would be 0. Lengths have 32 binary digits;
payouts are rounded down.
Source: RaoFoundation/subtensor @0249a4a4, pallets/swap/src/pallet/superellipse.rs; not on mainnet at spec 475.
"""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction

from sim.tokenomics.chains.bittensor.balancer import PARTS, SwapError


@dataclasses.dataclass
class Superellipse:
    """Reserves in rao, and the curve's half axes a, b and point X, Y times 2^32."""

    tao: int
    alpha: int
    a: int
    b: int
    x: int
    y: int

    @classmethod
    def of(cls, tao: int, alpha: int, weight: int = PARTS // 2) -> Superellipse:
        """A pool with the price of a weighted pool of the same reserves; `weight` is TAO's, in parts of 10^18."""
        a = (2 * weight * alpha << 32) // PARTS
        b = (2 * (PARTS - weight) * tao << 32) // PARTS
        return cls(tao, alpha, a, b, a, b)

    @property
    def price(self) -> Fraction:
        """TAO an alpha."""
        return Fraction(self.b * self.b * self.x, self.a * self.a * self.y)

    @property
    def most_buy(self) -> int:
        """The most TAO that a purchase may put in: Y stays above 0."""
        return (self.y - 1) >> 32

    @property
    def most_sell(self) -> int:
        """The most alpha that a sale may put in: X stays above 0."""
        return (self.x - 1) >> 32

    def alpha_for(self, tao: int) -> int:
        """Alpha paid out for TAO. Raises `SwapError` beyond `most_buy`."""
        if tao > self.most_buy:
            raise SwapError(f"{tao} rao put in; this pool takes at most {self.most_buy}")
        return (_other(self.x, self.y, self.y - (tao << 32), self.a, self.b) - self.x) >> 32

    def tao_for(self, alpha: int) -> int:
        """TAO paid out for alpha. Raises `SwapError` beyond `most_sell`."""
        if alpha > self.most_sell:
            raise SwapError(f"{alpha} rao put in; this pool takes at most {self.most_sell}")
        return (_other(self.y, self.x, self.x - (alpha << 32), self.b, self.a) - self.y) >> 32

    def buy(self, tao: int) -> int:
        """Swap TAO for alpha; the fee, as in `balancer`, is taken before."""
        out = self.alpha_for(tao)
        self.tao, self.alpha = self.tao + tao, self.alpha - out
        self.x, self.y = self.x + (out << 32), self.y - (tao << 32)
        return out

    def sell(self, alpha: int) -> int:
        """Swap alpha for TAO."""
        out = self.tao_for(alpha)
        self.tao, self.alpha = self.tao - out, self.alpha + alpha
        self.x, self.y = self.x - (alpha << 32), self.y + (out << 32)
        return out

    def inject(self, tao: int, alpha: int) -> None:
        """Add to the reserves: the curve moves, its point on the curve stays."""
        self.tao, self.alpha = self.tao + tao, self.alpha + alpha


def _other(one: int, fixed: int, moved: int, axis: int, other_axis: int) -> int:
    """The coordinate on `axis` after the other went from `fixed` to `moved`, rounded down."""
    return math.isqrt(one * one + axis * axis * (fixed * fixed - moved * moved) // (other_axis * other_axis))
