"""Owners so large that they see their own weight in the reward: a Tullock contest.

Owner i with effort x_i of all X gets V x_i / X and pays c_i x_i. Best reply to the others' O: sqrt(V O / c) - O, or nothing. In
equilibrium x_i = X (1 - c_i X / V).
Source: Arnosti and Weinberg 2018, Bitcoin: a natural oligopoly, arXiv 1811.08572 (abstract); Dimitri 2017, Ledger.
"""

from __future__ import annotations

import math


def best_reply(value: float, others: float, cost: float) -> float:
    """The effort that earns most where others put in `others` > 0, `cost` a unit of effort; 0 where none pays."""
    if others <= 0 or cost <= 0:
        return 0.0
    return max(math.sqrt(value * others / cost) - others, 0.0)
