"""Who is behind the nodes: which of them one owner controls, and as how many each is shown.

What a network sees are identities; who decides and is paid are entities. Each slot has an owner of its own, but for classes with one owner
(`decides: contest`) and strategies that one owner follows with all of his slots (`ONE_OWNER`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.streams import Streams
from sim.tokenomics.operators.strategies import SCHEMES
from sim.world.dealing import disposed

if TYPE_CHECKING:
    from sim.world.network import NetworkState

ONE_OWNER = ("self_dealing", "sybil", *SCHEMES)
"""Strategies that one owner follows with all of their slots."""


class Identities:
    """Of one network, an entry a slot: `shown`, nodes as which it is shown, and `entity`, the number of its owner."""

    def __init__(self, network: NetworkState, streams: Streams) -> None:
        self.shown = np.ones(network.slots, np.int64)
        self.entity = np.arange(network.slots)
        for owners, span in zip(network.owners, network.spans, strict=True):
            if owners.block.decides == "contest":
                self.entity[span] = span.start
            strategies = network.block.operators[owners.name].strategies
            for name, mine in disposed(network, owners, streams).items():
                if strategies[name].kind in ONE_OWNER and mine.any():
                    self.entity[span][mine] = span.start + int(np.flatnonzero(mine)[0])
                self.shown[span][mine] = strategies[name].identities or 1
        self.many = bool((self.shown > 1).any())

    def weight(self, counted: np.ndarray | None, free: float) -> np.ndarray:
        """What each slot's time counts for. Each identity counts as a node; `counted` is the part of a node's weight that its stake backs.

        A stake backs one identity: of the others only the `free` part counts.
        """
        backed = np.ones(len(self.shown)) if counted is None else counted
        return np.asarray(backed + (self.shown - 1) * free)

    def seen(self, income: np.ndarray, live: np.ndarray) -> np.ndarray:
        """Incomes of live nodes as the network sees them: an entry an identity."""
        shown = self.shown[live]
        return np.repeat(income[live] / shown, shown)

    def owned(self, income: np.ndarray, live: np.ndarray) -> np.ndarray:
        """Incomes of those who have live nodes: an entry an owner."""
        _, place = np.unique(self.entity[live], return_inverse=True)
        return np.bincount(place, income[live])


def shared(network: Any) -> bool:
    """Whether a network's block lets one owner have several nodes as others see them."""
    return any(
        owners.decides == "contest" or any(one.kind in ONE_OWNER for one in owners.strategies.values())
        for owners in network.operators.values()
    )
