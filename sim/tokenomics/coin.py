"""The coin of a network: its ticker, its base unit, and who holds it at the start."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block, OneOf
from sim.errors import ScenarioError
from sim.tokenomics.vesting import VESTING
from sim.units import SHARE_ONE, FixedAmount, FixedShare, Money, share_parts

COLUMN_LIMIT = 2**62
"""Operators' columns hold int64: all coins that may ever exist must stay below this many base units."""
GROWTH_ROOM = 2
"""Room left where a schedule has no cap: the supply may double."""


class Allocation(Block):
    """Coins that exist at the start and may not be spent yet."""

    share: FixedShare
    """Part of the supply at the start."""
    to: Literal["validators", "owner", "treasury", "holders"]
    """Who gets them."""
    vesting: Annotated[Any, OneOf(VESTING)]
    """When they are free, counted from the run's start."""


class Coin(Block):
    """A network's coin."""

    ticker: str = Field(pattern=r"^[A-Z][A-Z0-9]{1,9}$")
    """Upper-case name that stands in amounts: `8 MUSD`, `300 USD/TAO`."""
    decimals: int = Field(ge=0, le=30)
    """Decimals of the chain's base unit."""
    ledger_decimals: int | None = Field(default=None, ge=0, le=18)
    """Decimals of the ledger's base unit (default: the largest <= min(decimals, 9) that keeps all coins below 2^62)."""
    supply: FixedAmount
    """Coins in existence at the start."""
    held: Mapping[str, FixedShare] = Field(default_factory=dict)
    """Who holds them at the start: shares of `validators`, `treasury`, `operators`, `users`, `vault`; `holders` have the rest."""

    locked: Mapping[str, Allocation] = Field(default_factory=dict)
    """Allocations that are not free at the start, by name."""

    @model_validator(mode="after")
    def _checked(self) -> Coin:
        _known(self.held, HOLDERS)
        shares = [*self.held.values(), *(one.share for one in self.locked.values())]
        if sum(map(share_parts, shares)) > SHARE_ONE:
            what = "held and locked" if self.locked else "held"
            raise PydanticCustomError(
                "sum",
                "{message}",
                {"message": f"shares {what} exceed 100 %", "hint": "what is not named stays with `holders`"},
            )
        if self.supply.currency != self.ticker:
            raise PydanticCustomError(
                "currency",
                "{message}",
                {
                    "message": f"supply is in {self.supply.currency}, the coin is {self.ticker}",
                    "hint": f"write for example `21 M{self.ticker}`",
                },
            )
        if self.ledger_decimals is not None and self.ledger_decimals > self.decimals:
            raise PydanticCustomError(
                "range",
                "{message}",
                {
                    "message": f"ledger_decimals {self.ledger_decimals} found; the chain has {self.decimals}",
                    "hint": "leave it out",
                },
            )
        return self

    def units(self, cap: Money | None = None) -> int:
        """Decimals of the ledger's base unit; `cap` is the most coins that may ever exist, if the schedule has one."""
        if self.ledger_decimals is not None:
            return self.ledger_decimals
        most = max(
            Fraction(str(cap.amount)) if cap else Fraction(0),
            Fraction(str(self.supply.amount)) * (1 if cap else GROWTH_ROOM),
        )
        fitting = [n for n in range(min(self.decimals, 9) + 1) if most * 10**n < COLUMN_LIMIT]
        return fitting[-1] if fitting else 0

    def genesis(self, decimals: int, pool: int = 0) -> dict[str, int]:
        """Base units of each first holder: `pool` first, shares of the rest rounded down, `holders` keep what is left."""
        free = to_base(self.supply, decimals) - pool
        if free < 0:
            raise ScenarioError(
                f"the market's pool needs more than the supply of {self.supply.amount:g} {self.ticker}: a smaller `market.depth` or a larger `coin.supply`"
            )
        amounts = {name: free * share_parts(share) // SHARE_ONE for name, share in self.held.items()}
        for name, amount in self.allocations(decimals, pool).items():
            account = f"vesting.{self.locked[name].to}"
            amounts[account] = amounts.get(account, 0) + amount
        amounts["holders"] = free - sum(amounts.values())
        return {**amounts, "pool": pool} if pool else amounts

    def allocations(self, decimals: int, pool: int = 0) -> dict[str, int]:
        """Base units of each locked allocation, by name; shares of what is not in `pool`, rounded down."""
        free = to_base(self.supply, decimals) - pool
        return {name: free * share_parts(one.share) // SHARE_ONE for name, one in sorted(self.locked.items())}


HOLDERS = ("validators", "treasury", "operators", "users", "vault")


def to_base(amount: Money | float, decimals: int) -> int:
    """An amount in coins (or dollars) as base units, from its shortest decimal text, half to even."""
    number = amount.amount if isinstance(amount, Money) else amount
    return round(Fraction(str(number)) * unit(decimals))


def unit(decimals: int) -> int:
    """Base units of one coin (or dollar)."""
    return int(10**decimals)


def _known(names: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    for name in names:
        if name not in allowed:
            raise PydanticCustomError(
                "unknown_name",
                "{message}",
                {"message": f"'{name}' found; must be one of {', '.join(allowed)}", "hint": ""},
            )


def _day(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError(
                "date", "{message}", {"message": f"'{value}' is not a date", "hint": "write for example `2029-12-14`"}
            ) from None
    return value


Day = Annotated[datetime.date, BeforeValidator(_day)]
"""A calendar day, 0 h UTC; text in ISO form is read."""
