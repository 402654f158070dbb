"""A block: TAO is created, put into pools, spent on alpha; alpha is created and set aside until the subnet's epoch.

Order and rules: pallets/subtensor/src/coinbase/run_coinbase.rs, block_step.rs. EMAs of prices are used before they move.
Every rao has a place: `conserved` adds them up.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.kernels.bittensor import pools, sharing
from sim.kernels.bittensor.layout import (
    BY_ALPHA_AND_TAO,
    BY_ROOT,
    CAP,
    FLOW,
    NET_FLOW,
    RAO,
    U16,
    WHOLE,
)
from sim.kernels.options import kernel, verb


@kernel
def emission_at(issued: int) -> int:
    """Rao that a block creates, TAO or alpha alike: 10^9 >> k, k the largest with issued >= cap (1 - 2^-k); 0 at the cap."""
    missing = CAP - issued
    if missing <= 0:
        return 0
    level = 0
    while level < 62 and missing <= CAP >> (level + 1):
        level += 1
    return RAO >> level


@kernel
def emit(chain: Any, subnets: np.ndarray, scratch: np.ndarray) -> None:
    """Create a block's TAO and alpha and put them where they belong; what could not be spent is taken back.

    `scratch`: float64 of a length of `subnets`.
    """
    chain.emission = emission_at(chain.issued)
    chain.issued += chain.emission
    if chain.share_rule == FLOW or chain.share_rule == NET_FLOW:
        sharing.advance_flows(chain, subnets)
    sharing.share_out(chain, subnets, scratch)
    chain.unspent = chain.emission
    mark_root(chain, subnets)
    for i in range(len(subnets)):
        if subnets[i].eligible == 1:
            alpha = emission_at(subnets[i].alpha_in + subnets[i].alpha_out)
            inject(chain, subnets[i], alpha)
            split(chain, subnets[i], alpha)
    # Unspent credit is recycled: it leaves the issuance and is created again later.
    chain.issued -= chain.unspent
    chain.recycled += chain.unspent


@kernel
def mark_root(chain: Any, subnets: np.ndarray) -> None:
    """Root's alpha is sold while the EMA prices of all subnets add up to more than 1."""
    prices = 0.0
    for i in range(len(subnets)):
        if subnets[i].eligible == 1:
            prices += subnets[i].ema
    chain.root_sells = 1 if prices > 1.0 else 0


@kernel
def inject(chain: Any, one: Any, alpha: int) -> None:
    """Put TAO and alpha into the pool up to the bound; TAO above it buys alpha, which the protocol keeps. No fee."""
    price = pools.price_of(one)
    tao = float(chain.emission) * one.share
    bound = float(alpha)
    if chain.cap_rule == BY_ROOT:
        bound *= sharing.root_share(chain, one)
    elif chain.cap_rule == BY_ALPHA_AND_TAO:
        bound = min(bound, float(chain.emission))
    put, kept = tao / price if price > 0.0 else 0.0, tao
    if put > bound:
        put = bound
        if chain.cap_rule != WHOLE:
            kept = put * price
    _put(chain, one, int(kept), int(put), int(tao - kept))


@kernel
def _put(chain: Any, one: Any, tao: int, alpha: int, excess: int) -> None:
    # The chain moves the weights first, then buys at the old reserves, then adds what is put in (inject_and_maybe_swap).
    if chain.cap_rule != WHOLE and not pools.reweigh(one, tao, alpha):
        tao = alpha = 0
    one.bought = pools.buy(one, excess)
    if one.bought == 0 and excess > 0:
        # The credit has been spent, and no pool took it: it stands on the subnet's account for ever.
        chain.stranded += excess
    one.alpha_out += one.bought
    one.protocol += one.bought
    one.tao += tao
    one.alpha_in += alpha
    one.alpha_issued += alpha
    chain.unspent -= tao + excess
    one.tao_in, one.excess, one.injected = tao, excess if one.bought > 0 else 0, alpha
    one.protocol_net += tao + one.excess


@kernel
def split(chain: Any, one: Any, alpha: int) -> None:
    """Set a block's alpha aside: the owner's cut, then half to miners, half to validators, of it root's share.

    Each part is rounded down; what rounding leaves, less than 4 rao, is dust. Where the EMA prices add up to 1 or less root's
    part is recycled: it leaves the alpha issued.
    """
    one.alpha_out += alpha
    one.alpha_issued += alpha
    cut = float(alpha) * (float(chain.owner_u16) / float(U16))
    rest = float(alpha) - cut
    root = sharing.root_share(chain, one) * rest * 0.5
    servers = rest * 0.5
    parts = int(cut) + int(servers) + int(rest - servers - root) + int(root)
    one.owner += int(cut)
    one.servers += int(servers)
    one.validators += int(rest - servers - root)
    one.dust += alpha - parts
    if chain.root_sells == 1:
        one.root += int(root)
    else:
        one.alpha_out -= int(root)
        one.alpha_issued -= int(root)


@kernel
def move_prices(chain: Any, subnets: np.ndarray) -> None:
    """EMA of each price after it was used: a = base b / (b + h), b blocks since the start; spot prices count at most 1."""
    for i in range(len(subnets)):
        if subnets[i].eligible == 1:
            since = float(chain.block - subnets[i].started)
            a = chain.ema_base * (since / (since + float(chain.ema_half)))
            subnets[i].ema = a * min(pools.price_of(subnets[i]), 1.0) + (1.0 - a) * subnets[i].ema


@kernel
def conserved(chain: Any, subnets: np.ndarray) -> int:
    """-1 where every rao is in its place; n, the number of subnets, where TAO is not; else the first row whose alpha is not."""
    tao = chain.root_tao + chain.free + chain.stranded
    for i in range(len(subnets)):
        tao += subnets[i].tao
    if tao != chain.issued:
        return len(subnets)
    for i in range(len(subnets)):
        one = subnets[i]
        due = one.servers + one.validators + one.root + one.owner
        if one.alpha_out != one.protocol + due + one.staked + one.claims + one.burnt + one.dust or one.alpha_in < 0:
            return i
        if one.alpha_in + one.alpha_out != one.alpha_issued:
            return i
    return -1


@verb
def block_emission(issued: int) -> int:
    """`emission_at`, for Python."""
    return emission_at(issued)


@verb
def one_block(chains: np.ndarray, subnets: np.ndarray, scratch: np.ndarray) -> None:
    """`emit` with the EMAs that stand, for Python. `chains` holds one row."""
    emit(chains[0], subnets, scratch)


@verb
def one_share(chains: np.ndarray, subnets: np.ndarray, scratch: np.ndarray) -> None:
    """`share_out`, for Python."""
    sharing.share_out(chains[0], subnets, scratch)


@verb
def one_price(chains: np.ndarray, subnets: np.ndarray) -> None:
    """`move_prices`, for Python."""
    move_prices(chains[0], subnets)


@verb
def one_split(chains: np.ndarray, subnets: np.ndarray, alpha: int) -> None:
    """`split` of a block's alpha in every subnet, for Python; whether root sells is found from the EMA prices that stand."""
    mark_root(chains[0], subnets)
    for i in range(len(subnets)):
        split(chains[0], subnets[i], alpha)


@verb
def one_check(chains: np.ndarray, subnets: np.ndarray) -> int:
    """`conserved`, for Python."""
    return conserved(chains[0], subnets)
