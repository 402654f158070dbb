"""A request is served by several nodes and the answers are compared: a fraud stays hidden where all repeaters collude.

With c the colluding share, a bad answer that k others repeat stays hidden with chance c^k (elementary; Zhang et al. 2024, arXiv
2405.00295).
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sim.tokenomics.verify.check import Verify
from sim.units import Share


def rule(seen: np.ndarray, row: np.ndarray, out: np.ndarray) -> None:
    """row: share of requests repeated, repeaters, detection, false alarms of one comparison."""
    hidden, agreed = 1.0, 1.0
    for _ in range(int(row[1])):
        hidden *= seen[2]
        agreed *= 1 - row[3]
    out[0] = row[0]
    out[1] = row[0] * (1 - hidden) * row[2]
    out[2] = row[0] * (1 - agreed)
    out[3] = row[0] * row[1]


class Replication(Verify):
    """Requests are served again by several nodes, and answers compared."""

    rule = staticmethod(rule)

    kind: Literal["replication"] = "replication"
    rate: Share = 1.0
    """Part of the requests that is repeated."""
    repeaters: Annotated[int, Field(ge=1, le=64)]
    """Nodes that repeat a request, besides the one that serves it."""
    detection: Share = 1.0
    """Chance that a difference is seen where a repeater is honest."""
    false_alarms: Share = 0.0
    """Chance that one honest repeater differs from an honest server."""

    def row(self) -> np.ndarray:
        """As `rule` reads it."""
        return np.array([self.rate, float(self.repeaters), self.detection, self.false_alarms])
