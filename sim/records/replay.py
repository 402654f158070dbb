"""The record of a replay: one replica served a log. Built by `replay`, drawn and told by `report`."""

from __future__ import annotations

import dataclasses
from typing import Any

from sim.records.run import Number

METRICS = {
    "ttft_s": "time to first token (TTFT)",
    "tpot_s": "time per output token (TPOT)",
    "e2e_s": "time from arrival to the last token (E2E)",
}
"""Latencies by name, in seconds, and what they are."""
THROUGHPUT = "throughput"
"""Name under which requests and output tokens per second are told."""


@dataclasses.dataclass(frozen=True)
class Compared:
    """One statistic of the simulated replica and, where the log tells it, of the server.

    `metric` is a key of `METRICS` or `THROUGHPUT`; `statistic` is `mean`, `p50`, `p90`, `p99`, or a rate's name and unit.
    `error_frac` is simulated / measured - 1. None where there is nothing to take it of.
    """

    metric: str
    statistic: str
    simulated: Number
    measured: Number = None
    error_frac: Number = None


@dataclasses.dataclass(frozen=True)
class Curve:
    """An empirical distribution function: `share_frac[i]` of the requests took at most `seconds[i]`; both rise."""

    metric: str
    who: str
    """`simulated` or `measured`."""
    seconds: list[float]
    share_frac: list[float]


@dataclasses.dataclass(frozen=True)
class ReplayRecord:
    """What one replica made of a log. Nothing here varies between two identical replays."""

    trace: str
    gpu: str
    model: str
    tp: int
    engine: str
    settings: dict[str, Any]
    """What the replica was: `scheduler`, `max_num_seqs`, `max_batched_tokens`, usable `kv_blocks`, `max_model_len`."""
    requests: int
    compared: int
    """Requests that the statistics are taken over: completed, and told by the log where it tells any."""
    fates: dict[str, int]
    rejected: dict[str, int]
    """Rejections by reason."""
    preemptions: int
    passes: int
    busy_frac: Number
    """Time in passes over the time from the first arrival to the last end."""
    statistics: list[Compared]
    curves: list[Curve]
    notices: list[str]

    @property
    def measured(self) -> bool:
        """Whether the log tells what a server took."""
        return any(one.measured is not None for one in self.statistics)
