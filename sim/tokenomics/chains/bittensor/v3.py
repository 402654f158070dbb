"""The pool of mid 2025 to June 2026: concentrated liquidity in one range over all prices (Uniswap's version 3).

    buy   s' = s + q / L          out = L (1/s - 1/s')       s: root of the price, 64 binary digits; L: liquidity
    sell  1/s' = 1/s + q / L      out = L (s - s')

Quotes alone: pools of a run are weighted ones (docs/bittensor.md, "Choices"). Before it, from February 2025, pools were constant products: `balancer` at weights of 1/2.
Source: subtensor before tag v3.4.8-423, pallets/swap; quotes of mainnet at block 7,000,020, spec 348.
"""

from __future__ import annotations

import dataclasses

from sim.tokenomics.chains.bittensor.balancer import Swap, fee_of

_Q64 = 1 << 64


@dataclasses.dataclass
class Ranged:
    """A pool whose protocol holds `liquidity` over all prices; `root` is the root of TAO an alpha times 2^64."""

    liquidity: int
    root: int

    @property
    def price(self) -> float:
        """TAO an alpha."""
        return (self.root / _Q64) ** 2

    def buy(self, tao: int, rate_u16: int = 0) -> Swap:
        """Swap TAO, fee included, for alpha."""
        fee = fee_of(tao, rate_u16)
        after = self.root + ((tao - fee) << 64) // self.liquidity
        out = (self.liquidity * (after - self.root) << 64) // (self.root * after)
        self.root = after
        return Swap(tao - fee, fee, out)

    def sell(self, alpha: int, rate_u16: int = 0) -> Swap:
        """Swap alpha, fee included, for TAO."""
        fee = fee_of(alpha, rate_u16)
        # Rounded up: the pool never pays more than the curve.
        below = (self.liquidity << 64) + (alpha - fee) * self.root
        after = -(-(self.root * (self.liquidity << 64)) // below)
        out = self.liquidity * (self.root - after) >> 64
        self.root = after
        return Swap(alpha - fee, fee, out)
