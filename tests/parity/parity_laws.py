"""What must hold of every transcript, whichever engine wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from parity_cases import Scenario
from parity_play import Transcript

from sim.serving.contract import NEVER, Fate, Reason


def broken_laws(case: Scenario, told: Transcript) -> list[str]:
    """Sentences about what a transcript breaks; empty if nothing."""
    readings = [dict(entry[2:]) for entry in told if entry[0] in ("read", "end")]
    rows = [row for reading in readings for row in reading["finished"]]
    return [*_of_counts(case, readings, rows), *_of_rows(rows), *_of_replicas(case, readings, rows)]


def _of_counts(case: Scenario, readings: list[dict[str, Any]], rows: list[Any]) -> Iterator[str]:
    offered = ended = 0
    for reading in readings:
        offered, ended = offered + reading["offered"], ended + len(reading["finished"])
        if offered != ended + reading["in_flight"]:
            yield f"{offered} in, but {ended} ended and {reading['in_flight']} are in flight"
    arrived = int((case.rows["arrival"] <= case.end_ps).sum())
    if offered != arrived:
        yield f"{offered} arrivals counted of {arrived}"
    ids = [row[0] for row in rows]
    if len(set(ids)) != len(ids) or not set(ids) <= set(case.rows["id"].tolist()):
        yield "a request ended twice, or was never offered"
    if readings[-1]["in_flight"] == 0:
        gaps = sum(count for reading in readings for *_, count in reading["gaps"])
        if gaps != sum(max(0, row[8] - 1) for row in rows):
            yield f"{gaps} gaps between tokens"


def _of_rows(rows: list[Any]) -> Iterator[str]:
    for row in rows:
        (
            id_,
            _,
            _,
            fate,
            reason,
            prompt,
            output,
            cached,
            delivered,
            computed,
            attempts,
            routes,
            _,
            replica,
            first,
            end,
        ) = row
        laws = {
            "the fate is a final one": fate in set(Fate) - {Fate.IN_FLIGHT},
            "only rejections have a reason": (fate == Fate.REJECTED) == (reason != Reason.NONE),
            "arrival <= first token <= end": end >= 0 and (0 <= first <= end if delivered else first == NEVER),
            "all tokens delivered, and no more, is completed": delivered <= output
            and (fate == Fate.COMPLETED) == (delivered == output),
            "what is delivered was computed": not delivered or computed >= prompt + delivered - 1 - cached // 16 * 16,
            "an attempt needs a route and a replica": (attempts == 0) == (routes == 0) == (replica == -1),
        }
        yield from (f"request {id_}: {law}: {row}" for law, holds in laws.items() if not holds)


def _of_replicas(case: Scenario, readings: list[dict[str, Any]], rows: list[Any]) -> Iterator[str]:
    for reading in readings:
        if any(not 0 <= busy <= live for busy, live in zip(reading["busy_ps"], reading["live_ps"], strict=True)):
            yield "busy for longer than live"
    last = readings[-1]
    if last["in_flight"]:
        return
    fleet = case.fleet
    blocks = [
        fleet.types[kind].blocks for kind, n in zip(fleet.node_type, fleet.replicas, strict=True) for _ in range(n)
    ]
    if any(free not in (0, all_) for free, all_ in zip(last["free_blocks"], blocks, strict=True)):
        yield f"blocks {last['free_blocks']} free at idle of {blocks}"
    if any(last["waiting"]) or any(last["running"]):
        yield "a replica holds requests at idle"
    put_through = sum(sum(reading["computed"]) for reading in readings)
    if put_through != sum(row[9] for row in rows):
        yield f"replicas put through {put_through} tokens, requests {sum(row[9] for row in rows)}"
