"""An epoch of Yuma in the chain's own integers: I32F32, 2^32 to one, every product and quotient rounded down.

Matrices are int64[validators, miners], vectors int64. A weight below 0 stands for one that is not set: a validator's old bond
lasts under liquid alpha only where a weight, be it 0, is set. `sim.kernels.bittensor.yuma` is the fast twin in floats.
Source: subtensor pallets/subtensor/src/epoch/run_epoch.rs, math.rs. exp() of liquid alpha is the C library's, cut to 2^-32.
"""

from __future__ import annotations

import math

import numpy as np

from sim.kernels import wide
from sim.kernels.bittensor.layout import U16
from sim.kernels.options import kernel, verb

ONE = np.int64(1 << 32)


@kernel
def times(a: int, b: int) -> int:
    """A b of two fixed-point numbers >= 0."""
    return wide.floor_of(a, b, ONE)


@kernel
def over(a: int, b: int) -> int:
    """A / b of two fixed-point numbers >= 0; a itself where b is 0, as the chain leaves what it cannot normalise."""
    return wide.floor_of(a, ONE, b) if b > 0 else a


@verb
def normalise(values: np.ndarray) -> int:
    """Divide a vector by its sum in place, unless that is 0; returns the sum."""
    total = 0
    for i in range(len(values)):
        total += values[i]
    for i in range(len(values)):
        values[i] = over(values[i], total)
    return total


@verb
def proportions(amounts: np.ndarray, out_share: np.ndarray) -> None:
    """Shares of integers in their sum; zeros where that is 0."""
    total = 0
    for i in range(len(amounts)):
        total += amounts[i]
    for i in range(len(amounts)):
        out_share[i] = wide.floor_of(amounts[i], ONE, total) if total > 0 else 0


@verb
def normalise_rows(weights: np.ndarray, out_weights: np.ndarray) -> None:
    """Rows of u16 weights as shares of their sum; what is not set stays below 0."""
    for v in range(weights.shape[0]):
        total = 0
        for j in range(weights.shape[1]):
            total += max(weights[v, j], 0)
        for j in range(weights.shape[1]):
            w = weights[v, j]
            out_weights[v, j] = wide.floor_of(w, ONE, total) if w > 0 and total > 0 else w


@verb
def clip(
    weights: np.ndarray, consensus: np.ndarray, stake: np.ndarray, penalty: int, out_rank: np.ndarray, out_trust: np.ndarray,
    out_for_bonds: np.ndarray,
) -> None:  # fmt: skip
    """Clip weights at consensus: ranks sum(w s) not yet normalised, validators' trust, and the weights that bonds go by.

    Those lie `penalty` of the way from the weights to the clipped ones; where the clipped one is 0 none counts as set.
    """
    out_rank[:] = 0
    out_trust[:] = 0
    for v in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            w = weights[v, j]
            clipped = min(w, consensus[j])
            out_for_bonds[v, j] = w if penalty == 0 else _between(w, clipped, penalty)
            if clipped > 0:
                out_trust[v] += clipped
                out_rank[j] += times(stake[v], clipped)


@kernel
def _between(w: int, clipped: int, penalty: int) -> int:
    """`penalty` of the way from a weight to the clipped one; -1 where none is set, or the chain drops what has become 0."""
    if w < 0:
        return -1
    if penalty == ONE:
        return clipped if clipped > 0 or w == 0 else -1
    # A difference that is not positive is multiplied and rounded down: away from the weight.
    moved = w - wide.ceil_of(w - clipped, penalty, ONE)
    return moved if moved > 0 else -1


@verb
def classic_bonds(
    weights: np.ndarray, stake: np.ndarray, stored: np.ndarray, alpha: int, column: np.ndarray, out_bonds: np.ndarray
) -> None:
    """EMA of bonds by column: E = norm(alpha norm(W S) + (1 - alpha) norm(B)); `stored` in u16, `column` two rows of scratch."""
    new, old = column[0], column[1]
    new[:] = 0
    old[:] = 0
    for v in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            new[j] += times(stake[v], max(weights[v, j], 0))
            old[j] += stored[v, j]
    for v in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            delta = over(times(stake[v], max(weights[v, j], 0)), new[j])
            held = wide.floor_of(stored[v, j], ONE, old[j]) if old[j] > 0 else 0
            out_bonds[v, j] = times(alpha, delta) + times(ONE - alpha, held)
    normalise_columns(out_bonds, new)


