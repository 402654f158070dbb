"""Two scenarios or results side by side: what they say by path, and outcomes where both have run.

A side is a scenario file (its values as the file and its presets have them, each with its line; its outcomes from the runs in
`reports/STEM`) or a folder that `run` made (the resolved scenario in its record, without lines). Outcomes are held one to another
by the rules of `sim.study.regression`, side `a` in the place of the baseline; the band is the zone of indifference of side `b`, or of `a`
where `b` is a folder, else 2 %.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.errors import ScenarioError
from sim.records.difference import Difference, Place, Value
from sim.records.regression import Change
from sim.records.run import RunRecord
from sim.records.study import StudyRecord
from sim.scenario import Scenario, load
from sim.scenario.asides import all_cases
from sim.scenario.nodes import plain
from sim.scenario.reader import read_bytes
from sim.study.export import STORE
from sim.study.inputs import short
from sim.study.plan import Plan, Zone
from sim.study.planning import plan_of
from sim.study.regression import judge_rows, summary_row
from sim.study.run import How, made_equal, run, run_keys
from sim.study.store import Store

Values = Mapping[str, tuple[str, Place]]


@dataclasses.dataclass(frozen=True)
class Side:
    """One of the two. `why` says why it has no record; `scenario` and `plan` are None for a folder."""

    name: str
    record: StudyRecord | None
    why: str = ""
    scenario: Scenario | None = None
    plan: Plan | None = None


def side_of(path: Path, sets: Sequence[str] = (), allow_path: Sequence[Path] = ()) -> Side:
    """A scenario file with the runs that `reports/STEM` has of it, or a folder of results.

    Raises `ScenarioError` for a scenario that is wrong and a folder without a finished study.
    """
    if path.is_dir() or path.name == STORE:
        return Side(str(path), _last_study(path / STORE if path.is_dir() else path))
    scenario = load(path, sets=sets, allow_path=allow_path)
    plan = plan_of(scenario)
    store = Path("reports") / path.stem / STORE
    count = _whole_replications(scenario, plan, store)
    if not count:
        return Side(str(path), None, f"{store} does not have the runs of {path}", scenario, plan)
    return Side(str(path), run(scenario, store, replications=count), "", scenario, plan)


def _last_study(store: Path) -> StudyRecord:
    with Store(store, create=False) as opened:
        found = opened.studies()
    if not found:
        raise ScenarioError(f"{store}: no finished study is in this store; run its scenario first")
    return found[-1]


def _whole_replications(scenario: Scenario, plan: Plan, store: Path) -> int:
    """Replications 0 to n - 1 that the store has of every case, as the scenario is now.

    Where policies are made equal, all or none: with fewer of them other values would be found.
    """
    if not store.exists():
        return 0
    try:
        equal, plan = made_equal(scenario, plan, store, How(jobs=1, simulate=_absent))
    except _AbsentError:
        return 0
    keys = run_keys(plan, all_cases(equal))
    with Store(store, create=False) as opened:
        done = opened.done(keys)
    count = next((r for r in range(plan.replications) if any((key, r) not in done for key in keys)), plan.replications)
    return 0 if plan.solved and count < plan.replications else count


class _AbsentError(Exception):
    """A try that the store does not have."""


def _absent(*_: Any, **__: Any) -> RunRecord:
    raise _AbsentError


def between(a: Side, b: Side) -> Difference:
    """What differs."""
    files = a.scenario is not None and b.scenario is not None
    values = _values(*((_of_files if files else _of_record)(side) for side in (a, b)))
    if a.record is None or b.record is None:
        return Difference(a.name, b.name, values, [], False, (0, 0), "; ".join(filter(None, (a.why, b.why))))
    paired = a.record.root_seed == b.record.root_seed
    changes = _outcomes(a.record, b.record, _zone(a, b), paired)
    return Difference(
        a.name, b.name, values, changes, paired, (a.record.replications, b.record.replications),
        "" if changes else "no policy, kind of coin price, point and outcome is on both sides",
    )  # fmt: skip


def _values(old: Values, new: Values) -> list[Value]:
    none = ("", Place())
    found = []
    for path in dict.fromkeys([*new, *old]):
        (a, a_place), (b, b_place) = old.get(path, none), new.get(path, none)
        if a != b:
            found.append(Value(path, short(a), short(b), a_place, b_place))
    return found


def _of_files(side: Side) -> Values:
    assert side.scenario is not None
    return {path: (row.text, Place(row.file, row.line)) for path, row in side.scenario.sources.items()}


def _of_record(side: Side) -> Values:
    text = side.scenario.resolved_yaml() if side.scenario is not None else ""
    if side.record is not None and not text:
        text = side.record.scenario_resolved
    tree = plain(read_bytes(text.encode(), side.name))
    return {path: (value, Place()) for path, value in _leaves(tree)}


def _leaves(tree: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(tree, dict) and tree:
        return [leaf for key, value in tree.items() for leaf in _leaves(value, f"{path}.{key}" if path else str(key))]
    return [(path, "" if tree is None else str(tree))]


def _zone(a: Side, b: Side) -> Callable[[str], Zone]:
    plan = b.plan or a.plan
    return plan.zone if plan is not None else lambda _: Zone(relative=0.02)


def _outcomes(a: StudyRecord, b: StudyRecord, zone: Callable[[str], Zone], paired: bool) -> list[Change]:
    """Outcomes that verdicts are given for on side b (all where there are none); of one side alone as new or gone."""
    family = {verdict.outcome for verdict in b.verdicts} or {summary.outcome for summary in b.outcomes}
    old = {row.key: row for row in (summary_row(a.points, summary) for summary in a.outcomes)}
    rows = [summary_row(b.points, summary) for summary in b.outcomes if summary.outcome in family]
    pairs = [(old[row.key], row) for row in rows if row.key in old]
    judged, there = judge_rows(zone, pairs, paired, b.confidence), {row.key for row in rows}
    new = [Change(row, "new", after=row.mean) for row in rows if row.key not in old]
    gone = [
        Change(row, "gone", before=row.mean) for key, row in old.items() if key not in there and row.outcome in family
    ]
    return [*judged, *new, *gone]
