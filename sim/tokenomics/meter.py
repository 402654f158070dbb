"""Usage before it is an invoice: integer tokens x integer price, rounded once at settlement.

A request of 43 tokens at 0.05 USD/Mtok is about two micro-dollars; rounding each request would lose much of it. So a
meter holds whole base units and a rest in parts of a base unit, and `invoice` gives the whole ones and keeps the rest.
"""

from __future__ import annotations

import numpy as np

from sim.tokenomics.ledger import exact_sum

SCALE = 1000
"""Parts of a base unit that prices per token count in: pico-dollars for USD (whose base unit is nano)."""

_LIMIT = 2**62


class Meter:
    """What one payer owes to each of `size` payees in one currency.

    `whole` are base units and `rest` parts in [0, SCALE) of one, int64 each; the pair is exact.
    """

    def __init__(self, size: int = 1) -> None:
        self.whole = np.zeros(size, dtype=np.int64)
        self.rest = np.zeros(size, dtype=np.int64)

    def grow(self, size: int) -> None:
        """Make room for `size` payees (never fewer than now)."""
        more = size - len(self.whole)
        if more < 0:
            raise ValueError(f"size {size} found; the meter has {len(self.whole)} payees already")
        self.whole = np.concatenate((self.whole, np.zeros(more, dtype=np.int64)))
        self.rest = np.concatenate((self.rest, np.zeros(more, dtype=np.int64)))

    def add(self, payee: int | np.ndarray, tokens: int | np.ndarray, price: int) -> None:
        """Charge `tokens` at `price` (SCALE-th base units a token) to payees; an index may repeat.

        `payee` and `tokens` have one shape. Raises `ValueError` for negative values, `OverflowError` where a payee's
        sum would reach 2^62 base units.
        """
        payees, amounts = np.atleast_1d(np.asarray(payee)), np.atleast_1d(np.asarray(tokens, dtype=np.int64))
        if price < 0 or (amounts.size and amounts.min() < 0):
            raise ValueError(f"price {price}, tokens {amounts.min() if amounts.size else 0} found; both must be >= 0")
        counts = np.zeros(len(self.whole), dtype=np.int64)
        np.add.at(counts, payees, amounts)
        units, parts = divmod(int(price), SCALE)
        most = int(counts.max()) if counts.size else 0
        if most * (units + 1) + int(self.whole.max(initial=0)) >= _LIMIT:
            raise OverflowError(f"{most} tokens at {price}/{SCALE} base units exceed what a meter holds")
        # tokens x units stays below 2^62 by the test above; tokens x parts might not, so it is split once more.
        quotients, leftovers = np.divmod(counts, SCALE)
        rest = self.rest + leftovers * parts
        self.whole += counts * units + quotients * parts + rest // SCALE
        self.rest = rest % SCALE

    def owed(self) -> int:
        """Whole base units that the next invoice would total."""
        return exact_sum(self.whole)

    def invoice(self) -> np.ndarray:
        """Whole base units owed to each payee (int64); they leave the meter, the rests stay for the next invoice."""
        amounts = self.whole
        self.whole = np.zeros_like(amounts)
        return amounts
