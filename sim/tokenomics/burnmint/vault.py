"""Burn and mint through a vault: coins are burned for credits in dollars, use burns credits and mints coins again (Akash).

::

    users' coins --burn at P--> credits (1 = 1 USD) --use--> burned, and coins minted for payees at the P of that day
                      |                                             ^ out of remint credits; fresh only for what they lack
                      +--> remint credits of the vault -------------+

A dollar of use changes the supply by 1/P(settlement) - 1/P(purchase). The breaker looks at the collateral ratio, vault x
price over credits: above `warn` all is well; at or below, purchases are batched over min_blocks x (1 + backoff)^k blocks, k =
floor((warn - ratio) / 0.1 %), at most 14,400; at or below `halt` no credits are sold.

Source: akash-network/node x/bme @3efe26b and AEP-76, akash-network/chain-sdk go/node/bme/v1/params.go (read 2026-11-22).
Conversions cut off as the chain does: the rate 1/P to 18 decimals, then the amount, then the spread; what comes to nothing
fails and changes nothing.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim import units
from sim.blocks import sourced
from sim.tokenomics.burnmint.program import Program
from sim.units import FixedDuration, Quantity, share_parts

_AKASH = "akash-network/node x/bme @3efe26b, chain-sdk go/node/bme/v1/params.go, read 2026-11-22"
HEALTHY, WARNING, HALT = 0, 1, 2
VAULT, CREDITS, STATUS, BLOCKS, RATIO = 0, 1, 2, 3, 4
"""Places in the state: remint credits in coins, credits outstanding, the breaker's status, blocks of a batch, the ratio."""
_TEXT = "AEP-76's text says 25 bps, the code's default is none"


def rule(seen: np.ndarray, state: np.ndarray, row: np.ndarray, out: np.ndarray) -> None:
    """First the breaker, then use (seen[1]) out of the credits that are there, then their purchase (seen[3]) if it lets.

    row = settle and mint spread, warn and halt (of 10,000), fewest blocks, backoff in percent, 10^(decimals - 9) as
    numerator and denominator. What use the credits do not cover is left.
    """
    price = seen[2]
    whole = 1_000_000_000_000 // price
    part = units.muldiv(1_000_000_000_000 - whole * price, 1_000_000_000_000_000_000, price)
    # The ratio (of 10,000) as the settlement begins: what is bought now cannot help itself.
    ratio = 1_000_000
    if state[1] > 0:
        worth = units.muldiv(state[0], price, 1_000_000_000_000)
        # A hundred times as much and more is told as a hundred times: the quotient itself might leave 64 bits.
        if worth // 100 < state[1]:
            ratio = units.muldiv(worth, 10_000, state[1])
    state[4] = ratio
    state[2] = 0 if ratio > row[2] else 1 if ratio > row[3] else 2
    blocks = row[4] * 1.0
    for _ in range(max(0, row[2] - ratio) // 10):
        blocks = min(blocks * (1.0 + row[5] / 100.0), 14_400.0)
    state[3] = min(max(int(blocks), row[4]), 14_400)
    due = min(units.muldiv(seen[1], row[6], row[7]), state[1])
    coins = units.muldiv(due, whole, 1) + units.muldiv(due, part, 1_000_000_000_000_000_000)
    if coins > 0:
        kept = units.muldiv(coins, row[0], 10_000)
        from_vault = min(coins, state[0])
        state[0] += kept - from_vault
        state[1] -= due
        out[1] = coins - kept
        out[3] = due
        out[7] = 1
    out[4] = seen[1] - units.muldiv(out[3], row[7], row[6])
    wanted = units.muldiv(seen[3], row[6], row[7])
    if state[2] == 2:
        wanted = 0
    elif state[2] == 1 and seen[5] > 0:
        # The orders of the last batch that was begun wait for its end.
        wanted -= units.muldiv(wanted, seen[5] % state[3], seen[5])
    # Who buys credits bears the spread: so many coins that the part left of them is worth the credits.
    gross = units.muldiv(wanted, 10_000, 10_000 - row[1])
    burned = units.muldiv(gross, whole, 1) + units.muldiv(gross, part, 1_000_000_000_000_000_000)
    if burned > 0:
        state[0] += burned
        state[1] += wanted
        out[0] = burned
        out[2] = wanted
        out[7] = 1


class Vault(Program):
    """Users burn coins for credits, use burns credits and mints coins for operators. Needs prices in USD, paid in coins."""

    rule = staticmethod(rule)

    kind: Literal["vault"] = "vault"
    settle_spread: Annotated[float, Quantity("share", low=0, high=0.5)] = sourced(
        0.0, f"{_AKASH}; {_TEXT}", "borrowed", "operators' income"
    )
    """What the vault keeps of coins that are minted at settlement."""
    mint_spread: Annotated[float, Quantity("share", low=0, high=0.5)] = sourced(
        0.0025, _AKASH, "borrowed", "what credits cost users"
    )
    """What the vault keeps of coins that are burned for credits."""
    warn: Annotated[float, Quantity("share", low=0, high=10)] = sourced(
        0.95, _AKASH, "borrowed", "when purchases slow down"
    )
    """Collateral ratio at or below which purchases are batched for longer and longer."""
    halt: Annotated[float, Quantity("share", low=0, high=10)] = sourced(0.90, _AKASH, "borrowed", "when purchases stop")
    """Collateral ratio at or below which no credits are sold; use beyond the credits is then paid in coins."""
    min_blocks: Annotated[int, Field(ge=1, le=14_400)] = sourced(10, _AKASH, "borrowed", "delay of purchases")
    """Blocks of a batch while all is well."""
    backoff: Annotated[int, Field(ge=0, le=1000)] = sourced(10, _AKASH, "borrowed", "delay of purchases")
    """Percent by which a batch grows for each 0.1 % below `warn`."""
    block: FixedDuration = sourced(6.0, "akash-network/node: about 6 s, not read", "assumed", "delay of purchases")
    """Time between blocks."""
    cover: Annotated[float, Quantity("share", low=0)] = sourced(
        1.0, "no published figure", "assumed", "how long coins' price moves between purchase and settlement"
    )
    """Credits that users keep at the end of an epoch, over what it cost."""

    @model_validator(mode="after")
    def _in_order(self) -> Vault:
        if self.halt > self.warn:
            message = f"`halt` at {self.halt:g} lies above `warn` at {self.warn:g}"
            raise PydanticCustomError("range", "{message}", {"message": message, "hint": "for example 90 % and 95 %"})
        return self

    def row(self, decimals: int) -> np.ndarray:
        """What the rule reads."""
        bps = [share_parts(share) * 10_000 // share_parts(1.0) for share in (self.settle_spread, self.mint_spread)]
        bounds = [share_parts(share) * 10_000 // share_parts(1.0) for share in (self.warn, self.halt)]
        scale = [10 ** max(0, decimals - 9), 10 ** max(0, 9 - decimals)]
        return np.array([*bps, *bounds, self.min_blocks, self.backoff, *scale], np.int64)
