"""How long the network takes between users and nodes: round trips by region, added to latencies when requests are counted."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from sim.units import ps


@dataclasses.dataclass(frozen=True)
class Distances:
    """Round trips in picoseconds: int64[user regions, node regions]; `row` of each client class, `column` of each region.

    Without a table there is one row and one column, and nothing takes time.
    """

    trips_ps: np.ndarray
    row: np.ndarray
    column: dict[str, int]

    @classmethod
    def of(cls, spec: Any) -> Distances:
        """The table of a scenario, regions in the order of its rows."""
        classes = list(spec.workload.values())
        if not spec.latency:
            return cls(np.zeros((1, 1), np.int64), np.zeros(len(classes), np.int64), {})
        users = list(spec.latency)
        nodes = list(dict.fromkeys(region for row in spec.latency.values() for region in row))
        trips = [[ps(spec.latency[user].get(node, 0.0)) for node in nodes] for user in users]
        row = np.array([users.index(block.region) for block in classes], np.int64)
        return cls(np.array(trips, np.int64), row, {node: place for place, node in enumerate(nodes)})

    def between(self, klass: np.ndarray, region: np.ndarray) -> np.ndarray:
        """int64: the round trip between users of classes and nodes in columns, elementwise."""
        trips: np.ndarray = self.trips_ps[self.row[klass], region]
        return trips


NEAR = Distances(np.zeros((1, 1), np.int64), np.zeros(1, np.int64), {})
"""Nothing takes time: the table of a single class in a plan that states none."""
