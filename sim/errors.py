"""Errors of the user and faults of ours: two families that never mix.

::

    InfermintError
    ├── ScenarioError      the user's file or command is wrong        exit 2
    └── InvariantError     a run broke a conservation law             exit 3

Everything else that is raised is a fault of the program and shows its traceback.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Sequence


class InfermintError(Exception):
    """Base of all errors that the command line shows without a traceback."""

    exit_code = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one place: where, what was found, what is allowed, the nearest name.

    `line` and `column` count from 1; 0 means that no place in a file is known.
    """

    kind: str
    path: str
    message: str
    fix: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    source: str = ""
    length: int = 1
    severity: str = "error"


class ScenarioError(InfermintError):
    """All problems of a scenario at once, each a `Problem`; rendered by `sim.scenario.render`."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        if isinstance(problems, str):
            problems = (Problem(kind="scenario", path="", message=problems),)
        self.problems = tuple(problems)
        super().__init__("\n".join(_one_line(p) for p in self.problems))


class InvariantError(InfermintError):
    """A law that every run must keep was broken; the message names the law and the posting."""

    exit_code = 3


def _one_line(problem: Problem) -> str:
    where = f"{problem.file}:{problem.line}:{problem.column}: " if problem.line else ""
    path = f"{problem.path}: " if problem.path else ""
    fix = f" ({problem.fix})" if problem.fix else ""
    return f"{where}{path}{problem.message}{fix}"


def nearest(name: str, allowed: Iterable[str], most: int = 2) -> list[str]:
    """Allowed names that look like `name`: equal but for case, `_` and `-` first, then by likeness >= 0.6."""

    def flat(text: str) -> str:
        return text.lower().replace("_", "").replace("-", "")

    names = list(allowed)
    same = [other for other in names if flat(other) == flat(name)]
    if same:
        return same[:most]
    by_flat: dict[str, str] = {}
    for other in names:
        by_flat.setdefault(flat(other), other)
    return [by_flat[key] for key in difflib.get_close_matches(flat(name), list(by_flat), most, 0.6)]
