"""The cases: systems with known answers, kept as package data, and the draws that belong to one replication of one."""

from __future__ import annotations

import dataclasses
import importlib.resources
import json
from collections.abc import Mapping
from typing import Any

from numpy.random import Generator

from sim.streams import Streams


@dataclasses.dataclass(frozen=True)
class Case:
    """A family's name, the case's own, its parameters, and the values theory gives (`method` says how)."""

    family: str
    name: str
    params: dict[str, Any]
    values: Mapping[str, Any]
    method: str = ""


def case_of(family: str, fields: Mapping[str, Any]) -> Case:
    """A case from an entry of a vectors file."""
    return Case(family, fields["id"], fields["params"], fields["values"], fields["method"])


def families() -> list[str]:
    """Names of all families, in order."""
    folder = importlib.resources.files("sim.verify") / "vectors"
    return sorted(entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json"))


def entries(family: str) -> list[dict[str, Any]]:
    """The entries of a family's file. Raises FileNotFoundError for a family that has none."""
    text = (importlib.resources.files("sim.verify") / "vectors" / f"{family}.json").read_text(encoding="utf-8")
    return list(json.loads(text)["cases"])


@dataclasses.dataclass(frozen=True)
class Draws:
    """Generators of one replication of one case, by name: no draw moves another."""

    case: Case
    streams: Streams

    def __call__(self, name: str) -> Generator:
        """The generator of that name, from its beginning."""
        return self.streams[f"verify.{self.case.family}.{self.case.name}.{name}"].generator(0)


def draws(case: Case, seed: int, replication: int) -> Draws:
    """The draws of a replication."""
    return Draws(case, Streams(seed, replication))
