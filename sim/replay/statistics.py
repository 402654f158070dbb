"""Statistics of a replay: latencies and throughput of the simulated replica beside those that the log tells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.records.replay import METRICS, THROUGHPUT, Compared, Curve, ReplayRecord
from sim.replay.replica import Served
from sim.serving.contract import Fate, Reason, ReplicaType
from sim.units import PS_PER_S
from sim.workload.law import Floats, Ints
from sim.workload.log import NOT_TOLD, Log

PERCENTILES = (50, 90, 99)
MOST_POINTS = 400
"""Points of a curve at most."""


class Times(NamedTuple):
    """Instants of some requests, in seconds: arrival since the first of the log, the others since the arrival; and output tokens."""

    arrival_s: Floats
    first_s: Floats
    end_s: Floats
    output: Ints

    def latencies(self) -> dict[str, Floats]:
        """Each metric of `METRICS`; TPOT = (E2E - TTFT) / (output - 1), of requests with two output tokens or more."""
        several = self.output > 1
        tpot = (self.end_s - self.first_s)[several] / (self.output - 1)[several]
        return {"ttft_s": self.first_s, "tpot_s": tpot, "e2e_s": self.end_s}

    def rates(self) -> dict[str, float]:
        """Requests and output tokens per second, from the first arrival of the log to the last end."""
        span_s = float((self.arrival_s + self.end_s).max(initial=0.0))
        if not span_s:
            return {}
        return {"requests_per_s": len(self.end_s) / span_s, "output_tokens_per_s": float(self.output.sum()) / span_s}


def record(log: Log, served: Served, kind: ReplicaType, names: dict[str, str]) -> ReplayRecord:
    """The record of a replay. `names` tells `trace`, `gpu`, `model`, `tp` and `engine` as the user named them."""
    done = served.finished
    completed = done["fate"] == Fate.COMPLETED
    told = log.last_token_ps != NOT_TOLD
    chosen = completed & told if log.measured else completed
    simulated = _times(log, done["first_token"], done["end"], chosen)
    measured = _times(log, log.first_token_ps, log.last_token_ps, chosen) if log.measured else None
    end_ps = int((log.trace.arrival_ps + done["end"]).max())
    return ReplayRecord(
        trace=names["trace"],
        gpu=names["gpu"],
        model=names["model"],
        tp=int(names["tp"]),
        engine=names["engine"],
        settings=_settings(kind),
        requests=len(done),
        compared=int(chosen.sum()),
        fates={fate.name.lower(): int((done["fate"] == fate).sum()) for fate in Fate},
        rejected={
            reason.name.lower(): n for reason in Reason if reason and (n := int((done["reason"] == reason).sum()))
        },
        preemptions=int(done["preemptions"].sum()),
        passes=served.passes,
        busy_frac=served.busy_ps / end_ps if end_ps else None,
        statistics=_statistics(simulated, measured),
        curves=_curves(simulated, "simulated") + (_curves(measured, "measured") if measured else []),
        notices=_silent(log, completed, told),
    )


def _times(log: Log, first_ps: Ints, end_ps: Ints, chosen: np.ndarray) -> Times:
    arrival, first, end = (column[chosen] / PS_PER_S for column in (log.trace.arrival_ps, first_ps, end_ps))
    return Times(arrival, first, end, log.trace.output_tokens[chosen])


def _settings(kind: ReplicaType) -> dict[str, object]:
    return {
        "scheduler": kind.scheduler,
        "max_num_seqs": kind.max_num_seqs,
        "max_batched_tokens": kind.max_batched_tokens,
        "usable_kv_blocks": kind.blocks,
        "max_model_len": kind.max_model_len,
        "recompute": kind.recompute,
    }


def _silent(log: Log, completed: np.ndarray, told: np.ndarray) -> list[str]:
    """What is left out of the comparison, in words."""
    if not log.measured:
        return []
    left_out = {
        "served but not compared, as the log does not tell their first and last token": int((~told).sum()),
        "not compared, as the server finished them and the simulated replica did not": int((told & ~completed).sum()),
    }
    return [f"requests {words}: {n}" for words, n in left_out.items() if n]


def _statistics(simulated: Times, measured: Times | None) -> list[Compared]:
    """Mean and percentiles (linear between order statistics) of each latency, then the rates."""
    ours = _figures(simulated)
    theirs = _figures(measured) if measured else {}
    return [
        Compared(metric, name, found, told, found / told - 1 if told else None)
        for (metric, name), found in ours.items()
        for told in (theirs.get((metric, name)),)
    ]


def _figures(times: Times) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for metric, values in times.latencies().items():
        if len(values):
            found[metric, "mean"] = float(values.mean())
            for share in PERCENTILES:
                found[metric, f"p{share}"] = float(np.percentile(values, share))
    return found | {(THROUGHPUT, name): rate for name, rate in times.rates().items()}


def _curves(times: Times, who: str) -> list[Curve]:
    latencies = times.latencies()
    return [_curve(metric, who, latencies[metric]) for metric in METRICS if len(latencies[metric])]


def _curve(metric: str, who: str, values: Floats) -> Curve:
    """The distribution function at its jumps; of more than `MOST_POINTS` at evenly spaced ranks, the ends included."""
    ranks = np.unique(np.rint(np.linspace(1, len(values), min(len(values), MOST_POINTS))).astype(np.int64))
    return Curve(metric, who, np.sort(values)[ranks - 1].tolist(), (ranks / len(values)).tolist())
