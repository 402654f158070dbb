"""What of the differences between nodes' work is luck with the windows, and their work without it.

Windows measure a part of an epoch, so equal nodes look less equal than they are: luck adds to the variance between them, and a mean
of absolute differences (`gini`) is told too high. Of nodes that were up all through the windows, the deviations from the mean
of their class are scaled such that their variance is what it would be if the whole epoch had been measured.

Source: constrained empirical Bayes, Louis (1984), JASA 79, 393-398, and Ghosh (1992), JASA 87, 533-540; the sampling's variance from
the interaction of nodes and windows (two-way layout), less the finite population's part, Cochran (1977), Sampling Techniques, 2.6.
"""

from __future__ import annotations

import numpy as np

FEWEST = 20
"""Nodes of a class that were up all through the windows, below which their variance is too little known to be scaled
(assumed; docs/decisions/2026-11-28-luck-with-windows.md)."""


class Seen:
    """Tokens of each slot in each window of an epoch, and which slots were up all through them."""

    def __init__(self, slots: int) -> None:
        self.tokens: list[np.ndarray] = []
        self.up = np.ones(slots, bool)

    def add(self, tokens: np.ndarray, up: np.ndarray) -> None:
        """One more window: float[slots] tokens, and bool[slots] whether a slot was up all through it."""
        self.tokens.append(tokens)
        self.up &= up

    def ratios(self, spans: list[slice], measured_frac: float) -> np.ndarray:
        """Float[slots]: what a slot's work is to be multiplied by; `spans` are the slots of each class.

        `measured_frac` is the part of the epoch that the windows measured, 1 at most.

        1 where it stays as it is: slots that were not up all through all windows, classes with fewer than `FEWEST` others,
        epochs of a single window. The sum of a class's work stays what it was.
        """
        found = np.ones(len(self.up))
        left = 1.0 - min(measured_frac, 1.0)
        for span in spans:
            mine = np.flatnonzero(self.up[span]) + span.start
            if len(self.tokens) > 1 and len(mine) >= FEWEST:
                found[mine] = without_luck(np.stack([tokens[mine] for tokens in self.tokens]), left)
        return found


def without_luck(tokens: np.ndarray, left: float) -> np.ndarray:
    """Float[nodes]: sums over windows without the sampling's share of their variance, over the sums themselves.

    `tokens` is float[windows, nodes] of two or more each, `left` the part of the epoch that was not measured, [0, 1]. At 0 nothing is
    luck, and every ratio is 1. Where luck explains the whole variance, all nodes worked the mean. A node without a token keeps none.
    """
    windows, nodes = tokens.shape
    sums = tokens.sum(axis=0)
    mean = sums.mean()
    residual = tokens - tokens.mean(axis=0) - tokens.mean(axis=1, keepdims=True) + tokens.mean()
    luck = left * windows * float((residual**2).sum()) / ((windows - 1) * (nodes - 1))
    variance = float(sums.var(ddof=1))
    if variance <= 0:
        return np.ones(nodes)
    scaled = mean + max(1.0 - luck / variance, 0.0) ** 0.5 * (sums - mean)
    return np.divide(scaled, sums, out=np.ones(nodes), where=sums > 0)
