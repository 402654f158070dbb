"""The requests of a study as a file: those that replication 0 of each policy served one by one, simulated once more.

A study keeps no request: its runs are sums. The same run again has the same requests.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Sequence
from pathlib import Path

from sim.errors import Problem, ScenarioError
from sim.records.columns import TABLES
from sim.records.files import cell, whole
from sim.scenario.scenario import Scenario
from sim.study.planning import plan_of
from sim.study.run import How, author_of, made_equal
from sim.world.requests import Batch, columns
from sim.world.run import run

FILE = "requests.csv.gz"
"""The file's name in a run directory."""


def write_requests(
    scenario: Scenario,
    store_path: Path,
    policies: Sequence[str] | None = None,
    engine: str = "fast",
    tell: Callable[[str], None] | None = None,
) -> tuple[Path, int]:
    """Write `requests.csv.gz` beside the study's store; gives its path and the number of requests.

    Policies in the scenario's order, the first kind of coin price and the first point of a sweep, replication 0. The same
    study gives the same bytes. An old file stays until the new one is whole. `tell` hears of each policy.

    Raises `ScenarioError` where no request is served one by one, or the file cannot be written.
    """
    refuse(scenario)
    how = How(author_of(engine, None), engine=engine)
    scenario, plan = made_equal(scenario, plan_of(scenario, None, policies), store_path, how)
    kind, count = plan.coin_prices[0], 0
    path = store_path.parent / FILE
    try:
        with whole(path) as raw, gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as packed:
            text = io.TextIOWrapper(packed, "utf-8", newline="")
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(TABLES["requests"])
            for policy in plan.policies:
                case = scenario.case(policy, kind)
                written = _Written(writer, (policy, kind, 0), tuple(case.before.workload))
                run(case, 0, engine=engine, told=written.take)
                count += written.count
                if tell is not None:
                    tell(f"{written.count:,} requests of {policy}")
            text.flush()
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror or error}; free the place, or give another with --out") from None
    return path, count


def refuse(scenario: Scenario) -> None:
    """Raise `ScenarioError` where a scenario serves no request one by one."""
    if scenario.spec.requests.mode == "capacity":
        message = "capacity: no request is served one by one, so there are none to write"
        raise ScenarioError(
            [Problem("requests", "requests.mode", message, "take `mode: sampled` or `mode: all`", scenario.path)]
        )


class _Written:
    """Rows of one run, counted as they are written."""

    def __init__(self, writer: csv.writer, first: tuple[str, str, int], classes: tuple[str, ...]) -> None:  # type: ignore[valid-type]
        self.count = 0
        self._writer, self._first, self._classes = writer, first, classes

    def take(self, batch: Batch) -> None:
        """Write a batch."""
        found = columns(batch, self._classes)
        rows = zip(*(found[name] for name in TABLES["requests"][3:]), strict=True)
        self._writer.writerows([*self._first, *(cell(value) for value in row)] for row in rows)  # type: ignore[attr-defined]
        self.count += len(batch.rows)
