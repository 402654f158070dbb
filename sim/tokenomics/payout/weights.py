"""What every payout has: a rule that divides an amount over members by integer weights."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from sim.blocks import Block
from sim.tokenomics.ledger import exact_sum

SIGNATURE = "int64(int64, int64[::1], int64[::1], int64[::1], int64[::1])"
"""rule(total, work, live, row, out): writes each member's base units into `out`, gives the remainder."""

_LIMIT = 2**62


class Payout(Block):
    """Base of the kinds of `payout`: how the operators' part of emission is divided among them."""

    rule: ClassVar[Callable[..., int]]
    compiled: ClassVar[bool] = True

    @abstractmethod
    def row(self) -> np.ndarray:
        """The kind's parameters as int64."""

    def amounts(self, total: int, work: np.ndarray, live: np.ndarray) -> tuple[np.ndarray, int]:
        """Base units of each member (int64) and what is left over; together `total`, exactly.

        Parameters
        ----------
        total
            Base units to divide, >= 0.
        work
            int64, value of what each member computed and delivered (any unit, the same for all).
        live
            int64, time for which each member's nodes were live (any unit, the same for all).

        Each member's part is rounded down; one that was not live and did no work is not there and gets nothing. Where
        all weights are 0 everything is left over. Raises `ValueError` for
        negative weights, other shapes, or weights that sum to 2^62 or more.

        """
        for name, column in (("work", work), ("live", live)):
            if (
                column.dtype != np.int64
                or column.shape != work.shape
                or (column.size and column.min() < 0)
                or exact_sum(column) >= _LIMIT
            ):
                raise ValueError(
                    f"{name}: {column.dtype}{column.shape} found; must be int64{work.shape}, each >= 0, with a sum below 2^62"
                )
        if not 0 <= total < _LIMIT:
            raise ValueError(f"total {total} found; must be in [0, 2^62)")
        there = np.flatnonzero((work > 0) | (live > 0))
        # Python integers in the arrays: interpreted, they are ten times as fast as NumPy's and never wrap.
        out = np.zeros(len(there), dtype=object)
        left = int(type(self).rule(int(total), work[there].astype(object), live[there].astype(object), self.row(), out))
        amounts = np.zeros(len(work), np.int64)
        amounts[there] = out
        return amounts, left
