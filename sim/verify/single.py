"""Queues at single servers, by prompts, through the serving engine: M/G/1, GI/M/1, batches of arrivals, K places."""

from __future__ import annotations

import math
import re

import numpy as np

from sim.serving.contract import Fate, Name
from sim.verify import paths
from sim.verify import steps as steps_of
from sim.verify.cases import Case, Draws
from sim.verify.engines import LONGEST, TOKENS, UNIT_PS, Offered, by_prompts, fleet, served, times
from sim.verify.estimate import Sample
from sim.verify.laws import H2_SHARE, LAWS, hyperexponential, rounded_moments, tokens
from sim.verify.paths import Ratio, Window
from sim.verify.steps import Gaps, Steps

QUANTILE = re.compile(r"(Wq?)_p(\d+)$")
"""Names of quantiles of stays and of waits."""

MEMORIES = 8.0
"""Relaxation times of a warm-up: what the empty start still weighs is below e^-8, and less by its power of time."""


BEYOND = 60.0
"""Gaps behind a window in which arrivals go on: the last customer has a next one, whose gap nobody has chosen."""


def memory(load: float, scv: float = 1.0) -> float:
    """Relaxation time of a queue in units: that of M/M/1 (Cohen 1982, p. 180), stretched by the variance of service."""
    return (1 + scv) / 2 / (1 - math.sqrt(load)) ** 2


def window(load: float, rate: float, customers: int, scv: float = 1.0) -> Window:
    """A warm-up, then as much time as `customers` arrive in."""
    warm = max(50.0, MEMORIES * memory(load, scv))
    return Window(warm, warm + customers / rate)


def poisson(draws: Draws, rate: float, until: float, name: str = "arrivals") -> np.ndarray:
    """Arrivals of a Poisson process on [0, until)."""
    rng = draws(name)
    return np.sort(rng.uniform(0, until, rng.poisson(rate * until)))


def renewal(gaps: np.ndarray, until: float) -> np.ndarray:
    """Arrivals at the ends of gaps, before `until`."""
    arrival = np.cumsum(gaps)
    if arrival[-1] < until:
        raise ValueError(f"gaps up to {arrival[-1]} found; must reach {until}")
    return arrival[arrival < until]


def law_of(case: Case) -> str:
    """The name of the law of service, which stands in the case's own."""
    found = [law for law in LAWS if f"_{law}_" in f"_{case.name}_"]
    return found[0] if found else "exp"


def _rows(arrival: np.ndarray, law: str, draws: Draws, engine: Name, places: int | None = None) -> np.ndarray:
    services = tokens(LAWS[law].draw(draws("services"), len(arrival)), TOKENS, LONGEST)
    return served(fleet(by_prompts(places)), Offered(arrival, services), engine)


