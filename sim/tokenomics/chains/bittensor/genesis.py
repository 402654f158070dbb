"""The chain as a scenario begins with it: mainnet's subnets, its block number on that day, and who stands behind which uid.

Uids of a subnet: validators, in the order of their groups; operators' miners; validators' own miners; last the owner. In subnets
that serve nobody here all validators agree on one miner, but for the part that the owner keeps from miners.
"""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np

from sim.tokenomics.chains.bittensor import BLOCK_S, RAO, U16
from sim.tokenomics.chains.bittensor.block import DATED, BittensorChain
from sim.tokenomics.chains.bittensor.chain import LEVEL, Chain
from sim.tokenomics.chains.bittensor.constants import MAINNET
from sim.tokenomics.chains.bittensor.rules import Rules, by_date, by_name
from sim.tokenomics.chains.bittensor.snapshot import largest
from sim.tokenomics.chains.bittensor.yuma import Terms

SEEN_BLOCK: int = MAINNET["seen_block"].value
SEEN_AT = datetime.datetime(2026, 10, 8, 19, 20, 12)
"""A block of mainnet and when it was made: other blocks lie 12 s apart from it."""
AGE_BLOCKS: int = MAINNET["age_blocks"].value
"""Blocks since a subnet's first emission."""


@dataclasses.dataclass(frozen=True)
class Uids:
    """Whose a uid of a subnet that serves is: spans of numbers."""

    voters: slice
    miners: slice
    own: slice
    owner: int

    @classmethod
    def of(cls, block: BittensorChain) -> Uids:
        """Those of a chain's block."""
        voters, miners, own = block.voters, block.miners, block.own_miners
        return cls(
            slice(0, voters),
            slice(voters, voters + miners),
            slice(voters + miners, voters + miners + own),
            block.uids - 1,
        )


def block_at(day: datetime.date) -> int:
    """Mainnet's last block before a day begins (UTC)."""
    since = datetime.datetime(day.year, day.month, day.day) - SEEN_AT
    return SEEN_BLOCK + since // datetime.timedelta(seconds=BLOCK_S)


def rules_on(name: str, day: datetime.date) -> Rules:
    """The rule set of that name, or the one in force on a day. Raises `LookupError` before the first."""
    return by_date(day) if name == DATED else by_name(name)


def begin(block: BittensorChain, day: datetime.date, issued: int, root: int) -> Chain:
    """The chain at the start of a day, with `issued` rao of TAO of which `root` stand on root.

    Raises `ValueError` where pools and root hold more than is issued.
    """
    found = largest(block.simulated, block.serves)
    chain = Chain.of(rules_on(block.rules, day), len(found.netuid), block.voters, block.uids, terms_of(block))
    now = block_at(day)
    rows, who = chain.subnets, chain.who
    for name in ("netuid", "enabled", "tao", "alpha_in", "alpha_out", "weight", "ema", "burned"):
        rows[name] = getattr(found, name)
    if chain.row["cap_rule"] == 0:
        # Pools of that time weighed both sides alike.
        rows["weight"] = LEVEL
    served = np.isin(found.netuid, block.serves)
    if block.level != 1.0:
        rows["tao"] = np.where(served, np.rint(found.tao * block.level), found.tao)
        rows["ema"] = np.where(served, found.ema * block.level, found.ema)
    # Flows of people are not in the snapshot: they begin in proportion to EMA prices, a block's TAO in all.
    rows["user_flow"] = rows["ema"] / rows["ema"].sum() * RAO
    rows["started"] = now - AGE_BLOCKS
    rows["last_epoch"] = rows["last_step"] = now - rows["netuid"] % rows["tempo"]
    rows["staked"], rows["alpha_issued"] = rows["alpha_out"], rows["alpha_in"] + rows["alpha_out"]
    who.stake[:, 0], who.root[:, 0] = rows["staked"], root
    stand_behind(chain, block)
    who.owners[:, -1] = 1
    kept = np.rint(found.burned * U16).astype(np.int64)
    who.weights[:, :, block.voters], who.weights[:, :, -1] = (U16 - kept)[:, None], kept[:, None]
    chain.row["block"], chain.row["issued"], chain.row["root_tao"] = now, issued, root
    chain.row["free"] = issued - root - int(rows["tao"].sum())
    if chain.row["free"] < 0:
        raise ValueError(
            f"root and the pools of {len(rows)} subnets hold {(issued - int(chain.row['free'][0])) / 1e9:,.0f} TAO, more than the "
            f"{issued / 1e9:,.0f} TAO that are issued"
        )
    return chain


def terms_of(block: BittensorChain) -> Terms:
    """Settings of the subnets' epochs."""
    return Terms(relative=block.consensus != "yuma", liquid=block.consensus == "liquid")


def stand_behind(chain: Chain, block: BittensorChain) -> None:
    """Divide all alpha behind validators, and all TAO on root, among them as their groups' parts say."""
    who, parts = chain.who, _parts(block)
    for row in range(len(chain.subnets)):
        who.stake[row, : block.voters] = _divided(int(who.stake[row, : block.voters].sum()), parts)
        who.root[row] = _divided(int(who.root[row].sum()), parts)


def _parts(block: BittensorChain) -> np.ndarray:
    """Part of all stake behind each validator."""
    return np.concatenate([np.full(group.count, group.stake / group.count) for group in block.validators.values()])


def _divided(total: int, parts: np.ndarray) -> np.ndarray:
    """`total` rao by parts that sum to 1, rounded down; the first keeps the rest."""
    amounts = np.floor(total * parts).astype(np.int64)
    amounts[0] += total - int(amounts.sum())
    return amounts
