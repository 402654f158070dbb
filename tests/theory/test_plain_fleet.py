"""The kernel of plain-service fleets against the serving engines set to be such a fleet, request by request."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.plain import KEY, TOKEN_PS, plain_nodes, plain_requests
from sim.kernels.queueing.fleets import empty_nodes, plain_fleet
from sim.serving.contract import Routing, make


def served(engine: str, nodes: int, choices: int, arrival: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """(end, node) of each request by an engine; a request of so many prompt tokens takes so many microseconds."""
    routing = Routing("power_of_two", choices) if choices > 1 else Routing("random")
    made = make(engine, plain_nodes(nodes, routing))
    for node in range(nodes):
        made.join(node)
    made.offer(plain_requests(arrival, tokens))
    made.advance(int(arrival[-1]) + int(tokens.sum()) * TOKEN_PS)
    done = made.read().finished
    done = done[np.argsort(done["id"])]
    return np.column_stack([done["arrival"] + done["end"], done["replica"]])


@pytest.mark.parametrize("engine", ["reference", "fast"])
@pytest.mark.parametrize(("nodes", "choices"), [(1, 1), (7, 1), (7, 2), (40, 2), (16, 5)])
def test_equal_to_the_engines_request_by_request(engine, nodes, choices):
    # Whole microseconds and short services: arrivals at one instant and at the ends of others are frequent.
    rng = np.random.default_rng(nodes * 100 + choices)
    count = 400 if engine == "reference" else 4000
    arrival = np.cumsum(rng.integers(0, 3, count)) * TOKEN_PS + TOKEN_PS
    tokens = rng.integers(1, 2 * nodes + 1, count)
    at, requests = empty_nodes(nodes), np.empty((count, 3), np.int64)
    for first in range(0, count, 150):  # cut in any way
        part = slice(first, first + 150)
        plain_fleet(first, arrival[part], tokens[part] * TOKEN_PS, KEY, choices, at, requests)
    assert (requests[:, :2] == served(engine, nodes, choices, arrival, tokens)).all()
    instants = np.concatenate([arrival, requests[:, 0]])
    assert len(np.unique(instants)) < len(instants) * 0.9
