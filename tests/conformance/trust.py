"""Adapters of stake, slashing, verification and the contests of owners: each case through the rule that a scenario file names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sim.tokenomics.coin import to_base
from sim.tokenomics.operators.contest import best_reply
from sim.tokenomics.operators.strategies import cheats
from sim.tokenomics.payout import Work
from sim.tokenomics.slash import Fraction, Termination
from sim.tokenomics.stake import WEIGHT_ONE, PerWeight, Pledge
from sim.tokenomics.verify import Odds, Replication, Reputation, Sampling, at_least_once
from sim.units import DAY_S, INT64_MAX, Money

GIB = 2**30
DAY = float(DAY_S)


def filecoin_initial_pledge(case: dict[str, Any]) -> dict[str, float]:
    """A unit of weight is a GiB; as many decimals as 64 bits hold of the supply."""
    inputs = case["inputs"]
    supply = inputs["circulating_supply_fil"]
    decimals = max(n for n in range(19) if supply * 10**n <= INT64_MAX)
    qa, network, baseline = (
        inputs[key] * WEIGHT_ONE // GIB for key in ("qa_power", "network_qa_power", "baseline_power")
    )
    begins = max(-inputs["epochs_since_ramp_start"], 0) * 30.0
    block = Pledge(
        days=DAY, baseline=baseline / WEIGHT_ONE, cap=Money(1 / 32, "FIL"), ramp_begins=begins,
        ramp=inputs["ramp_duration_epochs"] * 30.0,
    )  # fmt: skip
    clock = max(inputs["epochs_since_ramp_start"], 0) * 30
    seen = np.array([to_base(supply, decimals), network, clock], np.int64)
    pledge = block.needed(qa, to_base(inputs["reward_20d_share_fil"], decimals), seen, decimals)
    return {"pledge_fil": pledge / 10**decimals}


def filecoin_termination_fee(case: dict[str, Any]) -> dict[str, int]:
    """The fee for a fault is given: it is a day of a reward as large."""
    inputs = case["inputs"]
    block = Termination(fault=DAY)
    taken = block.taken(inputs["pledge"], 0, inputs["fault_fee"], inputs["age_days"] * 86_400)
    return {"fee": taken.total}


def gonka_collateral(case: dict[str, Any]) -> dict[str, Any]:
    """Weight that collateral backs, and what a slash leaves."""
    inputs = case["inputs"]
    if "weight" in inputs:
        block = PerWeight(amount=Money(inputs["per_unit"], "GNK"), free=inputs["base_ratio"])
        weight, decimals = inputs["weight"] * WEIGHT_ONE, 9
        needed = block.needed(weight, 0, np.zeros(3, np.int64), decimals)
        return {"effective": block.effective(weight, to_base(inputs["collateral"], decimals), needed) // WEIGHT_ONE}
    locked, unbonding, after = inputs["active"], inputs.get("unbonding", 0), []
    for fraction in inputs.get("fractions", [inputs.get("fraction")]):
        taken = Fraction(share=fraction).taken(locked, unbonding)
        locked, unbonding = locked - taken.locked, unbonding - taken.unbonding
        after.append(locked)
    return {"slashed": taken.total, "active": locked, "unbonding": unbonding, "active_after": after}


def gonka_reputation(case: dict[str, Any]) -> dict[str, int]:
    """Epochs served, less what was missed beyond the cut-off."""
    inputs = case["inputs"]
    block = Reputation(epochs=inputs["epochs_to_max"], penalty=float(inputs["penalty"]), cutoff=float(inputs["cutoff"]))
    return {"reputation": block.of(inputs["epoch_count"], sum(block.lost(missed) for missed in inputs["miss"]))}


def _gonka(inputs: dict[str, Any], low: str, half: str, most: str, **more: Any) -> Sampling:
    quiet, busy = inputs["min_cutoff"] / DAY_S, inputs["full_cutoff"] / DAY_S
    return Sampling(rate=inputs[low], half=inputs[half], most=inputs[most], quiet=quiet, busy=busy, **more)


def _odds(
    block: Any, requests: float = 0.0, reputation: float = 0.0, colluding: float = 0.0, checker: float = 1.0
) -> Odds:
    found: Odds = block.odds(np.array([requests / DAY_S, reputation, colluding, checker, 0.5]))
    return found


def gonka_validation_rate(case: dict[str, Any]) -> dict[str, float]:
    """The least rate at a traffic: that of a node whose reputation is whole."""
    block = _gonka(case["inputs"], "min", "half", "max", reputation=Reputation())
    return {"rate": _odds(block, case["inputs"]["requests"], 100).checked}


def gonka_validator_probability(case: dict[str, Any]) -> dict[str, float]:
    """One checker's part of all checking power but the server's."""
    inputs = case["inputs"]
    block = _gonka(inputs, "min_rate", "half_rate", "max_rate", reputation=Reputation())
    part = inputs["validator_power"] / (inputs["total_power"] - inputs["executor_power"])
    return {"probability": _odds(block, inputs["traffic"], inputs["reputation"], checker=part).checked}


def posp_threshold(case: dict[str, Any]) -> dict[str, float]:
    """The rate of checks at which an owner who counts stops cheating: bisection over what he decides."""
    inputs, low, high = case["inputs"], 0.0, 1.0
    for _ in range(60):
        rate = (low + high) / 2
        found = _odds(Sampling(rate=rate), colluding=inputs["r"]).found
        if cheats(inputs["C"], found, inputs["R"], inputs["S"]):
            low = rate
        else:
            high = rate
    return {"p_star": high}


def replication_detection(case: dict[str, Any]) -> dict[str, float]:
    """What stays hidden where repeaters collude; what repeated sampling finds."""
    inputs = case["inputs"]
    if "k" in inputs:
        return {"undetected": 1 - _odds(Replication(repeaters=inputs["k"]), colluding=inputs["c"]).found}
    return {"caught": at_least_once(_odds(Sampling(rate=inputs["p"])).found, inputs["n"])}


def mining_contest(case: dict[str, Any]) -> dict[str, Any]:
    """Owners who go a step towards their best reply, again and again; the payout's rule divides what they get."""
    inputs = case["inputs"]
    if "alpha" in inputs:
        return _owners_at_most(inputs["alpha"])
    if "c_j" in inputs:
        return {"min_share_j": _least_share(inputs["c_j"], inputs["c_i"])}
    value, costs = float(inputs["V"]), [float(cost) for cost in inputs["costs"]]
    efforts = [value / cost / len(costs) ** 2 for cost in costs]
    for _ in range(8_000):
        total = sum(efforts)
        wanted = [best_reply(value, total - mine, cost) for mine, cost in zip(efforts, costs, strict=True)]
        efforts = [mine + (reply - mine) / len(costs) for mine, reply in zip(efforts, wanted, strict=True)]
    weights = np.rint(np.array(efforts) / sum(efforts) * 2**50).astype(np.int64)
    shares = Work().amounts(10**15, weights, weights)[0] / 10**15
    return {"total": sum(efforts), "share": shares.tolist(), "profit_0": value * shares[0] - costs[0] * efforts[0]}


