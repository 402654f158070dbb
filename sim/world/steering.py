"""What divides emission besides fixed shares: scores, weights of members, and targets in dollars. Reads a network, posts nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.tokenomics.ledger import exact_sum
from sim.tokenomics.target import Steered
from sim.units import PS_PER_S
from sim.world.calendar import Epoch

PS_PER_US = PS_PER_S // 10**6
COMPUTE_ONE = 10**6
"""Weight of a millisecond of the class that serves most."""
FEE_ONE = 10**6
"""Parts of a dollar in which fees weigh."""


def metrics(network: Any) -> tuple[float, float, float]:
    """What a score sees of the network itself (`score.METRICS`)."""
    burned, staked, _ = network.seen().tolist()
    unit, score = 10**network.decimals, network.block.split.score
    return staked / unit, burned / unit * network.coin_usd, network.nodes * score.onboarding


def divide(network: Any, issued: int) -> dict[str, int]:
    """Base units by recipient of what the schedule issues; empty for nothing."""
    split = network.block.split
    if not issued:
        return {}
    return dict(split.amounts(issued, metrics(network)) if split.score is not None else split.amounts(issued))


def beside(network: Any, live: np.ndarray) -> dict[str, np.ndarray]:
    """Columns that the payout divides by besides work and live time (microseconds), one entry a slot (`payout.WEIGHTS`)."""
    found, needs = {}, network.block.payout.needs()
    if "stake" in needs:
        found["stake"] = network.stakes.locked.amounts
    if "compute" in needs:
        found["compute"] = live // 1000 * _power(network)
    if "fees" in needs:
        found["fees"] = np.rint(network.last_fees * FEE_ONE).astype(np.int64)
    return found


def _power(network: Any) -> np.ndarray:
    """What each slot's hardware serves, the class that serves most as `COMPUTE_ONE`."""
    most = max(owners.machine.capacity_rps for owners in network.owners)
    classes = [
        np.full(owners.block.slots, round(owners.machine.capacity_rps / most * COMPUTE_ONE))
        for owners in network.owners
    ]
    return np.concatenate(classes)


def steer(network: Any, epoch: Epoch, planned: int, operators: int) -> Steered:
    """What the network's target says about an epoch, given what the schedule issues and operators get of it.

    Money that operators are to get is in the vault already; a target without vaults sees none.
    """
    ledger, name = network.ledger, network.account
    # Picoseconds of a hundred nodes and a day exceed 64 bits.
    live_s = sum(exact_sum(owners.live_ps(epoch)) // PS_PER_S * owners.machine.gpus for owners in network.owners)
    seen = {
        "planned": planned,
        "operators": operators,
        "paid": round(network.last_paid_usd * 1e9),
        "price": network.oracle_pusd(epoch.end_ps),
        "burned_a_day": network.burned,
        "start_us": epoch.start_ps // PS_PER_US,
        "end_us": epoch.end_ps // PS_PER_US,
        "gpu_s": live_s,
        "vault": ledger.balance(name("vault"), network.ticker),
        "fees": ledger.balance(name("fees"), network.ticker),
        "coin": 10**network.decimals,
    }
    found: Steered = network.block.target.steer(seen, network.target_state, network.decimals)
    return found
