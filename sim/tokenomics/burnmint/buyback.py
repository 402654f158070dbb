"""Fees in dollars buy the coin; most of it is burned (Gensyn).

A trade that would get less than the average price allows, less the slippage let, does not happen. Of the coins bought the
executor gets floor(out x e), then floor((out - e) x b) is burned, and the treasury gets the rest: 1.0, 69.3 and 29.7 % for
Gensyn's e = 1 % and b = 70 %. Source: gensyn-network/gensyn-buyback docs/DESIGN.md and docs/DEPLOYMENT.md (read 2026-11-22).
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from sim import units
from sim.blocks import sourced
from sim.tokenomics.burnmint.program import Program
from sim.units import Amount, Duration, Money, Quantity, share_parts

_GENSYN = "gensyn-network/gensyn-buyback docs/DEPLOYMENT.md, read 2026-11-22"


def rule(seen: np.ndarray, state: np.ndarray, row: np.ndarray, out: np.ndarray) -> None:
    """For seen[1] nano-dollars the market gives seen[4] coins; seen[2] is the average price.

    row = executor's and burned share, slippage (of 10,000), 10^decimals. Without a price nothing is too little.
    """
    got = seen[4]
    least = 0
    if seen[2] > 0:
        quote = units.muldiv(units.muldiv(seen[1], 1000, 1), row[3], seen[2])
        least = units.muldiv(quote, 10_000 - row[2], 10_000)
    if got < least:
        return
    out[5] = units.muldiv(got, row[0], 10_000)
    out[0] = units.muldiv(got - out[5], row[1], 10_000)
    out[6] = got - out[5] - out[0]
    out[7] = 1


class Buyback(Program):
    """The protocol buys its coin with its take and burns most of it. Needs payment in USD."""

    rule = staticmethod(rule)

    kind: Literal["buyback"] = "buyback"
    share: Annotated[float, Quantity("share", low=0, high=1)] = 1.0
    """Part of the take that buys coins."""
    executor: Annotated[float, Quantity("share", low=0, high=1)] = sourced(0.01, _GENSYN, "borrowed", "what is burned")
    """Part of the coins bought for who sends the transaction (anybody may)."""
    burn: Annotated[float, Quantity("share", low=0, high=1)] = sourced(0.7, _GENSYN, "borrowed", "what is burned")
    """Part of the rest that is burned; the treasury gets what is left."""
    twap: Duration = sourced(1800.0, _GENSYN + ": 1800 s is the least", "borrowed", "which trades are let")
    """Window of the average price."""
    slippage: Annotated[float, Quantity("share", low=0, high=0.05)] = sourced(
        0.02, _GENSYN, "borrowed", "which trades are let"
    )
    """How much less than the average price lets a trade may get; the contract allows 5 % at most."""
    volume: Amount | None = sourced(
        None, "default: no limit; Gensyn limits each day's", "assumed", "how fast fees are spent"
    )
    """Most USD spent in a day."""

    @model_validator(mode="after")
    def _in_dollars(self) -> Buyback:
        if isinstance(self.volume, Money) and self.volume.currency != "USD":
            message = f"`volume` is in {self.volume.currency}; must be in USD"
            raise PydanticCustomError("currency", "{message}", {"message": message, "hint": "for example `5 kUSD`"})
        return self

    def row(self, decimals: int) -> np.ndarray:
        """What the rule reads."""
        parts = [share_parts(s) * 10_000 // share_parts(1.0) for s in (self.executor, self.burn, self.slippage)]
        return np.array([*parts, 10**decimals], np.int64)
