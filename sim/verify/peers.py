"""Another simulator's results, request by request, where its files are: the `golden` folder of the shared material.

Vidur (microsoft/vidur, MIT) was run on one replica with tables that come with its results, so that only scheduling can differ.
It adds seconds in floating point over an hour, infermint integers: times are equal if they are within 1e-7 s.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pandas as pd

from sim.serving.contract import LIMIT_PS, NEVER, REQUEST, Fleet, ReplicaType, Requests, Routing, Scheduler, make
from sim.serving.grid import grid_cost, prove_grid
from sim.units import PS_PER_S

NEAR_S = 1e-7
LAYERS, BLOCKS, SEQUENCES, LONGEST = 32, 7424, 128, 4096
"""Of the peer's run (its README): Llama-2-7B on one A100-80G."""
RUNS: dict[Scheduler, tuple[str, int]] = {
    "sarathi": ("sarathi_per_request.csv.gz", 512),
    "prefill_first": ("vllm_per_request.csv.gz", 4096),
}
"""File of results, tokens of a pass."""
TABLES = ("dense", "kv_save", "decode_attention", "prefill_attention")


@dataclasses.dataclass(frozen=True)
class PeerRow:
    """How far the farthest request is from the peer's time, in seconds, and over how many."""

    scheduler: str
    quantity: str
    requests: int
    off_s: float

    @property
    def equal(self) -> bool:
        """Whether every request has the peer's time."""
        return self.off_s < NEAR_S


def folder() -> Path | None:
    """The peer's files: in $INFERMINT_SHARED, else in `../shared`; None where they are not."""
    path = Path(os.environ.get("INFERMINT_SHARED", Path("..") / "shared")) / "golden" / "vidur"
    return path if (path / "cost_tables.npz").is_file() else None


def compared(path: Path) -> list[PeerRow]:
    """Time to first token and end to end, under both schedulers."""
    trace = pd.read_csv(path / "trace_12k_3.4rps.csv.gz")
    rows = []
    for scheduler, (name, tokens) in RUNS.items():
        done, told = _served(_replica(path, scheduler, tokens), trace), pd.read_csv(path / name)
        for quantity, column, ours in (("TTFT", "ttft_s", "first_token"), ("E2E", "e2e_s", "end")):
            off_s = np.abs(done[ours] / PS_PER_S - told[column].to_numpy()).max()
            rows.append(PeerRow(scheduler, quantity, len(done), float(off_s)))
    return rows


def _replica(path: Path, scheduler: Scheduler, tokens: int) -> ReplicaType:
    with np.load(path / "cost_tables.npz", allow_pickle=False) as tables:
        dense, kv_save, decode, prefill = (tables[f"{name}_ms_per_layer"] for name in TABLES)
    cost = grid_cost(dense, kv_save, decode, prefill, layers=LAYERS)
    kind = ReplicaType("peer", cost, BLOCKS, SEQUENCES, tokens, LONGEST, scheduler=scheduler)
    prove_grid(kind)
    return kind


def _served(kind: ReplicaType, trace: pd.DataFrame) -> np.ndarray:
    rows = np.zeros(len(trace), REQUEST)
    rows["id"] = np.arange(len(rows))
    rows["arrival"] = np.rint(trace["arrived_at"].to_numpy() * PS_PER_S).astype(np.int64)
    rows["prompt"], rows["output"] = trace["num_prefill_tokens"], trace["num_decode_tokens"]
    rows["deadline"], rows["patience"], rows["disconnect"] = LIMIT_PS, NEVER, NEVER
    engine = make("fast", Fleet((kind,), np.zeros(1, int), np.ones(1, int), 1, Routing("random"), 1), -1)
    engine.join(0)
    engine.offer(Requests(0, rows))
    engine.advance(int(rows["arrival"][-1]) + LIMIT_PS)
    return np.sort(engine.read().finished, order="id")
