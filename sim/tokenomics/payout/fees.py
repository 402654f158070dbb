"""Pay by what users paid each: emission as a bonus on fees.

Whoever may buy of himself can buy emission: the law of self-dealing, w = max(0, sqrt(E W / l) - W), holds for this kind.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from sim.tokenomics.payout.weights import Payout
from sim.tokenomics.payout.work import rule


class Fees(Payout):
    """Operators share by what users paid for their work."""

    rule = staticmethod(rule)
    columns: ClassVar[tuple[str, str]] = ("fees", "live")

    kind: Literal["fees"] = "fees"

    def row(self) -> np.ndarray:
        """Nothing: the kind has no parameters."""
        return np.zeros(0, dtype=np.int64)
