"""A fleet as the arrays of the compiled core: replica types and their tables, empty replicas, and who is live for routers."""

from __future__ import annotations

import numpy as np
from numba.core import config

from sim.kernels import layout
from sim.kernels.trees import WAYS, tree_shape
from sim.serving.contract import (
    FINISHED,
    GAP_BUCKETS,
    MINUTE_PS,
    Fleet,
    GridCost,
    ReplicaType,
    RouterKind,
    Routing,
)
from sim.serving.scoring import ReplicaRow
from sim.serving.work import token_work_ps

_SCHEDULERS = {"vllm_v1": layout.VLLM_V1, "sarathi": layout.SARATHI, "prefill_first": layout.PREFILL_FIRST}
_ROUTERS: dict[RouterKind, int] = {
    "random": layout.RANDOM,
    "round_robin": layout.ROUND_ROBIN,
    "power_of_two": layout.POWER_OF_TWO,
    "region_nearest": layout.REGION_NEAREST,
    "price_weighted": layout.WEIGHTED,
    "reputation_weighted": layout.WEIGHTED,
    "least_outstanding": layout.LEAST,
    "least_work": layout.LEAST,
    "scored": layout.SCORED,
}


CHUNK = 1 << 17
"""Arrivals that a call of the core takes at most; room for so many more live ones is made before it."""
LINE = 128
"""Bytes that a processor fetches together: two cache lines of 64."""


def plain(array: np.ndarray) -> np.ndarray:
    """The array as kernels take it: with fields as attributes of a row, which numpy alone gives to records only."""
    return array.view(np.recarray) if config.DISABLE_JIT and array.dtype.names else array


def blank_rows(count: int, dtype: np.dtype) -> np.ndarray:
    """Rows of zeros that begin where a cache line does: a row of whole lines touches no other."""
    raw = np.zeros(count * dtype.itemsize + LINE, np.uint8)
    first = -raw.ctypes.data % LINE
    return raw[first : first + count * dtype.itemsize].view(dtype)


def raw(rows: np.ndarray) -> np.ndarray:
    """The same rows as bytes: numpy copies them whole, where it copies rows of named fields one field at a time."""
    return rows.view(np.ndarray).view(f"V{rows.dtype.itemsize}")


def _types(fleet: Fleet) -> tuple[np.ndarray, list[np.ndarray]]:
    """Rows of the replica types, and their cost tables, which stand one after another."""
    rows = np.zeros(len(fleet.types), layout.TYPE)
    tables: list[np.ndarray] = []
    for row, kind in zip(rows, fleet.types, strict=True):
        if kind.max_num_seqs < 1 or kind.max_batched_tokens < 1 or kind.blocks < 1:
            raise ValueError(f"type {kind.name!r} has no blocks, sequences or tokens to give; each must be >= 1")
        _set_limits(row, kind)
        _set_cost(row, kind, tables)
    return rows, tables


def _set_limits(row: np.void, kind: ReplicaType) -> None:
    row["blocks"], row["max_seqs"], row["max_tokens"] = kind.blocks, kind.max_num_seqs, kind.max_batched_tokens
    row["max_len"], row["full"], row["max_waiting"] = kind.max_model_len, kind.recompute == "full", kind.max_waiting
    row["scheduler"] = _SCHEDULERS[kind.scheduler]
    row["prompt_work"], row["output_work"] = token_work_ps(kind)
    row["watermark"] = kind.watermark
    if kind.scheduler != "vllm_v1":
        row["full"] = row["spare"] = 1
    if kind.scheduler == "prefill_first":
        # A sequence of one token less than it ends with must still fit into a pass as a whole.
        row["max_len"] = min(kind.max_model_len, kind.max_batched_tokens + 1)


