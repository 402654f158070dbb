"""What every kind has that mints, buys or lends as well as burns: a rule over integers, with a state that the run keeps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from sim.blocks import Block

PROGRAM = "void(int64[::1], int64[::1], int64[::1], int64[::1])"
"""rule(seen, state, row, out): `seen` what a settlement brings (SEEN), `state` STATE integers of the kind's own, changed in
place, `row` the kind's parameters, `out` what is to be done (OUT), written. Coins are base units, USD nano-dollars, prices
pico-dollars a coin."""

SEEN = ("paid", "usd", "price", "wanted", "bought", "blocks")
"""Coins users pay in the settlement; USD that use costs (or a buyer spends); the price that the protocol sees; USD of credits
that users want; coins that the market gave; blocks of the epoch."""

OUT = ("burn", "mint", "credited", "used", "left", "executor", "treasury", "done")
"""Coins to burn (of what users pay, or hold, or were bought); coins minted to payees; credits made and used up, in the coin's
base units of a dollar; USD of use that no credits covered; coins to who executes and to the treasury; 1 where it was done."""

STATE = 5


class Program(Block):
    """Base of the kinds that do more than burn a share."""

    rule: ClassVar[Callable[..., None]]
    compiled: ClassVar[bool] = True

    @abstractmethod
    def row(self, decimals: int) -> np.ndarray:
        """The kind's parameters as int64, for a coin with ledger `decimals`."""

    @property
    def off_operators(self) -> float:
        """Part of what users pay that operators do not get in the long run."""
        return 0.0

    def act(self, state: np.ndarray, decimals: int, **seen: int) -> dict[str, int]:
        """Run the rule on a state, which moves; gives what is to be done, by name. What is not said is 0."""
        out = np.zeros(len(OUT), np.int64)
        type(self).rule(np.array([seen.get(name, 0) for name in SEEN], np.int64), state, self.row(decimals), out)
        return dict(zip(OUT, map(int, out), strict=True))
