"""What the command line prints of a replay, and its document for programs. ASCII, 100 columns."""

from __future__ import annotations

import dataclasses
from typing import Any

from sim.records.replay import METRICS, THROUGHPUT, Compared, ReplayRecord
from sim.report.terminal import aligned

_RATES = {"requests_per_s": ("requests", "1/s"), "output_tokens_per_s": ("output tokens", "1/s")}
_ABBREVIATIONS = {"ttft_s": "TTFT", "tpot_s": "TPOT", "e2e_s": "E2E"}


def document(record: ReplayRecord) -> dict[str, Any]:
    """The record for programs: `statistics` by metric, then by statistic, each `measured`, `simulated`, `error_frac`."""
    told = dataclasses.asdict(record)
    del told["curves"]
    told["statistics"] = {
        metric: {
            one.statistic: {"measured": one.measured, "simulated": one.simulated, "error_frac": one.error_frac}
            for one in record.statistics
            if one.metric == metric
        }
        for metric in (*METRICS, THROUGHPUT)
    }
    return told


def format_replay(record: ReplayRecord) -> str:
    """The replica, the fates, and a table of statistics. No line end."""
    return "\n".join([_replica(record), _fates(record), "", *aligned(_table(record)), *_notices(record)])


def _replica(record: ReplayRecord) -> str:
    limits = ", ".join(f"{name} {value}" for name, value in record.settings.items())
    many = f"{record.tp} x " if record.tp > 1 else ""
    return f"{record.model} on {many}{record.gpu}: {limits}"


def _fates(record: ReplayRecord) -> str:
    fates = ", ".join(f"{count} {fate}" for fate, count in record.fates.items() if count)
    reasons = ", ".join(f"{count} {reason}" for reason, count in record.rejected.items())
    busy = "" if record.busy_frac is None else f", busy {100 * record.busy_frac:.0f} % of the time"
    return (
        f"{record.requests} requests: {fates}" + (f" ({reasons})" if reasons else "")
        + f"; {record.preemptions} preemptions, {record.passes} passes{busy}"
    )  # fmt: skip


def _table(record: ReplayRecord) -> list[list[str]]:
    if not record.measured:
        return [["", "", "simulated"], *([*_name(one), _amount(one, one.simulated)] for one in record.statistics)]
    head = ["", "", "simulated", "measured", "error"]
    rows = [
        [*_name(one), _amount(one, one.simulated), _amount(one, one.measured), _error(one)] for one in record.statistics
    ]
    return [head, *rows]


def _name(one: Compared) -> list[str]:
    if one.metric == THROUGHPUT:
        return list(_RATES[one.statistic])
    return [_ABBREVIATIONS[one.metric], one.statistic]


def _amount(one: Compared, value: float | None) -> str:
    if value is None:
        return "-"
    if one.metric == THROUGHPUT:
        return f"{value:.4g}"
    return f"{value:.4g} s" if value >= 1 else f"{1000 * value:.4g} ms"


def _error(one: Compared) -> str:
    return "-" if one.error_frac is None else f"{100 * one.error_frac:+.1f} %"


def _notices(record: ReplayRecord) -> list[str]:
    return [f"note: {notice}" for notice in record.notices]
