"""Traces of requests: our CSV, reading it, and turning published ones into it.

Columns `arrival_s` (seconds since the trace's zero, never falling), `prompt_tokens`, `output_tokens`, and optionally
`cached_tokens` (prompt tokens whose KV is there already). UTF-8, header, comma, may be gzipped (`.gz`). `input_tokens` is
read as `prompt_tokens`. A bad cell is told with file, line and column; nothing else of the file is ever quoted.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import functools
import gzip
import io
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from sim.errors import Problem, ScenarioError
from sim.units import PS_PER_S
from sim.workload.law import Ints

MAX_BYTES = 2**30
"""Decompressed size at which reading stops."""
MAX_LINE = 65_536
"""Characters a line may have."""
MAX_SPAN_S = 100 * 86_400
"""Longest trace: 100 days, so that its times fit 64-bit picoseconds."""
MAX_TOKENS = 10**7
SPELLINGS = {"prompt_tokens": "input_tokens"}
"""Another name under which published extracts carry a column of ours; read where ours is not there."""
PUBLISHED = {
    "AzureLLMInferenceTrace": (
        "github.com/Azure/AzurePublicDataset, folder data (CC-BY-4.0)",
        "infermint trace import azure",
    )
}
"""Where a trace can be had, by the beginning of its file's name, and the command that makes it one of ours."""

_Value = TypeVar("_Value")


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


def where_to_get(name: str) -> str | None:
    """How to come by a published trace that a scenario names and that is not there; None for any other file."""
    stem = name.removesuffix(".gz").removesuffix(".csv").removesuffix(".trace")
    for beginning, (place, command) in PUBLISHED.items():
        if name.startswith(beginning):
            return f"get {stem}.csv from {place}, then `{command} {stem}.csv`; or name another trace with `--set PATH=FILE`"
    return None


def read_trace(path: str | Path) -> Trace:
    """The trace in a file of ours; read once as long as the file does not change.

    Raises `ScenarioError` for a missing file, a bad header, or a bad row (naming file, line and column).
    """
    found = Path(path)
    try:
        state = found.stat()
    except OSError:
        raise _wrong(str(path), "no such file", kind="missing_file") from None
    return _read(str(found), state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=8)
def _read(path: str, _changed_ns: int, _bytes: int) -> Trace:
    columns = {"arrival_s": seconds_ps, "prompt_tokens": _tokens(1), "output_tokens": _tokens(1)}
    rows = _columns(path, columns, {"cached_tokens": _tokens(0)})
    arrival = _rising(path, rows["arrival_s"])
    prompt = np.array(rows["prompt_tokens"], dtype=np.int64)
    cached = np.array(rows.get("cached_tokens", np.zeros(len(prompt))), dtype=np.int64)
    over = np.flatnonzero(cached > prompt)
    if len(over):
        raise _bad_cell(path, int(over[0]) + 2, "cached_tokens", str(cached[over[0]]), "at most prompt_tokens")
    return Trace(arrival, prompt, np.array(rows["output_tokens"], dtype=np.int64), cached)


def _rising(path: str, arrivals: list[int]) -> Ints:
    arrival = np.array(arrivals, dtype=np.int64)
    falls = np.flatnonzero(np.diff(arrival) < 0)
    if len(falls):
        row = int(falls[0]) + 1
        raise _bad_cell(
            path,
            row + 2,
            "arrival_s",
            _text_s(arrivals[row]),
            f"at least {_text_s(arrivals[row - 1])}, the arrival before it",
        )
    return arrival


