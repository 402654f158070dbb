"""How many requests a CPU-second the engines serve, beside a yardstick that anybody can run.

The replica is Llama-2-7B on one A100-80G as fitted from Vidur's profiles (MIT; `data/profiling/compute/a100/mlp.csv`) and
the attention times of NetX-lab/Frontier (MIT): 7,424 blocks, 128 sequences, 512 tokens a pass. Lengths are lognormal
with the moments of the Azure 2023 conversation trace, clipped to 8..3072 and 4..1000; arrivals are Poisson at 3.4 a second
and replica, about 70 % of what it can serve. The yardstick is a compiled Lindley recursion, the shortest queue there is.

Figures are customers per second of process CPU time, the median of three rounds; compiling and drawing are not counted.

>>> python benchmarks/bench_serving.py            # doctest: +SKIP
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numba
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
ROUNDS = 3


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


@numba.njit
def lindley(gaps: np.ndarray, services: np.ndarray) -> float:
    """Sum of the waits of a single-server queue: w' = max(0, w + service - gap) (Lindley 1952)."""
    wait = total = 0.0
    for i in range(gaps.shape[0]):
        wait = max(0.0, wait + services[i] - gaps[i])
        total += wait
    return total


def per_cpu_s(count: int, work: Callable[[], object]) -> float:
    """Median of customers per CPU-second over the rounds."""
    speeds = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        speeds.append(count / (time.process_time() - begin))
    return statistics.median(speeds)


def yardstick(count: int = 10_000_000) -> float:
    """Customers a CPU-second of the Lindley loop."""
    rng = np.random.default_rng(1)
    gaps, services = rng.exponential(1.0, count), rng.exponential(0.7, count)
    lindley(gaps[:10], services[:10])
    return per_cpu_s(count, lambda: lindley(gaps, services))


def serve(name: str, of: Fleet, asked: Requests) -> Engine:
    """Serve all requests on nodes that join at once, and read."""
    engine = make(name, of)  # type: ignore[arg-type]
    for node in range(len(of.replicas)):
        engine.join(node)
    engine.offer(asked)
    engine.advance(int(asked.rows["arrival"][-1]) + 100 * 10**12)
    engine.read()
    return engine


def case(name: str, replicas: int, count: int, kind: str = "power_of_two") -> float:
    """Requests a CPU-second of an engine on a fleet at about 70 % load."""
    of, asked = fleet(replicas, kind), requests(count, RATE_PER_S * replicas)
    serve(name, of, requests(10, RATE_PER_S))
    return per_cpu_s(count, lambda: serve(name, of, asked))


def window_ms(nodes: int = 50, count: int = 2000) -> tuple[float, float]:
    """Milliseconds of CPU of a fresh engine's window, all in all and for what does not grow with its requests."""
    of, asked = fleet(nodes), requests(count, RATE_PER_S * nodes)
    one = requests(1, RATE_PER_S)
    whole = 1000 / per_cpu_s(20, lambda: [serve("fast", of, asked) for _ in range(20)])
    return whole, 1000 / per_cpu_s(20, lambda: [serve("fast", of, one) for _ in range(20)])


CASES = (
    ("fast, one replica", "fast", 1, 100_000, "power_of_two"),
    ("fast, 200 replicas", "fast", 200, 200_000, "power_of_two"),
    ("fast, 1000 replicas", "fast", 1000, 200_000, "power_of_two"),
    ("fast, 200 replicas, random", "fast", 200, 200_000, "random"),
    ("fast, 200 replicas, round robin", "fast", 200, 200_000, "round_robin"),
    ("loop, one replica", "loop", 1, 30_000, "power_of_two"),
    ("loop, 200 replicas", "loop", 200, 30_000, "power_of_two"),
    ("reference, one replica", "reference", 1, 300, "power_of_two"),
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    only = parser.parse_args().only
    lindley_speed = yardstick()
    print(f"{'case':34} {'customers per CPU-s':>20} {'of the yardstick':>17}")
    print(f"{'yardstick: Lindley loop':34} {lindley_speed:20,.0f} {1:17.2%}")
    for title, *arguments in CASES:
        if only in title:
            speed = case(*arguments)
            print(f"{title:34} {speed:20,.0f} {speed / lindley_speed:17.4%}")
    if only in "window":
        whole, fixed = window_ms()
        print(f"window of 2,000 requests on 50 nodes: {whole:.2f} ms of CPU; with 1 request: {fixed:.2f} ms")


if __name__ == "__main__":
    main()
