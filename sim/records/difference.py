"""Two scenarios, or two results, side by side: values that differ, and outcomes. Built by `study`, read by `report`."""

from __future__ import annotations

import dataclasses

from sim.records.regression import Change


@dataclasses.dataclass(frozen=True)
class Place:
    """A line of a file; line 0: no place is known."""

    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else ""


@dataclasses.dataclass(frozen=True)
class Value:
    """A value by dotted path that is `a` on one side and `b` on the other; empty where it is not there."""

    path: str
    a: str
    b: str
    a_place: Place = Place()
    b_place: Place = Place()


@dataclasses.dataclass(frozen=True)
class Difference:
    """Side `a` beside side `b`. `outcomes` is empty and `why` says so where a side has no results.

    `paired`: both met the same users, so changes b - a are paired by replication; else they are Welch's.
    """

    a: str
    b: str
    values: list[Value]
    outcomes: list[Change]
    paired: bool
    replications: tuple[int, int]
    why: str = ""
