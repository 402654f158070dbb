"""Integer tables of a replica: figures in seconds become picoseconds here, each rounded once, and are proved safe.

`m4`: a prefill chunk of k tokens on c held ones has k*(c + k/2) pairs. With p seconds a pair that is p/2 * k(2c + k).
The engines take Q = sum k(2c + k), an integer, and pay (m4 * Q) // 2048, so m4 = p/2 * 2048 = 1024 p in picoseconds:
`rint(p * 1e12 * 1024)`, ten more bits than the other coefficients because a pair costs only about a nanosecond.
"""

from __future__ import annotations

import numpy as np

from sim.errors import ScenarioError
from sim.kept import Kept
from sim.serving.catalogue import Gpu, Interconnect, LlmModel, ServingSettings
from sim.serving.contract import BLOCK_TOKENS, GridCost, LinearCost, ReplicaType
from sim.serving.derive import all_reduce_seconds, curve, dense_seconds, figures_of
from sim.serving.figures import CostFigures, GridFigures
from sim.serving.grid import grid_of, prove_grid
from sim.serving.memory import usable_blocks
from sim.units import PS_PER_S

SAFE_PS = 2**61
"""Times and the length of any jump stay below this, so that no sum of two overflows int64."""


def replica_type(
    gpu: Gpu, model: LlmModel, settings: ServingSettings, interconnect: Interconnect | None = None
) -> ReplicaType:
    """One replica of `model` on `settings.tp` GPUs of a type, ready for engines; `interconnect` wins over the GPU's own.

    Raises ScenarioError if the model does not fit, has no cost figures on that GPU, cannot be parted among so many, is
    shorter than `max_model_len`, if the scheduler cannot serve under its limits, or if times could leave the range that
    the engines' integers are proved for.
    """
    blocks = usable_blocks(gpu, model, settings)
    tokens, seqs = settings.max_batched_tokens or gpu.max_batched_tokens, settings.max_num_seqs or gpu.max_num_seqs
    try:
        made = ReplicaType(
            name=f"{gpu.name}/{model.name}/tp{settings.tp}",
            cost=cost_of(gpu, model, settings, interconnect or gpu.interconnect),
            blocks=blocks,
            max_num_seqs=seqs,
            max_batched_tokens=tokens,
            max_model_len=_model_len(model, settings),
            recompute=settings.recompute,
            max_waiting=2**31 - 1 if settings.max_waiting is None else settings.max_waiting,
            active_w=settings.tp * (gpu.active + gpu.node_active),
            idle_w=settings.tp * (gpu.idle + gpu.node_idle),
            scheduler=settings.scheduler,
        )
    except ValueError as limits:  # the scheduler could never form a pass
        raise ScenarioError(str(limits)) from None
    prove(made)
    return made


def kept_replica_type(
    gpu: Gpu, model: LlmModel, settings: ServingSettings, interconnect: Interconnect | None = None
) -> ReplicaType:
    """`replica_type`, worked out once a process for the same GPU and model: settings are read anew for each case, and those that
    say the same make the same machine. What rests on a file, which may change, is worked out each time. Raises as `replica_type` does.
    """

    def make() -> ReplicaType:
        return replica_type(gpu, model, settings, interconnect)

    tables = [*gpu.costs.values(), *model.costs.values()]
    if any(isinstance(figures, GridFigures) for table in tables for figures in table.values()):
        return make()
    said = settings.model_dump_json(), "" if interconnect is None else interconnect.model_dump_json()
    return _REPLICAS.get((gpu, model), said, make)


_REPLICAS: Kept[ReplicaType] = Kept()


def _model_len(model: LlmModel, settings: ServingSettings) -> int:
    if settings.max_model_len is not None and settings.max_model_len > model.max_model_len:
        raise ScenarioError(
            f"serving.max_model_len: {settings.max_model_len} found; must be at most {model.max_model_len}, what {model.name} was made for"
        )
    return settings.max_model_len or model.max_model_len


def load_s(gpu: Gpu, model: LlmModel, settings: ServingSettings) -> float:
    """Seconds from the join of a node to its first served pass: weights read from its disk, then the engine's start."""
    return model.loaded_bytes / gpu.load_bandwidth + settings.start


def cost_of(gpu: Gpu, model: LlmModel, settings: ServingSettings, link: Interconnect | None) -> LinearCost | GridCost:
    """What a pass costs a replica, from the figures in force. Raises ScenarioError as `replica_type` does."""
    figures = figures_of(gpu, model, settings.tp)
    tokens, seqs = settings.max_batched_tokens or gpu.max_batched_tokens, settings.max_num_seqs or gpu.max_num_seqs
    more = np.zeros(tokens + 1)
    if settings.tp > 1:
        more = all_reduce_seconds(model, _link(gpu, model, settings.tp, link), settings.tp, tokens)
    if isinstance(figures, GridFigures):
        return grid_of(
            figures.file, model.layers, all_to_ps(more), seqs, _model_len(model, settings), to_ps(settings.host)
        )
    return linear_cost(figures, dense_seconds(figures, model, tokens) + more, seqs, settings.host)


