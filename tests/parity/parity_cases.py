"""Random scenarios for engines: small tables, few blocks, short limits, and outer events in bundles at one instant.

A scenario is a pure function of its seed. In every second one all times lie on a coarse grid, so that ties are
everywhere. Replica types differ in scheduler, and in whether attention is told by lines or by tables. Verbs that the state of a node does not allow stay in the script: engines must refuse the same ones.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from sim.serving.contract import (
    MINUTE_PS,
    NEVER,
    REQUEST,
    ROUTER_KINDS,
    Fleet,
    GridCost,
    LinearCost,
    ReplicaType,
    Routing,
)

KINDS = ("fail", "drain", "join", "set", "read")
"""Kinds of outer events in the order of an instant."""


@dataclasses.dataclass(frozen=True)
class Event:
    """One outer verb at an instant (ps after the start): on a node, or with a new router."""

    at_ps: int
    kind: str
    node: int = 0
    routing: Routing | None = None

    @property
    def order(self) -> tuple[int, int, int]:
        return self.at_ps, KINDS.index(self.kind), self.node


@dataclasses.dataclass(frozen=True)
class Scenario:
    """What happens to an engine: a fleet, requests (arrivals relative to `start_ps`), outer events, instants of offers.

    `cuts` are the instants at which requests of the stretch up to the next cut are offered, with the origin that comes
    with them (both relative to the start).
    """

    seed: int
    grid: bool
    fleet: Fleet
    start_ps: int
    rows: np.ndarray
    events: tuple[Event, ...]
    cuts: tuple[tuple[int, int], ...]
    end_ps: int

    @property
    def instants(self) -> list[int]:
        """Every instant at which somebody does something, and the end."""
        return sorted({0, self.end_ps, *(event.at_ps for event in self.events), *(cut for cut, _ in self.cuts)})


def scenario(seed: int) -> Scenario:
    """The scenario of a seed; odd seeds lie on a grid."""
    rng = np.random.default_rng([seed, 20])
    grid = seed % 2 == 1
    unit = int(rng.choice([1, 1000])) if grid else 1
    scale = 1 if grid else int(rng.choice([1, 10**8]))
    more = np.random.default_rng([seed, 22])
    if more.random() < 0.2:
        # Passes of seconds, runs of minutes: rate limits count minutes.
        unit, scale = (10**11, 1) if grid else (1, 10**11)
    # In some scenarios a few requests run for very long, so that jumps are long too.
    long = int(rng.choice([1, 8], p=[0.85, 0.15]))
    nodes = int(rng.choice([1, 2, 3, 4, 6, 8, 10, 12]))
    replicas = rng.integers(1, 4, nodes, dtype=np.int32)
    kinds = np.random.default_rng([seed, 21])
    types = tuple(_type(rng, kinds, f"t{i}", grid, unit, scale, long) for i in range(rng.integers(1, 5)))
    types = tuple(dataclasses.replace(kind, work_ps=_work(more)) for kind in types)
    pass_ps = int(np.mean([_usual_pass(kind.cost) for kind in types]))
    detect = int(rng.choice([0, 1, 2, 4, 8])) * max(unit, pass_ps // 2 // unit * unit)
    classes = int(rng.integers(1, 4))
    count = int(rng.integers(60, 100) + 8 * replicas.sum()) // min(long, 4)
    horizon = _on(unit, int(count * 22 * long * pass_ps / (3 * replicas.sum()) * rng.choice([0.6, 1.0, 1.6, 2.5])))
    routings = Routings(more, nodes, pass_ps, unit)
    events = _events(rng, nodes, horizon, detect, unit, routings)
    marks = np.array(sorted({event.at_ps for event in events}), np.int64)
    rows = _rows(rng, (count, classes, horizon, pass_ps * long, unit), marks)
    rows["output"] *= long
    if kinds.random() < 0.5:
        # Short prompts that grow long: many come in, and memory gets short.
        rows["prompt"] = rows["prompt"] // 8 + 1
        rows["cached"] = np.minimum(rows["cached"], rows["prompt"])
    rows["region"] = more.integers(0, 3, count)
    fleet = Fleet(
        types,
        rng.integers(0, len(types), nodes, dtype=np.int32),
        replicas,
        classes,
        routings.draw(_routing(rng)),
        int(rng.integers(0, 2**64, dtype=np.uint64)),
        detect_ps=detect,
        max_attempts=int(rng.integers(1, 5)),
        pool=int(rng.choice([6, 20, 10_000], p=[0.02, 0.06, 0.92])),
        **_places(more, nodes),
        **_limited(more, classes, count, horizon),
    )
    if fleet.pool < count:
        # Who is refused by a limit of its class, and who by the full pool.
        fleet = dataclasses.replace(fleet, **_limited(more, classes, count, horizon, 0.5))
    end = horizon + (0 if rng.random() < 0.2 else int(rows["deadline"].max()) + 100 * pass_ps + detect)
    # Instants beyond 2**64 ps (213 days) are ordinary: only what is relative to an origin must fit.
    start = int(rng.choice([0, 5])) + int(rng.choice([0, 10**6])) * 10**15
    cuts = _cuts(rng, marks, pass_ps)
    # Nothing happens after the end: some outer events lie behind a short horizon.
    return Scenario(
        seed,
        grid,
        fleet,
        start,
        rows[rows["arrival"] <= end],
        tuple(event for event in events if event.at_ps <= end),
        tuple(cut for cut in cuts if cut[0] <= end),
        end,
    )


def _on(unit: int, value: int) -> int:
    return max(1, round(value / unit)) * unit


def _usual_pass(cost: LinearCost | GridCost) -> int:
    if isinstance(cost, GridCost):
        return int(cost.dense[4] + cost.decode[min(3, len(cost.decode) - 1), 1])
    return int(cost.dense[4] + cost.host + cost.a0 + cost.a1 * 3 + cost.a2 * 90)


def _type(
    rng: np.random.Generator, kinds: np.random.Generator, name: str, grid: bool, unit: int, scale: int, long: int
) -> ReplicaType:
    scheduler = ("vllm_v1", "sarathi", "prefill_first")[int(kinds.choice(3, p=[0.4, 0.3, 0.3]))]
    tokens, sequences = int(rng.choice([8, 16, 33, 64, 200])), int(rng.choice([1, 3, 5, 8, 12]))
    # Many short sequences in little memory grow until somebody has to go.
    sequences = max(sequences, int(kinds.choice([1, 8, 12] if scheduler == "vllm_v1" else [8, 12, 20])))
    if scheduler == "sarathi":
        tokens = max(tokens, int(kinds.choice([20, 40, 64])))
    if scheduler == "prefill_first":
        # Whole prompts: a pass must hold a sequence at its longest.
        tokens = int(kinds.choice([90, 150, 300])) * max(1, long - 2)
    steps = np.arange(tokens + 1) // int(rng.choice([1, 8, 16])) if not grid else np.arange(tokens + 1) // 24
    dense = (1 + steps if grid else (40 + 3 * steps) * scale + rng.integers(0, 9 * scale, tokens + 1)) * unit
    per_sequence = (
        np.arange(sequences + 1) // 3 if grid else np.arange(sequences + 1) * rng.integers(0, 4 * scale)
    ) * unit
    top = 2 if grid else 12 * scale
    a0, a1, m0, m1 = (int(rng.integers(0, top)) * unit for _ in range(4))
    a2 = int(rng.choice([0, 1, 2], p=[0.8, 0.2, 0] if grid else [0.2, 0.5, 0.3])) * unit * scale
    m2, m3 = (int(rng.choice([0, 1], p=[0.9, 0.1] if grid else [0.5, 0.5])) * unit * scale for _ in range(2))
    # On a grid of more than one picosecond the floor of the last term would leave it.
    m4 = int(rng.choice([0, 1, 700])) if unit == 1 else 0
    lines = LinearCost(dense.astype(np.int64), per_sequence.astype(np.int64), 0, a0, a1, a2, m0, m1, m2, m3, m4)
    tables = kinds.random() < 0.35
    return ReplicaType(
        name,
        _tables(kinds, lines, top, unit) if tables else lines,
        blocks=int(rng.integers(6, 10)) * max(1, long - 2),
        max_num_seqs=sequences,
        max_batched_tokens=tokens,
        max_model_len=int(rng.choice([80 * long, 110 * long, 4096], p=[0.1, 0.2, 0.7])),
        recompute="full" if rng.random() < 0.25 else "cached",
        max_waiting=int(rng.choice([0, 2, 5, 2**31 - 1], p=[0.02, 0.05, 0.13, 0.8])),
        scheduler=scheduler,  # type: ignore[arg-type]
    )


def _tables(rng: np.random.Generator, lines: LinearCost, top: int, unit: int) -> GridCost:
    """Attention by tables for the same tokens and sequences; some entries are below 0, and held tokens outgrow the rows."""
    sequences, tokens = len(lines.per_sequence), len(lines.dense)
    # On a grid of more than one picosecond a pass must not be lifted to one.
    low = -top // 2 if unit == 1 else 0
    decode = rng.integers(low, top + 1, (sequences, 65)) * unit
    prefill = rng.integers(low, top + 1, (int(rng.integers(1, 4)), tokens)) * unit
    return GridCost(lines.dense, lines.per_sequence, lines.host, decode, prefill)


def _routing(rng: np.random.Generator) -> Routing:
    kind = ("random", "round_robin", "power_of_two")[int(rng.integers(0, 3))]
    return Routing(kind, int(rng.integers(1, 5)))  # type: ignore[arg-type]


@dataclasses.dataclass(frozen=True)
class Routings:
    """Draws routers of every kind, with snapshots as old as a few passes, and weights of which some are 0."""

    rng: np.random.Generator
    nodes: int
    pass_ps: int
    unit: int

    def draw(self, drawn: Routing) -> Routing:
        """The router drawn before by another law, or more often one of the kinds that look further."""
        kind = ROUTER_KINDS[int(self.rng.integers(0, len(ROUTER_KINDS)))] if self.rng.random() < 0.8 else drawn.kind
        staleness = 0
        if self.rng.random() < 0.4:
            # Whole multiples of a short time: snapshots at the instants at which other things happen.
            staleness = self.unit * int(self.rng.choice([1, 2, 4, 20])) * max(1, self.pass_ps // self.unit // 8)
        weights = self.rng.integers(0, 4, self.nodes) * int(self.rng.choice([0, 1, 10**6], p=[0.1, 0.5, 0.4]))
        return Routing(kind, drawn.d, staleness, weights if self.rng.random() < 0.9 else None)


def _places(rng: np.random.Generator, nodes: int) -> dict[str, Any]:
    """Two or three regions of nodes, three of users; round trips of which many are equal."""
    regions = int(rng.integers(2, 4))
    return {"region": rng.integers(0, regions, nodes), "round_trip_ps": rng.integers(0, 3, (3, regions)) * 10**9}


def _work(rng: np.random.Generator) -> tuple[int, int] | None:
    """Work of a token in steps of half a nanosecond, so that loads are often equal; or what the tables say."""
    return None if rng.random() < 0.3 else (int(rng.integers(0, 4)) * 500, int(rng.integers(0, 4)) * 500)


def _limited(rng: np.random.Generator, classes: int, count: int, horizon: int, often: float = 0.12) -> dict[str, Any]:
    """Mean outputs, and for some classes limits near what they ask. Runs shorter than a minute meet the burst alone."""
    per_min = count / classes / max(1.0, horizon / MINUTE_PS)
    requests, tokens = (np.rint(per_min * of * rng.uniform(0.3, 1.3, classes)).astype(np.int64) for of in (1, 60))
    return {
        "mean_output": rng.integers(0, 60, classes),
        "rate_requests_per_min": np.where(rng.random(classes) < often, requests, 0),
        "rate_tokens_per_min": np.where(rng.random(classes) < often, tokens, 0),
    }


def _events(
    rng: np.random.Generator, nodes: int, horizon: int, detect: int, unit: int, routings: Routings
) -> tuple[Event, ...]:
    """Joins of most nodes at the start, then bundles; some follow a failure by the time of its detection."""
    events = [Event(0, "join", node) for node in range(nodes) if rng.random() < 0.85]
    instants = rng.integers(1, max(2, horizon // unit), int(rng.integers(14, 22))) * unit
    seen = [int(t) + detect for t in instants if rng.random() < 0.4]
    for at in sorted({*map(int, instants), *seen}):
        pick = rng.permutation(nodes)
        fails = int(rng.choice([0, 1, 2, 3], p=[0.3, 0.1, 0.45, 0.15]))
        drains = int(rng.choice([0, 1, 2], p=[0.25, 0.4, 0.35]))
        events += [Event(at, "fail", int(node)) for node in pick[:fails]]
        events += [Event(at, "drain", int(node)) for node in pick[fails : fails + drains]]
        if rng.random() < 0.8:
            events += [Event(at, "join", int(node)) for node in pick[fails:]]
        if rng.random() < 0.7:
            events.append(Event(at, "set", routing=routings.draw(_routing(rng))))
        if rng.random() < 0.8:
            events.append(Event(at, "read"))
    return tuple(sorted(events, key=lambda event: event.order))


def _rows(rng: np.random.Generator, sizes: tuple[int, int, int, int, int], marks: np.ndarray) -> np.ndarray:
    """Requests for (their number, classes, horizon, mean pass, unit of time)."""
    count, classes, horizon, pass_ps, unit = sizes
    rows = np.zeros(count, REQUEST)
    # Bursts: several requests at one instant; some instants are those of outer events.
    instants = rng.integers(1, horizon // unit + 1, count) * unit
    bursts = rng.choice(instants, size=count // 4 + 1)
    later = marks[marks > 0]
    instants = np.where(rng.random(count) < 0.3, rng.choice(bursts, count), instants)
    if len(later):
        instants = np.where(rng.random(count) < 0.2, rng.choice(later, count), instants)
    rows["arrival"] = np.sort(instants)
    # Ids ascend by arrival only by chance: within an instant the order is by id, over instants it need not be.
    rows["id"] = rng.permutation(count) * int(rng.choice([1, 10**12]))
    rows["klass"] = rng.integers(0, classes, count)
    rows["prompt"] = np.where(rng.random(count) < 0.7, rng.integers(1, 25, count), rng.integers(1, 80, count))
    rows["output"] = np.where(rng.random(count) < 0.2, rng.integers(1, 3, count), rng.integers(8, 72, count))
    cached = rng.random(count) < 0.2
    rows["cached"] = np.where(cached, rng.integers(0, 100, count) % (rows["prompt"] + 1), 0)
    scale = max(unit, pass_ps)
    rows["patience"] = _limit(rng, rows["arrival"], 30 * scale, unit, marks, 0.6)
    rows["deadline"] = np.maximum(unit, _limit(rng, rows["arrival"], 200 * scale, unit, marks, 0.0))
    rows["disconnect"] = _limit(rng, rows["arrival"], 150 * scale, unit, marks, 0.8)
    return rows[np.lexsort((rows["id"], rows["arrival"]))]


def _limit(
    rng: np.random.Generator, arrival: np.ndarray, mean: int, unit: int, marks: np.ndarray, never: float
) -> np.ndarray:
    """Picoseconds after arrival: exponential, often until an outer event, sometimes never."""
    count = len(arrival)
    drawn = np.rint(rng.exponential(mean, count) / unit).astype(np.int64) * unit
    if len(marks):
        aim = marks[np.minimum(np.searchsorted(marks, arrival + drawn), len(marks) - 1)] - arrival
        drawn = np.where((rng.random(count) < 0.6) & (aim >= 0), aim, drawn)
    return np.where(rng.random(count) < never, NEVER, drawn)


def _cuts(rng: np.random.Generator, marks: np.ndarray, pass_ps: int) -> tuple[tuple[int, int], ...]:
    """Offers at the start and at some outer events; the origin is the instant itself, or somewhere near it."""
    instants = [0, *(int(mark) for mark in marks if mark > 0 and rng.random() < 0.5)]
    return tuple((at, at + int(rng.choice([0, 0, 0, -3, 7])) * pass_ps) for at in instants)
