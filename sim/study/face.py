"""What a notebook calls: `sim.run`, `sim.compare`, `sim.register`, and the `Result` that they give.

A thin face: runs are `sim.study.run`'s, statistics are `sim.study.verdicts`'s, figures are `sim.plot`'s, which takes a
`Result` as well as its record. Who works at the command line need not read this.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sim.blocks import Block
from sim.errors import ScenarioError, nearest
from sim.records.columns import TABLES
from sim.records.shown import shown
from sim.records.study import StudyRecord, Verdict
from sim.scenario import Scenario, load
from sim.study.export import ROWS, STORE
from sim.study.plan import Cell, Plan
from sim.study.planning import plan_of
from sim.study.run import Progress
from sim.study.run import run as run_study
from sim.study.values import Values
from sim.study.verdicts import needed_references, verdicts

if TYPE_CHECKING:
    import pandas as pd

Kind = TypeVar("Kind", bound=Callable[..., Any])
"""A class of block, or a function that routes."""
_SHOWN = ("outcome", "policy", "coin_price", "difference", "low", "high", "unit", "word")


@dataclasses.dataclass(frozen=True, repr=False)
class Result:
    """A study that has run. Its frames are tidy: one row a number, units in a column, shares as fractions.

    `record` is everything that a report shows; `plan` is what the study was asked for. In a notebook a result shows
    itself as sentences and a table; figures come from `sim.plot`, for example `sim.plot.forest(result)`.
    """

    record: StudyRecord
    plan: Plan

    @property
    def sentences(self) -> list[str]:
        """What the verdicts say in words, most important first."""
        return list(self.record.sentences)

    @property
    def outcomes(self) -> pd.DataFrame:
        """One row an outcome, policy, kind of coin price, point and replication: `value` in `unit`."""
        return _frame("outcomes", self.record)

    @property
    def breaks(self) -> pd.DataFrame:
        """One row a rule, network and case: how often it broke after the first shock; empty without shocks."""
        return _frame("breaks", self.record)

    @property
    def differences(self) -> pd.DataFrame:
        """One row a verdict: the paired difference from the baseline with its interval, and what it comes to."""
        return _frame("differences", self.record)

    @property
    def series(self) -> pd.DataFrame:
        """One row an outcome and epoch (`time_s` is its end): quantiles over replications in `unit`."""
        return _frame("series", self.record)

    def __repr__(self) -> str:
        """The study's question, its sentences, and a plain table of verdicts (of means where nothing is compared)."""
        record = self.record
        head = f"{record.name}\n{_size(record)}"
        return "\n\n".join(part for part in (head, "\n".join(record.sentences), _table(record)) if part)

    def _repr_html_(self) -> str:
        """The same for a notebook, with every text of the file escaped."""
        head, *rows = _cells(self.record)
        return shown(self.record.name, [_size(self.record), *self.record.sentences], head, rows)


def run(
    scenario: Scenario | str | os.PathLike[str],
    replications: int | None = None,
    jobs: int | None = None,
    store: str | os.PathLike[str] | None = None,
    policies: Sequence[str] | None = None,
    progress: bool | Callable[[Progress], None] = True,
    engine: str = "fast",
    uncertain: int = 0,
) -> Result:
    """Simulate what a scenario says: all its policies, kinds of coin price and points, each in every replication.

    Parameters
    ----------
    scenario
        A loaded scenario (`sim.load`), or the path of its file.
    replications, policies
        In place of the scenario's: how many, and which of its policies.
    jobs
        Worker processes; None: one a core.
    store
        The file that keeps the runs, made if it is not there; a folder stands for the file in it that `infermint run
        --out` makes. None: a file that goes with this Python process. Either way nothing is simulated twice.
    progress
        True writes a line to standard error, False nothing; or a function that takes a `sim.study.Progress`.
    engine
        `fast`, `loop` or `reference`: the same numbers at different speeds.
    uncertain
        Joint sets of the `uncertain:` parameters to run beside the file's values; 0: none.

    Raises
    ------
    ScenarioError
        The scenario, a policy or the store is wrong.
    InvariantError
        A run broke a law; the message names both.

    """
    loaded = scenario if isinstance(scenario, Scenario) else load(scenario)
    loaded = loaded.with_drawn(uncertain) if uncertain else loaded
    tell = _Line() if progress is True else progress or None
    record = run_study(
        loaded, _store(store), jobs=jobs, replications=replications, policies=policies, progress=tell, engine=engine
    )
    return Result(record, plan_of(loaded, replications, policies))


