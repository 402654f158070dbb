"""Turning published traces into ours: `infermint trace import`."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sim.errors import ScenarioError
from sim.units import PS_PER_S
from sim.workload.table import MAX_SPAN_S, instant_ps, read_table, seconds_ps, text_s, wrong
from sim.workload.trace import CACHED, CLOCK_NAMES, TOKENS

COLUMNS = ("arrival_s", "prompt_tokens", "output_tokens", "cached_tokens")


def import_csv(file: str | Path, out: str | Path, columns: Mapping[str, str] | None = None) -> int:
    """Write a CSV with other column names as a trace of ours; gives the number of rows.

    `columns` maps our names to the file's, e.g. `{"prompt_tokens": "context"}`; names left out are ours. Arrivals are
    seconds or timestamps; rows are put in order of arrival (equal ones keep the file's) and the first becomes 0.
    """
    names = {**CLOCK_NAMES, **named(columns or {}, COLUMNS)}
    table = read_table(file, {"arrival_s": instant_ps, **TOKENS}, CACHED, names)
    arrival = table.columns["arrival_s"]
    order = sorted(range(len(arrival)), key=arrival.__getitem__)
    if (arrival[order[-1]] - arrival[order[0]]) > MAX_SPAN_S * PS_PER_S:
        raise wrong(str(file), "spans more than 100 days")
    kept = {**table.columns, "arrival_s": [text_s(ps - arrival[order[0]]) for ps in arrival]}
    write(Path(out), {name: [kept[name][row] for row in order] for name in COLUMNS if name in kept})
    return len(order)


def named(columns: Mapping[str, str], known: tuple[str, ...]) -> dict[str, tuple[str]]:
    """A user's own names of columns, as `read_table` takes them. Raises `ScenarioError` for a column that is none."""
    for name in columns:
        if name not in known:
            raise ScenarioError(f"`{name}` is no column of a trace; columns: {', '.join(known)}")
    return {ours: (theirs,) for ours, theirs in columns.items()}


def import_azure(file: str | Path, out: str | Path) -> int:
    """Write an Azure LLM inference trace as a trace of ours; gives the number of rows.

    Read are the published columns TIMESTAMP, ContextTokens, GeneratedTokens (AzurePublicDataset,
    `AzureLLMInferenceTrace_*.csv`) and the condensed arrival_s, input_tokens, output_tokens.
    """
    return import_csv(file, out)


def import_mooncake(file: str | Path, out: str | Path) -> int:
    """Write a Mooncake trace as a trace of ours, with the prompt tokens that a cache of all earlier prompts holds.

    Read are the published JSON lines (timestamp in ms, input_length, output_length, hash_ids) and the condensed CSV
    (arrival_ms, input_tokens, output_tokens, prefix_block_ids separated by blanks). A prompt's blocks of 512 tokens have
    equal ids where their prefixes are equal: its leading blocks that any earlier row has are `cached_tokens`, the cache
    being infinite and empty at first. Rows of one instant come in the file's order. Gives the number of rows.
    """
    json_lines = ".jsonl" in Path(file).name
    table = read_table(
        file, {"arrival_s": _milliseconds_ps, **TOKENS, "blocks": _blocks}, {}, MOONCAKE_NAMES, {},
        JsonLines if json_lines else None,
    )  # fmt: skip
    order = sorted(range(len(table)), key=table.columns["arrival_s"].__getitem__)
    start = table.columns["arrival_s"][order[0]]
    rows = {name: [table.columns[name][row] for row in order] for name in table.columns}
    found = _found_before(rows.pop("blocks"))
    rows["arrival_s"] = [text_s(ps - start) for ps in rows["arrival_s"]]
    rows["cached_tokens"] = [min(MOONCAKE_BLOCK * k, n) for k, n in zip(found, rows["prompt_tokens"], strict=True)]
    write(Path(out), rows)
    return len(order)


MOONCAKE_BLOCK = 512
"""Tokens of a block of the Mooncake traces (kvcache-ai/Mooncake, FAST25-release/traces/README.md)."""
MOONCAKE_NOTICE = (
    "arrivals of the published Mooncake trace come in batches 3 s apart: use it for rates, lengths and shared prefixes, "
    "not for waiting times within seconds"
)
MOONCAKE_NAMES = {
    "arrival_s": ("timestamp", "arrival_ms"),
    "prompt_tokens": ("input_length", "input_tokens"),
    "output_tokens": ("output_length", "output_tokens"),
    "blocks": ("hash_ids", "prefix_block_ids"),
}


def _milliseconds_ps(cell: str) -> int:
    try:
        return seconds_ps(cell, MAX_SPAN_S * 1000) // 1000
    except ValueError:
        raise ValueError(f"milliseconds from 0 to {MAX_SPAN_S * 1000}") from None


def _blocks(cell: str) -> tuple[int, ...]:
    try:
        return tuple(int(word[:20]) for word in cell.split())
    except ValueError:
        raise ValueError("whole numbers separated by blanks") from None


def _found_before(prompts: list[tuple[int, ...]]) -> list[int]:
    """Leading blocks of each prompt that an earlier prompt has."""
    seen: set[int] = set()
    found = []
    for blocks in prompts:
        found.append(next((place for place, block in enumerate(blocks) if block not in seen), len(blocks)))
        seen.update(blocks)
    return found


class JsonLines:
    """One JSON object a line as rows of cells; the keys of the first are the header. Lists become words between blanks."""

    def __init__(self, path: str, lines: Iterator[str]) -> None:
        self.line_num = 0
        self._path, self._lines = path, lines
        self._keys: list[str] = []
        self._first: dict[str, Any] | None = None

    def __iter__(self) -> JsonLines:
        return self

    def __next__(self) -> list[str]:
        row = self._first or self._object(next(self._lines))
        if not self._keys:
            self._keys, self._first = list(row), row
            return self._keys
        self._first = None
        return [_cell(row.get(key, "")) for key in self._keys]

    def _object(self, line: str) -> dict[str, Any]:
        self.line_num += 1
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise wrong(self._path, "no JSON object found; must be one a line", self.line_num)
        return row


def _cell(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def write(out: Path, columns: Mapping[str, list[Any]]) -> None:
    """Write columns as a CSV, gzipped where the name says so."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    raw = text.getvalue().encode()
    # No time stamp in the gzip header: the same trace gives the same bytes.
    out.write_bytes(gzip.compress(raw, mtime=0) if out.name.endswith(".gz") else raw)
