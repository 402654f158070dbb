"""Queues at single servers, by prompts, through the serving engine: M/G/1, GI/M/1, batches of arrivals, K places."""

from __future__ import annotations

import math

import numpy as np

from sim.serving.contract import Fate, Name
from sim.verify import paths
from sim.verify.cases import Case, Draws
from sim.verify.engines import LONGEST, TOKENS, UNIT_PS, Offered, by_prompts, fleet, served, times
from sim.verify.estimate import Sample
from sim.verify.laws import LAWS, hyperexponential, rounded_moments, tokens
from sim.verify.paths import Ratio, Window

MEMORIES = 8.0
"""Relaxation times of a warm-up: what the empty start still weighs is below e^-8, and less by its power of time."""


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
    """Arrival, start and end in units; whole picoseconds are subtracted before they become floats."""
    waited = rows["end"] - rows["prompt"].astype(np.int64) * (UNIT_PS // TOKENS)
    arrival, _, end = times(rows)
    return arrival, arrival + waited / UNIT_PS, end


def _inputs(rows: np.ndarray, rate: float | None, until: float, law: str) -> tuple[float, ...]:
    """How far arrivals, services and squares of services were from their means."""
    services = rows["prompt"] / TOKENS
    mean, second = rounded_moments(law, TOKENS, LONGEST)
    found = [float(services.mean()) - mean] if law != "det" else []
    if LAWS[law].steady and law != "det":
        found.append(float((services**2).mean()) - second)
    return (*found, *([] if rate is None else [len(rows) / (rate * until) - 1]))


def mg1(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """M/G/1 in order of arrival."""
    load, law = case.params["lam"], law_of(case)
    seen = window(load, load, customers, LAWS[law].second - 1)
    rows = _rows(poisson(draws, load, seen.end), law, draws, engine)
    ratios = _of_queue(rows, seen)
    return Sample(ratios, _inputs(rows, load, seen.end, law))


def _of_queue(rows: np.ndarray, seen: Window) -> dict[str, Ratio]:
    arrival, start, end = _spans(rows)
    inside = seen.holds(arrival)
    # Waits of whole picoseconds: the difference of two floats is not zero where the wait is.
    wait = (rows["end"] - rows["prompt"].astype(np.int64) * (UNIT_PS // TOKENS))[inside] / UNIT_PS
    stay = rows["end"][inside] / UNIT_PS
    alone = float((wait == 0).sum())
    return {
        **paths.queue_ratios(arrival, start, end, seen),
        "W": paths.mean(stay),
        "Wq": paths.mean(wait),
        "P_wait": paths.mean(wait > 0),
        "sigma": paths.mean(wait > 0),
        "var_W": paths.variance(stay),
        "var_Wq": paths.variance(wait),
        # Whoever does not wait begins a busy period.
        "mean_busy_period": (float((rows["prompt"][inside] / TOKENS).sum()), alone),
        "mean_served_per_busy_period": (float(len(wait)), alone),
        **{f"W_p{p}": paths.quantile(stay, p / 100) for p in (50, 95, 99)},
        **{f"Wq_p{p}": paths.quantile(wait, p / 100) for p in (95, 99)},
    }


def gim1(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """GI/M/1: constant gaps, or hyperexponential ones."""
    load, constant = case.params["lam"], case.params["interarrival"] == "deterministic"
    seen = window(load, load, customers, 1.0 if constant else 4.0)
    count = int(load * seen.end * 1.05) + 1000
    gaps = np.full(count, 1 / load) if constant else hyperexponential(draws("arrivals"), count) / load
    rows = _rows(renewal(gaps, seen.end), "exp", draws, engine)
    return Sample(_of_queue(rows, seen), _inputs(rows, None if constant else load, seen.end, "exp"))


def batch_arrival(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """Batches of B at one instant: requests with one arrival, told apart by their ids."""
    rate, batch = case.params["lam_batches"], case.params["B"]
    # A batch of exponential services is one service whose squared coefficient of variation is 1 / B.
    seen = Window(50.0 + 8 * batch * memory(rate * batch), 0.0)
    seen = Window(seen.begin, seen.begin + customers / (rate * batch))
    arrival = np.repeat(poisson(draws, rate, seen.end), batch)
    rows = _rows(arrival, "exp", draws, engine)
    return Sample(_of_queue(rows, seen), _inputs(rows, rate * batch, seen.end, "exp"))


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
