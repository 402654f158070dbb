"""Play a scenario on an engine and write down, in absolute integers, everything that the engine tells."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from parity_cases import Event, Scenario, scenario

from sim.serving.contract import FINISHED, Engine, Reading, Requests, make
from sim.serving.fast import KernelEngine

ENGINES = ("loop", "fast", "turns")
"""Engines that are held to the reference."""
Transcript = list[tuple[Any, ...]]
Maker = Callable[..., Engine]


def maker(name: str) -> Maker:
    """The engine of that name, to be called with a fleet and a start; `turns` is `fast` where every replica takes turns that may."""
    if name == "turns":
        return lambda fleet, start_ps: KernelEngine(fleet, start_ps, turns_from=0)
    return lambda fleet, start_ps: make(name, fleet, start_ps)  # type: ignore[arg-type]


def play(case: Scenario, engine: Maker, extra: Sequence[int] = (), block: int | None = None) -> Transcript:
    """What the engine tells, verb for verb.

    Parameters
    ----------
    extra
        Instants (ps after the start) of further `advance` calls.
    block
        Most requests in one offer; None for those up to the next cut at once.
    """
    made = engine(case.fleet, case.start_ps)
    told: Transcript = []
    cuts = dict(case.cuts)
    for at in sorted({*case.instants, *(t for t in extra if t <= case.end_ps)}):
        made.advance(case.start_ps + at)
        for event in case.events:
            if event.at_ps == at:
                told += _do(made, case, event)
        if at in cuts:
            _offer(made, case, at, cuts[at], block)
    told.append(("end", case.end_ps, *canonical(made.read(), case.start_ps)))
    return told


def _do(made: Engine, case: Scenario, event: Event) -> Transcript:
    if event.kind == "read":
        return [("read", event.at_ps, *canonical(made.read(), case.start_ps))]
    try:
        if event.kind == "set":
            assert event.routing is not None
            made.set(event.routing)
        elif event.kind == "join":
            made.join(event.node)
        else:
            made.leave(event.node, event.kind)  # type: ignore[arg-type]
    except ValueError:
        return [("refused", event.at_ps, event.kind, event.node)]
    return []


def _offer(made: Engine, case: Scenario, at: int, origin: int, block: int | None) -> None:
    following = min((cut for cut, _ in case.cuts if cut > at), default=case.end_ps)
    rows = case.rows[(case.rows["arrival"] > at) & (case.rows["arrival"] <= following)].copy()
    rows["arrival"] -= origin
    step = block or max(1, len(rows))
    for first in range(0, max(1, len(rows)), step):
        made.offer(Requests(case.start_ps + origin, rows[first : first + step]))


def canonical(reading: Reading, start_ps: int) -> tuple[tuple[str, Any], ...]:
    """All of a reading as plain integers, instants relative to the start of the run."""
    shift = int(reading.origin_ps) - start_ps
    at = FINISHED.names.index("arrival")
    finished = [(*row[:at], row[at] + shift, *row[at + 1 :]) for row in reading.finished.tolist()]
    arrays = ("busy_ps", "live_ps", "passes", "computed", "waiting", "running", "free_blocks")
    return (
        ("finished", finished),
        ("in_flight", int(reading.in_flight)),
        ("offered", int(reading.offered)),
        *((name, np.asarray(getattr(reading, name)).tolist()) for name in arrays),
        ("gone", [(int(node), int(ps) - start_ps) for node, ps in reading.gone]),
        ("gaps", [(*map(int, place), int(reading.gaps[tuple(place)])) for place in np.argwhere(reading.gaps)]),
    )


def difference(one: Transcript, other: Transcript) -> str:
    """The first place where two transcripts differ, in words; empty if every integer is equal."""
    for a, b in zip(one, other, strict=False):
        if a != b:
            return _entry_difference(a, b)
    return "" if len(one) == len(other) else f"{len(one)} entries against {len(other)}"


def _entry_difference(a: tuple[Any, ...], b: tuple[Any, ...]) -> str:
    if a[0] not in ("read", "end") or a[:2] != b[:2]:
        return f"{a[:4]} against {b[:4]}"
    name, left, right = next((x[0], x[1], y[1]) for x, y in zip(a[2:], b[2:], strict=True) if x != y)
    where = f"{a[0]} at {a[1]}, {name}"
    if name != "finished":
        return f"{where}: {left} against {right}"
    for row, twin in zip(left, right, strict=False):
        if row != twin:
            fields = [f"{f} {x}|{y}" for f, x, y in zip(FINISHED.names, row, twin, strict=True) if x != y]
            return f"{where}: request {row[0]}: {', '.join(fields)}"
    return f"{where}: {len(left)} rows against {len(right)}"


def finished_rows(told: Transcript) -> list[dict[str, int]]:
    """All finished requests of a transcript, arrival relative to the start of the run."""
    rows = (row for entry in told if entry[0] in ("read", "end") for row in dict(entry[2:])["finished"])
    return [dict(zip(FINISHED.names, row, strict=True)) for row in rows]


def main(seeds: Sequence[int], names: Sequence[str], drawn: Callable[[int], Scenario] = scenario) -> int:
    """Compare engines with the reference from the command line; the number of scenarios that differ."""
    wrong = 0
    for seed in seeds:
        case = drawn(seed)
        expected = play(case, maker("reference"))
        for name in names:
            found = difference(expected, play(case, maker(name)))
            wrong += bool(found)
            print(f"seed {seed} {name}: {found or 'equal'}", flush=True)
    return wrong


def command(drawn: Callable[[int], Scenario]) -> int:
    """`main` of the process's arguments: seeds, engines."""
    jit = "off" if os.environ.get("NUMBA_DISABLE_JIT") == "1" else "on"
    print(f"jit {jit}")
    return min(100, main([int(seed) for seed in sys.argv[1].split(",")], sys.argv[2:] or ENGINES, drawn))


if __name__ == "__main__":
    sys.exit(command(scenario))
