"""What routers that draw by weight have in common: a share of each class of operators."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from sim.blocks import Block
from sim.serving.contract import MOST_WEIGHT

FINEST = 2**16
"""The weight of the heaviest replica, unless the fleet is so large that its weights would not stay below `MOST_WEIGHT`."""


class Weighted(Block):
    """A live replica drawn with a probability in proportion to the share of its owner's class; all 0: evenly."""

    by_class: ClassVar[str]
    """The key under which classes are weighed."""

    def shares(self) -> dict[str, float]:
        """Numbers >= 0 by class of operators; only their ratios count."""
        raise NotImplementedError


def whole_weights(shares: np.ndarray, replicas: np.ndarray) -> np.ndarray:
    """Integer weights int64 of nodes with such shares and numbers of replicas, as engines take them; all 0 if all shares are.

    The heaviest is 2^16, or less where all together would not stay below half of `MOST_WEIGHT`; none above 0 falls to 0.
    """
    top = float(shares.max(initial=0.0))
    if top == 0:
        return np.zeros(len(shares), np.int64)
    finest = min(FINEST, MOST_WEIGHT // 2 // max(int(replicas.sum()), 1))
    weights = np.rint(shares / top * finest).astype(np.int64)
    return np.where(shares > 0, np.maximum(weights, 1), 0)