def _columns(
    path: str, wanted: Mapping[str, Callable[[str], Any]], optional: Mapping[str, Callable[[str], Any]]
) -> dict[str, list[Any]]:
    """The wanted columns of a CSV, each cell parsed; the first bad one raises."""
    with _text(path) as file:
        reader = csv.reader(_told(path, file), strict=True)
        header = [name.strip().lstrip("\ufeff") for name in next(_rows(path, reader), [])]
        parsers = {**wanted, **{name: parse for name, parse in optional.items() if name in header}}
        spelled = {name: name if name in header else SPELLINGS.get(name, name) for name in parsers}
        missing = [name for name in wanted if spelled[name] not in header]
        if missing:
            raise _wrong(path, _missing(missing[0], wanted, header), line=1, kind="trace")
        places = {name: header.index(spelled[name]) for name in parsers}
        columns: dict[str, list[Any]] = {name: [] for name in parsers}
        for row in _rows(path, reader):
            for name, parse in parsers.items():
                cell = row[places[name]] if places[name] < len(row) else ""
                columns[name].append(_parsed(path, reader.line_num, name, cell, parse))
    if not columns[next(iter(wanted))]:
        raise _wrong(path, "no rows found; a trace needs at least one", line=1, kind="trace")
    return columns


def _missing(name: str, wanted: Mapping[str, Any], header: list[str]) -> str:
    told = f"column `{name}` is missing; needed are {', '.join(wanted)}"
    if "TIMESTAMP" in header and "TIMESTAMP" not in wanted:
        return f"{told}; this is a trace as Azure publishes it: `infermint trace import azure FILE` makes one of ours"
    return told


def _rows(path: str, reader: Any) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise _wrong(path, f"no CSV: {error}", line=reader.line_num) from None


def _parsed(path: str, line: int, column: str, cell: str, parse: Callable[[str], _Value]) -> _Value:
    try:
        return parse(cell)
    except ValueError as error:
        raise _bad_cell(path, line, column, cell, str(error)) from None


def _text(path: str) -> io.TextIOWrapper:
    if not Path(path).is_file():
        raise _wrong(path, "no such file", kind="missing_file")
    if str(path).endswith(".gz"):
        return io.TextIOWrapper(gzip.open(path, "rb"), encoding="utf-8", newline="")
    return Path(path).open(encoding="utf-8", newline="")


def _told(path: str, file: io.TextIOWrapper) -> Iterator[str]:
    """Lines of the file up to the size cap; what cannot be read is told as an error of the file."""
    size = 0
    try:
        for number, line in enumerate(iter(functools.partial(file.readline, MAX_LINE), ""), start=1):
            size += len(line)
            if len(line) == MAX_LINE:
                raise _wrong(path, f"longer than {MAX_LINE} characters", line=number)
            if size > MAX_BYTES:
                raise _wrong(path, f"larger than {MAX_BYTES >> 20} MiB when decompressed", kind="trace")
            yield line
    except (OSError, EOFError, UnicodeDecodeError):
        raise _wrong(path, "cannot be read as (gzipped) UTF-8 text", kind="trace") from None


def seconds_ps(cell: str) -> int:
    """Seconds written in decimal as exact integer picoseconds; digits beyond 10^-12 are rounded half to even."""
    try:
        number = Decimal(cell)
        if not 0 <= number <= MAX_SPAN_S:
            raise ValueError("seconds from 0 to 8640000 (100 days)")
    except InvalidOperation:
        raise ValueError("a number of seconds") from None
    return int((number * PS_PER_S).to_integral_value())


def _tokens(low: int) -> Callable[[str], int]:
    def parse(cell: str) -> int:
        if not cell.strip().isascii() or not cell.strip().isdigit() or not low <= int(cell.strip()[:12]) <= MAX_TOKENS:
            raise ValueError(f"a whole number from {low} to {MAX_TOKENS}")
        return int(cell)

    return parse


def _bad_cell(path: str, line: int, column: str, cell: str, allowed: str) -> ScenarioError:
    shown = cell if len(cell) <= 40 else cell[:37] + "..."
    return _wrong(path, f"column {column}: {shown!r} found; must be {allowed}", line=line, kind="trace")


def _wrong(path: str, message: str, line: int = 0, kind: str = "trace") -> ScenarioError:
    where = f"{path}:{line}: " if line else f"{path}: "
    return ScenarioError([Problem(kind=kind, path="", message=where + message)])


