"""Traces of requests: our CSV, and reading it.

Columns `arrival_s` (seconds since the trace's zero, never falling), `prompt_tokens`, `output_tokens`, and optionally
`cached_tokens` (prompt tokens whose KV is there already). `NAMES` tells what else they may be called.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np

from sim.units import PS_PER_S
from sim.workload.block_length import best_block
from sim.workload.law import Ints
from sim.workload.table import Table, raise_all, read_table, seconds_ps, text_s, tokens, wrong

NAMES = {
    "arrival_s": ("arrival_s", "arrived_at"),
    "prompt_tokens": ("prompt_tokens", "input_tokens", "num_prefill_tokens", "ContextTokens"),
    "output_tokens": ("output_tokens", "num_decode_tokens", "GeneratedTokens"),
}
"""Names under which a column of ours is read, ours first: those of published extracts, of Vidur, of Azure."""
CLOCK_NAMES = {**NAMES, "arrival_s": (*NAMES["arrival_s"], "TIMESTAMP", "timestamp")}
"""The same where arrivals may be instants of a clock."""
TOKENS = {"prompt_tokens": tokens(1), "output_tokens": tokens(1)}
CACHED = {"cached_tokens": tokens(0)}
INSTEAD = {
    "prefix_block_ids": "this is a trace of Mooncake's: `infermint trace import mooncake FILE` makes one of ours"
}
"""What a file is that lacks a column of ours and has one of these."""
_INSTEAD = {
    **INSTEAD,
    "TIMESTAMP": "this is a trace as Azure publishes it: `infermint trace import azure FILE` makes one of ours",
}
PUBLISHED = {
    "AzureLLMInferenceTrace": (
        "github.com/Azure/AzurePublicDataset, folder data (CC-BY-4.0)",
        "infermint trace import azure",
    ),
    "conversation_trace": (
        "github.com/kvcache-ai/Mooncake, folder FAST25-release/traces (Apache-2.0)",
        "infermint trace import mooncake",
    ),
}
"""Where a trace can be had, by the beginning of its file's name, and the command that makes it one of ours."""


@dataclasses.dataclass(frozen=True)
class Trace:
    """The rows of a trace in order; int64 arrays of equal length >= 1."""

    arrival_ps: Ints
    prompt_tokens: Ints
    output_tokens: Ints
    cached_tokens: Ints

    def __len__(self) -> int:
        return len(self.arrival_ps)

    @property
    def period_ps(self) -> int:
        """Time after which a repeated trace starts again: its span plus one mean gap (its rate stays n / period), >= 1 s."""
        span = int(self.arrival_ps[-1])
        return max(PS_PER_S, span + span // max(1, len(self) - 1))

    @functools.cached_property
    def block_s(self) -> float:
        """Mean length of the blocks of a bootstrap, seconds: the rule of `block_length` for the series that needs longer ones.

        The series are requests and output tokens in bins of 10 s, or of the bins of which the period has 32 (short
        traces) or 4,096 (long ones).
        """
        bins = min(max(self.period_ps // (10 * PS_PER_S), 32), 4096)
        place = np.minimum((self.arrival_ps / self.period_ps * bins).astype(np.int64), bins - 1)
        series = (np.bincount(place, weight, bins) for weight in (np.ones(len(self)), self.output_tokens))
        return max(best_block(one.astype(float)) for one in series) * self.period_ps / bins / PS_PER_S


def where_to_get(name: str) -> str | None:
    """How to come by a published trace that a scenario names and that is not there; None for any other file."""
    stem = name.removesuffix(".gz").removesuffix(".csv").removesuffix(".trace")
    for beginning, (place, command) in PUBLISHED.items():
        if name.startswith(beginning):
            file = stem + (".jsonl" if command.endswith("mooncake") else ".csv")
            return f"get {file} from {place}, then `{command} {file}`; or name another trace with `--set PATH=FILE`"
    return None


def read_trace(path: str | Path) -> Trace:
    """The trace in a file of ours; read once as long as the file does not change.

    Raises `ScenarioError` for a missing file, a bad header, or bad rows (naming file, line and column).
    """
    found = Path(path)
    try:
        state = found.stat()
    except OSError:
        raise wrong(str(path), "no such file", kind="missing_file") from None
    return _read(str(found), state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=8)
def _read(path: str, _changed_ns: int, _bytes: int) -> Trace:
    table = read_table(path, {"arrival_s": seconds_ps, **TOKENS}, CACHED, NAMES, _INSTEAD)
    arrival = np.array(table.columns["arrival_s"], dtype=np.int64)
    falls = np.flatnonzero(np.diff(arrival) < 0)[:1] + 1
    raise_all(
        [
            table.bad(
                int(row),
                "arrival_s",
                text_s(arrival[row]),
                f"at least {text_s(arrival[row - 1])}, the arrival before it",
            )
            for row in falls
        ]
    )
    return trace_of(table, arrival)


def trace_of(table: Table, arrival_ps: Ints, order: Ints | slice = slice(None)) -> Trace:
    """A table's rows in an order as a trace. Raises `ScenarioError` where more is cached than was asked."""
    prompt, output = (np.array(table.columns[name], dtype=np.int64) for name in TOKENS)
    cached = np.array(table.columns.get("cached_tokens", np.zeros(len(table))), dtype=np.int64)
    over = np.flatnonzero(cached > prompt)
    raise_all([table.bad(int(row), "cached_tokens", str(cached[row]), "at most prompt_tokens") for row in over])
    return Trace(arrival_ps[order], prompt[order], output[order], cached[order])
