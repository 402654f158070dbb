"""What each value of a scenario is, where it stands, and what it means: rows for `infermint explain`."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sim.errors import Problem, ScenarioError
from sim.records.study import PolicyChange
from sim.scenario.nodes import split
from sim.scenario.overlay import OPEN_TO_POLICIES
from sim.scenario.paths import PathError, locate
from sim.scenario.rows import Source, Step, rows
from sim.scenario.sampled import sampled_rows
from sim.scenario.scenario import Scenario
from sim.scenario.spec import RESOLVED_KEYS, Spec
from sim.scenario.steps import joined, with_courses


def explain(scenario: Scenario, path: str = "") -> list[Source]:
    """The resolved values at and below a dotted path, which nodes are sampled in space, then what policies change there.

    Without a path the tables of figures of the catalogue are left out. Raises `ScenarioError` for a path that names
    nothing, with the nearest name.
    """
    if path:
        _require(scenario, path)
    known = with_courses(scenario.spec, scenario.sources)
    found = [row for row in known.values() if _below(row.path, path) and (path or not _is_table(row.path))]
    told = [row for row in sampled_rows(scenario.spec) if _below("requests.replicas", path)]
    return found + told + list(_of_policies(scenario, path, known))


def _require(scenario: Scenario, path: str) -> None:
    if any(_below(row, path) for row in scenario.sources):
        return
    try:
        locate(Spec, scenario.tree, split(scenario.tree, path))
    except PathError as error:
        raise ScenarioError([Problem("unknown_path", path, str(error), error.hint)]) from None


def _below(path: str, wanted: str) -> bool:
    return not wanted or path == wanted or path.startswith(f"{wanted}.")


def _is_table(path: str) -> bool:
    return path.split(".")[0] in RESOLVED_KEYS and ".costs." in path


def _of_policies(scenario: Scenario, path: str, known: Mapping[str, Source]) -> Iterator[Source]:
    """What policies put in place of the values shown, under `NAME: path`, and the schedules that they bend."""
    for policy in dict.fromkeys(change.policy for change in scenario.changes):
        mine, changed = _policy_rows(scenario, policy), set[str]()
        for change in scenario.changes:
            if change.policy == policy and change.path.split(".")[0] in OPEN_TO_POLICIES:
                changed.add(change.path)
                if _below(change.path, path):
                    yield _in_policy(scenario, change, mine.get(change.path), known.get(change.path))
        for at, row in mine.items():
            if at not in changed and _below(at, path) and at in known and _course(row) != _course(known[at]):
                steps = joined(known[at], row, scenario.spec)
                yield dataclasses.replace(row, path=f"{policy}: {at}", meaning="as its other keys say", steps=steps)


def _in_policy(scenario: Scenario, change: PolicyChange, row: Source | None, before: Source | None) -> Source:
    """The row of a value that a policy changes: from `policies_from` on it holds in place of what holds before."""
    where = f"{change.file}:{change.line}"
    row = row or Source(change.path, change.new or "(taken away)", where, change.file, change.line)
    steps = joined(before, row, scenario.spec) if before is not None and scenario.spec.policies_from else row.steps
    meaning = f"instead of {change.old}" if change.old else row.meaning
    return dataclasses.replace(row, path=f"{change.policy}: {change.path}", meaning=meaning, steps=steps)


def _course(row: Source) -> list[tuple[datetime.date, str]]:
    """When a row has which value."""
    return [(step.begins, step.text) for step in row.steps]


def _policy_rows(scenario: Scenario, policy: str) -> dict[str, Source]:
    from sim.scenario.assemble import validated

    tree, _ = scenario.parts.tree(policy)
    spec, _ = validated(tree)
    return with_courses(spec, {row.path: row for row in rows(spec, tree)}) if spec is not None else {}


def runs_text(scenario: Scenario) -> str:
    """How many runs the scenario means: `3 policies x 2 coin prices x 3 points x 20 replications = 360 runs`."""
    counts = (
        (len(scenario.policies), "policy", "policies"),
        (len(scenario.coin_prices), "coin price", "coin prices"),
        (scenario.point_count, "point", "points"),
        (scenario.spec.seeds.replications, "replication", "replications"),
    )
    told = [f"{count} {one if count == 1 else many}" for count, one, many in counts]
    if scenario.drawn:
        told[-1] = f"({told[-1]} + {len(scenario.drawn)} joint sets of {scenario.per_set})"
    others = len(scenario.spec.initial.alternatives or ())
    kinds = [*(["without shocks"] if scenario.spec.shocks else []), *(["from other starts"] if others else [])]
    count = scenario.base_runs * (bool(scenario.spec.shocks) + others)
    beside = f", and {count:,} beside them {' and '.join(kinds)}" if kinds else ""
    return f"{' x '.join(told)} = {scenario.runs:,} run{'' if scenario.runs == 1 else 's'}{beside}"


def format_rows(found: Sequence[Source]) -> str:
    """Rows as aligned text: path, value, place, unit, then meaning and origin on a line below."""
    if not found:
        return "nothing"
    widths = [min(60, max(len(cell(row)) for row in found)) for cell in (_path, _text, _where)]
    lines = []
    for row in found:
        cells = [cell(row).ljust(width) for cell, width in zip((_path, _text, _where), widths, strict=True)]
        lines.append("  ".join([*cells, row.meaning]).rstrip())
        lines += [f"    {extra}" for extra in _extras(row)]
    return "\n".join(lines)


def _path(row: Source) -> str:
    return row.path


def _text(row: Source) -> str:
    return row.text if len(row.text) <= 60 else f"{row.text[:59]}…"


def _where(row: Source) -> str:
    return row.where


def _extras(row: Source) -> Iterator[str]:
    if row.flag or row.source:
        yield _origin(row.flag, row.source, row.date, row.changes)
    for index, step in enumerate(row.steps):
        until = f" until {_when(row.steps[index + 1])}" if index + 1 < len(row.steps) else " on"
        same = (step.flag, step.source, step.date) == (row.flag, row.source, row.date)
        told = "" if same else _origin(step.flag, step.source, step.date)
        yield f"from {_when(step) if index else 'the start'}{until}: {step.text}  {told}".rstrip()


def _when(step: Step) -> str:
    """A day, or an instant within it to the minute."""
    return step.begins.isoformat().replace("T", " ")[:16]


def _origin(flag: str, source: str, date: str, changes: str = "") -> str:
    """`[fitted] the source read 2026-11-22 changes: ...`; empty where nothing is told."""
    if not (flag or source):
        return ""
    told = [f"[{flag or 'sourced'}]", source, date and f"read {date}", changes and f"changes: {changes}"]
    return " ".join(part for part in told if part)


def as_dict(row: Source) -> dict[str, Any]:
    """A row for JSON; days and instants are texts."""
    steps = [{**dataclasses.asdict(step), "begins": step.begins.isoformat()} for step in row.steps]
    return {**dataclasses.asdict(row), "steps": steps}