def _set_cost(row: np.void, kind: ReplicaType, tables: list[np.ndarray]) -> None:
    """Append the tables of a type, and note in its row where they begin."""
    used, cost = sum(table.size for table in tables), kind.cost
    row["host"], row["dense"], row["per_sequence"] = cost.host, used, used + len(cost.dense)
    tables += [cost.dense, cost.per_sequence]
    used += len(cost.dense) + len(cost.per_sequence)
    if isinstance(cost, GridCost):
        row["grid"], row["decode_table"], row["prefill_table"] = 1, used, used + cost.decode.size
        row["decode_row"], row["prefill_row"] = cost.decode.shape[1], cost.prefill.shape[1]
        row["prefill_last"] = len(cost.prefill) - 1
        tables += [cost.decode.ravel(), cost.prefill.ravel()]
    else:
        for name in ("a0", "a1", "a2", "m0", "m1", "m2", "m3", "m4"):
            row[name] = getattr(cost, name)


def blank_state(fleet: Fleet, jump: bool, turns_from: int) -> layout.State:
    """The arrays of an engine in which nothing has happened."""
    count = int(fleet.offset[-1])
    types, costs = _types(fleet)
    replicas = blank_rows(count + 1, layout.REPLICA)
    replicas[:] = layout.empty_replica(0, 0)
    replicas["mode"] = layout.OFF
    replicas["mode"][count] = layout.GATE
    engine = np.zeros(1, layout.ENGINE)
    engine["key"], engine["given"], engine["jump"] = fleet.route_key, -1, jump
    engine["pool"], engine["max_attempts"], engine["classes"] = fleet.pool, fleet.max_attempts, fleet.classes
    engine["turns_from"] = turns_from
    engine["look"], engine["most_work"] = layout.NEVER, layout.NEVER // fleet.pool
    engine["raised"], engine["free_slot"], engine["places"] = layout.NONE, layout.NONE, fleet.round_trip_ps.shape[1]
    slots = blank_rows(min(128, fleet.pool), layout.SLOT)
    state = layout.State(
        engine=engine,
        types=types,
        replicas=replicas,
        slots=slots,
        finished=np.empty(1024, FINISHED),
        tables=_tables(fleet, engine, costs),
        lanes=np.zeros((count + 1, layout.BY_CLASS + fleet.classes), np.int64),
        gaps=np.zeros((fleet.classes, GAP_BUCKETS), np.int64),
        given=np.empty(CHUNK, np.int64),
        order=np.empty(CHUNK, np.int64),
        ends=np.zeros(count + 1, np.int64),
    )
    return layout.State(*(plain(array) for array in state))


def _shown(fleet: Fleet) -> np.ndarray:
    """int64[replicas, fields of a row]: what a user's router sees of replicas, filled in as far as it never changes."""
    node = np.repeat(np.arange(len(fleet.replicas)), fleet.replicas)
    kinds = np.array([(*token_work_ps(kind), kind.blocks, kind.max_num_seqs) for kind in fleet.types], np.int64)
    speed = kinds[fleet.node_type[node]]
    steady = {"id": np.arange(len(node)), "node": node, "region": fleet.region[node]}
    steady |= dict(zip(("prompt_ps", "output_ps", "blocks", "max_num_seqs"), speed.T, strict=True))
    columns = [steady.get(name, np.zeros(len(node), np.int64)) for name in ReplicaRow._fields]
    return np.stack(columns, axis=1).astype(np.int64)


