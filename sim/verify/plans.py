"""How each family is run: its estimator, how many customers, which quantity speaks for it, and what is not asked of it.

Sizes are chosen before anything is simulated: so many customers that three standard errors are below 1 % (2 % from a load of
0.95 on, as the vectors' README asks). Nothing stops early, nothing is added when an estimate misses.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from sim.serving.contract import Name
from sim.verify import batching, classical, fleets, networks, nodes, single
from sim.verify.cases import Case, Draws
from sim.verify.estimate import Sample
from sim.verify.laws import LAWS

Simulate = Callable[[Case, Draws, int, Name], Sample]
REPLICATIONS = 40
"""Replications at least: with fewer, Student's interval of skewed means covers less than it says."""
QUICK = 20
FLEETS = 24
LARGEST = 200_000
"""Customers of a replication at most: rows stay in the processor's cache."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """How a family is estimated."""

    simulate: Simulate
    headline: str
    """The quantity of a case that counts in the verdict: quantities of one case depend on each other."""
    customers: Callable[[Case], int]
    """Customers of all replications, without warm-ups; servers for `transient_mm1`, repairs for `machine_repair`."""
    through: str = "engine"
    whole: bool = False
    """One replication is a whole fleet, many servers side by side: fewer of them, however many customers."""


def relative(case: Case) -> float:
    """The relative error that is allowed besides 4 standard errors: 1 %, 2 % from a load of 0.95 on; infinite if terminating."""
    if case.family == "transient_mm1":
        return float("inf")
    return 0.02 if load_of(case) >= 0.95 else 0.01


def load_of(case: Case) -> float:
    """Load of the busiest server, where a case has one; else 0."""
    params = case.params
    if case.family == "mmck" or "theta" in params:
        return 0.0
    if "rho" in params:
        return float(params["rho"])
    if case.family == "jackson":
        return max(
            case.values[f"lam_{k}"] / (mu * c) for k, (mu, c) in enumerate(zip(params["mu"], params["c"], strict=True))
        )
    rate = params.get(
        "lam", params.get("lam1", 0) + params.get("lam2", 0) or params.get("lam_batches", 0) * params.get("B", 0)
    )
    return float(rate) / params.get("c", params.get("servers", params.get("K", 1)))


def _heavy(case: Case, scv: float, factor: float = 1.45) -> int:
    """Customers for a mean wait: its variance per customer is about 2 (1 + SCV) / (1 - load)^2 of its square (heavy traffic)."""
    load = load_of(case)
    return max(1_000_000, int(factor * (1 + scv) / (1 - load) ** 2 / (relative(case) / 3) ** 2))


def _scv(case: Case) -> float:
    return LAWS[single.law_of(case)].second - 1


def _sized(table: Mapping[str, float], otherwise: float) -> Callable[[Case], int]:
    """Millions of customers by name of the case."""
    return lambda case: int(1e6 * table.get(case.name, otherwise))


def _mmck(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """One server is a replica with bounded waiting; several share a queue, which no router gives."""
    return (single.mm1k if case.params["c"] == 1 else classical.mmck)(case, draws, customers, engine)


POWER_OF_D = {"pod_d1_rho0.9": 20, "pod_d3_rho0.9": 8, "pod_d2_rho0.95": 12, "pod_d2_rho0.99": 50, "pod_d3_rho0.99": 20}
"""Millions of customers of a fleet of a thousand servers."""
PLANS: dict[str, Plan] = {
    "mm1": Plan(single.mg1, "W", lambda case: _heavy(case, 1.0, 2.0)),
    "mg1": Plan(single.mg1, "W", lambda case: _heavy(case, _scv(case))),
    "gim1": Plan(single.gim1, "W", lambda case: _heavy(case, 0.0 if case.name.startswith("d") else 4.0, 1.6)),
    "batch_arrival": Plan(
        single.batch_arrival, "W", _sized({"mxm1_lam0.1_B5": 4.4, "mxm1_lam0.18_B5": 80, "mxm1_lam0.05_B16": 60}, 60)
    ),
    "mmck": Plan(_mmck, "P_block", _sized({"mmck_c4_K20_rho0.9": 20}, 4)),
    "batching_bd": Plan(batching.batching_bd, "ET", _sized({"contbatch_lam2_a0.1_B8": 4}, 2)),
    "mg1_ps": Plan(batching.mg1_ps, "ET", _sized({}, 1)),
    "erlang_a": Plan(batching.erlang_a, "P_abandon", _sized({"mmcM_c10_lam9_th0.5": 8, "mmcM_c10_lam12_th0.25": 6}, 2)),
    "power_of_d_meanfield": Plan(fleets.power_of_d, "W", _sized(POWER_OF_D, 4), whole=True),
    "jsq_numeric": Plan(fleets.jsq, "W", _sized({"jsq2_rho0.9": 40}, 2)),
    "transient_mm1": Plan(fleets.transient_mm1, "EN_20", _sized({}, 0.2), whole=True),
    "breakdowns": Plan(nodes.breakdowns, "W", _sized({"mm1_breakdown_0.5_0.01_0.1": 4.2}, 2.6)),
    "machine_repair": Plan(
        nodes.machine_repair, "mean_down", _sized({"repair_N10_R1_100_5": 0.8, "repair_N1000_R10_1000_12": 3.6}, 0.2)
    ),
    "mmc": Plan(classical.mmc, "W", _sized({}, 20), "kernel"),
    "erlang_b": Plan(classical.erlang_b, "erlang_B", _sized({"mgcc_c100_a80": 180, "mgcc_c400_a380": 90}, 2), "kernel"),
    "mginf": Plan(classical.mginf, "EN_stationary", _sized({}, 8), "kernel"),
    "jackson": Plan(networks.jackson, "L", _sized({"retry1": 50}, 8), "kernel"),
    "closed_mva": Plan(networks.closed_mva, "cycle_time", _sized({"mva_N50_4st": 24}, 2), "kernel"),
    "priority": Plan(
        classical.priority, "pr_W2", _sized({"prio_exp_.3_.4": 6, "prio_h2_scv4_.3_.4": 12}, 40), "kernel"
    ),
    "batch_service": Plan(classical.batch_service, "L", _sized({}, 20), "kernel"),
    "size_based": Plan(classical.size_based, "ET_SRPT", _sized({"mm1_sizebased_0.5": 6}, 40), "kernel"),
}
"""Families whose values are estimated; `micro_traces` must be met exactly and is no estimate."""


def replications(plan: Plan, case: Case, quick: bool) -> tuple[int, int]:
    """(replications, customers of each)."""
    customers = plan.customers(case)
    if quick:
        count = FLEETS // 2 if plan.whole else QUICK
        return count, max(customers // 10 // count, 1)
    count = FLEETS if plan.whole else max(REPLICATIONS, customers // LARGEST)
    return count, customers // count
