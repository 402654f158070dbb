"""Owners so large that they see their own weight in the reward: a Tullock contest.

Owner i with effort x_i of all X gets V x_i / X and pays c_i x_i. Best reply to the others' O: sqrt(V O / c) - O, or nothing. In
equilibrium x_i = X (1 - c_i X / V). With economies of scale the prize follows x^a, a > 1: in the symmetric case each puts in
a V (n - 1) / (n^2 c), so that at most a / (a - 1) owners can be there.
Source: Arnosti and Weinberg 2018, Bitcoin: a natural oligopoly, arXiv 1811.08572 (abstract); Dimitri 2017, Ledger.
"""

from __future__ import annotations

import math


def best_reply(value: float, others: float, cost: float) -> float:
    """The effort that earns most where others put in `others` > 0, `cost` a unit of effort; 0 where none pays."""
    if others <= 0 or cost <= 0:
        return 0.0
    return max(math.sqrt(value * others / cost) - others, 0.0)


def share_at(total: float, value: float, cost: float) -> float:
    """The share of all effort `total` that an owner holds in equilibrium: 1 - c X / V, never below 0."""
    return max(1 - cost * total / value, 0.0)


def profit(value: float, cost: float, efforts: list[float], mine: int, scale: float = 1.0) -> float:
    """What owner `mine` earns: V x^a / sum of x^a, less c x; the whole prize to one who is alone."""
    weights = [effort**scale for effort in efforts]
    total = sum(weights)
    return value * weights[mine] / total - cost * efforts[mine] if total > 0 else 0.0
