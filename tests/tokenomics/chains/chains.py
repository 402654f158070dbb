"""Chains of tests: subnets of various prices and stakes, and every rao in its place."""

from __future__ import annotations

import numpy as np

from sim.tokenomics.chains.bittensor.chain import Chain
from sim.tokenomics.chains.bittensor.rules import by_name
from sim.tokenomics.chains.bittensor.yuma import Terms

TAO = 10**9


def small(
    name: str = "gated_again",
    subnets: int = 6,
    validators: int = 4,
    uids: int = 10,
    seed: int = 1,
    terms: Terms | None = None,
) -> Chain:
    """A chain at block 9,240,388 with the issuance and the root stake that mainnet had then."""
    draw = np.random.Generator(np.random.PCG64(seed))
    chain = Chain.of(by_name(name), subnets, validators, uids, terms)
    rows, who = chain.subnets, chain.who
    chain.row["block"], chain.row["issued"], chain.row["root_tao"] = 9_240_388, 11_597_622_104_454_806, 5_454_229 * TAO
    price = draw.lognormal(-2, 1, subnets)
    rows["alpha_in"] = draw.integers(10**15, 4 * 10**15, subnets)
    rows["tao"] = (rows["alpha_in"] * price).astype(np.int64)
    # Prices that add up to more than 1: root's alpha is sold.
    rows["ema"] = np.maximum(price, 0.2)
    rows["user_flow"], rows["protocol_flow"] = draw.normal(0, 1e7, subnets), draw.normal(0, 1e7, subnets)
    rows["started"] = 9_000_000
    rows["last_epoch"] = 9_240_388 - np.arange(subnets) % 360
    # Far below the first halving of any subnet's alpha.
    who.stake[:] = np.minimum(draw.pareto(1.2, (subnets, uids)) * 1e13, 2e14).astype(np.int64) + 1
    rows["staked"] = rows["alpha_out"] = who.stake.sum(axis=1)
    rows["alpha_issued"] = rows["alpha_in"] + rows["alpha_out"]
    who.root[:] = (draw.pareto(1.2, validators) * 1e13).astype(np.int64)
    who.owners[:, -1] = 1
    give_weights(chain, draw)
    chain.row["free"] = chain.row["issued"] - chain.row["root_tao"] - rows["tao"].sum()
    return chain


def give_weights(chain: Chain, draw: np.random.Generator, noise: float = 0.1) -> None:
    """Weights of all validators near a common quality of each subnet's miners."""
    subnets, validators, uids = chain.who.weights.shape
    quality = draw.dirichlet(np.full(uids, 0.7), subnets)[:, None]
    weights = quality * np.exp(draw.normal(0, noise, (subnets, validators, uids)))
    chain.who.weights[:] = (weights / weights.max(axis=2, keepdims=True) * 65_535).astype(np.uint16)
