"""Problems as people, programs and GitHub read them.

::

    error[dimension]: `networks.tao.operators.home.electricity`: '0.12 USD/Mtok' is a price of inference, but ...
      --> study.yaml:9:16
        9 |   electricity: 0.12 USD/Mtok
          |                ^^^^^^^^^^^^^
          = units accepted here: USD/kWh, USD/MWh, ct/kWh
"""

from __future__ import annotations

import dataclasses
import json
import unicodedata
from collections.abc import Iterable, Sequence

from sim.errors import Problem, ScenarioError
from sim.records.workflow import command

WIDTH = 120
"""Characters of a source line shown at most."""
_LEAD = 40
"""Characters kept before the place where a long line is clipped."""
FORMATS = ("text", "json", "github")


def render(error: ScenarioError | Sequence[Problem], form: str = "text") -> str:
    """All problems in one of `FORMATS`; ValueError for another."""
    problems = error.problems if isinstance(error, ScenarioError) else tuple(error)
    if form == "json":
        return as_json(problems)
    if form == "github":
        return as_github(problems)
    if form != "text":
        raise ValueError(f"format {form!r} found; must be one of {', '.join(FORMATS)}")
    return as_text(problems)


def as_text(problems: Sequence[Problem]) -> str:
    """Each problem with its line, a caret under what is wrong, and the fix; a count at the end where there are several."""
    blocks = [_text(problem) for problem in problems]
    errors = sum(problem.severity == "error" for problem in problems)
    if len(problems) > 1:
        blocks.append(
            f"{errors} errors" if errors == len(problems) else f"{errors} errors, {len(problems) - errors} warnings"
        )
    return "\n".join(blocks)


def _text(problem: Problem) -> str:
    path = f"`{_clean(problem.path)}`: " if problem.path else ""
    lines = [f"{problem.severity}[{problem.kind}]: {path}{_clean(problem.message)}"]
    if problem.file and problem.line:
        lines.append(f"  --> {problem.file}:{problem.line}:{problem.column}")
    elif problem.file and not problem.path:
        lines.append(f"  --> {problem.file}")
    gutter = "     "
    if problem.source.strip():
        shown, column = clip(problem.source, problem.column)
        length = max(1, min(problem.length, len(shown) - column + 1))
        lines.append(f"{problem.line:>5} | {_clean(shown)}")
        lines.append(f"{gutter} | {_blank(shown[: column - 1])}{'^' * _width(shown[column - 1 : column - 1 + length])}")
    if problem.fix:
        lines.append(f"{gutter} = {_clean(problem.fix)}")
    return "\n".join(lines)


def clip(line: str, column: int) -> tuple[str, int]:
    """A part of a long line around `column` (from 1), with `…` where it was cut, and the column in it."""
    line = line.rstrip()
    if len(line) <= WIDTH:
        return line, min(column, len(line) + 1)
    start = max(0, min(column - 1 - _LEAD, len(line) - WIDTH + 2))
    end = start + WIDTH - 2
    head, tail = "…" if start else "", "…" if end < len(line) else ""
    return f"{head}{line[start:end]}{tail}", column - start + len(head)


def _width(text: str) -> int:
    """Cells that a terminal uses: two for wide characters, none for combining ones."""
    return max(
        1, sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    )


def _blank(text: str) -> str:
    return "".join(
        "\t"
        if c == "\t"
        else " " * (0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1)
        for c in text
    )


def _clean(text: str) -> str:
    """Text from a file cannot drive a terminal: control characters become their code."""
    return "".join(
        c if c == "\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else f"\\x{ord(c):02x}"
        for c in text
    )


def as_json(problems: Iterable[Problem]) -> str:
    """One document: `{"format": 1, "problems": [...]}`, places from 1, 0 where there is none."""
    return json.dumps({"format": 1, "problems": [dataclasses.asdict(problem) for problem in problems]}, indent=1)


def as_github(problems: Iterable[Problem]) -> str:
    """Workflow commands, errors before warnings: GitHub shows only the first ten of each."""
    ordered = sorted(problems, key=lambda problem: problem.severity != "error")
    return "\n".join(_command(problem) for problem in ordered)


def _command(problem: Problem) -> str:
    level = "error" if problem.severity == "error" else "warning"
    place: dict[str, object] = {"file": problem.file}
    if problem.line:
        place |= {"line": problem.line, "col": problem.column, "endColumn": problem.column + problem.length}
    path = f"{problem.path}: " if problem.path else ""
    fix = f" ({problem.fix})" if problem.fix else ""
    return command(level, f"{path}{problem.message}{fix}", **place, title=problem.kind)
