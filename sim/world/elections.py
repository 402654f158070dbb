"""What the tempos of an epoch paid in a subnet, and what that tells of its validators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.world.voting import PARTIES

if TYPE_CHECKING:
    from sim.world.book import Line
    from sim.world.subnets import Subnets


class Paid:
    """One subnet and epoch, all in rao: alpha earned and sold by uid, TAO by party, fees, incentive that was burned; `stake` is
    what stood behind each uid before.
    """

    def __init__(self, stake: np.ndarray) -> None:
        self.stake = stake
        self.earned, self.sold = np.zeros_like(stake), np.zeros_like(stake)
        self.tao: dict[str, int] = dict.fromkeys(PARTIES, 0)
        self.fees = self.burned = 0


def told(subnets: Subnets, paid: dict[int, Paid]) -> Line:
    """Outcomes of the first subnet that serves: how copiers fare, what a cartel takes, what is burned."""
    one, uids = paid[subnets.served[0]], subnets.uids
    kinds, own = _kinds(subnets)
    voted = one.earned[uids.voters]
    found: Line = {}
    yields = {
        kind: _yield(voted[kinds == kind], one.stake[uids.voters][kinds == kind]) for kind in ("honest", "copier")
    }
    if yields["copier"] is not None and yields["honest"] is not None:
        found["copied_yield_frac"] = (yields["copier"], yields["honest"])
    everybody = float(voted.sum() + one.earned[uids.miners].sum() + one.earned[uids.own].sum())
    if (kinds == "cartel").any():
        taken = float(voted[kinds == "cartel"].sum() + one.earned[uids.own][own].sum())
        found["cartel_share_frac"] = (taken, everybody)
    incentive = float(one.earned[uids.miners].sum() + one.earned[uids.own].sum() + one.burned)
    found["burned_frac"] = (float(one.burned), incentive)
    return found


def _kinds(subnets: Subnets) -> tuple[np.ndarray, np.ndarray]:
    """Kind of each validator, and which of the validators' own miners are a cartel's."""
    groups = subnets.network.block.chain.validators.values()
    kinds = np.concatenate([np.full(group.count, group.kind) for group in groups])
    own = np.concatenate([np.full(group.miners, group.kind == "cartel") for group in groups])
    return kinds, own


def _yield(earned: np.ndarray, stake: np.ndarray) -> float | None:
    """Alpha earned for alpha staked; None without stake."""
    held = float(stake.sum())
    return float(earned.sum()) / held if held > 0 else None
