"""Reading vectors: one JSON file a family, `cases` with inputs, what is expected, and how near it must be."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

ASSERTS_NOTHING = ("history",)
"""Files of observations that bring no expected values."""
NUMBERED = re.compile(r"(?<=live_block)_\d+$")
"""Files of one block each: the family is what stands before the block's number."""
OUTPUTS = (
    ("start", "finish"),
    ("incentive", "consensus", "bonds", "dividends"),
    ("bonds_by_epoch", "dividends_by_epoch"),
)
"""Names that stand together; the last is no case's input."""
EPOCH_OUTPUTS = ("E", "D_u16", "bonds")


@dataclasses.dataclass(frozen=True)
class Vector:
    """One case: its family (the file's `family`, else its name), its id, and all its fields."""

    family: str
    case: dict[str, Any]

    @property
    def name(self) -> str:
        """What pytest shows."""
        return f"{self.family}:{self.case['id']}"


def cases_in(folder: Path) -> list[Vector]:
    """All cases of all files below a folder, in order of path."""
    found = []
    for path in sorted(folder.rglob("*.json")):
        data = json.loads(path.read_text())
        family = NUMBERED.sub("", data.get("family", path.stem))
        if family not in ASSERTS_NOTHING:
            found += [Vector(family, _with_expected(case)) for case in data.get("cases") or _rows(data)]
    return found


def _with_expected(case: dict[str, Any]) -> dict[str, Any]:
    """Where a case has no `expected`, its outputs stand beside its inputs, under the names of `OUTPUTS` or as `expected_NAME`."""
    if "expected" in case:
        return case
    found = {name: case[name] for names in OUTPUTS if names[-1] in case for name in names}
    found |= {name.removeprefix("expected_"): case[name] for name in case if name.startswith("expected_")}
    found |= {"ops": case["ops"]["expected"]} if "ops" in case else {}
    found |= (
        {"epochs": [_outputs_of(epoch) for epoch in case["epochs"]]} if isinstance(case.get("epochs"), list) else {}
    )
    return {**case, "expected": found}


def _outputs_of(epoch: dict[str, Any]) -> dict[str, Any]:
    return {name: epoch[name] for name in EPOCH_OUTPUTS if name in epoch}


def _rows(data: dict[str, Any]) -> list[dict[str, Any]]:
    """A file without cases: each expected row is one, and carries the whole file as its inputs."""
    rows = data.get("expected", [])
    tol = data.get("tol", 0)
    return [{"id": f"row{i}", "row": row, "expected": row, "file": data, "tol": tol} for i, row in enumerate(rows)]


def misses(got: Any, expected: Any, case: dict[str, Any], path: str = "") -> list[str]:
    """Where `got` is not near enough to `expected`: |difference| <= max(abs, rel x max(|got|, |expected|)).

    `None` in what is expected asserts nothing. Without a tolerance the case asks for equality.
    """
    if expected is None:
        return []
    if isinstance(expected, dict):
        return [miss for key, item in expected.items() for miss in misses(got.get(key), item, case, f"{path}.{key}")]
    if isinstance(expected, list):
        if len(got) != len(expected):
            return [f"{path}: {len(got)} values found, {len(expected)} expected"]
        pairs = enumerate(zip(got, expected, strict=True))
        return [miss for i, (one, other) in pairs for miss in misses(one, other, case, f"{path}[{i}]")]
    word = isinstance(expected, str) and not expected.removeprefix("-").isdecimal()
    if isinstance(expected, bool) or word or got is None:
        return [] if got == expected and type(got) is type(expected) else [f"{path}: {got} found, {expected} expected"]
    wanted = int(expected) if isinstance(expected, str) else expected
    return [] if abs(got - wanted) <= _margin(got, wanted, case) else [f"{path}: {got} found, {wanted} expected"]


def _margin(got: float, wanted: float, case: dict[str, Any]) -> float:
    tol = case.get("tol", 0)
    bounds = tol if isinstance(tol, dict) else {"abs": tol}
    relative = max(bounds.get("rel", 0), case.get("rtol", 0))
    return float(max(bounds.get("abs", 0), relative * max(abs(got), abs(wanted)))) if relative else bounds.get("abs", 0)
