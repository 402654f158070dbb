"""How many nodes of each stratum serve where only a part of a fleet does: proportional allocation by largest remainder.

A stratum is one class of operators in one fleet: its nodes share GPU, region and owner.
"""

from __future__ import annotations

import numpy as np

LEAST_REPLICAS = 100
"""Fewest replicas of a fleet that is sampled in space (assumed: routers that compare replicas see fewer alternatives than
in the whole fleet, and a failed node is a larger part of it)."""


def allocate(nodes: np.ndarray, replicas: np.ndarray, share: float) -> np.ndarray:
    """Nodes of each stratum that serve, int64[strata], for a share (0, 1] of them; `replicas` are those of a node.

    At least one of each stratum that has any, and `LEAST_REPLICAS` replicas in all: a fleet of no more than that serves
    whole. Strata get their share rounded down, then the largest remainders one more, ties to the first (Hamilton's rule).
    """
    there, have = int(nodes.sum()), int((nodes * replicas).sum())
    if share >= 1 or have <= LEAST_REPLICAS:
        return nodes.astype(np.int64)
    for count in range(max(round(share * there), 1), there):
        part = np.maximum(by_largest_remainder(count, nodes), np.minimum(nodes, 1))
        if int((part * replicas).sum()) >= LEAST_REPLICAS:
            return part
    return nodes.astype(np.int64)


def by_largest_remainder(count: int, nodes: np.ndarray) -> np.ndarray:
    """`count` <= all nodes over strata in proportion to their `nodes`, int64[strata], in exact integers."""
    there = int(nodes.sum())
    quotas = [count * int(n) for n in nodes]
    part = np.array([quota // there for quota in quotas], np.int64)
    rest = [quota % there for quota in quotas]
    part[sorted(range(len(rest)), key=lambda place: -rest[place])[: count - int(part.sum())]] += 1
    return part
