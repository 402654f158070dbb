"""The weighted pool in floats: price, swaps and injections that leave the price alone.

    price = (w_a / w_t) T / A        T, A: reserves of TAO and alpha; w_t + w_a = 1, and only w_t is stored
    buy   alpha out = A (1 - (T / (T + q))^(w_t / w_a))
    sell  TAO out   = T (1 - (A / (A + q))^(w_a / w_t))

Weights of 1/2 make it a constant product. Exact twins stand in `sim.tokenomics.chains.bittensor.balancer`: a rao apart at most
(a test compares them). Source: pallets/swap/src/pallet/balancer.rs, swap_step.rs.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.kernels.bittensor.layout import LEAST_RESERVE, LEAST_WEIGHT, MOST_INPUT, PARTS
from sim.kernels.options import kernel, verb


@kernel
def price_of(one: Any) -> float:
    """TAO an alpha; 0 for an empty pool."""
    if one.alpha_in == 0:
        return 0.0
    weight = float(one.weight)
    return (float(PARTS) - weight) / weight * (float(one.tao) / float(one.alpha_in))


@kernel
def paid_out(reserve_in: int, reserve_out: int, amount: int, ratio: float) -> int:
    """Rao out for `amount` in, after the fee: floor(out (1 - (in / (in + amount))^ratio)), ratio = weight in / weight out."""
    # expm1 and log1p keep all digits where the amount is a small part of the pool.
    part = -math.expm1(-ratio * math.log1p(float(amount) / float(reserve_in)))
    return min(int(float(reserve_out) * part), reserve_out)


@kernel
def buy(one: Any, tao: int) -> int:
    """Alpha that `tao` buys without a fee; the pool is changed. 0, and nothing changed, where the chain refuses the swap.

    It does for what is worth less than a rao, out of a pool with too little alpha, and for too many times the reserve.
    """
    if tao <= 0 or one.alpha_in < LEAST_RESERVE or tao // MOST_INPUT > one.tao:
        return 0
    weight = float(one.weight)
    out = paid_out(one.tao, one.alpha_in, tao, weight / (float(PARTS) - weight))
    if out > 0:
        one.tao += tao
        one.alpha_in -= out
    return out


@kernel
def reweigh(one: Any, tao: int, alpha: int) -> bool:
    """Weights under which adding `tao` and `alpha` leaves the price: w_t = w_t A (T + dT) / (w_a T (A + dA) + w_t A (T + dT)).

    False, and nothing changed, where a weight would leave [0.01, 0.99]: then nothing may be added.
    """
    quote = float(one.weight)
    left = quote * (float(one.alpha_in) * float(one.tao + tao))
    right = (float(PARTS) - quote) * (float(one.tao) * float(one.alpha_in + alpha))
    found = PARTS // 2 if left + right == 0.0 else int(float(PARTS) * (left / (left + right)))
    if not LEAST_WEIGHT <= found <= PARTS - LEAST_WEIGHT:
        return False
    one.weight = found
    return True


@verb
def quote(reserves: np.ndarray, weight: int, amounts: np.ndarray, out_alpha: np.ndarray, out_tao: np.ndarray) -> None:
    """What each amount, after the fee, would buy and sell for at the same reserves (TAO, alpha); nothing is changed."""
    ratio = float(weight) / (float(PARTS) - float(weight))
    for i in range(len(amounts)):
        out_alpha[i] = paid_out(reserves[0], reserves[1], amounts[i], ratio)
        out_tao[i] = paid_out(reserves[1], reserves[0], amounts[i], 1.0 / ratio)
