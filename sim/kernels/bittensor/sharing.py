"""Who gets a block's TAO: shares of subnets by price, by flow, by what miners keep, through the gate.

Sums go in order of rows, as on the chain (pallets/subtensor/src/coinbase/subnet_emissions.rs). The chain computes in U64F64;
float64 gives TAO of a live block within a rao (`tests/vectors/bittensor/live_block_8766000.json`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.kernels.bittensor.layout import (
    BY_RANK,
    FLOW,
    NET_FLOW,
    NO_GATE,
    PRICE,
    ROOT_PRICE_UNBURNED,
)
from sim.kernels.options import kernel


@kernel
def root_share(chain: Any, one: Any) -> float:
    """Root's part of stake: R w / (R w + alpha of the subnet); 0 where there is neither."""
    root = float(chain.root_tao) * chain.tao_weight
    whole = root + float(one.alpha_in + one.alpha_out)
    return root / whole if whole > 0.0 else 0.0


@kernel
def share_out(chain: Any, subnets: np.ndarray, scratch: np.ndarray) -> None:
    """Write `share` of every subnet by the rule in force; 0 for who may not receive or is switched off. `scratch`: float64[n]."""
    if chain.share_rule == FLOW or chain.share_rule == NET_FLOW:
        _by_flow(chain, subnets)
    else:
        _by_price(chain, subnets)
    if chain.gate_rule != NO_GATE:
        if chain.block % chain.gate_every == 0:
            chain.bar = bar_of(chain, subnets, scratch)
        _pass_gate(chain, subnets)
    _switch_off(subnets)


@kernel
def _by_price(chain: Any, subnets: np.ndarray) -> None:
    total = 0.0
    for i in range(len(subnets)):
        subnets[i].share = subnets[i].ema if subnets[i].eligible == 1 else 0.0
        total += subnets[i].share
    _divide(subnets, total)
    if chain.share_rule == PRICE:
        return
    total = 0.0
    for i in range(len(subnets)):
        total += subnets[i].share * _kept(chain, subnets[i])
    # Where every weight is 0 the plain shares stay, so that the block's TAO is not stranded.
    if total > 0.0:
        for i in range(len(subnets)):
            subnets[i].share *= _kept(chain, subnets[i])
        _divide(subnets, total)


@kernel
def _kept(chain: Any, one: Any) -> float:
    kept = 1.0 - min(one.burned, 1.0)
    return kept * root_share(chain, one) if chain.share_rule == ROOT_PRICE_UNBURNED else kept


@kernel
def _divide(subnets: np.ndarray, total: float) -> None:
    for i in range(len(subnets)):
        subnets[i].share = subnets[i].share / total if total > 0.0 else 0.0


@kernel
def _by_flow(chain: Any, subnets: np.ndarray) -> None:
    """Z = max(flow - L, 0)^p normalised, L = max(cut-off, min(least flow, 0)); net flow takes the protocol's part off."""
    factor = _protocol_factor(subnets) if chain.share_rule == NET_FLOW else 0.0
    least = 0.0
    for i in range(len(subnets)):
        if subnets[i].eligible == 1:
            protocol = subnets[i].protocol_flow
            if protocol > 0.0:
                protocol *= factor
            elif chain.share_rule == FLOW:
                protocol = 0.0
            subnets[i].share = subnets[i].user_flow - protocol
            least = min(least, subnets[i].share)
    least = max(least, chain.flow_cutoff)
    most, total = 0.0, 0.0
    for i in range(len(subnets)):
        above = subnets[i].share - least if subnets[i].eligible == 1 else 0.0
        subnets[i].share = max(above, 0.0)
        most = max(most, subnets[i].share)
    for i in range(len(subnets)):
        # Scaled to the largest first: powers of small flows stay in range.
        subnets[i].share = (subnets[i].share / most) ** chain.flow_power if subnets[i].share > 0.0 else 0.0
        total += subnets[i].share
    _divide(subnets, total)


@kernel
def _protocol_factor(subnets: np.ndarray) -> float:
    """At most 1: what makes the protocol's positive flows as large together as the users'."""
    users, protocol = 0.0, 0.0
    for i in range(len(subnets)):
        if subnets[i].eligible == 1:
            users += max(subnets[i].user_flow, 0.0)
            protocol += max(subnets[i].protocol_flow, 0.0)
    return min(users / protocol, 1.0) if protocol > 0.0 else 0.0


@kernel
def bar_of(chain: Any, subnets: np.ndarray, scratch: np.ndarray) -> float:
    """The `rank`-th largest share, or the `quantile` of all; 0, which lets everybody pass, where fewer than `rank` have one."""
    count = 0
    for i in range(len(subnets)):
        if subnets[i].eligible == 1:
            at = count
            while at > 0 and scratch[at - 1] < subnets[i].share:
                scratch[at] = scratch[at - 1]
                at -= 1
            scratch[at] = subnets[i].share
            count += 1
    if chain.gate_rule == BY_RANK:
        return scratch[chain.rank - 1] if count >= chain.rank else 0.0
    return scratch[count - 1 - int(chain.quantile * (count - 1))] if count > 0 else 0.0


@kernel
def _pass_gate(chain: Any, subnets: np.ndarray) -> None:
    """Hill's curve: share / (1 + (bar / share)^exponent), normalised."""
    total = 0.0
    for i in range(len(subnets)):
        share = subnets[i].share
        if share > 0.0:
            ratio = chain.bar / share
            power = ratio * ratio * ratio if chain.exponent == 3.0 else ratio**chain.exponent
            subnets[i].share = share / (1.0 + power)
            total += subnets[i].share
    _divide(subnets, total)


@kernel
def _switch_off(subnets: np.ndarray) -> None:
    """Subnets whose TAO is switched off get none; the others' shares grow to 1. Nothing is divided where all are on."""
    total, off = 0.0, False
    for i in range(len(subnets)):
        if subnets[i].eligible == 1 and subnets[i].enabled == 0:
            subnets[i].share = 0.0
            off = True
        total += subnets[i].share
    if off:
        _divide(subnets, total)


@kernel
def advance_flows(chain: Any, subnets: np.ndarray) -> None:
    """Move the EMAs of flows by a block: ema = (1 - a) ema + a flow; what has been counted begins again."""
    a = chain.flow_base
    for i in range(len(subnets)):
        if subnets[i].eligible == 1:
            subnets[i].user_flow = (1.0 - a) * subnets[i].user_flow + a * float(subnets[i].user_net)
            subnets[i].protocol_flow = (1.0 - a) * subnets[i].protocol_flow + a * float(subnets[i].protocol_net)
            subnets[i].user_net = 0
            subnets[i].protocol_net = 0
