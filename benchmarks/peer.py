"""The trace of a peer simulator on the peer's own cost tables, for those who have `golden/vidur` beside the code.

Vidur (MIT) served these 12,000 requests on Llama-2-7B and one A100-80G; `tests/serving/test_peer_run.py` holds every
request to its results, here only speed counts.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.engines import serve
from benchmarks.yardstick import per_cpu_s
from sim.serving.contract import LIMIT_PS, NEVER, REQUEST, Fleet, ReplicaType, Requests, Routing, Scheduler
from sim.serving.grid import grid_cost

SHARED = Path(os.environ.get("INFERMINT_SHARED", Path(__file__).parents[2] / "shared"))
FOLDER = SHARED / "golden" / "vidur"
TOKENS: dict[Scheduler, int] = {"sarathi": 512, "prefill_first": 4096}
"""Tokens of a pass in the peer's runs."""


class MissingError(Exception):
    """What a benchmark needs is not on this machine; the message says what."""


def golden(scheduler: Scheduler) -> float:
    """Requests a CPU-second of the fast engine on the peer's trace and tables. Raises MissingError without them."""
    if not FOLDER.is_dir():
        raise MissingError(f"{FOLDER} is missing (INFERMINT_SHARED)")
    of, asked = _fleet(scheduler), _requests()
    serve("fast", of, asked)
    return per_cpu_s(len(asked.rows), lambda: serve("fast", of, asked), rounds=5)


def _fleet(scheduler: Scheduler) -> Fleet:
    tables = np.load(FOLDER / "cost_tables.npz")
    names = ("dense", "kv_save", "decode_attention", "prefill_attention")
    cost = grid_cost(*(tables[f"{name}_ms_per_layer"] for name in names), layers=32)
    kind = ReplicaType("a100/llama-2-7b", cost, 7424, 128, TOKENS[scheduler], 4096, scheduler=scheduler)
    return Fleet((kind,), np.zeros(1, int), np.ones(1, int), 1, Routing("round_robin"), 0)


def _requests() -> Requests:
    trace = pd.read_csv(FOLDER / "trace_12k_3.4rps.csv.gz")
    rows = np.zeros(len(trace), REQUEST)
    rows["id"] = np.arange(len(trace))
    rows["arrival"] = np.rint(trace.arrived_at.to_numpy() * 1e12)
    rows["prompt"], rows["output"] = trace.num_prefill_tokens, trace.num_decode_tokens
    rows["patience"], rows["deadline"], rows["disconnect"] = NEVER, LIMIT_PS, NEVER
    return Requests(0, rows)
