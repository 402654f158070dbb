"""Pages that are followed word for word: their commands are run in order, their outputs compared with those shown.

A page's `sh` and `python` blocks are run in one folder; the `text` block behind one is what it must print, where `…` stands for
anything. A comment above a block says what a reader sees for himself: `<!-- exit 1 -->`, `<!-- not run -->`,
`<!-- file: name -->`, the file that the block is put into, and for `yaml` `<!-- after: "line" -->`, the beginning of the
line behind which the block is put into the scenario.
"""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

_BLOCK = re.compile(r"(?:<!-- (?P<note>[^\n]*?) -->\n)?```(?P<language>\w+)\n(?P<body>.*?)```", re.DOTALL)
_NUMBER = re.compile(r"[+-]?\d[\d,]*\.?\d*")
RELATIVE, ABSOLUTE = 0.1, 0.6
"""How far a number may be from the one shown: the page's own promise of last digits, and room for small counts."""


@dataclasses.dataclass(frozen=True)
class Step:
    """One block that is run or put into a file, and what it must print (None: not told)."""

    language: str
    body: str
    note: str
    shown: str | None
    span: tuple[int, int] | None

    @property
    def exit_code(self) -> int:
        return int(self.note.removeprefix("exit ")) if self.note.startswith("exit ") else 0


def blocks(page: str) -> list[re.Match[str]]:
    """Every block of code of a page: `note`, `language`, `body`."""
    return list(_BLOCK.finditer(page))


def steps(page: str) -> list[Step]:
    """The steps of a page in order."""
    found_blocks = blocks(page)
    found = []
    for block, after in zip(found_blocks, [*found_blocks[1:], None], strict=True):
        if block["language"] in ("sh", "python", "yaml") and block["note"] != "not run":
            told = after if after is not None and after["language"] == "text" else None
            found.append(
                Step(
                    block["language"],
                    block["body"],
                    block["note"] or "",
                    told["body"] if told else None,
                    told.span("body") if told else None,
                )
            )
    return found


def put(step: Step, file: Path) -> None:
    """Put a yaml step's lines behind the line that its note names."""
    beginning = step.note.removeprefix('after: "').removesuffix('"')
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    places = [i for i, line in enumerate(lines) if line.startswith(beginning)]
    assert len(places) == 1, f"{beginning!r} begins {len(places)} lines of {file.name}"
    lines.insert(places[0] + 1, step.body)
    file.write_text("".join(lines), encoding="utf-8")


def run(step: Step, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a step as a reader would, with this Python's commands first in the path."""
    commands = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": commands + os.pathsep + os.environ["PATH"], "NO_COLOR": "1"}
    environment.pop("PYTHONPATH", None)
    words = ["sh", "-ec", step.body] if step.language == "sh" else [sys.executable, "-c", step.body]
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def follow(page: str, folder: Path) -> None:
    """Do all that a page says in a folder; its scenario, where it adds lines to one, is that of `infermint init study`."""
    for step in steps(page):
        if step.note.startswith("file: "):
            (folder / step.note.removeprefix("file: ")).write_text(step.body, encoding="utf-8")
        elif step.language == "yaml":
            put(step, folder / "study" / "scenario.yaml")
        else:
            done = run(step, folder)
            assert done.returncode == step.exit_code, f"{step.body}\n{done.stdout}\n{done.stderr}"
            difference = differs(step.shown, printed(done)) if step.shown is not None else None
            assert difference is None, f"{step.body}\n{difference}\n{printed(done)}"


def printed(done: subprocess.CompletedProcess[str]) -> str:
    """What a reader sees of a command but its progress: results, or the error."""
    return done.stdout if done.stdout.strip() else done.stderr


def differs(shown: str, found: str) -> str | None:
    """Why a text is not the one shown, or None; blanks do not count, `…` is anything, numbers may differ a little."""
    parts = [_tokens(part) for part in shown.split("…")]
    rest = _tokens(found)
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        place = _find(part, rest, fixed=index == 0, at_end=last and len(parts) > 1)
        if place is None:
            return f"not found: {' '.join(part)!r}"
        rest = rest[place + len(part) :]
    return f"more than shown: {' '.join(rest)!r}" if rest and parts[-1] else None


def _tokens(text: str) -> list[str]:
    return text.split()


def _find(part: list[str], among: list[str], fixed: bool, at_end: bool) -> int | None:
    last = len(among) - len(part)
    places = [0] if fixed else [last] if at_end and part else range(last + 1)
    return next((i for i in places if 0 <= i <= last and all(map(_alike, part, among[i : i + len(part)]))), None)


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    if _NUMBER.sub("#", one) != _NUMBER.sub("#", other):
        return False
    pairs = zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True)
    return all(_close(float(a.replace(",", "")), float(b.replace(",", ""))) for a, b in pairs)


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= max(ABSOLUTE, RELATIVE * max(abs(a), abs(b)))
