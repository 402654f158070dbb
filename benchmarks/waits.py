"""How long requests of a chat service wait for a slot: the real trace beside models of its users.

    python -m benchmarks.waits [SEEDS]

The Azure conversation trace, and an hour of each model of it, go through one queue: c slots, first come first served, a
request holds its slot for prompt / 8000 + output / 50 s, all slots are free at first. Printed is the p99 of the wait at
31, 29 and 26 slots (utilization .78, .83, .93): of the trace, and of each model the median of the seeds (40) with its
quartiles. `two classes` are the built-in `chat_steady` and `chat_bursty` as scenario files name them.
"""

from __future__ import annotations

import datetime
import functools
import heapq
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

from benchmarks.condense_workloads import default_trace
from sim.scenario import load
from sim.streams import Streams
from sim.units import PS_PER_S
from sim.workload import ClientClass, Potential
from sim.workload.imports import import_azure
from sim.workload.law import Floats, Ints
from sim.workload.trace import Trace, read_trace

SLOTS = (31, 29, 26)
SEEDS = 40
PROMPT_PER_S, OUTPUT_PER_S = 8000, 50
"""Tokens a second that a slot reads and writes."""
START = datetime.date(2026, 1, 1)
CLASSES = """
format: 1
name: The two chat classes
start: 2026-01-01
horizon: 1 day
epoch: 1 day
requests: {mode: capacity}
workload:
  steady: {extends: chat_steady, model: llama-3.1-8b, demand: {kind: fixed, network: cloud}}
  bursty: {extends: chat_bursty, model: llama-3.1-8b, correlation: {steady: -0.9}, demand: {kind: fixed, network: cloud}}
networks:
  cloud: {extends: centralized}
policies: {base: {}}
compare: {baseline: base}
"""

Requests = tuple[Ints, Ints]
"""Arrivals in ps, rising, and the time in ps for which each holds its slot."""


@numba.njit(nogil=True)
def waits_ps(arrival: Any, service: Any, slots: int, out: Any) -> None:
    """Wait of each request at `slots` slots, first come first served; int64[n] ps, arrivals rising, all slots free at first.

    A heap holds when each slot is free; wait[i] = max(0, its least - arrival[i]) (Kiefer and Wolfowitz 1955).
    """
    free = [np.int64(0) for _ in range(slots)]
    for i in range(arrival.shape[0]):
        begin = max(arrival[i], free[0])
        heapq.heapreplace(free, begin + service[i])
        out[i] = begin - arrival[i]


def p99_s(requests: Requests, slots: int) -> float:
    """The 99th percentile of the wait in s."""
    arrival, service = requests
    out = np.empty_like(arrival)
    waits_ps(arrival, service, slots, out)
    return float(np.quantile(out, 0.99)) / PS_PER_S


def held_ps(prompt: Any, output: Any) -> Ints:
    """Time for which a request holds its slot."""
    return np.asarray(prompt, np.int64) * (PS_PER_S // PROMPT_PER_S) + np.asarray(output, np.int64) * (
        PS_PER_S // OUTPUT_PER_S
    )


@functools.cache
def conversation() -> Trace:
    """The published trace."""
    with tempfile.TemporaryDirectory() as folder:
        converted = Path(folder) / "conv.csv.gz"
        import_azure(default_trace(), converted)
        return read_trace(converted)


def real() -> Requests:
    """The trace itself."""
    trace = conversation()
    return trace.arrival_ps, held_ps(trace.prompt_tokens, trace.output_tokens)


def one_class(arrivals: dict[str, Any]) -> Callable[[int], Requests]:
    """An hour of one class at the trace's rate; each request has the prompt and output of a row drawn at random."""
    rate_per_s = len(conversation()) / (conversation().arrival_ps[-1] / PS_PER_S)
    constant = {"kind": "constant", "tokens": 1}
    cls = ClientClass.model_validate(
        {"model": "any", "rate": f"{rate_per_s:.9f} /s", "arrivals": arrivals, "prompt": constant, "output": constant},
        context={"yaml": True},
    )

    def draw(seed: int) -> Requests:
        drawn = _hour({"one": cls}, seed)
        row = Streams(1, seed)["rows"].generator(0).integers(0, len(conversation()), len(drawn))
        return drawn.time_ps, real()[1][row]

    return draw


def two_classes(correlated: bool = True) -> Callable[[int], Requests]:
    """An hour of the two built-in classes, each with its own rate and lengths."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "classes.yaml"
        file.write_text(CLASSES if correlated else CLASSES.replace("correlation: {steady: -0.9}, ", ""))
        (case,) = load(file).cases()

    def draw(seed: int) -> Requests:
        drawn = _hour(case.before.workload, seed)
        return drawn.time_ps, held_ps(drawn.prompt, drawn.output)

    return draw


def _hour(classes: Any, seed: int) -> Any:
    return Potential(classes, Streams(1, seed), START, headroom=1).draw(0, int(conversation().arrival_ps[-1]))


def quartiles_s(draw: Callable[[int], Requests], slots: int, seeds: int = SEEDS) -> Floats:
    """Lower quartile, median, upper quartile over seeds of the p99 of the wait, in s."""
    return np.quantile([p99_s(draw(seed), slots) for seed in range(seeds)], (0.25, 0.5, 0.75))


MODELS: dict[str, Callable[[], Callable[[int], Requests]]] = {
    "Poisson, one class": lambda: one_class({"kind": "poisson"}),
    "gamma, CV 1.09, one class": lambda: one_class({"kind": "gamma", "cv": 1.09}),
    "two classes, independent": lambda: two_classes(correlated=False),
    "two classes, correlation -0.9": two_classes,
}


def main(seeds: int) -> None:
    """Print the table."""
    print(f"{'p99 of the wait, s':32}" + "".join(f"{slots:>7} slots     " for slots in SLOTS))
    print(f"{'the trace itself':32}" + "".join(f"{p99_s(real(), slots):7.1f}           " for slots in SLOTS))
    for name, model in MODELS.items():
        cells = (quartiles_s(model(), slots, seeds) for slots in SLOTS)
        print(f"{name:32}" + "".join(f"{mid:7.1f} {f'[{low:.1f}-{high:.1f}]':11}" for low, mid, high in cells))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS)
