"""Shares by rank: the first gets most, whatever its lead."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.tokenomics.score.member import METRICS, Score
from sim.units import SHARE_ONE, FixedShare, share_parts


def rule(members: np.ndarray, row: np.ndarray, out: np.ndarray) -> int:
    """The k-th largest figure gets row[k]; of equal ones the one that stands first. A figure of 0 has no rank. row[0] = which metric."""
    left = 1_000_000_000_000
    for i in range(len(out)):
        place = 1
        for j in range(len(out)):
            ahead = members[j, row[0]] > members[i, row[0]] or (members[j, row[0]] == members[i, row[0]] and j < i)
            if ahead:
                place += 1
        if members[i, row[0]] > 0 and place < len(row):
            out[i] = row[place]
            left -= out[i]
    return left


class Rank(Score):
    """Shares by rank in one figure."""

    rule = staticmethod(rule)

    kind: Literal["rank"] = "rank"
    of: Literal["staked", "burned_usd", "onboarded_usd"]
    """The figure."""
    shares_by_rank: Annotated[list[FixedShare], Field(min_length=1, max_length=1000)]
    """Share of the first, the second, ...; their sum is 100 % at most."""

    @model_validator(mode="after")
    def _within_the_whole(self) -> Rank:
        total = sum(share_parts(share) for share in self.shares_by_rank)
        if total > SHARE_ONE:
            told = {"message": f"shares sum to {total * 100 / SHARE_ONE:g} %; must be 100 % at most", "hint": ""}
            raise PydanticCustomError("sum", "{message}", told)
        return self

    def row(self) -> np.ndarray:
        """The place of the figure among the metrics, then the shares of 10^12."""
        return np.array([METRICS.index(self.of), *map(share_parts, self.shares_by_rank)], dtype=np.int64)
