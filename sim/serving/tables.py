"""Integer tables of a replica: figures in seconds become picoseconds here, each rounded once, and are proved safe.

`m4`: a prefill chunk of k tokens on c held ones has k*(c + k/2) pairs. With p seconds a pair that is p/2 * k(2c + k).
The engines take Q = sum k(2c + k), an integer, and pay (m4 * Q) // 2048, so m4 = p/2 * 2048 = 1024 p in picoseconds:
`rint(p * 1e12 * 1024)`, ten more bits than the other coefficients because a pair costs only about a nanosecond.
"""

from __future__ import annotations

import numpy as np

from sim.errors import ScenarioError, nearest
from sim.serving.catalogue import NOT_YET, CostFigures, Gpu, Knots, LlmModel, ServingSettings
from sim.serving.contract import BLOCK_TOKENS, LinearCost, ReplicaType
from sim.serving.memory import usable_blocks
from sim.units import PS_PER_S

SAFE_PS = 2**61
"""Times and the length of any jump stay below this, so that no sum of two overflows int64."""


def replica_type(gpu: Gpu, model: LlmModel, settings: ServingSettings, tp: int = 1) -> ReplicaType:
    """One replica of `model` on `tp` GPUs of a type, ready for engines.

    Raises ScenarioError if the model does not fit, has no cost figures on that GPU, is shorter than `max_model_len`, `tp` > 1, if
    its limits are none that the scheduler can serve under, or if times could leave the range that the engines' integers are proved for.
    """
    if tp != 1 or settings.tp != 1:
        raise ScenarioError(f"serving.tp: {max(tp, settings.tp)} {NOT_YET}: replicas over several GPUs (write `tp: 1`)")
    blocks = usable_blocks(gpu, model, settings, tp)
    figures = figures_of(gpu, model, tp)
    if settings.max_model_len is not None and settings.max_model_len > model.max_model_len:
        raise ScenarioError(
            f"serving.max_model_len: {settings.max_model_len} found; must be at most {model.max_model_len}, what {model.name} was made for"
        )
    seqs = settings.max_num_seqs or gpu.max_num_seqs
    tokens = settings.max_batched_tokens or gpu.max_batched_tokens
    try:
        made = ReplicaType(
            name=f"{gpu.name}/{model.name}/tp{tp}",
            cost=linear_cost(figures, tokens, seqs, settings.host),
            blocks=blocks,
            max_num_seqs=seqs,
            max_batched_tokens=tokens,
            max_model_len=settings.max_model_len or model.max_model_len,
            recompute=settings.recompute,
            max_waiting=2**31 - 1 if settings.max_waiting is None else settings.max_waiting,
            active_w=tp * (gpu.active + gpu.node_active),
            idle_w=tp * (gpu.idle + gpu.node_idle),
            scheduler=settings.scheduler,
        )
    except ValueError as limits:  # the scheduler could never form a pass
        raise ScenarioError(str(limits)) from None
    prove(made)
    return made


def load_s(gpu: Gpu, model: LlmModel, settings: ServingSettings, tp: int = 1) -> float:
    """Seconds from the join of a node to its first served pass: weights read from disk, then the engine's start."""
    return model.weights / tp / gpu.load_bandwidth + settings.start


def figures_of(gpu: Gpu, model: LlmModel, tp: int = 1) -> CostFigures:
    """The cost figures of a GPU with a model; the model's own win over the GPU's. Raises ScenarioError if none."""
    degree = f"tp{tp}"
    for costs, partner in ((model.costs, gpu.name), (gpu.costs, model.name)):
        if degree in costs.get(partner, {}):
            return costs[partner][degree]
    known = sorted(name for name, degrees in gpu.costs.items() if degree in degrees)
    near = nearest(model.name, known, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise ScenarioError(
        f"no cost figures for {model.name} on {gpu.name} ({degree}); {hint}{gpu.name} has {', '.join(known) or 'none'}; "
        f"give them under gpus.{gpu.name}.costs or models.{model.name}.costs"
    )


def linear_cost(figures: CostFigures, max_batched_tokens: int, max_num_seqs: int, host_s: float = 0.0) -> LinearCost:
    """The figures as integers, with a dense time for every 0 .. max_batched_tokens and 0 .. max_num_seqs."""
    scalars = {name: to_ps(getattr(figures, name)) for name in ("a0", "a1", "a2", "m0", "m1", "m2", "m3")}
    return LinearCost(
        dense=filled(figures.dense, max_batched_tokens),
        per_sequence=filled(figures.per_sequence, max_num_seqs),
        host=to_ps(host_s),
        m4=int(np.rint(figures.m4 * PS_PER_S * 1024)),
        **scalars,
    )


def to_ps(seconds: float) -> int:
    """Seconds as the nearest integer of picoseconds, halves to even."""
    return int(np.rint(seconds * PS_PER_S))


def filled(knots: Knots, last: int) -> np.ndarray:
    """A curve at 0 .. last in picoseconds, int64: linear between knots, flat before, `beyond` a count after them.

    Entry 0 is never paid (no pass is empty); it equals the first knot.
    """
    counts = np.arange(last + 1, dtype=np.float64)
    curve = np.interp(counts, knots.counts, knots.seconds)
    curve += np.maximum(counts - knots.counts[-1], 0.0) * knots.beyond
    return np.rint(curve * PS_PER_S).astype(np.int64)


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

    Every pass lasts >= 1 ps; (longest jump) x (longest pass) < 2^61, where a jump has at most max_model_len passes because
    each gives every sequence a token; and m4 * Q fits into int64.
    """
    cost = kind.cost
    assert isinstance(cost, LinearCost)
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
