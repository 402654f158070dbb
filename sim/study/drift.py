"""How far a study's start was from rest: what moved by itself under the baseline in the first 90 days.

`initial: steady` (`spec/economy.md` section 5) solves the start with capacity tables, not with simulated requests, and
users' demand grows as the file says; what is left of movement is told beside every result.
"""

from __future__ import annotations

from collections.abc import Mapping

from sim.records.outcomes import OUTCOMES
from sim.records.study import Band
from sim.study.gather import Gathered
from sim.study.plan import Cell, Plan
from sim.units import DAY_S

SPAN_S = 90.0 * DAY_S
NAME = "drift in the first 90 days under the baseline"
MOVES = ("nodes", "coin_usd", "demand_rps")
"""Outcomes that a steady start holds still (demand up to its stated growth)."""


def drift(plan: Plan, gathered: Mapping[Cell, Gathered]) -> dict[str, str]:
    """Relative change of the median over replications from the first epoch to the last that ends within 90 days.

    An entry of the method box: one clause a network and kind of coin price, first point only. Empty where the baseline did not run or the run is
    shorter than 90 days.
    """
    if plan.baseline not in plan.policies or plan.horizon_s < SPAN_S:
        return {}
    clauses = []
    for kind in plan.coin_prices:
        bands = {band.outcome: band for band in gathered[Cell(plan.baseline, kind, 0)].bands}
        for network in plan.networks:
            moved = [
                f"{OUTCOMES[name].label} {change}"
                for name in MOVES
                if (change := _change(bands.get(f"{network}.{name}"))) is not None
            ]
            if moved:
                clauses.append(f"{network} ({kind}): {', '.join(moved)}")
    return {NAME: "; ".join(clauses)} if clauses else {}


def _change(band: Band | None) -> str | None:
    if band is None:
        return None
    early = [value for at, value in zip(band.time_s, band.q50, strict=True) if at <= SPAN_S and value is not None]
    if len(early) < 2 or early[0] == 0:
        return None
    return f"{100 * (early[-1] / early[0] - 1):+.1f} %"
