"""How each family is run: its estimator, how many customers, which quantity speaks for it, and what is not asked of it.

Sizes were chosen in pilot runs of other seeds: so many customers that four standard errors are about 1 % (2 % from a load of 0.95
on, as the vectors' README asks) or less of every quantity; 1.4 and 3 % of two. Nothing stops early, nothing is added when an
estimate misses.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

from sim.serving.contract import Name
from sim.verify import batching, classical, fleets, networks, nodes, single
from sim.verify.cases import Case, Draws
from sim.verify.estimate import Sample

Simulate = Callable[[Case, Draws, int, Name], Sample]
REPLICATIONS = 40
"""Replications: with fewer, Student's interval of skewed means covers less than it says."""
LARGEST = 4_000_000
"""Customers of a replication at most, for memory."""
BRIEF = 400_000
"""Customers of a case at most where time is short, or a tenth."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """How a family is estimated."""

    simulate: Simulate
    headline: str
    """The quantity of a case that counts in the verdict: quantities of one case depend on each other."""
    customers: Callable[[Case], int]
    """Customers of all replications, without warm-ups; servers for `transient_mm1`, repairs for `machine_repair`."""
    replications: int = REPLICATIONS
    """Few where each has a warm-up that is long beside it, or many servers side by side; many where controls are many."""
    through: str = "engine"


def relative(case: Case) -> float:
    """The relative error that is allowed besides 4 standard errors: 1 %, 2 % from a load of 0.95 on. Terminating cases too."""
    return 0.02 if load_of(case) >= 0.95 else 0.01


def load_of(case: Case) -> float:
    """Load of the busiest server, where a case has one; else 0."""
    params = case.params
    if case.family in ("mmck", "erlang_b", "mginf") or "theta" in params:
        return 0.0
    if case.family == "batching_bd":
        return float(params["lam"] / case.values["capacity"])
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


def _sized(otherwise: float, **table: float) -> Callable[[Case], int]:
    """Millions of customers by name of the case, with `_` for what a name of Python cannot hold."""
    return lambda case: int(1e6 * table.get(re.sub(r"\W", "_", case.name), otherwise))


def _mmck(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """One server is a replica with bounded waiting; several share a queue, which no router gives."""
    return (single.mm1k if case.params["c"] == 1 else classical.mmck)(case, draws, customers, engine)


PLANS: dict[str, Plan] = {
    "mm1": Plan(single.mg1, "W", _sized(3, mm1_rho0_95=12), 100),
    "mg1": Plan(
        single.mg1, "W",
        _sized(
            1, mg1_det_rho0_9=2, mg1_erl2_rho0_9=2, mg1_erl4_rho0_9=2, mg1_unif02_rho0_9=2, mg1_pareto_a3_5_rho0_9=2,
            mg1_gamma_scv2_rho0_9=4, mg1_lognormal_scv1_rho0_9=4, mg1_h2_scv4_rho0_9=8, mg1_lognormal_scv4_rho0_9=12,
        ), 60,
    ),
    "gim1": Plan(single.gim1, "W", _sized(1, h2m1_rho0_5=2, h2m1_rho0_8=4, dm1_rho0_9=2, h2m1_rho0_9=8), 60),
    "batch_arrival": Plan(single.batch_arrival, "W", _sized(4, mxm1_lam0_1_B5=1.5), 60),
    "mmck": Plan(_mmck, "P_block", _sized(1.5, mmck_c1_K5_rho0_8=4, mmck_c4_K20_rho0_9=6)),
    "batching_bd": Plan(batching.batching_bd, "ET", _sized(1, contbatch_lam25_a0_02_B64=2)),
    "mg1_ps": Plan(
        batching.mg1_ps, "ET",
        _sized(
            3, mg1ps_det_rho0_6=1, mg1ps_lognormal_scv4_rho0_6=7, mg1ps_unif02_rho0_9=4, mg1ps_h2_scv4_rho0_9=10,
            mg1ps_det_rho0_9=16, mg1ps_pareto_a3_5_rho0_9=16,
        ), 60,
    ),
    "erlang_a": Plan(batching.erlang_a, "P_abandon", _sized(2, mmcM_c10_lam9_th0_5=5, mmcM_c10_lam12_th0_25=3, mmcM_c100_lam110_th1=7)),
    "power_of_d_meanfield": Plan(
        fleets.power_of_d, "W",
        _sized(
            8, pod_d1_rho0_9=60, pod_d2_rho0_5=42, pod_d2_rho0_7=12, pod_d3_rho0_7=60, pod_d3_rho0_8=50, pod_d3_rho0_9=24,
            pod_d2_rho0_95=4, pod_d2_rho0_99=4, pod_d3_rho0_99=4,
        ), 16,
    ),
    "jsq_numeric": Plan(fleets.jsq, "W", _sized(1, jsq2_rho0_9=32)),
    "transient_mm1": Plan(fleets.transient_mm1, "EN_20", _sized(0.4, mm1_transient_1_2=2.6), 24),
    "breakdowns": Plan(nodes.breakdowns, "W", _sized(7, mm1_breakdown_0_5_0_01_0_1=24), 60),
    "machine_repair": Plan(nodes.machine_repair, "mean_down", _sized(0.1, repair_N1000_R10_1000_12=1.6), 24),
    "mmc": Plan(classical.mmc, "W", _sized(5, mmc_c20_rho0_95=8, mmc_c100_rho0_8=24, mmc_c1000_rho0_99=24), through="kernel"),
    "erlang_b": Plan(classical.erlang_b, "erlang_B", _sized(2, mgcc_c400_a380=4), through="kernel"),
    "mginf": Plan(
        classical.mginf, "EN_stationary",
        _sized(6, mginf_lam5_exp_t1=80, mginf_lam200_exp_t3=90, mginf_lam1000_unif02_t0_25=200), through="kernel",
    ),
    "jackson": Plan(networks.jackson, "L", _sized(10, retry1=110), through="kernel"),
    "closed_mva": Plan(networks.closed_mva, "cycle_time", _sized(1, mva_N50_4st=60), through="kernel"),
    "priority": Plan(classical.priority, "pr_W2", _sized(4, prio_h2_scv4__5__4=6), 60, through="kernel"),
    "batch_service": Plan(
        classical.batch_service, "L", _sized(30, mmKpartial_lam1_5_K2=8, mmKpartial_lam7_5_K8=560, mmKpartial_lam12_K16=44), through="kernel"
    ),
    "size_based": Plan(classical.size_based, "ET_SRPT", _sized(2, mm1_sizebased_0_9=6), through="kernel"),
}  # fmt: skip
"""Families whose values are estimated; `micro_traces` must be met exactly and is no estimate."""


def replications(plan: Plan, case: Case, whole: bool) -> tuple[int, int]:
    """(replications, customers of each), of a whole run or of one that takes minutes."""
    count, customers = plan.replications, plan.customers(case)
    if not whole:
        customers = min(customers, max(customers // 10, BRIEF))
    # Kernels are given arrays of so many customers at most.
    count = max(count, customers // LARGEST)
    return count, max(customers // count, 1)
