"""What every engine takes and gives: replica types, columns of requests, readings, and the six verbs.

An engine is the fleet of one network serving one model. The rules it obeys stand in `docs/serving-rules.md`; this
module holds only shapes. All engines (`reference`, `loop`, `fast`) agree in every integer of every request.

Times outside are Python ints, picoseconds since the start of the run. Times inside columns are int64 picoseconds
relative to the `origin_ps` that comes with the columns. `NEVER` means "does not happen" and is never added to.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import Literal, Protocol, get_args

import numpy as np

from sim.serving.scoring import Score

NEVER = 2**62
LIMIT_PS = 10 * 86_400 * 10**12
"""The longest deadline and the longest stretch between two origins: 10 days."""
BLOCK_TOKENS = 16
MAX_REPLICAS_PER_NODE = 16
MINUTE_PS = 60 * 10**12
RATE_MOST = 10**12
"""The largest rate limit a minute: whole picoseconds between two units are exact to 2 % there, to 1e-7 at a million."""


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
        ("region", "i4"),  # of the user: a row of the fleet's `round_trip_ps`; 0 where there is one region
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
    work_ps: tuple[int, int] | None = None
    """What `least_work` counts for a prompt token and an output token, in ps; None: from the tables (`sim.serving.work`)."""

    @property
    def watermark(self) -> int:
        """Blocks that an admission leaves free (`docs/serving-rules.md`, section 3.2); the reference writes the rule out for itself."""
        return 0 if self.scheduler == "vllm_v1" else max(1, self.blocks // 100)

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


BuiltIn = Literal[
    "random",
    "round_robin",
    "power_of_two",
    "least_outstanding",
    "least_work",
    "price_weighted",
    "reputation_weighted",
    "region_nearest",
]
RouterKind = BuiltIn | Literal["scored"]
ROUTER_KINDS: tuple[BuiltIn, ...] = get_args(BuiltIn)
LOOKING = ("power_of_two", "least_outstanding", "least_work", "region_nearest")
"""Routers that look at the state of replicas, and may see it late; `scored` does too."""
WEIGHTED = ("price_weighted", "reputation_weighted")
"""Routers that draw by weight."""
MOST_WEIGHT = 2**32
"""The weights of all replicas together stay below this: a draw has 32 bits."""


@dataclasses.dataclass(frozen=True)
class Routing:
    """The router in force (`docs/serving-rules.md`, section 7). Raises ValueError for what no engine could follow."""

    kind: RouterKind = "power_of_two"
    d: int = 2
    """Replicas compared by `power_of_two` and `region_nearest`, 1 .. 16."""
    staleness_ps: int = 0
    """Time between two snapshots that routers of `LOOKING` see, at most LIMIT_PS; 0: they see the live state."""
    weights: np.ndarray | None = None
    """int64 >= 0 a node, of each of its replicas, for routers of `WEIGHTED`; None or all 0: all alike."""
    score: Score | None = None
    """The user's function, of `scored` and of no other (`sim.serving.scoring`)."""

    def __post_init__(self) -> None:
        """Refuse what no engine could follow."""
        if self.kind not in (*ROUTER_KINDS, "scored") or not 1 <= self.d <= 16:
            raise ValueError(
                f"router {self.kind!r} with d = {self.d} found; must be one of {', '.join(ROUTER_KINDS)}, scored, d in 1 .. 16"
            )
        if (self.kind == "scored") != (self.score is not None):
            raise ValueError(
                f"router {self.kind!r} with score {self.score!r} found; a function belongs to `scored` alone"
            )
        if not 0 <= self.staleness_ps <= LIMIT_PS:
            raise ValueError(f"staleness of {self.staleness_ps} ps found; must be in 0 .. {LIMIT_PS}")

    @property
    def snapshots(self) -> bool:
        """Whether the router sees snapshots."""
        return self.staleness_ps > 0 and self.kind in (*LOOKING, "scored")

    @property
    def choices(self) -> int:
        """Of how many replicas a request goes to the emptiest: d, 1 where nobody looks (or a user's own rule does), 0 for all."""
        if self.kind in ("least_outstanding", "least_work"):
            return 0
        return self.d if self.kind in ("power_of_two", "region_nearest") else 1


