"""How a case of queueing theory is judged: by the vectors' README, to the letter, at the sizes that its plan says."""

from __future__ import annotations

from typing import Any

from sim.verify.cases import case_of
from sim.verify.rule import breaches
from sim.verify.run import estimated

SEED = 7
"""Not that of the pilot runs by which sizes were chosen."""
QUICK = {
    "mm1_rho0.7", "mg1_det_rho0.5", "mg1_lognormal_scv4_rho0.5", "dm1_rho0.5", "mxm1_lam0.1_B5", "mmck_c1_K5_rho0.8",
    "mmck_c4_K10_rho1.1", "mmck_c16_K32_rho1.5", "mmcM_c1_lam0.8_th0.5",
    "jsq2_rho0.5", "repair_N10_R1_100_5", "repair_N20_R20_30_10", "mmc_c2_rho0.5", "mgcc_c1_a0.8",
    "mginf_lam20_unif02_t1", "feedback3", "mva_N3_2st", "prio_exp_.3_.4", "mmKpartial_lam1.5_K2", "mm1_sizebased_0.5",
    "trace_c1", "trace_c3",
}  # fmt: skip
"""Cases of seconds, of every family but five; the others are `slow`."""
NONE_QUICK = {"batching_bd", "breakdowns", "mg1_ps", "power_of_d_meanfield", "transient_mm1"}
"""Families whose least case takes longer: very short passes, nodes that fail many thousand times, and fleets."""


def judged(fields: dict[str, Any], family: str) -> list[str]:
    """Where a case breaks the rule."""
    case = case_of(family, fields)
    return breaches(case, estimated(case, SEED, whole=True).found)
