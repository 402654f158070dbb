"""Pay by several rules, each with a name and a share of the pool.

Render: one pool for work, one for being available.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block, OneOf
from sim.tokenomics.payout.weights import PAYOUT, Payout
from sim.units import SHARE_ONE, FixedShare, share_parts


class Part(Block):
    """One rule and its share of the pool."""

    share: FixedShare
    """Part of what operators get."""
    by: Annotated[Any, OneOf(PAYOUT.without("several"))]
    """How it is divided."""


class Several(Payout):
    """Operators are paid by several rules, each with a share of the pool."""

    compiled: ClassVar[bool] = False

    kind: Literal["several"] = "several"
    parts: Annotated[dict[str, Part], Field(min_length=1)]
    """The rules, by name; their shares sum to 100 % at most, the rest is left over."""

    @model_validator(mode="after")
    def _within_the_whole(self) -> Several:
        total = sum(share_parts(part.share) for part in self.parts.values())
        if total > SHARE_ONE:
            told = {"message": f"shares sum to {total * 100 / SHARE_ONE:g} %; must be 100 % at most", "hint": ""}
            raise PydanticCustomError("sum", "{message}", told)
        return self

    def row(self) -> np.ndarray:
        """Nothing: each part has its own."""
        return np.zeros(0, dtype=np.int64)

    def needs(self) -> frozenset[str]:
        """Those of all parts."""
        return frozenset().union(*(part.by.needs() for part in self.parts.values()))

    def amounts(
        self, total: int, work: np.ndarray, live: np.ndarray, decimals: int = 9, **others: np.ndarray
    ) -> tuple[np.ndarray, int]:
        """Each part's pool, rounded down, divided by its own rule; what is left of all of them, as `Payout.amounts` says."""
        paid = np.zeros(len(work), np.int64)
        for name in sorted(self.parts):
            part = self.parts[name]
            pool = total * share_parts(part.share) // SHARE_ONE
            paid += part.by.amounts(pool, work, live, decimals, **others)[0]
        return paid, total - sum(paid.tolist())