def _spans(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arrival, start and end in units."""
    arrival, _, end = times(rows)
    return arrival, arrival + _waits(rows), end


def _inputs(rows: np.ndarray, rate: float, until: float, law: str) -> tuple[float, ...]:
    """How far arrivals, services and squares of services were from their means."""
    services = rows["prompt"] / TOKENS
    mean, second = rounded_moments(law, TOKENS, LONGEST)
    return (float(services.mean()) - mean, float((services**2).mean()) - second, len(rows) / (rate * until) - 1)


def moments(law: str) -> tuple[float, float, float]:
    """Of services in whole tokens; the third as if tokens were fine and unbounded, which differs by less than a millionth."""
    return (*rounded_moments(law, TOKENS, LONGEST), LAWS[law].third)


def _steps(rows: np.ndarray, seen: Window, law: str, gaps: Gaps) -> Steps:
    wait = _waits(rows)
    inside = np.flatnonzero(seen.holds(rows["arrival"] / UNIT_PS)[:-1])
    return Steps(wait[inside], rows["prompt"][inside] / TOKENS, wait[inside + 1], moments(law), gaps)


def _waits(rows: np.ndarray) -> np.ndarray:
    """Units, from whole picoseconds: the difference of two floats is not zero where the wait is."""
    return np.asarray((rows["end"] - rows["prompt"].astype(np.int64) * (UNIT_PS // TOKENS)) / UNIT_PS)


def mg1(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """M/G/1 in order of arrival."""
    load, law = case.params["lam"], law_of(case)
    seen = window(load, load, customers, LAWS[law].second - 1)
    rows = _rows(poisson(draws, load, seen.end + BEYOND / load), law, draws, engine)
    steps = _steps(rows, seen, law, [(1.0, load)])
    ratios = _of_queue(rows, seen, case)
    if "asym_var_Wq_const" in case.values:
        ratios["asym_var_Wq_const"] = _asymptotic_variance(steps, load)
    powers = 2 if "var_Wq" in case.values else 1
    return Sample(ratios, steps_of.waits(steps, powers), _tails(case, steps, 1 - load))


def _asymptotic_variance(steps: Steps, load: float) -> Ratio:
    """What a sum of n waits varies by, beside n: the mean square of what each step adds to it that nobody could foresee.

    With g(w) = rate (w^2 + 2 w / rate) / (2 (1 - load)), the sum of waits less their mean is the sum of g(W') - E[g(W') | W] and
    two ends (Poisson's equation of M/G/1; Asmussen 2003, Applied Probability and Queues, X.3), and E[g(W') | W] = rate (w^2 + 2 w + E[S^2]) / (2 (1 - load)).
    """
    scale, then, wait = load / (2 * (1 - load)), steps.then, steps.wait
    added = scale * (then**2 + 2 * then / load - wait**2 - 2 * wait - steps.moments[1])
    return paths.mean(added**2)


def _tails(case: Case, steps: Steps, rate: float) -> dict[str, tuple[float, ...]]:
    """Controls of the quantiles of a case, each for itself."""
    return {name: steps_of.tail(steps, value, rate) for name, value in case.values.items() if QUANTILE.match(name)}


def _of_queue(rows: np.ndarray, seen: Window, case: Case) -> dict[str, Ratio]:
    arrival, start, end = _spans(rows)
    inside = seen.holds(arrival)
    wait = _waits(rows)[inside]
    stay = rows["end"][inside] / UNIT_PS
    alone = float((wait == 0).sum())
    of = {"W": stay, "Wq": wait}
    return {
        **paths.queue_ratios(arrival, start, end, seen),
        "W": paths.mean(stay),
        "Wq": paths.mean(wait),
        "P_wait": paths.mean(wait > 0),
        "sigma": paths.mean(wait > 0),
        "var_W": paths.variance(stay, case.values["W"]),
        "var_Wq": paths.variance(wait, case.values["Wq"]),
        # Whoever does not wait begins a busy period.
        "mean_busy_period": (float((rows["prompt"][inside] / TOKENS).sum()), alone),
        "mean_served_per_busy_period": (float(len(wait)), alone),
        **{
            name: paths.quantile(of[found[1]], int(found[2]) / 100, value)
            for name, value in case.values.items()
            if (found := QUANTILE.match(name))
        },
    }


def gim1(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """GI/M/1: constant gaps, or hyperexponential ones."""
    load, constant = case.params["lam"], case.params["interarrival"] == "deterministic"
    seen = window(load, load, customers, 1.0 if constant else 4.0)
    count = int(load * seen.end * 1.05) + 2000
    gaps = np.full(count, 1 / load) if constant else hyperexponential(draws("arrivals"), count) / load
    rows = _rows(renewal(gaps, seen.end + BEYOND / load), "exp", draws, engine)
    shares = (H2_SHARE, 1 - H2_SHARE)
    steps = _steps(rows, seen, "exp", [] if constant else [(share, 2 * share * load) for share in shares])
    # The tail of waits falls with what the chance of a wait leaves: P(W > x) = sigma e^(-(1 - sigma) x).
    tails = _tails(case, steps, 1 - case.values["sigma"])
    return Sample(_of_queue(rows, seen, case), steps_of.waits(steps, 1), tails)


def batch_arrival(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """Batches of B at one instant: requests with one arrival, told apart by their ids."""
    rate, batch = case.params["lam_batches"], case.params["B"]
    # A batch of exponential services is one service whose squared coefficient of variation is 1 / B.
    seen = Window(50.0 + 8 * batch * memory(rate * batch), 0.0)
    seen = Window(seen.begin, seen.begin + customers / (rate * batch))
    arrival = np.repeat(poisson(draws, rate, seen.end + BEYOND / rate), batch)
    rows = _rows(arrival, "exp", draws, engine)
    service, wait = (rows["prompt"] / TOKENS).reshape(-1, batch), _waits(rows)[::batch]
    inside = np.flatnonzero(seen.holds(rows["arrival"][::batch] / UNIT_PS)[:-1])
    mean, second, _ = moments("exp")
    whole = (batch * mean, batch * second + batch * (batch - 1) * mean**2, 0.0)
    steps = Steps(wait[inside], service[inside].sum(axis=1), wait[inside + 1], whole, [(1.0, rate)])
    before = ((service[inside] - mean) * np.arange(batch)[::-1]).sum(axis=1).mean()
    return Sample(_of_queue(rows, seen, case), (*steps_of.waits(steps, 1), float(before)))


def mm1k(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """A server with K places: whoever finds them taken is rejected QUEUE_FULL."""
    load = case.params["lam"]
    seen = window(0.5, load, customers)
    rows = _rows(poisson(draws, load, seen.end), "exp", draws, engine, case.params["K"])
    taken = rows["fate"] == Fate.COMPLETED
    lost = ~taken[seen.holds(rows["arrival"] / UNIT_PS)]
    arrival, start, end = _spans(rows[taken])
    common = paths.queue_ratios(arrival, start, end, seen)
    spent = seen.spent(start, end)
    return Sample(
        {
            "P_block": paths.mean(lost),
            "P_empty": (seen.length - spent, seen.length),
            "L": common["L"],
            "Lq": common["Lq"],
            "throughput": (float(len(lost) - lost.sum()), seen.length),
            "W_accepted": common["W"],
            "Wq_accepted": common["Wq"],
        },
        _inputs(rows, load, seen.end, "exp"),
    )