def _not_given() -> np.ndarray:
    return np.zeros(0, np.int64)


@dataclasses.dataclass(frozen=True)
class Fleet:
    """Every node slot that may ever exist: node n has `replicas[n]` replicas of `types[node_type[n]]`.

    Replica ids ascend by node, then by place in the node: `offset[n] + k`. A node serves only between `join` and
    `leave`. `route_key` is the 64-bit word of the run's routing stream. `pool` bounds live requests. Arrays by node or by
    class are int64; ValueError for those that do not belong together.
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
    region: np.ndarray = dataclasses.field(default_factory=_not_given)
    """A node's column of `round_trip_ps`; not given: all in region 0."""
    round_trip_ps: np.ndarray = dataclasses.field(default_factory=_not_given)
    """int64[regions of users, regions of nodes], 0 .. LIMIT_PS; not given: one region of each."""
    mean_output: np.ndarray = dataclasses.field(default_factory=_not_given)
    """Output tokens a class that `least_work` and rate limits count for a request, 0 .. 2^23; not given: 0."""
    rate_requests_per_min: np.ndarray = dataclasses.field(default_factory=_not_given)
    """Requests a minute of a class, 0 .. RATE_MOST; 0 or not given: no limit."""
    rate_tokens_per_min: np.ndarray = dataclasses.field(default_factory=_not_given)
    """Prompt and mean output tokens a minute of a class, 0 .. RATE_MOST; 0 or not given: no limit."""

    def __post_init__(self) -> None:
        """Make arrays of what is not given, and see that all fit together."""
        if len(self.round_trip_ps) == 0:
            object.__setattr__(self, "round_trip_ps", np.zeros((1, 1), np.int64))
        trips = self.round_trip_ps
        if trips.ndim != 2 or trips.min() < 0 or trips.max() > LIMIT_PS:
            raise ValueError(f"round trips of shape {trips.shape} found; must be a matrix of 0 .. {LIMIT_PS} ps")
        self._fill("region", len(self.replicas), trips.shape[1] - 1)
        self._fill("mean_output", self.classes, 2**23)
        self._fill("rate_requests_per_min", self.classes, RATE_MOST)
        self._fill("rate_tokens_per_min", self.classes, RATE_MOST)

    def _fill(self, name: str, size: int, most: int) -> None:
        """Make a field an int64 array of that size, of zeros if it is empty."""
        given = np.asarray(getattr(self, name))
        array = given.astype(np.int64) if len(given) else np.zeros(size, np.int64)
        if array.shape != (size,) or (size and (array.min() < 0 or array.max() > most)):
            raise ValueError(f"{name} of shape {array.shape} found; must be {size} numbers in 0 .. {most}")
        object.__setattr__(self, name, array)

    @property
    def offset(self) -> np.ndarray:
        """First replica id of each node, and the total as last entry: int64[n_nodes + 1]."""
        return np.concatenate(([0], np.cumsum(self.replicas, dtype=np.int64)))

    def node_of(self, replica: np.ndarray) -> np.ndarray:
        """int64: the node that each of some replicas, by id, is on."""
        node: np.ndarray = np.searchsorted(self.offset, replica, side="right") - 1
        return node

    def node_weights(self, routing: Routing) -> np.ndarray:
        """The weights of a router, int64 a node; all 1 where they say nothing. ValueError for wrong ones."""
        if routing.weights is None or not routing.weights.any():
            return np.ones(len(self.replicas), np.int64)
        weights = np.asarray(routing.weights)
        if weights.shape != (len(self.replicas),) or weights.min() < 0 or weights.max() >= MOST_WEIGHT:
            raise ValueError(f"weights of shape {weights.shape} found; must be {len(self.replicas)} integers >= 0")
        if int((weights.astype(np.int64) * self.replicas).sum()) >= MOST_WEIGHT:
            raise ValueError(f"weights found whose sum over replicas is not below {MOST_WEIGHT}")
        return weights.astype(np.int64)


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
