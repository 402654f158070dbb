"""Who gets a subnet's alpha at its epoch, once validators' dividends are known.

Source: subtensor pallets/subtensor/src/coinbase/run_coinbase.rs, `calculate_dividend_distribution`.
"""

from __future__ import annotations

import numpy as np

from sim.kernels.options import kernel, verb


@verb
def pay_dividends(
    alpha: int, root: int, tao_weight: float, stakes: np.ndarray, root_stakes: np.ndarray, dividends: np.ndarray,
    out_alpha: np.ndarray, out_root: np.ndarray,
) -> int:  # fmt: skip
    """Divide `alpha` and `root` rao among validators by dividends; returns the rao that rounding down leaves.

    A dividend d counts for root's pool by R w / (A + R w) and for alpha's by the rest, A and R the validator's stakes in rao
    of alpha and of TAO on root. Each pool is divided in proportion to its own part; without such parts nobody gets it.
    """
    of_alpha, of_root = 0.0, 0.0
    for i in range(len(dividends)):
        part = _root_part(tao_weight, stakes[i], root_stakes[i]) * dividends[i]
        of_root += part
        of_alpha += dividends[i] - part
    left = alpha + root
    for i in range(len(dividends)):
        part = _root_part(tao_weight, stakes[i], root_stakes[i]) * dividends[i]
        out_root[i] = int(float(root) * (part / of_root)) if of_root > 0.0 else 0
        out_alpha[i] = int(float(alpha) * ((dividends[i] - part) / of_alpha)) if of_alpha > 0.0 else 0
        left -= out_root[i] + out_alpha[i]
    return left


@kernel
def _root_part(tao_weight: float, stake: int, root_stake: int) -> float:
    root = float(root_stake) * tao_weight
    whole = float(stake) + root
    return root / whole if whole > 0.0 else 0.0
