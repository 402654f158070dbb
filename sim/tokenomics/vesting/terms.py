"""What every vesting has: a rule that says how much of a grant is free after a time.

The rule counts from the grant on, so that however often a network looks, it gives out the same in the end, to the base
unit. It is written in sums, products and quotients of integers alone: the same lines take a number or a column of them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from sim.blocks import Block, Table

VESTING = Table("vesting")

SIGNATURE = "int64(int64, int64, int64[::1])"
"""rule(granted, elapsed_us, row): base units of a grant that are free so many microseconds after it."""

PARTS = 10**9
"""Parts in which shares of a grant are held: their product with a remainder fits 64 bits."""


class Vesting(Block):
    """Base of the kinds of `vesting`: when what was granted may be spent."""

    rule: ClassVar[Callable[..., Any]]
    compiled: ClassVar[bool] = True

    @abstractmethod
    def row(self) -> np.ndarray:
        """The kind's parameters as int64."""

    @property
    @abstractmethod
    def over_us(self) -> int:
        """Microseconds after which a whole grant is free."""

    def free(self, granted: Any, elapsed_us: int) -> Any:
        """Base units of `granted` (a number or an int64 column, >= 0) that are free `elapsed_us` >= 0 after the grant."""
        if elapsed_us < 0:
            raise ValueError(f"elapsed {elapsed_us} us found; must be >= 0")
        return type(self).rule(granted, int(elapsed_us), [int(value) for value in self.row()])
