"""A server's log: the requests it was sent and, where it tells them, the instants of first and last token.

Columns as in a trace (`sim.workload.trace`), and `first_token_s`, `last_token_s`: three instants of one clock, in seconds
or as timestamps. Rows may stand in any order. A row without both instants is a request that the server did not finish.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sim.errors import Problem
from sim.units import PS_PER_S
from sim.workload.imports import named
from sim.workload.law import Ints
from sim.workload.table import MAX_SPAN_S, Table, instant_ps, raise_all, read_table, text_s, wrong
from sim.workload.trace import CACHED, CLOCK_NAMES, INSTEAD, TOKENS, Trace, trace_of

NOT_TOLD = -1
"""In place of a time that the log does not tell."""
MAX_ROWS = 2**21
"""Requests a log may have."""
MEASURED = ("first_token_s", "last_token_s")
COLUMNS = ("arrival_s", *TOKENS, *CACHED, *MEASURED)


@dataclasses.dataclass(frozen=True)
class Log:
    """Requests in order of arrival, equal ones as the file has them, the first at 0; int64 arrays of one length.

    `first_token_ps` and `last_token_ps` count from the request's arrival, `NOT_TOLD` where the log is silent.
    """

    trace: Trace
    first_token_ps: Ints
    last_token_ps: Ints

    @property
    def measured(self) -> bool:
        """Whether the log tells any token's instant."""
        return bool((self.last_token_ps != NOT_TOLD).any())


def read_log(path: str | Path, columns: Mapping[str, str] | None = None) -> Log:
    """The log in a CSV; `columns` maps our names to the file's where it has names of its own.

    Raises `ScenarioError` for a missing file, a missing column, bad cells (file, line and column), a first token before the
    arrival or a last one before the first, a span of more than 100 days and more than `MAX_ROWS` rows.
    """
    names = {**CLOCK_NAMES, **named(columns or {}, COLUMNS)}
    optional = {**CACHED, **dict.fromkeys(MEASURED, _instant_or_none)}
    table = read_table(path, {"arrival_s": instant_ps, **TOKENS}, optional, names, INSTEAD)
    if len(table) > MAX_ROWS:
        raise wrong(str(path), f"{len(table)} rows found; must be at most {MAX_ROWS}", table.lines[MAX_ROWS])
    arrivals: list[int] = table.columns["arrival_s"]
    start = min(arrivals)
    first, last = _since_arrival(table, arrivals)
    if max(arrivals) + max(int(last.max()), 0) - start > MAX_SPAN_S * PS_PER_S:
        raise wrong(str(path), "spans more than 100 days")
    arrival = np.array([instant - start for instant in arrivals], dtype=np.int64)
    order = np.argsort(arrival, kind="stable")
    return Log(trace_of(table, arrival, order), first[order], last[order])


def _instant_or_none(cell: str) -> int | None:
    return instant_ps(cell) if cell.strip() else None


def _since_arrival(table: Table, arrivals: list[int]) -> tuple[Ints, Ints]:
    """Times from arrival to first and last token of each row; both or none of a row."""
    silent: list[int | None] = [None] * len(arrivals)
    firsts, lasts = (table.columns.get(name, silent) for name in MEASURED)
    problems: list[Problem] = []
    times = np.full((2, len(arrivals)), NOT_TOLD, dtype=np.int64)
    for row, (arrival, first, last) in enumerate(zip(arrivals, firsts, lasts, strict=True)):
        if first is None or last is None:
            continue
        if not arrival <= first <= last:
            early, bound = ("first_token_s", arrival) if first < arrival else ("last_token_s", first)
            problems.append(
                table.bad(row, early, text_s(min(first, last)), f"at least {text_s(bound)}, {_BEFORE[early]}")
            )
        else:
            # A sum beyond the longest trace is told by the caller; here it must only fit 64 bits.
            longest = MAX_SPAN_S * PS_PER_S + 1
            times[:, row] = min(first - arrival, longest), min(last - arrival, longest)
    raise_all(problems)
    return times[0], times[1]


_BEFORE = {"first_token_s": "the row's arrival", "last_token_s": "the row's first token"}
