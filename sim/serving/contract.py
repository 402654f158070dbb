"""What every engine takes and gives: replica types, columns of requests, readings, and the six verbs.

An engine is the fleet of one network serving one model. The rules it obeys stand in `docs/serving-rules.md`; this
module holds only shapes. All engines (`reference`, `loop`, `fast`) agree in every integer of every request.

Times outside are Python ints, picoseconds since the start of the run. Times inside columns are int64 picoseconds
relative to the `origin_ps` that comes with the columns. `NEVER` means "does not happen" and is never added to.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import Literal, Protocol

import numpy as np

NEVER = 2**62
LIMIT_PS = 10 * 86_400 * 10**12
"""The longest deadline and the longest stretch between two origins: 10 days."""
BLOCK_TOKENS = 16
MAX_REPLICAS_PER_NODE = 16


class Fate(enum.IntEnum):
    """How a request ended."""

    COMPLETED = 0
    REJECTED = 1
    ABANDONED = 2
    DEADLINE = 3
    DISCONNECTED = 4
    FAILED = 5
    IN_FLIGHT = 6


class Reason(enum.IntEnum):
    """Why a request was rejected; NONE for every other fate."""

    NONE = 0
    TOO_LONG = 1
    QUEUE_FULL = 2
    RATE_LIMITED = 3
    POOL_FULL = 4


REQUEST = np.dtype(
    [
        ("id", "i8"),  # unique, >= 0; ties at one instant go by it
        ("arrival", "i8"),  # ps relative to the columns' origin
        ("klass", "i4"),  # class index of the run
        ("prompt", "i4"),  # tokens, >= 1
        ("output", "i4"),  # tokens, >= 1; read by no scheduler or router, only by the end of the request
        ("cached", "i4"),  # prompt tokens whose KV is there already; whole blocks of 16 count
        ("patience", "i8"),  # ps after arrival until a waiting request without a first token leaves, or NEVER
        ("deadline", "i8"),  # ps after arrival, in (0, LIMIT_PS]; every request has one
        ("disconnect", "i8"),  # ps after arrival until the user's connection breaks, or NEVER
    ],
    align=True,
)

FINISHED = np.dtype(
    [
        ("id", "i8"),
        ("arrival", "i8"),  # ps relative to the reading's origin (may be negative)
        ("klass", "i4"),
        ("fate", "i4"),
        ("reason", "i4"),
        ("prompt", "i4"),
        ("output", "i4"),  # wanted
        ("cached", "i4"),
        ("delivered", "i4"),  # output tokens sampled and streamed
        ("computed", "i8"),  # tokens put through a pass, recomputed and void ones included
        ("attempts", "i4"),  # 1 + node failures it was retried after; 0 if it was never given to a replica
        ("routes", "i4"),  # times it was given to a replica (attempts plus moves by drains)
        ("preemptions", "i4"),
        ("replica", "i4"),  # the last replica, or -1
        ("first_token", "i8"),  # ps after arrival, or NEVER
        ("end", "i8"),  # ps after arrival
    ],
    align=True,
)


@dataclasses.dataclass(frozen=True)
class LinearCost:
    """Cost of a pass in integer picoseconds (`docs/serving-rules.md`, section 4).

    `dense[T]` for T tokens (0 .. max_batched_tokens), `per_sequence[S]` for S sequences (0 .. max_num_seqs), both
    int64; scalars in ps, except `m4` which is ps x 1024.
    """

    dense: np.ndarray
    per_sequence: np.ndarray
    host: int
    a0: int
    a1: int
    a2: int
    m0: int
    m1: int
    m2: int
    m3: int
    m4: int


@dataclasses.dataclass(frozen=True)
class GridCost:
    """Cost of a pass from tables of attention, in integer picoseconds (`docs/serving-rules.md`, section 4). All int64.

    `dense[T]` for T tokens, `per_sequence[S]` for S sequences, `decode[Nd, j]` for Nd decodes of a mean context in
    (64 (j - 1), 64 j], `prefill[i, q]` for 64 i tokens held and chunks of q tokens (root of the sum of squares); a row of
    `prefill` behind the last is the last. Single entries may be negative: a pass lasts at least 1 ps.
    """

    dense: np.ndarray
    per_sequence: np.ndarray
    host: int
    decode: np.ndarray
    prefill: np.ndarray


Scheduler = Literal["vllm_v1", "sarathi", "prefill_first"]


@dataclasses.dataclass(frozen=True)
class ReplicaType:
    """One way of serving the model: GPU x tensor-parallel degree x engine settings.

    Raises ValueError for limits under which a scheduler could never form a pass, and for tables that do not reach them.
    """

    name: str
    cost: LinearCost | GridCost
    blocks: int
    """Usable KV blocks of 16 tokens (the one that `vllm_v1` never uses is taken off already)."""
    max_num_seqs: int
    max_batched_tokens: int
    max_model_len: int
    recompute: Literal["cached", "full"] = "cached"
    """After a preemption under `vllm_v1`; the other schedulers always compute the whole sequence anew."""
    max_waiting: int = 2**31 - 1
    """Waiting requests a replica holds; one more is rejected `QUEUE_FULL` when it is routed there."""
    active_w: float = 0.0
    """Watts of the replica's GPUs and its share of the node while a pass runs."""
    idle_w: float = 0.0
    scheduler: Scheduler = "vllm_v1"

    def __post_init__(self) -> None:
        """Refuse what no engine could serve."""
        seqs, tokens = self.max_num_seqs, self.max_batched_tokens
        if self.scheduler != "vllm_v1" and (tokens < seqs or self.blocks < 2):
            raise ValueError(
                f"{self.name}: {tokens} tokens a pass for {seqs} sequences, {self.blocks} blocks found; "
                f"{self.scheduler} needs a token for each sequence, and 2 blocks"
            )
        if isinstance(self.cost, GridCost):
            needed = (tokens + 1, seqs + 1, (seqs + 1, -(-self.max_model_len // 64) + 1), (1, tokens + 1))
            tables = (self.cost.dense, self.cost.per_sequence, self.cost.decode, self.cost.prefill)
            for table, least in zip(tables, needed, strict=True):
                if (np.array(table.shape) < least).any():
                    raise ValueError(f"{self.name}: a table of {table.shape} entries found; must have {least} or more")


@dataclasses.dataclass(frozen=True)
class Routing:
    """The router in force: `kind` and its number of choices `d` (power_of_two only)."""

    kind: Literal["random", "round_robin", "power_of_two"] = "power_of_two"
    d: int = 2


@dataclasses.dataclass(frozen=True)
class Fleet:
    """Every node slot that may ever exist: node n has `replicas[n]` replicas of `types[node_type[n]]`.

    Replica ids ascend by node, then by place in the node: `offset[n] + k`. A node serves only between `join` and
    `leave`. `route_key` is the 64-bit word of the run's routing stream. `pool` bounds live requests.
    """

    types: tuple[ReplicaType, ...]
    node_type: np.ndarray
    replicas: np.ndarray
    classes: int
    routing: Routing
    route_key: int
    detect_ps: int = 10 * 10**12
    max_attempts: int = 3
    pool: int = 2**20

    @property
    def offset(self) -> np.ndarray:
        """First replica id of each node, and the total as last entry: int64[n_nodes + 1]."""
        return np.concatenate(([0], np.cumsum(self.replicas, dtype=np.int64)))


@dataclasses.dataclass(frozen=True)
class Requests:
    """Columns of dtype REQUEST, sorted by (arrival, id), relative to `origin_ps`."""

    origin_ps: int
    rows: np.ndarray


@dataclasses.dataclass(frozen=True)
class Reading:
    """What happened since the last `read`, and what is in flight now. Pulled, never pushed.

    Rows of `finished` come sorted by (end instant, id). Per-replica arrays have one entry a replica id.
    """

    origin_ps: int
    finished: np.ndarray
    in_flight: int
    """Requests offered, arrived by now and not ended."""
    offered: int
    """Requests that arrived since the last read."""
    busy_ps: np.ndarray
    """int64: time in passes (void ones up to the failure), a pass in flight up to now."""
    live_ps: np.ndarray
    """int64: time between join and leave, failure or the end of a drain; idle = live - busy."""
    passes: np.ndarray
    """int64: passes ended."""
    computed: np.ndarray
    """int64: tokens put through passes that ended or were voided."""
    waiting: np.ndarray
    running: np.ndarray
    free_blocks: np.ndarray
    """int32 state now; 0 on dead replicas."""
    gone: tuple[tuple[int, int], ...]
    """(node, ps) of drained nodes whose last request ended, in order of time, then node."""
    gaps: np.ndarray
    """int64[classes, GAP_BUCKETS]: histogram of the time between two tokens of a request (`bucket_of`)."""


GAP_BUCKETS = 63 * 128


def bucket_of(value: int) -> int:
    """The histogram bucket of an integer >= 0: (bit length, next 7 bits), by shifts only; error <= 0.8 %.

    Values below 128 have a bucket each. `bucket_floor` inverts it.
    """
    if value < 128:
        return value
    shift = value.bit_length() - 8
    return ((shift + 1) << 7) + ((value >> shift) & 127)


def bucket_floor(bucket: int) -> int:
    """The smallest integer in a bucket."""
    if bucket < 128:
        return bucket
    shift = (bucket >> 7) - 1
    return (128 + (bucket & 127)) << shift


class Engine(Protocol):
    """The six verbs. Outer events at one instant come in the order fail, leave, join, set, read, each by node id.

    Law: any number of extra `advance` calls at any times changes nothing.
    """

    def __init__(self, fleet: Fleet, start_ps: int) -> None: ...

    def offer(self, requests: Requests) -> None:
        """Take requests whose arrivals are later than the last `advance`; blocks of time, offered in order."""

    def advance(self, until_ps: int) -> None:
        """Do steps 1 to 3 of every instant <= until_ps; steps 5 and 6 of the last one wait until time moves on."""

    def join(self, node: int) -> None:
        """The node (not live, not awaiting detection) serves from now on: its model is loaded already."""

    def leave(self, node: int, how: Literal["drain", "fail"]) -> None:
        """The node stops: at once and unnoticed for `detect_ps` (fail), or after its running requests (drain)."""

    def set(self, routing: Routing) -> None:
        """Change the router, in force from step 5 of this instant."""

    def read(self) -> Reading:
        """Counters and finished work since the last read; changes nothing else."""


Name = Literal["reference", "loop", "fast"]


def make(name: Name, fleet: Fleet, start_ps: int = 0) -> Engine:
    """The engine of that name; imports it only now (`reference` needs no numba, `fast` no SimPy)."""
    if name == "reference":
        from sim.serving.reference import ReferenceEngine

        return ReferenceEngine(fleet, start_ps)
    from sim.serving.fast import KernelEngine

    return KernelEngine(fleet, start_ps, jump=name == "fast")
