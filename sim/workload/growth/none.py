"""No growth."""

from __future__ import annotations

import datetime
from typing import Literal

import numpy as np

from sim.blocks import Block
from sim.workload.law import Floats


class NoGrowth(Block):
    """The rate stays what it is."""

    kind: Literal["none"] = "none"

    def factor(self, time_s: Floats, start: datetime.date) -> Floats:
        """1 at all times."""
        return np.ones(len(time_s))
