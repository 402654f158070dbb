"""How a case of queueing theory is judged: honest errors first, and the relative bound where the sample can carry it."""

from __future__ import annotations

from typing import Any

from sim.verify.cases import Case, case_of
from sim.verify.estimate import Estimate
from sim.verify.plans import PLANS, relative
from sim.verify.run import estimated, rows_of

SEED = 1
QUICK = {
    "mm1_rho0.3", "mg1_det_rho0.5", "dm1_rho0.5", "mxm1_lam0.1_B5", "mmck_c1_K5_rho0.8", "mmck_c4_K10_rho1.1",
    "contbatch_lam5_a0.05_B32", "mg1ps_det_rho0.6", "mmcM_c1_lam0.8_th0.5", "pod_d2_rho0.5", "jsq2_rho0.5",
    "mm1_transient_0.5", "repair_N20_R20_30_10", "mmc_c2_rho0.5", "mgcc_c1_a0.8", "mginf_lam5_exp_t1", "feedback3",
    "mva_N3_2st", "prio_exp_.3_.4", "mmKpartial_lam6_K8", "mm1_sizebased_0.5",
    "trace_c1", "trace_c3",
}  # fmt: skip
"""Cases of seconds, one a family or more; the others are `slow`. Both of `breakdowns` take a minute."""


def judged(fields: dict[str, Any], family: str) -> list[str]:
    """Where a case's estimates are further off than they may be."""
    case = case_of(family, fields)
    found = estimated(case, SEED, quick=False)
    kept = {row.quantity: row.found for row in rows_of(case, found)}
    return errors(case, kept)


def errors(case: Case, found: dict[str, Estimate]) -> list[str]:
    """Each quantity within 4 standard errors, and within the relative bound besides where 3 of them are below it.

    A quantity whose own error is larger cannot be judged by the bound; the headline must not be one of those.
    """
    told, bound = [], relative(case)
    for name, one in found.items():
        wanted = case.values[name]
        off = abs(one.value - wanted)
        text = f"{name}: {one.value:.6g} +- {one.error:.2g} found, {wanted:.6g} expected"
        sharp = 3 * one.error <= bound * abs(wanted)
        if off > 4 * one.error:
            told.append(f"{text}, within 4 standard errors")
        elif sharp and off > bound * abs(wanted):
            told.append(f"{text}, within {bound:.0%}")
        elif not sharp and name == PLANS[case.family].headline:
            told.append(f"{text}: too few customers for {bound:.0%}")
    return told