def import_csv(file: str | Path, out: str | Path, columns: Mapping[str, str] | None = None) -> int:
    """Write a CSV with other column names as a trace of ours; gives the number of rows.

    `columns` maps our names to the file's, e.g. `{"prompt_tokens": "context"}`; names left out are ours. Arrivals are
    seconds or timestamps; rows are put in order of arrival (equal ones keep the file's) and the first becomes 0.
    """
    names = {name: name for name in ("arrival_s", "prompt_tokens", "output_tokens", "cached_tokens")} | dict(
        columns or {}
    )
    unknown = sorted(set(names) - {"arrival_s", "prompt_tokens", "output_tokens", "cached_tokens"})
    if unknown:
        raise ScenarioError(
            f"`{unknown[0]}` is no column of a trace; columns: arrival_s, prompt_tokens, output_tokens, cached_tokens"
        )
    wanted = {names["arrival_s"]: instant_ps, names["prompt_tokens"]: _tokens(1), names["output_tokens"]: _tokens(1)}
    rows = _columns(str(file), wanted, {names["cached_tokens"]: _tokens(0)})
    arrival = rows[names["arrival_s"]]
    order = sorted(range(len(arrival)), key=arrival.__getitem__)
    kept = {ours: rows[theirs] for ours, theirs in names.items() if theirs in rows}
    if (arrival[order[-1]] - arrival[order[0]]) > MAX_SPAN_S * PS_PER_S:
        raise _wrong(str(file), "spans more than 100 days")
    kept["arrival_s"] = [_text_s(ps - arrival[order[0]]) for ps in arrival]
    _write(Path(out), {name: [column[row] for row in order] for name, column in kept.items()})
    return len(order)


def import_azure(file: str | Path, out: str | Path) -> int:
    """Write an Azure LLM inference trace as a trace of ours; gives the number of rows.

    Read are the published columns TIMESTAMP, ContextTokens, GeneratedTokens (AzurePublicDataset,
    `AzureLLMInferenceTrace_*.csv`) and the condensed arrival_s, input_tokens, output_tokens.
    """
    with _text(str(file)) as text:
        header = next(csv.reader(_told(str(file), text)), [])
    published = {"arrival_s": "TIMESTAMP", "prompt_tokens": "ContextTokens", "output_tokens": "GeneratedTokens"}
    as_published = "TIMESTAMP" in [name.strip().lstrip("\ufeff") for name in header]
    return import_csv(file, out, published if as_published else None)


def import_mooncake(file: str | Path, out: str | Path) -> int:
    """Refused: prefix block ids are not simulated yet."""
    raise ScenarioError(
        "`trace import mooncake` is read but not simulated yet in this version; `trace import csv` reads any table of requests"
    )


def instant_ps(cell: str) -> int:
    """Seconds, or a timestamp like `2023-11-16 18:15:46.6805900`, as integer picoseconds since some zero.

    Timestamps without a zone are UTC; published ones carry 7 digits of a second, more than `datetime` keeps.
    """
    try:
        return seconds_ps(cell)
    except ValueError:
        pass
    whole, _, fraction = cell.strip().partition(".")
    digits, zone = fraction.rstrip("Z+-:0123456789"), ""
    if digits:
        raise ValueError("seconds from 0 to 8640000 or a timestamp like 2023-11-16 18:15:46.680590")
    for sign in ("Z", "+", "-"):
        fraction, found, rest = fraction.partition(sign)
        zone = found + rest if found else zone
    try:
        day = datetime.datetime.fromisoformat(whole + zone)
    except ValueError:
        raise ValueError("seconds from 0 to 8640000 or a timestamp like 2023-11-16 18:15:46.680590") from None
    day = day.replace(tzinfo=day.tzinfo or datetime.UTC)
    since = day - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (since.days * 86_400 + since.seconds) * PS_PER_S + int((fraction or "0")[:12].ljust(12, "0"))


def _text_s(ps: int) -> str:
    whole, part = divmod(int(ps), PS_PER_S)
    return f"{whole}.{part:012d}".rstrip("0").rstrip(".")


def _write(out: Path, columns: Mapping[str, list[Any]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    raw = text.getvalue().encode()
    # No time stamp in the gzip header: the same trace gives the same bytes.
    out.write_bytes(gzip.compress(raw, mtime=0) if out.name.endswith(".gz") else raw)
