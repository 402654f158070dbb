"""The rule of the vectors' README, for every quantity of every case, and what a case states besides outcomes.

|estimate - value| <= 4 standard errors, and a relative error below 1 % (2 % from a load of 0.95 on). Neither is ever
widened or left out. A few values are no outcome of a queue but functions of its inputs: those are computed from the inputs as
they are offered, rounding included, and have no standard error.
"""

from __future__ import annotations

from collections.abc import Mapping

from sim.verify.cases import Case
from sim.verify.engines import LONGEST, TOKENS
from sim.verify.estimate import Estimate
from sim.verify.laws import H2_SCV, rounded_moments
from sim.verify.plans import relative
from sim.verify.single import law_of

ERRORS = 4.0
"""Standard errors within which an estimate must be."""
STATED = ("scv", "kingman_upper_bound_Wq", "kingman_approx_Wq")
"""Functions of the inputs: the variability of services, and Kingman's bound and approximation of a mean wait."""


def stated(case: Case) -> dict[str, float]:
    """Those values of a case, from services in whole tokens. Kingman 1962, Journal of the Royal Statistical Society B 24, p. 383."""
    if not set(STATED) & set(case.values):
        return {}
    mean, second = rounded_moments(law_of(case), TOKENS, LONGEST)
    service, load = second / mean**2 - 1, case.params["lam"]
    gaps = 0.0 if case.params.get("interarrival") == "deterministic" else H2_SCV
    found = {
        "scv": service,
        "kingman_upper_bound_Wq": load * (gaps / load**2 + second - mean**2) / (2 * (1 - load)),
        "kingman_approx_Wq": (gaps + service) / 2 * load / (1 - load),
    }
    return {name: found[name] for name in STATED if name in case.values}


def breaches(case: Case, found: Mapping[str, Estimate]) -> list[str]:
    """Where a case breaks the rule; a value that nobody estimates is a breach."""
    told, bound, inputs = [], relative(case), stated(case)
    for name, wanted in case.values.items():
        if name in inputs:
            # Without sampling there is only rounding: a quarter of the bound, as for all discretisation.
            if abs(inputs[name] - wanted) > bound / 4 * abs(wanted):
                told.append(f"{name}: {inputs[name]:.6g} found, {wanted:.6g} expected, within {bound / 4:.2%}")
            continue
        if name not in found:
            told.append(f"{name}: nothing found, {wanted:.6g} expected")
            continue
        told += [f"{name}: {text}" for text in of_one(found[name], wanted, bound)]
    if "kingman_upper_bound_Wq" in case.values and found["Wq"].value > case.values["kingman_upper_bound_Wq"]:
        told.append(
            f"Wq: {found['Wq'].value:.6g} found; Kingman's bound is {case.values['kingman_upper_bound_Wq']:.6g}"
        )
    return told


def of_one(one: Estimate, wanted: float, bound: float) -> list[str]:
    """Which of the two parts of the rule an estimate breaks. An estimate that is no number breaks both."""
    off, text = abs(one.value - wanted), f"{one.value:.6g} +- {one.error:.2g} found, {wanted:.6g} expected"
    parts = (
        (off <= ERRORS * one.error, f"within {ERRORS:.0f} standard errors"),
        (off <= bound * abs(wanted), f"within {bound:.0%}"),
    )
    return [f"{text}, {part}" for held, part in parts if not held]
