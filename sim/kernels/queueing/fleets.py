"""A fleet of nodes that serve one request at a time, first come first served, behind a router of the serving rules.

What engines do with one sequence a pass and one output token (`docs/serving-rules.md`), for speed written without passes,
memory or limits; a test holds it against them request by request.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.kernels.options import kernel, verb
from sim.kernels.words import choice, mix64

PRESENT, HEAD, TAIL, DUE, LAST = 0, 1, 2, 3, 4
"""Columns of `nodes`: requests there when last looked at, the first and last of them, and when these two end (DUE: NEVER if
there is none)."""
END, NODE, AFTER = 0, 1, 2
"""Columns of `requests`: end of service, the node, and the request that came there next (unread before it is written)."""
NEVER = 2**62


@kernel
def outstanding(nodes: Any, requests: Any, node: Any, t: int) -> Any:
    """Requests at the node as an arrival at t sees it: those that ended before t have left."""
    while nodes[node, DUE] < t:
        nodes[node, PRESENT] -= 1
        if nodes[node, PRESENT] == 0:
            nodes[node, DUE] = NEVER
        else:
            nodes[node, HEAD] = requests[np.uint64(nodes[node, HEAD]), AFTER]
            nodes[node, DUE] = requests[np.uint64(nodes[node, HEAD]), END]
    return nodes[node, PRESENT]


@kernel
def join(nodes: Any, requests: Any, node: Any, i: Any, end: int) -> None:
    """Request i, which will end at `end`, is the last of the node."""
    if nodes[node, PRESENT] == 0:
        nodes[node, HEAD] = i
        nodes[node, DUE] = end
    else:
        requests[np.uint64(nodes[node, TAIL]), AFTER] = i
    nodes[node, PRESENT] += 1
    nodes[node, TAIL] = i
    nodes[node, LAST] = end
    requests[i, END] = end
    requests[i, NODE] = node


@verb
def plain_fleet(first: int, arrival: Any, service: Any, key: Any, choices: int, nodes: Any, requests: Any) -> None:
    """Serve requests first, first + 1, ... whose arrivals and services are given, after all that came before them.

    arrival, service: int64[m], ps, arrivals ascending, services >= 1. key: uint64 word of the routing stream; choices: d of
    power_of_two, 1 for random; at most 2^31 nodes. nodes: int64[nodes, 5], zeros but for DUE = NEVER; requests: int64[all, 3], the record. Nodes are drawn
    and ties broken as section 7 of the rules says for a first routing, a request's number being its id. end = max(arrival, end of the one before) + service (Lindley 1952).
    """
    size = nodes.shape[0]
    for k in range(arrival.shape[0]):
        t = arrival[k]
        i = np.uint64(first + k)  # unsigned: no index counts from the end
        seed = mix64(key ^ i)
        # The fewest requests, then the lowest node, as one number: no branch to be guessed wrong.
        best = np.int64(NEVER)
        for j in range(choices):
            node = choice(seed, j, size)
            best = min(best, outstanding(nodes, requests, np.uint64(node), t) << 32 | node)
        to = np.uint64(best & 0xFFFFFFFF)
        join(nodes, requests, to, i, max(t, nodes[to, LAST]) + service[k])


@verb
def whole_ps(draws: Any, mean_ps: float, out: Any) -> None:
    """Draws of mean 1 as whole picoseconds of mean `mean_ps` + 1/2, at least 1: float64[n] into int64[n]."""
    for k in range(draws.shape[0]):
        out[k] = np.int64(draws[k] * mean_ps + 1.0)


@verb
def instants_ps(draws: Any, mean_ps: float, now: int, out: Any) -> None:
    """Instants after `now` whose gaps are `whole_ps` of the draws."""
    t = np.int64(now)
    for k in range(draws.shape[0]):
        t += np.int64(draws[k] * mean_ps + 1.0)
        out[k] = t


def empty_nodes(count: int) -> np.ndarray:
    """Nodes with nobody there."""
    nodes = np.zeros((count, 5), np.int64)
    nodes[:, DUE] = NEVER
    return nodes
