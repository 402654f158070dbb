"""Every request of a replay as a row of a table: what became of it, and what the log tells."""

from __future__ import annotations

from sim.records.columns import REPLAY
from sim.records.files import csv_text, seconds
from sim.replay.replica import Served
from sim.serving.contract import Fate
from sim.units import PS_PER_S
from sim.workload.log import NOT_TOLD, Log


def requests_csv(log: Log, served: Served) -> str:
    """CSV text, requests in order of arrival; times in seconds, empty where a request has none, energy in joules."""
    done, trace = served.finished, log.trace
    completed = done["fate"] == Fate.COMPLETED
    columns = [
        done["id"].tolist(), (trace.arrival_ps / PS_PER_S).tolist(), trace.prompt_tokens.tolist(),
        trace.cached_tokens.tolist(), trace.output_tokens.tolist(), [Fate(fate).name.lower() for fate in done["fate"]],
        done["preemptions"].tolist(), done["computed"].tolist(), served.energy_j.tolist(), seconds(done["first_token"], completed), seconds(done["end"], completed),
    ]  # fmt: skip
    if log.measured:
        told = log.last_token_ps != NOT_TOLD
        columns += [seconds(log.first_token_ps, told), seconds(log.last_token_ps, told)]
    return csv_text(REPLAY["requests"][: len(columns)], zip(*columns, strict=True))
