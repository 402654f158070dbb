"""Classical queues, served by the engine that runs: one pass a request, and a pass lasts as long as its prompt is long.

With `max_num_seqs` 1, one output token and a cost of one unit a prompt token, a replica is a single server with a queue
in order of arrival, and a service time is a number of tokens: the laws below are rounded to thousandths of their mean.
The `random` router splits one Poisson stream into independent ones, so a fleet of N nodes is N queues at once, and their
differences give the standard error.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from sim.serving.contract import NEVER, REQUEST, Engine, Fleet, LinearCost, ReplicaType, Requests, Routing, make

UNIT_PS = 10**7
"""A thousandth of the mean service time: 10 microseconds."""
MEAN = 1000
"""Tokens of the mean service time."""
LONGEST = 25 * MEAN
"""Longest service: less than one in ten thousand of the lognormal's lie beyond, one in 10^11 of the exponential's."""
TIME_PS = UNIT_PS * MEAN
"""One unit of time (the mean service time) in picoseconds."""
DEADLINE_PS = 10 * 86_400 * 10**12

Draw = Callable[[np.random.Generator, int], np.ndarray]
SERVICES: dict[str, Draw] = {
    "exp": lambda rng, n: rng.exponential(1.0, n),
    "det": lambda rng, n: np.ones(n),
    "erl2": lambda rng, n: rng.gamma(2.0, 0.5, n),
    "unif02": lambda rng, n: rng.uniform(0.0, 2.0, n),
    "gamma_scv2": lambda rng, n: rng.gamma(0.5, 2.0, n),
    "erl4": lambda rng, n: rng.gamma(4.0, 0.25, n),
    "lognormal_scv1": lambda rng, n: rng.lognormal(-np.log(2) / 2, np.log(2) ** 0.5, n),
}
"""Laws of service times with mean 1."""


@dataclasses.dataclass(frozen=True)
class Offered:
    """Requests in units of the mean service time, arrivals ascending."""

    arrival: np.ndarray
    service: np.ndarray
    patience: np.ndarray | None = None


def fleet(nodes: int, routing: Routing, places: int | None = None) -> Fleet:
    """`nodes` single servers; with `places`, each holds that many requests at most, the one in service included."""
    cost = LinearCost(np.arange(LONGEST + 1, dtype=np.int64) * UNIT_PS, np.zeros(2, np.int64), *[0] * 9)
    waiting = {} if places is None else {"max_waiting": places - 1}
    server = ReplicaType("server", cost, LONGEST // 16 + 2, 1, LONGEST, LONGEST + 2, **waiting)  # type: ignore[arg-type]
    return Fleet((server,), np.zeros(nodes, np.int64), np.ones(nodes, np.int64), 1, routing, 11, pool=2**22)


def started(servers: Fleet, offered: Offered, engine: Any = "fast") -> Engine:
    """The engine with every server there and all requests offered."""
    made = make(engine, servers, -1)
    for node in range(len(servers.replicas)):
        made.join(node)
    rows = np.zeros(len(offered.arrival), REQUEST)
    rows["id"] = np.arange(len(rows))
    rows["arrival"] = np.rint(offered.arrival * TIME_PS).astype(np.int64)
    rows["prompt"] = np.clip(np.rint(offered.service * MEAN), 1, LONGEST).astype(np.int64)
    rows["output"] = 1
    rows["deadline"] = DEADLINE_PS
    rows["disconnect"] = rows["patience"] = NEVER
    if offered.patience is not None:
        rows["patience"] = np.maximum(np.rint(offered.patience * TIME_PS).astype(np.int64), 1)
    made.offer(Requests(0, rows))
    return made


def served(servers: Fleet, offered: Offered, warm: float, engine: Any = "fast") -> np.ndarray:
    """Rows of all requests that arrived after `warm`, in order of arrival: served to the last one."""
    made = started(servers, offered, engine)
    made.advance(int((offered.arrival[-1] + 5000) * TIME_PS))
    reading = made.read()
    assert reading.in_flight == 0
    rows = reading.finished[reading.finished["arrival"] >= warm * TIME_PS]
    return rows[np.argsort(rows["id"], kind="stable")]


def poisson(rng: np.random.Generator, rate: float, until: float) -> np.ndarray:
    """Arrivals of a Poisson process on [0, until)."""
    return np.sort(rng.uniform(0, until, rng.poisson(rate * until)))


def mean_and_error(values: np.ndarray, group: np.ndarray, groups: int) -> tuple[float, float]:
    """The mean of values, and its standard error from the means of independent groups 0 .. groups - 1.

    Groups hold random numbers of values: the error is that of a ratio of means (Cochran 1977, eq. 6.4).
    """
    sums = np.bincount(group, values, groups)
    counts = np.bincount(group, minlength=groups)
    mean = float(sums.sum() / counts.sum())
    error = float(np.sqrt(((sums - mean * counts) ** 2).sum() / (groups - 1) * groups) / counts.sum())
    return mean, error


def by_node(rows: np.ndarray) -> np.ndarray:
    """Group of each row where servers are independent: 50 groups of servers."""
    return np.asarray(rows["replica"] % 50, np.int64)


def by_time(rows: np.ndarray) -> np.ndarray:
    """Group of each row where they are not: 50 stretches of time, long beside the memory of the queue."""
    return np.asarray(np.arange(len(rows)) * 50 // len(rows), np.int64)


def wait_and_stay(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Time waited, and time in system, of completed requests."""
    stay = rows["end"] / TIME_PS
    return stay - rows["prompt"] / MEAN, stay
