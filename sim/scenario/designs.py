"""Points of the unit cube that designs of experiments ask for: Latin hypercubes, Sobol' points, and parameters that move together.

Drawn by scipy from a named stream of the root seed: the same root, name, count and dimensions give the same points, whatever
else is drawn. Columns are parameters, rows are points; every number lies in [0, 1).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.streams import Streams

SETS = "parameters.sets"
"""Stream of the joint sets of `uncertain:` parameters."""
SWEEP = "parameters.sweep"
"""Stream of the points of `vary:`."""
INDICES = "parameters.indices"
"""Stream of the points that Sobol' indices are estimated from."""
BOOTSTRAP = "parameters.bootstrap"
"""Stream of the bootstrap of Sobol' indices."""


def latin_hypercube(count: int, dimensions: int, root: int, name: str) -> np.ndarray:
    """`count` points, each column with one value in each of `count` equal strata (McKay, Beckman and Conover 1979)."""
    from scipy.stats import qmc

    return np.asarray(qmc.LatinHypercube(dimensions, rng=Streams(root, 0)[name].key64).random(count))


def sobol(count: int, dimensions: int, root: int, name: str) -> np.ndarray:
    """The first `count` scrambled Sobol' points; balanced only where `count` is a power of two, which callers see to."""
    from scipy.stats import qmc

    return np.asarray(qmc.Sobol(dimensions, rng=Streams(root, 0)[name].key64).random(count))


def is_power_of_two(count: int) -> bool:
    """Whether a count is 1, 2, 4, 8 and so on."""
    return count > 0 and count & (count - 1) == 0


def joint(count: int, members: Sequence[tuple[str, float]], root: int) -> np.ndarray:
    """Joint sets of parameters as a Latin hypercube in which members of a group move together.

    `members` has for each parameter its group (empty: none) and its correlation with it, c in [-1, 1]. Normal scores of a
    member are sign(c) sqrt|c| F + sqrt(1 - |c|) E with the group's factor F and an E of its own (a Gaussian copula with one
    factor a group), so that members with correlations c and d have correlation sqrt(c d), negative where their signs differ.
    Each column's strata are then given out in the order of its scores, so that every column stays a Latin hypercube and ranks
    follow the copula (Stein 1987, Technometrics 29, 143-151, section 5).
    """
    from scipy.special import ndtri

    groups = sorted({group for group, _ in members if group})
    drawn = latin_hypercube(count, len(members) + len(groups), root, SETS)
    made = drawn[:, : len(members)].copy()
    for column, (group, correlation) in enumerate(members):
        if group:
            factor = ndtri(drawn[:, len(members) + groups.index(group)])
            own = np.sqrt(1 - abs(correlation)) * ndtri(drawn[:, column])
            scores = np.sign(correlation) * np.sqrt(abs(correlation)) * factor + own
            # Ties come only with correlations of 1 and follow the order of the rows.
            made[np.argsort(scores, kind="stable"), column] = np.sort(drawn[:, column])
    return made
