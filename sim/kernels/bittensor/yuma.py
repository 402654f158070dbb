"""An epoch of Yuma in floats: four passes over the weights of a subnet, the same rules as `yuma_exact`.

Weights and stored bonds are u16 in [validators, miners]; a weight of 0 counts as set. Stakes are integers of 2^-32, so consensus
is decided as on the chain. All sums go in order of rows or, over the miners of a validator, in four interleaved parts.
Source: subtensor pallets/subtensor/src/epoch/run_epoch.rs.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.kernels.bittensor.layout import U16
from sim.kernels.bittensor.medians import median
from sim.kernels.options import kernel, verb

ONE = 4294967296.0
TILE = 8
"""Columns that are turned at a time: a line of the cache holds so many floats."""
TERMS = np.dtype(
    [
        ("alpha", "f8"),  # how much of a new bond counts: 1 - moving average
        ("penalty", "f8"),  # how far bonds go by clipped weights
        ("low", "f8"),  # bounds and steepness of liquid alpha
        ("high", "f8"),
        ("steepness", "f8"),
        ("kappa", "i8"),  # the majority, in 2^-32
        ("relative", "i8"),  # 1: Yuma3
        ("liquid", "i8"),
    ],
    align=True,
)


@kernel
def row_factors(weights: np.ndarray, out_factor: np.ndarray) -> None:
    """What makes each row's weights add up to 1; 0 for a row without any."""
    for v in range(weights.shape[0]):
        total = 0
        for j in range(weights.shape[1]):
            total += int(weights[v, j])
        out_factor[v] = 1.0 / float(total) if total > 0 else 0.0


@kernel
def consensus_of(
    weights: np.ndarray, factor: np.ndarray, stake: np.ndarray, kappa: int, tile: np.ndarray, out_consensus: np.ndarray
) -> None:
    """Medians of all columns; `out_consensus` holds the guesses. `tile`: float64[8, validators]."""
    total = 0
    for v in range(len(stake)):
        total += stake[v]
    bits, found = tile.view(np.int64), out_consensus.view(np.int64)
    for first in range(0, weights.shape[1], TILE):
        wide = min(TILE, weights.shape[1] - first)
        for v in range(len(stake)):
            for j in range(wide):
                tile[j, v] = float(weights[v, first + j]) * factor[v]
        for j in range(wide):
            found[first + j] = median(bits[j], stake, total - kappa, found[first + j])


@kernel
def ranks_of(
    weights: np.ndarray, factor: np.ndarray, stake: np.ndarray, consensus: np.ndarray, out_incentive: np.ndarray
) -> None:
    """Incentive: stake-weighted sums of clipped weights, normalised; all 0 where nobody has any."""
    out_incentive[:] = 0.0
    for v in range(weights.shape[0]):
        share, f = float(stake[v]) / ONE, factor[v]
        for j in range(weights.shape[1]):
            out_incentive[j] += share * min(float(weights[v, j]) * f, consensus[j])
    total = 0.0
    for j in range(len(out_incentive)):
        total += out_incentive[j]
    if total > 0.0:
        for j in range(len(out_incentive)):
            out_incentive[j] /= total


@kernel
def new_bonds(
    term: Any, weights: np.ndarray, factor: np.ndarray, stake: np.ndarray, consensus: np.ndarray, stored: np.ndarray,
    sums: np.ndarray, out_bonds: np.ndarray,
) -> None:  # fmt: skip
    """EMA of bonds, not yet normalised by column, and in `sums`[0] and [1] sum and maximum of each column."""
    if term.relative == 1:
        _relative(term, weights, factor, consensus, stored, out_bonds)
    else:
        _classic(term, weights, factor, stake, consensus, stored, sums, out_bonds)
    sums[:2] = 0.0
    for v in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            sums[0, j] += out_bonds[v, j]
            sums[1, j] = max(sums[1, j], out_bonds[v, j])


@kernel
def _classic(
    term: Any, weights: np.ndarray, factor: np.ndarray, stake: np.ndarray, consensus: np.ndarray, stored: np.ndarray,
    sums: np.ndarray, out_bonds: np.ndarray,
) -> None:  # fmt: skip
    new, old, penalty = sums[0], sums[1], term.penalty
    new[:] = 0.0
    old[:] = 0.0
    for v in range(weights.shape[0]):
        share, f = float(stake[v]) / ONE, factor[v]
        for j in range(weights.shape[1]):
            w = float(weights[v, j]) * f
            delta = share * (w + penalty * (min(w, consensus[j]) - w))
            out_bonds[v, j] = delta
            new[j] += delta
            old[j] += float(stored[v, j])
    for j in range(weights.shape[1]):
        new[j] = term.alpha / new[j] if new[j] > 0.0 else 0.0
        old[j] = (1.0 - term.alpha) / old[j] if old[j] > 0.0 else 0.0
    for v in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            out_bonds[v, j] = out_bonds[v, j] * new[j] + float(stored[v, j]) * old[j]


