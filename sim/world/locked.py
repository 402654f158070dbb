"""What a network's recipients were granted and may not spend yet. Balances stand in the ledger; here is what comes due when."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.units import PS_PER_S

PS_PER_US = PS_PER_S // 10**6


@dataclasses.dataclass
class Grant:
    """One epoch's emission to one recipient, under the terms that were in force."""

    terms: Any
    at_us: int
    granted: np.ndarray
    """Base units of each member, int64."""
    freed: np.ndarray
    """Those that were given out."""


class Locked:
    """All grants of a network, by recipient."""

    def __init__(self) -> None:
        self._grants: dict[str, list[Grant]] = {}

    def grant(self, party: str, terms: Any, at_ps: int, amounts: np.ndarray) -> None:
        """Note what `party`'s members got at an instant."""
        self._grants.setdefault(party, []).append(Grant(terms, at_ps // PS_PER_US, amounts, np.zeros_like(amounts)))

    def due(self, at_ps: int) -> Iterator[tuple[str, np.ndarray]]:
        """By recipient, in the order of first grants: base units of each member that have come due since the last call."""
        for party, grants in self._grants.items():
            total = np.zeros_like(grants[0].granted) if grants else np.zeros(0, np.int64)
            for grant in grants:
                free = grant.terms.free(grant.granted, at_ps // PS_PER_US - grant.at_us)
                total += free - grant.freed
                grant.freed = free
            self._grants[party] = [grant for grant in grants if (grant.freed < grant.granted).any()]
            if total.any():
                yield party, total
