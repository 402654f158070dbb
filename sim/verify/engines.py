"""Serving engines set up as classical servers, and requests as their customers.

*By prompts*: one sequence at a time, one output token, a pass costs 1 microsecond a prompt token. A service is one pass and
lasts as long as the prompt is long: 1,000 tokens, a millisecond, is one unit of time.
*By passes*: prompts of one token, and passes so short that hundreds of thousands make a unit. A pass gives each running sequence one
token, so the length of a pass with B sequences sets the speed at which B are served together.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from sim.serving.contract import (
    LIMIT_PS,
    NEVER,
    REQUEST,
    Engine,
    Fleet,
    LinearCost,
    Name,
    ReplicaType,
    Requests,
    Routing,
    make,
)

UNIT_PS = 10**9
"""One unit of time, the mean service: 1 ms."""
TOKENS = 1000
"""Prompt tokens of a mean service, by prompts."""
LONGEST = 1000 * TOKENS
PASSES = 100_000
"""Passes of a mean service of one request alone, by passes."""
PASS_PS = UNIT_PS // PASSES
MOST_PASSES = 1000 * PASSES
RANDOM = Routing("random")


@dataclasses.dataclass(frozen=True)
class Offered:
    """Requests: arrivals (units, ascending), prompt and output tokens, patience (units; None: for ever)."""

    arrival: np.ndarray
    prompt: np.ndarray | int = 1
    output: np.ndarray | int = 1
    patience: np.ndarray | None = None

    def rows(self) -> np.ndarray:
        """The columns of the contract, ids ascending."""
        rows = np.zeros(len(self.arrival), REQUEST)
        rows["id"] = np.arange(len(rows))
        rows["arrival"] = np.rint(self.arrival * UNIT_PS).astype(np.int64)
        rows["prompt"], rows["output"] = self.prompt, self.output
        rows["deadline"], rows["disconnect"], rows["patience"] = LIMIT_PS, NEVER, NEVER
        if self.patience is not None:
            rows["patience"] = np.maximum(np.rint(self.patience * UNIT_PS).astype(np.int64), 1)
        return rows


def by_prompts(places: int | None = None) -> ReplicaType:
    """A single server; with `places` it holds that many requests at most, the one in service included."""
    cost = LinearCost(np.arange(LONGEST + 1, dtype=np.int64) * (UNIT_PS // TOKENS), np.zeros(2, np.int64), *[0] * 9)
    waiting = 2**31 - 1 if places is None else places - 1
    return ReplicaType("server", cost, LONGEST // 16 + 2, 1, LONGEST, LONGEST + 2, max_waiting=waiting)


def by_passes(most: int, length: Callable[[np.ndarray], np.ndarray], passes: int = PASSES) -> ReplicaType:
    """A server of `most` places served together; length(B) is what a pass of B lasts beside a pass of one, `passes` of which are a unit."""
    sequences = np.rint(UNIT_PS // passes * length(np.arange(most + 1))).astype(np.int64)
    # Tables hold all tokens of a pass, and a prompt that comes back after a failure is read in one pass.
    return passes_of(most, np.zeros(most + 1, np.int64), np.maximum(sequences, 1))


def passes_of(most: int, dense: np.ndarray, sequences: np.ndarray) -> ReplicaType:
    """A server by passes with tables of its own; KV is never short."""
    cost = LinearCost(dense, sequences, *[0] * 9)
    blocks = most * (MOST_PASSES // 16 + 2)
    return ReplicaType("batch", cost, blocks, most, len(dense) - 1, MOST_PASSES + 2)


def fleet(server: ReplicaType, nodes: int = 1, routing: Routing = RANDOM, route_key: int = 11) -> Fleet:
    """`nodes` nodes of one replica each; failures are noticed at once, and nobody is given up."""
    return Fleet(
        (server,), np.zeros(nodes, np.int64), np.ones(nodes, np.int64), 1, routing, route_key,
        detect_ps=0, max_attempts=2**31 - 1, pool=2**22,
    )  # fmt: skip


def started(servers: Fleet, offered: Offered, engine: Name = "fast") -> Engine:
    """The engine with every node there and all requests offered."""
    made = make(engine, servers, -1)
    for node in range(len(servers.replicas)):
        made.join(node)
    made.offer(Requests(0, offered.rows()))
    return made


def served(servers: Fleet, offered: Offered, engine: Name = "fast") -> np.ndarray:
    """All requests when the last one has ended, in order of arrival."""
    made = started(servers, offered, engine)
    made.advance(int(offered.arrival[-1] * UNIT_PS) + LIMIT_PS // 2)
    return in_order(made)


def in_order(engine: Engine) -> np.ndarray:
    """The rows of everything that ended, by id. Raises RuntimeError if a request is still there."""
    reading = engine.read()
    if reading.in_flight:
        raise RuntimeError(f"{reading.in_flight} requests in flight found; all must have ended")
    ids = reading.finished["id"]
    # One server in order of arrival ends them in that order: no need to move long rows.
    return reading.finished if (np.diff(ids) > 0).all() else reading.finished[np.argsort(ids)]


def times(rows: np.ndarray, origin_ps: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arrival, first token and end of each row in units; what never came is infinite."""
    arrival = (rows["arrival"] + origin_ps) / UNIT_PS
    first = np.where(rows["first_token"] < NEVER, arrival + rows["first_token"] / UNIT_PS, np.inf)
    return arrival, first, arrival + rows["end"] / UNIT_PS
