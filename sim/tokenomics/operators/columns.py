"""The node slots of one class as arrays of one length."""

from __future__ import annotations

import numpy as np

OUT, LIVE, IDLE, ORDERED = 0, 1, 2, 3
"""States of a slot: empty, serving, stopped but kept, ordered and on its way."""


class Columns:
    """Node slots: `state` int8, `cost_factor` (owner's power cost over the cards'), `below_s` and `idle_s` clocks.

    `cost_factor` belongs to the slot, so that policies meet the same owners (common random numbers).
    """

    def __init__(self, cost_factor: np.ndarray) -> None:
        self.cost_factor = cost_factor
        self.state = np.zeros(len(cost_factor), np.int8)
        self.below_s = np.zeros(len(cost_factor))
        self.idle_s = np.zeros(len(cost_factor))
        self.losses = np.zeros(len(cost_factor))
        """Stake that offences took of each slot lately, USD a day; a new owner begins without."""
        self.twins: list[Columns] = []
        """Slots of the same machines in other networks: each works in one of them at most."""
        self._counts: list[int] | None = None

    def count(self, state: int) -> int:
        """Slots in a state."""
        if self._counts is None:
            self._counts = np.bincount(self.state, minlength=4).tolist()
        return self._counts[state]

    def slots(self, state: int) -> np.ndarray:
        """Slot numbers in a state, ascending; OUT are those whose machine is in no other network either."""
        there = self.state == state
        if state == OUT:
            for twin in self.twins:
                there &= twin.state == OUT
        return np.flatnonzero(there)

    def move(self, slots: np.ndarray, state: int) -> None:
        """Put slots into a state and reset their clocks: the one way in which a state changes."""
        if len(slots) == 0:
            return
        self._counts = None
        self.state[slots] = state
        self.below_s[slots] = 0.0
        self.idle_s[slots] = 0.0
        if state in (OUT, ORDERED):
            self.losses[slots] = 0.0

    def put(self, state: np.ndarray, below_s: np.ndarray, idle_s: np.ndarray) -> None:
        """All slots at once, as a compiled walk left them."""
        self.state[:] = state
        self.below_s[:], self.idle_s[:] = below_s, idle_s
        self._counts = None
