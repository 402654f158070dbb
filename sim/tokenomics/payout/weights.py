"""What every payout has: a rule that divides an amount over members by integer weights.

Members have columns of weights (`WEIGHTS`); a kind says which two of them its rule is given.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from sim.blocks import Block, Table
from sim.tokenomics.ledger import exact_sum

PAYOUT = Table("payout")

SIGNATURE = "int64(int64, int64[::1], int64[::1], int64[::1], int64[::1])"
"""rule(total, first, second, row, out): writes each member's base units into `out`, gives the remainder. `first` and
`second` are the kind's `columns`."""

WEIGHTS = ("work", "live", "stake", "compute", "fees")
"""Columns that members have: value of work delivered, microseconds live, base units staked, live time x what the member's
hardware can serve, and what users paid for its work in the last epoch."""

_LIMIT = 2**62


class Payout(Block):
    """Base of the kinds of `payout`: how the operators' part of emission is divided among them."""

    rule: ClassVar[Callable[..., int]]
    compiled: ClassVar[bool] = True
    columns: ClassVar[tuple[str, str]] = ("work", "live")
    """The two columns of `WEIGHTS` by which the rule divides."""

    @abstractmethod
    def row(self) -> np.ndarray:
        """The kind's parameters as int64."""

    def needs(self) -> frozenset[str]:
        """The columns that the kind divides by; `work` and `live` also say who is there."""
        return frozenset({"work", "live", *self.columns})

    def row_at(self, decimals: int) -> np.ndarray:
        """The parameters where amounts of coins are among them; `decimals` are the ledger's."""
        return self.row()

    def amounts(
        self, total: int, work: np.ndarray, live: np.ndarray, decimals: int = 9, **others: np.ndarray
    ) -> tuple[np.ndarray, int]:
        """Base units of each member (int64) and what is left over; together `total`, exactly.

        Parameters
        ----------
        total
            Base units to divide, >= 0.
        work
            int64, value of what each member computed and delivered (any unit, the same for all).
        live
            int64, microseconds for which each member's nodes were live.
        decimals
            Of the ledger's base unit.
        others
            int64, the other columns of `WEIGHTS`; one that is not given is 0.

        Each member's part is rounded down; one that was not live and did no work is not there and gets nothing. Where
        all weights are 0 everything is left over. Raises `ValueError` for
        negative weights, other shapes, or weights that sum to 2^62 or more.

        """
        columns = {"work": work, "live": live, **others}
        for name, column in columns.items():
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
        nothing = np.zeros(len(work), np.int64)
        first, second = (columns.get(name, nothing)[there].astype(object) for name in self.columns)
        left = int(type(self).rule(int(total), first, second, self.row_at(decimals), out))
        amounts = np.zeros(len(work), np.int64)
        amounts[there] = out
        return amounts, left
