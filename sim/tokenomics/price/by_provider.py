"""Prices by provider: each class of operators posts a list of its own, and is paid by it (SingularityNET's services).

A service's metadata states its provider's price; the marketplace's contracts know none (singnet/platform-contracts @48600b9,
read 2026-11-22). Users who have not been routed yet see the mean of the lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim import units
from sim.blocks import OneOf, Table
from sim.tokenomics.price.posted import Posted, steps
from sim.tokenomics.price.quote import PerToken, Price

LISTS = Table("price.lists")
LISTS.register(Posted)
WEIGHT_BITS = 40
"""Bits of the largest weight in the rule's integers."""


def rule(row: np.ndarray, seen: np.ndarray, asks: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """Row = six integers a list: its weights by prompt and by output tokens, then the prices of an input, an output and a
    cached token and of a request. Each list's part of the mean is rounded down; weights of nothing count as equal.
    """
    lists = len(row) // 6
    prompt, output = 0, 0
    for i in range(lists):
        prompt += row[6 * i]
        output += row[6 * i + 1]
    for k in range(4):
        out[k] = 0
        # Calls are counted as output tokens are: by who answers them.
        total = prompt if k in (0, 2) else output
        for i in range(lists):
            weight = row[6 * i] if k in (0, 2) else row[6 * i + 1]
            if total == 0:
                weight = 1
            out[k] += units.muldiv(row[6 * i + 2 + k], weight, total if total > 0 else lists)


def _wrong(kind: str, message: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "{message}", {"message": message, "hint": hint, "at": "lists"})


class ByProvider(Price):
    """A price list of each class of operators; work costs what the list of the class that did it says."""

    rule = staticmethod(rule)

    kind: Literal["by_provider"] = "by_provider"
    lists: Annotated[dict[str, Annotated[Any, OneOf(LISTS, "posted")]], Field(min_length=1)]
    """What each class of operators asks, by its name: `input`, `output`, `cached` and `request`, as `posted` has them."""

    @model_validator(mode="after")
    def _one_currency(self) -> ByProvider:
        paid = [name for name, one in self.lists.items() if one.pay is not None]
        if paid:
            raise _wrong(
                "place",
                f"`pay` found at `{paid[0]}`; all providers are paid alike",
                "write `price.pay` or `settle.pay`",
            )
        reduced = [name for name, one in self.lists.items() if one.batch != 1.0]
        if reduced:
            message = f"`batch` found at `{reduced[0]}`; batch requests pay what all others do where providers ask"
            raise _wrong("place", message, "leave `batch` out")
        found = sorted({one.currency for one in self.lists.values()})
        if len(found) > 1:
            message = f"prices in {' and '.join(found)} found; providers ask in one currency"
            raise _wrong("currency", message, f"write all in {found[-1]}")
        return self

    @property
    def currency(self) -> str:
        """The currency of all lists."""
        return next(iter(self.lists.values())).currency

    @property
    def free(self) -> list[str]:
        """Providers of whom everything is free at some date."""
        return [
            name
            for name, one in self.lists.items()
            if not any(
                asked and all(money.amount > 0 for money in asked)
                for asked in (steps(one.input), steps(one.output), steps(one.request))
            )
        ]

    def row(self, decimals: int) -> np.ndarray:
        """What the rule reads, all lists with the same weight."""
        return self.weighed(decimals, np.ones((len(self.lists), 2)))

    def weighed(self, decimals: int, weights: np.ndarray) -> np.ndarray:
        """The same with weights float64[lists, 2] >= 0 by prompt and output tokens, lists in the order of the block."""
        # By a power of two, so that whole tokens stay in proportion.
        parts = np.rint(np.ldexp(weights, WEIGHT_BITS - np.frexp(weights.max(axis=0))[1])).astype(np.int64)
        each = [[*part, *one.row(decimals)] for part, one in zip(parts.tolist(), self.lists.values(), strict=True)]
        return np.array(each, dtype=np.int64).ravel()

    def mean(self, decimals: Mapping[str, int], weights: Mapping[str, np.ndarray]) -> PerToken:
        """The mean of the lists, weighted by (prompt, output) tokens of each provider; each part rounded down."""
        out, nothing = np.zeros(4, np.int64), np.zeros(0, np.int64)
        row = self.weighed(decimals[self.currency], np.array([weights[name] for name in self.lists], float))
        rule(row, nothing, nothing, nothing, out)
        return PerToken(self.currency, *map(int, out))

    def quotes(self, decimals: Mapping[str, int]) -> dict[str, PerToken]:
        """What each provider asks; dated prices must have been resolved by `at`."""
        return {name: one.per_token(decimals) for name, one in self.lists.items()}
