"""Every answer carries a fingerprint of its activations; a checker needs one pass over it, not the whole generation.

Source: TOPLOC, arXiv 2501.16007: 258 bytes for 32 tokens, validation up to 100 times as fast as inference, all frauds found in the
authors' tests (abstract read 2026-11-22).
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from sim.blocks import sourced
from sim.tokenomics.verify.check import Verify
from sim.units import Quantity, Share

_TOPLOC = "TOPLOC, arXiv 2501.16007 (abstract read 2026-11-22)"


def rule(seen: np.ndarray, row: np.ndarray, out: np.ndarray) -> None:
    """row: share of answers checked, detection, false alarms, cost of a check."""
    out[0] = row[0]
    out[1] = row[0] * (1 - seen[2]) * row[1]
    out[2] = row[0] * row[2]
    out[3] = row[0] * row[3]


class Fingerprint(Verify):
    """Answers carry a fingerprint that is cheap to check."""

    rule = staticmethod(rule)

    kind: Literal["fingerprint"] = "fingerprint"
    rate: Share = 1.0
    """Part of the answers whose fingerprint is checked."""
    detection: Share = sourced(1.0, _TOPLOC, "borrowed", "what cheats risk")
    """Chance that a check finds a cheaper model."""
    false_alarms: Share = sourced(0.0, _TOPLOC, "borrowed", "what honest nodes risk")
    """Chance that a check holds an honest answer bad."""
    cost: Annotated[float, Quantity("share", low=0)] = sourced(0.01, _TOPLOC, "borrowed", "load on those who check")
    """Computing of a check, as a part of serving the request."""

    def row(self) -> np.ndarray:
        """As `rule` reads it."""
        return np.array([self.rate, self.detection, self.false_alarms, self.cost])