def _link(gpu: Gpu, model: LlmModel, tp: int, link: Interconnect | None) -> Interconnect:
    """The link of a group of GPUs that can part the model among them."""
    if model.heads % tp:
        raise ScenarioError(f"serving.tp: {tp} found; must divide the {model.heads} heads of {model.name}")
    if link is None:
        raise ScenarioError(
            f"serving.tp: {tp} found; {gpu.name} has no `interconnect` (give its bandwidth and latency in "
            f"{gpu.name}.yaml or with the operators)"
        )
    return link


def linear_cost(figures: CostFigures, dense_s: np.ndarray, max_num_seqs: int, host_s: float = 0.0) -> LinearCost:
    """The figures as integers: `dense_s` holds the dense work of 0 .. max_batched_tokens in seconds.

    Entries of 0 tokens and 0 sequences are never paid (no pass is empty).
    """
    scalars = {name: to_ps(getattr(figures, name)) for name in ("a0", "a1", "a2", "m0", "m1", "m2", "m3")}
    return LinearCost(
        dense=all_to_ps(dense_s),
        per_sequence=all_to_ps(curve(figures.per_sequence, max_num_seqs)),
        host=to_ps(host_s),
        m4=int(np.rint(figures.m4 * PS_PER_S * 1024)),
        **scalars,
    )


def to_ps(seconds: float) -> int:
    """Seconds as the nearest integer of picoseconds, halves to even."""
    return int(np.rint(seconds * PS_PER_S))


def all_to_ps(seconds: np.ndarray) -> np.ndarray:
    """The same for an array, int64; what is beyond the safe range stays there, for `prove` to refuse it."""
    return np.minimum(np.rint(seconds * PS_PER_S), SAFE_PS).astype(np.int64)


def longest_pass(kind: ReplicaType) -> int:
    """An upper bound of any pass of a replica, in picoseconds, as a Python int (it may pass 64 bits).

    Contexts are bounded by the KV memory and by the longest sequence: Cd <= tokens held + one a decode, and the pairs of a
    chunk by k(2c + k) <= k * 2 * max_model_len.
    """
    cost, tokens = kind.cost, kind.max_batched_tokens
    assert isinstance(cost, LinearCost)  # tables of the kind `grid` have a bound of their own (`sim.serving.grid`)
    context = kind.blocks * BLOCK_TOKENS + kind.max_num_seqs
    pairs = 2 * tokens * kind.max_model_len
    decode = cost.a0 + cost.a1 * kind.max_num_seqs + cost.a2 * context
    mixed = cost.m0 + cost.m1 * kind.max_num_seqs + cost.m2 * context + cost.m3 * tokens + cost.m4 * pairs // 2048
    return int(cost.dense.max()) + int(cost.per_sequence.max()) + cost.host + max(decode, mixed)


def prove(kind: ReplicaType) -> None:
    """Refuse tables that could break the engines' integers. Raises ScenarioError naming the replica type.

    Every pass lasts >= 1 ps (tables of the kind `grid`: engines see to it); (longest jump) x (longest pass) < 2^61, where a jump has at most max_model_len passes because
    each gives every sequence a token; and m4 * Q fits into int64.
    """
    cost = kind.cost
    if isinstance(cost, GridCost):
        prove_grid(kind)
        return
    entries = (cost.host, cost.a0, cost.a1, cost.a2, cost.m0, cost.m1, cost.m2, cost.m3, cost.m4)
    if min(entries) < 0 or int(cost.dense.min()) < 0 or int(cost.per_sequence.min()) < 0:
        raise ScenarioError(f"{kind.name}: a negative cost found; each figure of a pass must be 0 or more")
    shortest = int(cost.dense[1:].min()) + int(cost.per_sequence[1:].min()) + cost.host + min(cost.a0, cost.m0)
    if shortest < 1:
        raise ScenarioError(f"{kind.name}: a pass of {shortest} ps found; every pass must last at least 1 ps")
    longest = longest_pass(kind)
    if longest * kind.max_model_len >= SAFE_PS:
        raise ScenarioError(
            f"{kind.name}: {kind.max_model_len} passes of up to {longest / PS_PER_S:.3g} s found; together they must stay below "
            f"{SAFE_PS / PS_PER_S:.3g} s (lower max_model_len or max_batched_tokens)"
        )
    if cost.m4 * 2 * kind.max_batched_tokens * kind.max_model_len >= 2**63:
        raise ScenarioError(
            f"{kind.name}: m4 of {cost.m4 / 1024:.4g} ps a pair found; it must leave a pass within 64 bits"
        )