@verb
def normalise_columns(matrix: np.ndarray, total: np.ndarray) -> None:
    """Divide columns by their sums in place, unless those are 0. `total`: scratch, a number a column."""
    total[:] = 0
    for v in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            total[j] += matrix[v, j]
    for v in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            matrix[v, j] = over(matrix[v, j], total[j])


@verb
def upscale_columns(matrix: np.ndarray, most: np.ndarray) -> None:
    """Divide columns by their largest value in place, unless that is 0. `most`: scratch, a number a column."""
    most[:] = 0
    for v in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            most[j] = max(most[j], matrix[v, j])
    for v in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            matrix[v, j] = over(matrix[v, j], most[j])


@verb
def relative_bonds(
    weights: np.ndarray,
    stored: np.ndarray,
    consensus: np.ndarray,
    alpha: int,
    liquid: np.ndarray,
    out_bonds: np.ndarray,
) -> None:
    """Yuma3's EMA of bonds: E = alpha W + (1 - alpha) B, B = stored / 65535.

    `liquid` = low, high (fixed point), steepness in hundredths, and 1 where alpha follows from each pair; then E is at most 1, and
    a bond whose weight is not set is gone.
    """
    for v in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            w, held = weights[v, j], stored[v, j] * ONE // U16
            if liquid[3] == 0:
                out_bonds[v, j] = times(alpha, max(w, 0)) + times(ONE - alpha, held)
            elif w < 0:
                out_bonds[v, j] = 0
            else:
                out_bonds[v, j] = capped(liquid_alpha(w, held, consensus[j], liquid), held, w)


@kernel
def capped(alpha: int, old: int, new: int) -> int:
    """(1 - alpha) old + alpha new, at most 1."""
    return min(times(ONE - alpha, old) + times(alpha, new), ONE)


@verb
def capped_average(alpha: int, old: np.ndarray, new: np.ndarray, out_average: np.ndarray) -> None:
    """`capped` of each pair, flat, for Python."""
    for i in range(len(old)):
        out_average[i] = capped(alpha, old[i], new[i])


@kernel
def liquid_alpha(weight: int, bond: int, consensus: int, liquid: np.ndarray) -> int:
    """Low + (high - low) / (1 + exp(-steepness (d - 1/2))), d = W - C where W >= B, else B - W, within [0, 1]."""
    distance = min(max(weight - consensus if weight >= bond else bond - weight, 0), ONE)
    power = -float(liquid[2]) / 100.0 * (float(distance - (ONE >> 1)) / float(ONE))
    grown = int(math.exp(min(max(power, -20.0), 20.0)) * float(ONE))
    found = liquid[0] + times(over(ONE, ONE + grown), liquid[1] - liquid[0])
    return min(max(found, liquid[0]), liquid[1])


@verb
def dividends_of(bonds: np.ndarray, incentive: np.ndarray, out_dividends: np.ndarray) -> None:
    """Sum over miners of bond times incentive, not yet normalised."""
    out_dividends[:] = 0
    for v in range(bonds.shape[0]):
        for j in range(bonds.shape[1]):
            out_dividends[v] += times(bonds[v, j], incentive[j])


@verb
def multiply(values: np.ndarray, by: np.ndarray) -> None:
    """Multiply a vector by another in place."""
    for i in range(len(values)):
        values[i] = times(values[i], by[i])


@verb
def as_u16(values: np.ndarray, out_u16: np.ndarray) -> None:
    """Shares in 65535ths, rounded down, at most 65535. Both flat."""
    for i in range(len(values)):
        out_u16[i] = min(values[i] * U16 >> 32, U16)


@verb
def amounts(shares: np.ndarray, total: int, rao: int, out_rao: np.ndarray) -> None:
    """Rao of each share: floor(share / total x rao), the quotient cut to 2^-32 first; `total` 0 takes shares as they are."""
    for i in range(len(shares)):
        out_rao[i] = wide.floor_of(over(shares[i], total), rao, ONE)
