"""Planned classes that stand behind others: on-demand nodes fill in until reserved ones, ordered long before, are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.world.people import Owners


def before(owners: Owners, classes: Sequence[Owners]) -> Owners | None:
    """The class that a class stands behind; None where it is the first to plan."""
    name = owners.block.behind
    return None if name is None else next(other for other in classes if other.name == name)


def in_line(classes: Sequence[Owners]) -> list[Owners]:
    """Classes in an order in which each comes after the one that it stands behind; otherwise that of the file."""

    def depth(owners: Owners) -> int:
        first = before(owners, classes)
        return 0 if first is None else 1 + depth(first)

    return sorted(classes, key=depth)


def left_rps(owners: Owners, classes: Sequence[Owners], demand_rps: float, by_ps: int) -> float:
    """Requests a second of `demand_rps` that the classes before a class leave it, each covering what it serves at its utilization.

    Nodes on their way cover if they serve by `by_ps`.
    """
    ahead, left = before(owners, classes), demand_rps
    while ahead is not None:
        left -= (ahead.live + ahead.coming_by(by_ps)) * ahead.machine.capacity_rps * ahead.block.utilization
        ahead = before(ahead, classes)
    return max(left, 0.0)
