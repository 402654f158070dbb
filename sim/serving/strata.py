"""How many nodes of each stratum serve where only a part of a fleet does: proportional allocation by largest remainder.

A stratum is one class of operators in one fleet: its nodes share GPU, region and owner.
"""

from __future__ import annotations

import numpy as np

LEAST_REPLICAS = 100
"""Fewest replicas of a fleet that is sampled in space (assumed: a failed node is a larger part of a small fleet)."""
LEAST_BY_ROUTER = {"least_outstanding": 1_000, "region_nearest": 1_000, "least_work": 2_000, "scored": 2_000}
"""The same where the router compares more than a few replicas, or replicas of one region: in a sample it has fewer to choose from, and waits
come out too long by a term of order 1/n (fitted, 2026-11: `docs/decisions/2026-11-27-fleets-sampled-in-space.md`; `scored`, a user's own
rule, is assumed to need as many as the most demanding of ours)."""


def least_of(router: str) -> int:
    """Fewest replicas that serve of a fleet with that kind of router."""
    return LEAST_BY_ROUTER.get(router, LEAST_REPLICAS)


def allocate(nodes: np.ndarray, replicas: np.ndarray, share: float, least: int = LEAST_REPLICAS) -> np.ndarray:
    """Nodes of each stratum that serve, int64[strata], for a share (0, 1] of them; `replicas` are those of a node.

    At least one of each stratum that has any, and `least` replicas in all: a fleet of no more than that serves
    whole. Strata get their share rounded down, then the largest remainders one more, ties to the first (Hamilton's rule).
    """
    there, have = int(nodes.sum()), int((nodes * replicas).sum())
    if share >= 1 or have <= least:
        return nodes.astype(np.int64)
    for count in range(max(round(share * there), 1), there):
        part = np.maximum(by_largest_remainder(count, nodes), np.minimum(nodes, 1))
        if int((part * replicas).sum()) >= least:
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
