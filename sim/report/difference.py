"""Two scenarios or results side by side, for people and as a JSON document."""

from __future__ import annotations

import dataclasses
from typing import Any

from sim.records.difference import Difference, Value
from sim.records.regression import State
from sim.report.regression import change_document, change_line

MOST_VALUES = 40
"""Values that are told one by one, unless all are asked for."""


def text(found: Difference, everything: bool = False) -> str:
    """What a terminal shows: values that differ with their lines, then outcomes, those that are not the same first."""
    return "\n".join([f"{found.a} -> {found.b}", *_values(found, everything), *_outcomes(found, everything)])


def _values(found: Difference, everything: bool) -> list[str]:
    if not found.values:
        return ["scenarios say the same"]
    # What a file says itself comes before what presets say.
    told = sorted(found.values, key=lambda value: value.b_place.file.startswith("sim/presets/"))
    shown = told if everything else told[:MOST_VALUES]
    head = f"{len(told)} value{'s' if len(told) > 1 else ''} differ{'' if len(told) > 1 else 's'}"
    lines = [head, *(f"  {_value(value)}" for value in shown)]
    if len(told) > len(shown):
        lines.append(f"  {len(told) - len(shown)} more (--all shows them)")
    return lines


def _value(value: Value) -> str:
    places = [str(place) for place in (value.a_place, value.b_place) if place.line]
    tail = f"   ({' -> '.join(places)})" if places else ""
    return f"{value.path}  {value.a or '(not there)'} -> {value.b or '(not there)'}{tail}"


def _outcomes(found: Difference, everything: bool) -> list[str]:
    if not found.outcomes:
        return [f"outcomes are not compared: {found.why}; --run simulates what is missing"]
    states: tuple[State, ...] = ("moved", "gone", "new", "undecided", "same")
    counts = {state: sum(change.state == state for change in found.outcomes) for state in states}
    parts = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    how = "paired by replication" if found.paired else "other users on each side, so not paired"
    a, b = found.replications
    lines = [f"of {len(found.outcomes)} outcomes {parts} ({a if a == b else f'{a} and {b}'} replications, {how})"]
    for state in states if everything else states[:-1]:
        for change in found.outcomes:
            if change.state == state:
                lines.append(
                    f"  {state.upper() if state == 'moved' else state:<10} {change_line(change, found.a, found.b)}"
                )
    return lines


def document(found: Difference) -> dict[str, Any]:
    """The same as one JSON object."""
    return {
        "a": found.a,
        "b": found.b,
        "values": [dataclasses.asdict(value) for value in found.values],
        "outcomes": [change_document(change) for change in found.outcomes],
        "paired": found.paired,
        "replications": list(found.replications),
        "why": found.why,
    }
