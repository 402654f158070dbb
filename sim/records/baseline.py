"""What outcomes were when they were accepted: a small JSON file in git, an outcome a line, with every replication's value.

Values of single replications are what makes a later change a paired one. Nothing in it varies between two writings.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sim.records.run import Number

FORMAT = 1
DIGITS = 9
"""Significant digits of the values that are kept."""
LONGEST = 120
"""Characters of a scenario's value that is kept in full; of a longer one its digest."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One outcome under one policy, kind of coin price and point of a sweep (in words), replications in order.

    Units are the outcome table's; `%` are fractions. `digest` is that of all digits, `values` are rounded.
    """

    policy: str
    coin_price: str
    point: str
    outcome: str
    unit: str
    mean: Number
    digest: str
    values: list[Number]

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What the row is of."""
        return self.policy, self.coin_price, self.point, self.outcome


@dataclasses.dataclass(frozen=True)
class Baseline:
    """The file. `inputs` is the digest of all that a run depends on (code, versions, platform, resolved scenario, seeds).

    `values` are the scenario's own values as they were written, by path; `presets` the digest of each preset file it used.
    """

    scenario: str
    because: str
    inputs: str
    versions: dict[str, str]
    root_seed: int
    replications: int
    values: dict[str, str]
    presets: dict[str, str]
    checks: list[dict[str, Any]]
    """How the lines of `checks:` went: `CheckResult` without its place."""
    outcomes: list[Row]

    def to_json(self) -> str:
        """JSON text with an outcome, and a value of the scenario, on a line each."""
        head = {name: getattr(self, name) for name in ("scenario", "because", "inputs", "versions")}
        head |= {"root_seed": self.root_seed, "replications": self.replications}
        parts = [f"{_text(name)}: {_text(value)}" for name, value in {"format": FORMAT, **head}.items()]
        parts += [_lines(name, getattr(self, name)) for name in ("values", "presets")]
        rows = {"checks": self.checks, "outcomes": [dataclasses.asdict(row) for row in self.outcomes]}
        parts += [f"{_text(name)}: [\n" + ",\n".join(map(_text, each)) + "\n]" for name, each in rows.items()]
        return "{\n" + ",\n".join(parts) + "\n}\n"

    @classmethod
    def from_json(cls, text: str) -> Baseline:
        """The file's text read back; ValueError with the reason for anything else."""
        raw = json.loads(text)
        if not isinstance(raw, dict) or raw.get("format") != FORMAT:
            raise ValueError(f"format {raw.get('format') if isinstance(raw, dict) else None!r} found; must be {FORMAT}")
        names = {field.name for field in dataclasses.fields(cls)}
        missing = sorted(names - raw.keys())
        if missing:
            raise ValueError(f"{', '.join(missing)} missing")
        try:
            rows = [Row(**row) for row in raw["outcomes"]]
        except TypeError as error:
            raise ValueError(f"outcomes: {error}") from None
        return cls(**{**{name: raw[name] for name in names}, "outcomes": rows})


def row_of(key: Sequence[str], unit: str, mean: Number, values: Sequence[Number]) -> Row:
    """The row of an outcome's values in full."""
    kept = [None if value is None else float(f"{value:.{DIGITS}g}") for value in values]
    shown = None if mean is None else float(f"{mean:.{DIGITS}g}")
    return Row(key[0], key[1], key[2], key[3], unit, shown, digest(repr(list(values))), kept)


def digest(text: str) -> str:
    """SHA-256 as 16 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _lines(name: str, values: dict[str, str]) -> str:
    inner = ",\n".join(f"{_text(path)}: {_text(text)}" for path, text in sorted(values.items()))
    return f"{_text(name)}: {{\n{inner}\n}}" if inner else f"{_text(name)}: {{}}"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=False)
