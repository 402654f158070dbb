"""One replica serves the requests of a log, without patience or deadline, until the last has ended."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sim.serving.contract import LIMIT_PS, NEVER, REQUEST, Engine, Fleet, Name, ReplicaType, Requests, Routing, make
from sim.serving.energy import joules
from sim.workload.trace import Trace

_BLOCK_ROWS = 1 << 18
_BLOCK_PS = LIMIT_PS // 2
"""Rows and span of a block that is offered at once, and time between two readings at most: all fit the engine's integers."""


@dataclasses.dataclass(frozen=True)
class Served:
    """What became of the requests: `finished` has one row of dtype FINISHED a request, in the trace's order.

    `energy_j` are the joules of each request, float64: those of the replica from the first arrival to the last end, busy and
    idle, shared by the tokens that were computed for each.
    """

    finished: npt.NDArray[np.void]
    passes: int
    busy_ps: int
    energy_j: npt.NDArray[np.float64]


def serve(kind: ReplicaType, trace: Trace, engine: Name = "fast") -> Served:
    """All requests of the trace on one replica of a kind; the same integers whatever the engine.

    Requests wait as long as it takes, up to the longest deadline there is (10 days). The engine starts one picosecond
    before the first arrival.
    """
    fleet = _one_replica(kind, len(trace))
    running = make(engine, fleet, 0)
    running.join(0)
    rows, passes, busy = [], 0, 0
    for until_ps in _offered(running, trace):
        running.advance(until_ps)
        reading = running.read()
        rows.append(reading.finished)
        passes += int(reading.passes.sum())
        busy += int(reading.busy_ps.sum())
    finished = np.sort(np.concatenate(rows), order="id")
    # Readings have origins of their own; arrivals are the trace's.
    span = int((trace.arrival_ps + finished["end"]).max() - trace.arrival_ps[0])
    whole_j = float(joules(np.int64(busy), np.int64(span - busy), kind.active_w, kind.idle_w))
    return Served(finished, passes, busy, whole_j * finished["computed"] / max(1, int(finished["computed"].sum())))


def _one_replica(kind: ReplicaType, requests: int) -> Fleet:
    one = np.ones(1, dtype=np.int32)
    return Fleet((kind,), 0 * one, one, classes=1, routing=Routing("round_robin"), route_key=0, pool=requests)


def _offered(engine: Engine, trace: Trace) -> Iterator[int]:
    """Offer the trace block by block; gives the instants to which the engine is to be advanced."""
    first = 0
    while first < len(trace):
        origin = int(trace.arrival_ps[first])
        bound = int(np.searchsorted(trace.arrival_ps, origin + _BLOCK_PS))
        last = min(bound, first + _BLOCK_ROWS)
        engine.offer(Requests(origin, _rows(trace, first, last, origin)))
        # The instant before the next block's first request, which may arrive together with the last of this one.
        end = int(trace.arrival_ps[last]) if last < len(trace) else int(trace.arrival_ps[-1]) + 1 + LIMIT_PS
        yield from (*range(origin + _BLOCK_PS, end, _BLOCK_PS), end)
        first = last


def _rows(trace: Trace, first: int, last: int, origin_ps: int) -> npt.NDArray[np.void]:
    part = slice(first, last)
    rows = np.zeros(last - first, dtype=REQUEST)
    # One picosecond later than in the trace: an engine takes arrivals after its start only.
    rows["arrival"] = trace.arrival_ps[part] - origin_ps + 1
    rows["id"] = np.arange(first, last)
    rows["prompt"], rows["output"] = trace.prompt_tokens[part], trace.output_tokens[part]
    rows["cached"] = trace.cached_tokens[part]
    rows["patience"] = rows["disconnect"] = NEVER
    rows["deadline"] = LIMIT_PS
    return rows
