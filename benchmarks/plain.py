"""Plain-service fleets under our rules, beside cimba: drawn by named streams in blocks, integer picoseconds, a record a request.

Both kinds of ours are measured: the kernel written for such fleets (`sim.kernels.queueing.fleets`), and the serving engine
set to be one (a sequence a pass, one output token), which carries passes, memory and limits that such a fleet never uses.
"""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.engines import serve
from benchmarks.rivals import python_with
from benchmarks.yardstick import per_cpu_s
from sim.kernels.queueing.fleets import empty_nodes, instants_ps, plain_fleet, whole_ps
from sim.serving.contract import LIMIT_PS, NEVER, REQUEST, Fleet, LinearCost, ReplicaType, Requests, Routing
from sim.streams import BLOCK, Streams

LOAD = 0.8
MEAN_PS = 10**10
CIMBA = "cimba==0.9.6"
CHUNK = 2 * BLOCK
KEY = np.uint64(0x5EED)
TOKEN_PS = 10**6
"""Service of a prompt token in the serving engine."""
ROUNDS = 5


def drawn(nodes: int, count: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """(first number, arrivals, services) of a fleet's requests, some blocks of draws at a time."""
    streams, now = Streams(1, 0), 0
    for first in range(0, count, CHUNK):
        size = min(CHUNK, count - first)
        arrival, service = np.empty(size, np.int64), np.empty(size, np.int64)
        instants_ps(streams["arrivals"].exponentials(first, size), MEAN_PS / (LOAD * nodes), now, arrival)
        now = int(arrival[-1])
        whole_ps(streams["service"].exponentials(first, size), float(MEAN_PS), service)
        yield first, arrival, service


def kernel_run(nodes: int, count: int) -> np.ndarray:
    """The record of all requests: end of service, node, who came next."""
    at, requests = empty_nodes(nodes), np.empty((count, 3), np.int64)
    for first, arrival, service in drawn(nodes, count):
        plain_fleet(first, arrival, service, KEY, 2, at, requests)
    return requests


def plain_type() -> ReplicaType:
    """A replica that serves one request at a time, a microsecond a prompt token."""
    dense = np.arange(1 << 20, dtype=np.int64) * TOKEN_PS
    cost = LinearCost(dense, np.zeros(2, np.int64), host=0, a0=0, a1=0, a2=0, m0=0, m1=0, m2=0, m3=0, m4=0)
    size = 1 << 20
    return ReplicaType("plain", cost, blocks=size, max_num_seqs=1, max_batched_tokens=size - 1, max_model_len=size)


def plain_nodes(count: int, routing: Routing) -> Fleet:
    """So many nodes of one such replica each."""
    return Fleet((plain_type(),), np.zeros(count, int), np.ones(count, int), 1, routing, int(KEY))


def plain_requests(arrival: np.ndarray, tokens: np.ndarray) -> Requests:
    """Requests of so many prompt tokens and one output token, with ids 0, 1, ... and no limits."""
    rows = np.zeros(len(arrival), REQUEST)
    rows["id"], rows["arrival"], rows["prompt"], rows["output"] = np.arange(len(arrival)), arrival, tokens, 1
    rows["patience"], rows["deadline"], rows["disconnect"] = NEVER, LIMIT_PS, NEVER
    return Requests(0, rows)


def engine_run(nodes: int, count: int) -> None:
    """The same fleet as replicas of the serving engine; services in whole microseconds."""
    parts = list(drawn(nodes, count))
    arrival, service = (np.concatenate([part[i] for part in parts]) for i in (1, 2))
    serve("fast", plain_nodes(nodes, Routing()), plain_requests(arrival, np.maximum(service // TOKEN_PS, 1)))


def cimba_speed(style: str, nodes: int, count: int) -> float:
    """Requests a CPU-second of cimba, of the second of two rounds."""
    script = Path(__file__).with_name("cimba_fleets.py")
    call = [python_with(CIMBA), str(script), style, str(nodes), str(LOAD), str(count), "2"]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)["speeds"][-1])


def beside(style: str, nodes: int, count: int, rival: int) -> dict[str, list[float]]:
    """Requests a CPU-second of ours and, for `rival` requests, cimba's, in alternation."""
    kernel_run(nodes, 1000)
    engine_run(nodes, 1000)
    speeds: dict[str, list[float]] = {"kernel": [], "engine": []} | ({"cimba": []} if rival else {})
    for _ in range(ROUNDS):
        # Both sides run once unmeasured: what a system charges for memory that a process has not had before is not either's speed.
        kernel_run(nodes, count)
        speeds["kernel"].append(per_cpu_s(count, lambda: kernel_run(nodes, count), rounds=1))
        speeds["engine"].append(per_cpu_s(count // 10, lambda: engine_run(nodes, count // 10), rounds=1))
        if rival:
            speeds["cimba"].append(cimba_speed(style, nodes, rival))
    return speeds


CASES = (("event", 200, 2_000_000, 1_000_000), ("process", 5000, 2_000_000, 400_000))
"""Style of cimba, nodes, our requests, cimba's."""


def main() -> None:
    """Print both comparisons; without cimba, ours alone and the reason."""
    there = True
    try:
        python_with(CIMBA)
    except OSError as error:
        there = False
        print(f"without cimba: {error}")
    print(
        f"Plain-service fleets, two choices, load {LOAD:g}: requests per CPU-second, median of {ROUNDS} rounds in turn"
    )
    for style, nodes, count, rival in CASES:
        speeds = beside(style, nodes, count, rival if there else 0)
        labels = {
            "kernel": "kernel, draws and records counted",
            "engine": "serving engine set to be one",
            "cimba": f"{CIMBA}, {style} style",
        }
        for name, measured in speeds.items():
            line = f"{nodes:5,} nodes  {labels[name]:36} {statistics.median(measured):12,.0f}"
            if there:
                ratios = sorted(ours / theirs for ours, theirs in zip(measured, speeds["cimba"], strict=True))
                line += f"  x {statistics.median(ratios):5.2f}  [{ratios[0]:.2f}, {ratios[-1]:.2f}]"
            print(line, flush=True)


if __name__ == "__main__":
    main()