def _tables(fleet: Fleet, engine: np.ndarray, costs: list[np.ndarray]) -> np.ndarray:
    """The cost tables, and behind them room for what routing and rate limits keep; notes in `engine` where each begins."""
    numbers = np.zeros((fleet.classes, layout.CLASS_NUMBERS), np.int64)
    numbers[:, layout.MEAN_OUTPUT] = fleet.mean_output
    limits = (
        (layout.REQUEST_INTERVAL, fleet.rate_requests_per_min),
        (layout.TOKEN_INTERVAL, fleet.rate_tokens_per_min),
    )
    for place, per_min in limits:
        # Whole picoseconds between two units, rounded down.
        numbers[:, place] = np.where(per_min > 0, MINUTE_PS // np.maximum(per_min, 1), 0)
    engine["limited"] = numbers[:, [layout.REQUEST_INTERVAL, layout.TOKEN_INTERVAL]].any()
    count = int(fleet.offset[-1])
    parts = {"numbers_at": numbers.ravel(), "trips_at": fleet.round_trip_ps.astype(np.int64).ravel()}
    parts["nearest_at"] = np.zeros(2 * len(fleet.round_trip_ps), np.int64)
    parts |= {name: np.zeros(count, np.int64) for name in ("ids_at", "weights_at", "placed_at")}
    used = sum(len(table) for table in costs)
    for name, part in parts.items():
        engine[name] = used
        used += len(part)
    engine["dues_at"] = engine["loads_at"] = used
    return np.concatenate([*costs, *parts.values()]).astype(np.int64, copy=False)


def with_router(state: layout.State, fleet: Fleet, routing: Routing) -> layout.State:
    """The state under another router; trees and rows have room only where it compares all replicas."""
    engine, code = state.engine, _ROUTERS[routing.kind]
    engine["router"], engine["choices"] = code, routing.d
    engine["staleness"] = routing.staleness_ps if routing.snapshots else 0
    engine["by_work"] = routing.kind == "least_work"
    engine["look"] = layout.NEVER
    engine["index"] = layout.NO_INDEX
    if code not in (layout.LEAST, layout.SCORED):
        return state
    used, parts = int(engine["dues_at"][0]), []
    # A user's function is asked about all replicas in any case: of snapshots it needs no tree.
    if code == layout.LEAST or not routing.snapshots:
        engine["index"] = layout.SEEN_INDEX if routing.snapshots else layout.LIVE_INDEX
        leaves, entries = tree_shape(len(state.replicas) - 1)
        # Children of an entry lie in one line of memory where the tree begins one entry before a line.
        begin, room = used + -(used + 1) % WAYS, entries + -entries % WAYS
        engine["leaves"], engine["dues_at"], engine["loads_at"] = leaves, begin, begin + room
        parts.append(np.full(begin - used + 2 * room, layout.NOBODY, np.int64))
    if code == layout.SCORED:
        engine["asked_at"] = used + sum(map(len, parts))
        engine["shown_at"] = engine["asked_at"] + layout.ASKED
        parts += [np.zeros(layout.ASKED, np.int64), _shown(fleet).ravel()]
    return state._replace(tables=np.concatenate([state.tables[:used], *parts]))


def list_live(state: layout.State, fleet: Fleet, known: np.ndarray, weights: np.ndarray) -> None:
    """Write down who is live for routers: replicas of `known` nodes, and what else the router in force reads of them."""
    of_node = np.repeat(np.arange(len(known)), fleet.replicas)
    ids = np.flatnonzero(known[of_node])
    state.replicas["known"][:-1] = known[of_node]
    state.engine["listed"] = len(ids)
    if len(ids) == 0:
        return
    _keep(state, "ids_at", ids)
    router = int(state.engine["router"][0])
    if router == layout.WEIGHTED:
        _keep_weights(state, weights[of_node[ids]])
    elif router == layout.REGION_NEAREST:
        _keep_regions(state, fleet, ids, fleet.region[of_node[ids]])


def _keep_weights(state: layout.State, weights: np.ndarray) -> None:
    """The sums of the weights of live replicas, int64 each; all 0 count as equal."""
    shares = weights if weights.any() else np.ones(len(weights), np.int64)
    _keep(state, "weights_at", np.cumsum(shares))
    state.engine["weight"] = int(shares.sum())


def _keep_regions(state: layout.State, fleet: Fleet, ids: np.ndarray, regions: np.ndarray) -> None:
    """Live replicas by region, and for each region of users the nearest one that has any, ties to the lowest."""
    _keep(state, "placed_at", ids[np.argsort(regions, kind="stable")])
    counts = np.bincount(regions, minlength=fleet.round_trip_ps.shape[1])
    # The first of equals: numpy's argmin gives the lowest index.
    nearest = np.argmin(np.where(counts > 0, fleet.round_trip_ps, layout.NEVER), axis=1)
    first = (np.cumsum(counts) - counts)[nearest]
    _keep(state, "nearest_at", np.stack([first, counts[nearest]], axis=1).ravel())


def _keep(state: layout.State, where: str, numbers: np.ndarray) -> None:
    """Write numbers into `tables` where the engine says."""
    at = int(state.engine[where][0])
    state.tables[at : at + len(numbers)] = numbers