@kernel
def _relative(
    term: Any, weights: np.ndarray, factor: np.ndarray, consensus: np.ndarray, stored: np.ndarray, out_bonds: np.ndarray
) -> None:
    # Without any consensus alpha is the plain one.
    liquid = term.liquid == 1 and _largest(consensus) > 0.0
    for v in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            w, held = float(weights[v, j]) * factor[v], float(stored[v, j]) / float(U16)
            by = w + term.penalty * (min(w, consensus[j]) - w)
            if liquid:
                out_bonds[v, j] = _liquid(term, w, by, held, consensus[j])
            else:
                out_bonds[v, j] = term.alpha * by + (1.0 - term.alpha) * held


@kernel
def _liquid(term: Any, weight: float, by: float, held: float, consensus: float) -> float:
    """The bond under an alpha of its own; 0 where clipping leaves nothing of a weight, which the chain then drops."""
    if by == 0.0 and (weight > 0.0 or 0.0 < term.penalty < 1.0):
        return 0.0
    alpha = liquid_alpha(term, by, held, consensus)
    return min(alpha * by + (1.0 - alpha) * held, 1.0)


@kernel
def _largest(values: np.ndarray) -> float:
    most = 0.0
    for j in range(len(values)):
        most = max(most, values[j])
    return most


@kernel
def liquid_alpha(term: Any, weight: float, bond: float, consensus: float) -> float:
    """Low + (high - low) / (1 + exp(-steepness (d - 1/2))), d = W - C where W >= B, else B - W, within [0, 1]."""
    distance = min(max(weight - consensus if weight >= bond else bond - weight, 0.0), 1.0)
    return term.low + (term.high - term.low) / (1.0 + math.exp(-term.steepness * (distance - 0.5)))


@kernel
def dividends_of(
    term: Any, bonds: np.ndarray, sums: np.ndarray, incentive: np.ndarray, stake: np.ndarray, out_dividends: np.ndarray
) -> None:
    """Validators' shares of bonds times incentive, normalised; Yuma3 counts stake here, the classic rule in the bonds."""
    price, total = sums[2], 0.0
    for j in range(bonds.shape[1]):
        price[j] = incentive[j] / sums[0, j] if sums[0, j] > 0.0 else 0.0
    for v in range(bonds.shape[0]):
        found = _product(bonds[v], price)
        out_dividends[v] = found * (float(stake[v]) / ONE) if term.relative == 1 else found
        total += out_dividends[v]
    if total > 0.0:
        for v in range(bonds.shape[0]):
            out_dividends[v] /= total


@kernel
def _product(a: np.ndarray, b: np.ndarray) -> float:
    """Sum of products in four parts: one after the other would wait for each sum."""
    p = q = r = s = 0.0
    whole = len(a) - len(a) % 4
    for i in range(0, whole, 4):
        p += a[i] * b[i]
        q += a[i + 1] * b[i + 1]
        r += a[i + 2] * b[i + 2]
        s += a[i + 3] * b[i + 3]
    for i in range(whole, len(a)):
        p += a[i] * b[i]
    return (p + q) + (r + s)


@kernel
def store(term: Any, bonds: np.ndarray, sums: np.ndarray, out_stored: np.ndarray) -> None:
    """Bonds in 65535ths, rounded down: of the column's largest by the classic rule, of 1 by Yuma3."""
    scale = sums[2]
    for j in range(bonds.shape[1]):
        most = 1.0 if term.relative == 1 else sums[1, j]
        scale[j] = float(U16) / most if most > 0.0 else 0.0
    for v in range(bonds.shape[0]):
        for j in range(bonds.shape[1]):
            # A hair more than the quotient, so that the largest of a column stays 65535 whatever its last digit.
            out_stored[v, j] = int(min(bonds[v, j] * scale[j] * (1.0 + 1e-13), float(U16)))


@kernel
def run(
    term: Any, weights: np.ndarray, stake: np.ndarray, stored: np.ndarray, rows: np.ndarray, tile: np.ndarray,
    sums: np.ndarray, bonds: np.ndarray, out_consensus: np.ndarray, out_incentive: np.ndarray, out_dividends: np.ndarray,
) -> None:  # fmt: skip
    """One epoch; `stored` is replaced. Scratch: rows float64[validators], tile [8, validators], sums [3, miners], bonds."""
    row_factors(weights, rows)
    consensus_of(weights, rows, stake, term.kappa, tile, out_consensus)
    ranks_of(weights, rows, stake, out_consensus, out_incentive)
    new_bonds(term, weights, rows, stake, out_consensus, stored, sums, bonds)
    dividends_of(term, bonds, sums, out_incentive, stake, out_dividends)
    store(term, bonds, sums, stored)


@verb
def one_epoch(
    terms: np.ndarray, weights: np.ndarray, stake: np.ndarray, stored: np.ndarray, rows: np.ndarray, tile: np.ndarray,
    sums: np.ndarray, bonds: np.ndarray, out_consensus: np.ndarray, out_incentive: np.ndarray, out_dividends: np.ndarray,
) -> None:  # fmt: skip
    """`run`, for Python; `terms` holds one row."""
    run(terms[0], weights, stake, stored, rows, tile, sums, bonds, out_consensus, out_incentive, out_dividends)
