"""What whole tokens, passes and picoseconds do to a case: a bound on the relative shift of its headline.

Each bound is the derivative of what theory says by the quantity that is rounded, times the rounding. It is computed, not
estimated, and stands far below the bounds that estimates are held to; a test asks for a quarter of them at most.
"""

from __future__ import annotations

from sim.verify.batching import BATCHED, PASS, shared_passes
from sim.verify.cases import Case
from sim.verify.classical import TICKS
from sim.verify.engines import LONGEST, MOST_PASSES, TOKENS, UNIT_PS
from sim.verify.fleets import LOOKS, surplus
from sim.verify.laws import LAWS, rounded_moments
from sim.verify.plans import load_of
from sim.verify.single import law_of

BY_PROMPTS = ("mm1", "mg1", "gim1", "batch_arrival", "jsq_numeric", "power_of_d_meanfield", "transient_mm1")


def shift(case: Case) -> float:
    """The bound for a case's headline, as a share of its value. Infinite precision gives 0."""
    if case.family in BY_PROMPTS or (case.family == "mmck" and case.params["c"] == 1):
        return _by_prompts(case)
    if case.family in ("mg1_ps", "batching_bd", "erlang_a", "breakdowns"):
        return _by_passes(case)
    if case.family == "machine_repair":
        return 1 / (UNIT_PS * 1000 * min(case.params["mtbf"], case.params["mttr"]))
    if case.family == "mginf":
        # Nobody waits: the mean number there is the rate times the mean service, which is a unit, off by half a tick at most.
        return 0.5 / TICKS
    # Kernels: every service is off by half a tick at most, and the shortest mean is a hundredth of a unit.
    return 100 / TICKS * _pull(case)


def _pull(case: Case) -> float:
    """How much a mean stay changes for a change of the mean service, both relative: 1 / (1 - load) where a queue is stable.

    Where it is not, or loses customers, what is there is changed by no more than the time that has passed, 50 units at most.
    """
    load = load_of(case)
    return 1 / (1 - load) if 0 < load < 1 and case.family != "transient_mm1" else 50.0


def _by_prompts(case: Case) -> float:
    """M/G/1: Wq = rate x second moment / (2 (1 - load)), so both moments pull; others of one service law alike."""
    law = law_of(case)
    mean, second = rounded_moments(law, TOKENS, LONGEST)
    rounded = abs(second / LAWS[law].second - 1) + 2 * abs(mean - 1) * _pull(case)
    # Arrivals are whole picoseconds; sixteen looks at two servers see one only, once in 2^(looks - 1) arrivals.
    blind = 2.0 ** (1 - LOOKS) * _pull(case) if case.family == "jsq_numeric" else 0.0
    few = surplus(case) if case.family == "power_of_d_meanfield" else 0.0
    return rounded + 1 / UNIT_PS + blind + few


def _by_passes(case: Case) -> float:
    """A request waits for the end of a pass and ends with one: one pass and a half in its stay, at the mean batch."""
    params, values = case.params, case.values
    if case.family == "mg1_ps":
        law = law_of(case)
        passes = shared_passes(case)
        mean, _ = rounded_moments(law, passes // 100, MOST_PASSES // 100)
        # The mean batch of a busy server is as large as the mean stay is long. A hundred times coarser, rounding is no finer.
        return 1.5 / passes + 2 * abs(mean - 1) * _pull(case)
    if case.family == "batching_bd":
        return float(1.5 / BATCHED * (1 + params["a"] * (params["B"] - 1)) / values["ET"])
    if case.family == "erlang_a":
        # A free place is taken half a pass late: a load, and an abandonment, of a pass at most.
        return float((1 + params["theta"]) * PASS / values["P_abandon"])
    # A failure in service voids half a pass; geometric work is less variable by one pass in its mean.
    available = params["eta"] / (params["xi"] + params["eta"])
    return float((1 + params["xi"]) * PASS / (1 - params["lam"] / available))
