"""The engines on requests that nobody's scenario names: a fleet of one replica type, made here, and Poisson arrivals.

The replica is Llama-2-7B on one A100-80G as fitted from Vidur's profiles (MIT; `data/profiling/compute/a100/mlp.csv`) and
the attention times of NetX-lab/Frontier (MIT): 7,424 blocks, 128 sequences, 512 tokens a pass. Lengths are lognormal
with the moments of the Azure 2023 conversation trace, clipped to 8..3072 and 4..1000; arrivals are Poisson at 3.4 a second
and replica, about 70 % of what it can serve.
"""

from __future__ import annotations

import numpy as np

from sim.serving.contract import (
    LIMIT_PS,
    NEVER,
    REQUEST,
    Engine,
    Fleet,
    LinearCost,
    ReplicaType,
    Requests,
    Routing,
    make,
)

MS = 10**9
RATE_PER_S = 3.4


def a100() -> ReplicaType:
    """Llama-2-7B on an A100-80G; milliseconds of the profiles as picoseconds."""
    tokens, layers = np.arange(513), 32
    dense = np.rint(np.maximum(8.14 + 0.0455 * tokens, 1.56 + 0.0645 * tokens) * MS).astype(np.int64)
    decode = [round(layers * ms * MS) for ms in (0.01692, 3.47e-4, 8.98e-6)]
    cost = LinearCost(
        dense=dense,
        per_sequence=np.zeros(129, np.int64),
        host=0,
        a0=decode[0],
        a1=decode[1],
        a2=decode[2],
        m0=decode[0] + round(layers * 0.0283 * MS),
        m1=decode[1],
        m2=decode[2],
        m3=round(layers * 1.63e-5 * MS),
        m4=round(layers * 1.52e-7 * MS * 1024),
    )
    return ReplicaType("a100", cost, blocks=7424, max_num_seqs=128, max_batched_tokens=512, max_model_len=4096)


def fleet(replicas: int, kind: str = "power_of_two") -> Fleet:
    """Nodes of one such replica each."""
    return Fleet((a100(),), np.zeros(replicas, int), np.ones(replicas, int), 1, Routing(kind), 0x5EED)  # type: ignore[arg-type]


def requests(count: int, per_s: float, seed: int = 20261122) -> Requests:
    """Columns of `count` Poisson arrivals at `per_s` with the trace's lengths."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, REQUEST)
    rows["id"] = np.arange(count)
    rows["arrival"] = np.cumsum(rng.exponential(1e12 / per_s, count)).astype(np.int64) + 1
    rows["prompt"] = np.clip(rng.lognormal(6.633, 0.985, count), 8, 3072)
    rows["output"] = np.clip(rng.lognormal(5.019, 0.859, count), 4, 1000)
    rows["patience"], rows["deadline"], rows["disconnect"] = NEVER, LIMIT_PS, NEVER
    return Requests(0, rows)


def serve(name: str, of: Fleet, asked: Requests) -> Engine:
    """Serve all requests on nodes that join at once, and read."""
    engine = make(name, of)  # type: ignore[arg-type]
    for node in range(len(of.replicas)):
        engine.join(node)
    engine.offer(asked)
    engine.advance(int(asked.rows["arrival"][-1]) + 100 * 10**12)
    engine.read()
    return engine