def compare(
    result: Result | Scenario | str | os.PathLike[str], policy: str, baseline: str | None = None
) -> pd.DataFrame:
    """The paired differences of one policy from another, one row an outcome, kind of coin price and point.

    Columns and words are those of `Result.differences`. Against the study's own baseline they are its verdicts. Against
    another policy they are taken anew from the same replications, and Holm goes over these rows alone. A scenario (or
    its path) is run first, these two policies only.

    Raises `ScenarioError` where the study has no such policy.
    """
    import pandas as pd

    if not isinstance(result, Result):
        loaded = result if isinstance(result, Scenario) else load(result)
        result = run(loaded, policies=[baseline or loaded.baseline, policy])
    found = _against(result, policy, baseline or result.record.baseline)
    return pd.DataFrame(
        ROWS["differences"](dataclasses.replace(result.record, verdicts=found)), columns=list(TABLES["differences"])
    )


def register(table: str) -> Callable[[Kind], Kind]:
    """A decorator that adds a kind of your own to a table, for this process: `@sim.register("supply")`.

    The class is a `sim.blocks.Block` whose `kind` has its name as default; from then on scenarios may name it, and errors,
    `list` and `explain` know it. A router may be a function `score(replica, request)` too, plain or decorated by numba, which is
    a kind under its own name (`docs/your-own-router.md`). What is decorated comes back as it is.

    Raises `ScenarioError` for a table that is none, and for a function that could not route; `ValueError` for a kind that is there.
    """
    from sim.scenario.catalogue import tables

    by_name = {each.name: each for each in tables()}
    if table not in by_name:
        near = nearest(table, by_name, 1)
        raise ScenarioError(
            f"table '{table}' found; " + (f"did you mean '{near[0]}'?" if near else f"there are {', '.join(by_name)}")
        )

    def add(kind: Kind) -> Kind:
        own: Any = kind
        if table == "router" and not (isinstance(kind, type) and issubclass(kind, Block)):
            from sim.serving.routers.own import own_router

            own = own_router(kind)
        by_name[table].register(own)
        return kind

    return add


def _against(result: Result, policy: str, baseline: str) -> list[Verdict]:
    record = result.record
    for name in (policy, baseline):
        if name not in record.policies:
            near = nearest(name, record.policies, 1)
            raise ScenarioError(
                f"policy '{name}' found; "
                + (f"did you mean {near[0]}?" if near else f"there are {', '.join(record.policies)}")
            )
    if baseline == record.baseline:
        return [verdict for verdict in record.verdicts if verdict.policy == policy]
    plan = dataclasses.replace(result.plan, baseline=baseline, policies=(baseline, policy))
    names = list(dict.fromkeys([*result.plan.outcomes, *(verdict.outcome for verdict in record.verdicts)]))
    table = {
        (s.outcome, Cell(s.policy, s.coin_price, s.point)): Values(s.values, s.reason, s.reached)
        for s in record.outcomes
    }
    found = verdicts(
        plan,
        [
            name
            for name in names
            if all((each, cell) in table for each in needed_references([name]) for cell in plan.cells())
        ],
        table,
    )
    return [_not_judged(verdict) for verdict in found] if plan.sets else found


def _not_judged(verdict: Verdict) -> Verdict:
    """A verdict that joint sets were not asked about, in a study that has some: which way, and no more."""
    if verdict.word not in ("better", "worse") or verdict.difference is None:
        return verdict
    why = "joint sets are asked about the study's own baseline alone"
    return dataclasses.replace(verdict, word="higher" if verdict.difference > 0 else "lower", why=why)


def _frame(name: str, record: StudyRecord) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(ROWS[name](record), columns=list(TABLES[name]))


def _size(record: StudyRecord) -> str:
    return f"{len(record.policies)} policies, {record.replications} replications"


def _table(record: StudyRecord) -> str:
    """The cells in aligned columns."""
    cells = _cells(record)
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def _cells(record: StudyRecord) -> list[list[str]]:
    """Heads, then verdicts; means with their intervals where the study compares nothing."""
    rows: list[list[Any]] = [list(_SHOWN)]
    for verdict in record.verdicts:
        rows.append([getattr(verdict, name) for name in _SHOWN])
    if not record.verdicts:
        rows = [["outcome", "policy", "coin_price", "mean", "low", "high", "unit"]]
        rows += [
            [s.outcome, s.policy, s.coin_price, s.mean, s.low, s.high, s.unit]
            for s in record.outcomes
            if s.mean is not None
        ]
    shares = rows[0].index("unit")
    return [[_cell(item, row[shares]) for item in row] for row in rows]


def _cell(item: object, unit: str) -> str:
    if item is None:
        return "-"
    return f"{100 * item if unit == '%' else item:.4g}" if isinstance(item, float) else str(item)


def _store(place: str | os.PathLike[str] | None) -> Path:
    if place is None:
        return Path(_folder().name) / STORE
    path = Path(place)
    return path / STORE if path.is_dir() else path


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    # Kept until the process ends: a cell that runs again finds its runs.
    return tempfile.TemporaryDirectory(prefix="infermint-")


class _Line:
    """Progress as one line on standard error that is written over."""

    def __call__(self, now: Progress) -> None:
        done = now.stored + now.simulated
        if now.stored < now.total:
            sys.stderr.write(f"\r{done} of {now.total} runs" + ("\n" if done == now.total else ""))
            sys.stderr.flush()
