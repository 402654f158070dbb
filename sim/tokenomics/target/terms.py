"""What every target has: a rule that steers an epoch's emission by what was paid, burned and stored.

A schedule says how many coins come into being; a target says how many dollars operators are to get. The rule sees both and the
oracle's price, moves its state on, and says what is minted on top, how much operators may get, and what vaults give.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple

import numpy as np

from sim.blocks import Block, Table

TARGET = Table("target")

SIGNATURE = "void(int64[::1], int64[::1], int64[::1], int64[::1])"
"""rule(seen, row, state, out): reads `seen` (`SEEN`), moves `state` on, writes `out` (`OUT`)."""

SEEN = (
    "planned", "operators", "paid", "price", "burned_a_day", "start_us", "end_us", "gpu_s", "vault", "fees", "coin",
)  # fmt: skip
"""Base units that the schedule gives this epoch, and operators of them; nano-dollars that users paid in the last epoch; the
oracle's price in pico-dollars; base units burned a day in the last epoch; begin and end of this one; GPU-seconds live in it; base
units in the vault and in the fees' vault; base units of a coin."""
OUT = ("top_up", "most", "from_vault", "from_fees", "burn")
"""Base units: minted on top of the schedule; the most that operators get of emission (-1: all); paid to them out of the vault and
out of the fees' vault; burned of the fees' vault."""


class Steered(NamedTuple):
    """What a target says about an epoch; see `OUT`."""

    top_up: int = 0
    most: int = -1
    from_vault: int = 0
    from_fees: int = 0
    burn: int = 0

    def overflow(self, operators: int) -> int:
        """What of the operators' part of emission is above the most that they get."""
        return max(0, operators - self.most) if self.most >= 0 else 0


class Target(Block):
    """Base of the kinds of `target`: what operators are to get."""

    rule: ClassVar[Callable[..., None]]
    compiled: ClassVar[bool] = True
    vaults: ClassVar[bool] = False
    """Whether emission for operators and what users pay go into vaults, out of which operators are paid."""

    @abstractmethod
    def row(self, decimals: int) -> np.ndarray:
        """The kind's parameters as int64; `decimals` are the ledger's."""

    @abstractmethod
    def begin(self) -> np.ndarray:
        """The state at the run's start (int64)."""

    def steer(self, seen: Mapping[str, int], state: np.ndarray, decimals: int) -> Steered:
        """What the epoch pays, given what is seen by the names of `SEEN`; `state` is moved on."""
        out, now = np.zeros(len(OUT), dtype=object), state.astype(object)
        columns = np.array([int(seen[name]) for name in SEEN], dtype=object)
        type(self).rule(columns, self.row(decimals).astype(object), now, out)
        state[:] = now
        return Steered(*(int(value) for value in out))