def _least_share(cheap: float, dear: float) -> float:
    """What the cheaper owner holds where the dearer one is about to leave: both go by their best replies to a prize of 1."""
    total = _last(lambda effort: best_reply(1.0, effort, dear) > 0, 2 / dear)
    return _last(lambda effort: best_reply(1.0, total - effort, cheap) > effort, total) / total


def _last(holds: Callable[[float], bool], high: float) -> float:
    """Up to where something holds, by bisection of [0, high]."""
    low = 0.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


STEP = 1e-4
"""Part of an effort by which an owner tries more and less."""


def _owners_at_most(alpha: float) -> dict[str, float]:
    """How many can be there where the prize goes by x^alpha: equals who each put in what earns most lose no more than rounding."""
    owners = 1
    while _worth(owners + 1, alpha) > -1e-6:
        owners += 1
    return {"max_miners": owners, "min_share": 1 / owners}


def _worth(owners: int, alpha: float) -> float:
    """What each of so many earns of a prize of 1, where a little more effort earns each as much as it costs."""

    def gains(effort: float) -> bool:
        more, less = (_prize(effort * (1 + step), effort, owners, alpha) for step in (STEP, -STEP))
        return more - less > 2 * STEP * effort

    effort = _last(gains, 2.0)
    return _prize(effort, effort, owners, alpha) - effort


def _prize(mine: float, each: float, owners: int, alpha: float) -> float:
    """What one of so many gets of a prize of 1: the payout's rule divides it by weights, efforts to a power."""
    efforts = np.array([mine, *[each] * (owners - 1)])
    weights = np.rint((efforts / efforts.max()) ** alpha * 2**50).astype(np.int64)
    return float(Work().amounts(10**15, weights, weights)[0][0]) / 1e15


ADAPTERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "filecoin_initial_pledge": filecoin_initial_pledge,
    "filecoin_termination_fee": filecoin_termination_fee,
    "gonka_collateral": gonka_collateral,
    "gonka_reputation": gonka_reputation,
    "gonka_validation_rate": gonka_validation_rate,
    "gonka_validator_probability": gonka_validator_probability,
    "posp_threshold": posp_threshold,
    "replication_detection": replication_detection,
    "mining_contest": mining_contest,
}
