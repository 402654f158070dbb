"""Outcome checks as tests: `pytest --outcomes` collects scenarios and holds each outcome to its baseline, as `infermint check` does.

::

    pytest --outcomes                              scenarios of the setting `outcomes` (scenarios/*.yaml, *.scenario.yaml)
    pytest --outcomes scenarios/demo.yaml          this one
    pytest --outcomes --outcomes-update --outcomes-because='halving moved to May'

One test an outcome of the baseline (`outcomes/STEM.baseline.json` under the root folder), one a line of `checks:`. What moved
fails, what is undecided is skipped with its reason. Who writes tests by hand has the fixture `outcomes`: `outcomes.check("scenarios/demo.yaml")`.

Silent unless asked, and nothing of infermint but this file is imported before a scenario is collected.
"""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FILES = ("scenarios/*.yaml", "*.scenario.yaml")
"""Scenarios that are collected unless the setting `outcomes` names others."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options and the setting."""
    group = parser.getgroup("infermint", "outcomes of scenarios")
    group.addoption("--outcomes", action="store_true", help="Hold outcomes of scenarios to their baselines.")
    group.addoption("--outcomes-update", action="store_true", help="Accept what outcomes are now: write the baselines.")
    group.addoption("--outcomes-because", default="", metavar="TEXT", help="Why outcomes moved; kept in the baselines.")
    parser.addini("outcomes", "Scenarios of --outcomes: patterns as from the root folder.", "args", list(FILES))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A scenario, where outcomes are asked for: one named on the command line, or one that the setting's patterns match."""
    config = parent.config
    if not config.getoption("outcomes") or file_path.suffix not in (".yaml", ".yml"):
        return None
    inside = file_path.relative_to(config.rootpath) if file_path.is_relative_to(config.rootpath) else file_path
    named = parent.session.isinitpath(file_path) or any(inside.match(pattern) for pattern in config.getini("outcomes"))
    return ScenarioFile.from_parent(parent, path=file_path) if named else None


class ScenarioFile(pytest.File):
    """A scenario: its tests are the outcomes and checks of its baseline."""

    def collect(self) -> Iterator[pytest.Item]:
        """Known from the baseline, before anything is simulated; without one a single test says what to do."""
        from sim.records.baseline import Baseline

        place = _baseline(self.config.rootpath, self.path)
        if not place.exists() or self.config.getoption("outcomes_update"):
            yield Whole.from_parent(self, name="baseline")
            return
        try:
            before = Baseline.from_json(place.read_text(encoding="utf-8"))
        except ValueError as error:
            raise self.CollectError(f"{place}: not a baseline of outcomes: {error}") from None
        for row in before.outcomes:
            yield Outcome.from_parent(self, name="-".join(filter(None, row.key)), key=row.key)
        seen: Counter[tuple[str, str]] = Counter()
        for check in before.checks:
            key = (check["check"], check["policy"])
            # Lines may differ in severity and confidence alone: each is a test of its own.
            nth, name = seen[key], f"{check['check']}-{check['policy']}"
            seen[key] += 1
            yield Promise.from_parent(self, name=f"{name}-{nth + 1}" if nth else name, key=(*key, str(nth)))

    @functools.cached_property
    def found(self) -> Any:
        """The scenario beside its baseline; simulated once, where anything has changed."""
        update, why = self.config.getoption("outcomes_update"), self.config.getoption("outcomes_because")
        return _checked(self.config.rootpath, self.path, update=update, because=why)


class _Item(pytest.Item):
    """A test of one thing of a scenario."""

    def __init__(self, *, key: tuple[str, ...] = (), **named: Any) -> None:
        super().__init__(**named)
        self.key = key

    @property
    def found(self) -> Any:
        """What `infermint check` finds of the scenario."""
        parent = self.parent
        assert isinstance(parent, ScenarioFile)
        return parent.found

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What moved, or what is wrong with the scenario; no traceback for either."""
        from sim.errors import InfermintError

        if isinstance(excinfo.value, MovedError):
            return str(excinfo.value)
        return _told(excinfo.value) if isinstance(excinfo.value, InfermintError) else super().repr_failure(excinfo)


class MovedError(Exception):
    """An outcome moved, or a check failed; the text says all there is to say."""


class Whole(_Item):
    """The baseline itself: written where that is asked for, missing otherwise."""

    def runtest(self) -> None:
        """Passes once the baseline is written."""
        _ = self.found


class Outcome(_Item):
    """One outcome under one policy, kind of coin price and point."""

    def runtest(self) -> None:
        """Fails if it moved or is gone; skipped while it is undecided."""
        from sim.report.regression import causes, change_line

        change = next(change for change in self.found.changes if change.row.key == self.key)
        if change.state in ("moved", "gone"):
            accept = "accept with: pytest --outcomes --outcomes-update --outcomes-because='...'"
            raise MovedError("\n".join([f"{change.state.upper()} {change_line(change)}", *causes(self.found), accept]))
        if change.state == "undecided":
            pytest.skip(f"undecided: {change_line(change)}")


class Promise(_Item):
    """One line of `checks:` and policy."""

    def runtest(self) -> None:
        """Fails if it does, with severity `error`; skipped where it warns or is undecided."""
        alike = [one for one in self.found.checks if (one.check, one.policy) == self.key[:2]]
        if len(alike) <= int(self.key[2]):
            raise MovedError(f"{self.key[0]} ({self.key[1]}): the scenario does not promise it any more")
        check = alike[int(self.key[2])]
        if check.ok is False and check.severity == "error":
            raise MovedError(f"{check.check} ({check.policy}): {check.found}")
        if check.ok is not True:
            pytest.skip(f"{'undecided' if check.ok is None else 'warning'}: {check.found}")


class Outcomes:
    """The fixture `outcomes`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def check(self, scenario: str | os.PathLike[str]) -> Any:
        """Hold a scenario (path from the root folder) to its baseline; gives what was found, a `Regression`.

        Fails the test, without a traceback, where an outcome moved or a check failed, and where the scenario is wrong.
        """
        from sim.errors import InfermintError
        from sim.report.regression import text

        try:
            found = _checked(self._root, self._root / scenario)
        except InfermintError as error:
            pytest.fail(_told(error), pytrace=False)
        if found.exit_code == 1:
            pytest.fail(text(found), pytrace=False)
        return found


@pytest.fixture
def outcomes(request: pytest.FixtureRequest) -> Outcomes:
    """Holds scenarios to their baselines: `outcomes.check("scenarios/demo.yaml")`."""
    return Outcomes(request.config.rootpath)


def _baseline(root: Path, scenario: Path) -> Path:
    from sim.checking import place_of

    return root / place_of(scenario)


def _checked(root: Path, scenario: Path, **asked: Any) -> Any:
    from sim.checking import How, checked

    baseline, out = _baseline(root, scenario), root / "reports" / scenario.stem
    how = How(baseline=_from_here(baseline), out=_from_here(out), quiet=True, **asked)
    return checked(_from_here(scenario), how)


def _from_here(path: Path) -> Path:
    """As messages tell it."""
    return Path(os.path.relpath(path))


def _told(error: BaseException) -> str:
    from sim.errors import ScenarioError
    from sim.scenario.render import render

    return str(render(error, "text")) if isinstance(error, ScenarioError) else str(error)
