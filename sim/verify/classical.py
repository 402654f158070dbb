"""Queues that no serving engine is: servers with one queue, losses, ranks, batches, networks. Through kernels, in ticks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.serving.contract import Name
from sim.verify import paths, systems
from sim.verify.cases import Case, Draws
from sim.verify.estimate import Sample
from sim.verify.laws import LAWS
from sim.verify.paths import Ratio, Window
from sim.verify.single import memory, poisson

TICKS = 10**9
"""Ticks of a unit of time."""


def ticks(times: np.ndarray) -> np.ndarray:
    """Units as whole ticks, at least 1: services and gaps."""
    return np.maximum(np.rint(times * TICKS), 1).astype(np.int64)


def units(times: np.ndarray) -> np.ndarray:
    """Ticks as units."""
    return times / TICKS


def _poisson(draws: Draws, rate: float, until: float, name: str = "arrivals") -> np.ndarray:
    return np.rint(poisson(draws, rate, until, name) * TICKS).astype(np.int64)


def _services(draws: Draws, count: int, law: str = "exp", mean: float = 1.0) -> np.ndarray:
    return ticks(LAWS[law].draw(draws("services"), count) * mean)


def _controls(service: np.ndarray, arrivals: int, expected: float) -> tuple[float, float]:
    return float(units(service).mean()) - 1, arrivals / expected - 1


def _served(arrival: np.ndarray, start: np.ndarray, service: np.ndarray, seen: Window) -> dict[str, Ratio]:
    inside = seen.holds(units(arrival))
    wait = (start - arrival)[inside]
    return {
        **paths.queue_ratios(units(arrival), units(start), units(start + service), seen),
        "Wq": paths.mean(units(wait)),
        "W": paths.mean(units(wait + service[inside])),
        "P_wait": paths.mean(wait > 0),
    }


def mmc(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """C servers, one queue."""
    rate, servers = case.params["lam"], case.params["c"]
    # A busy fleet of c servers forgets c times as fast as one; a light one within some services.
    warm = 50.0 + 8 * memory(rate / servers) / servers
    seen = Window(warm, warm + customers / rate)
    arrival = _poisson(draws, rate, seen.end)
    service = _services(draws, len(arrival))
    start = systems.many_servers(arrival, service, servers)
    common = _served(arrival, start, service, seen)
    wait = units((start - arrival)[seen.holds(units(arrival))])
    busy = seen.spent(units(start), units(start + service))
    ratios = {
        **common,
        "erlang_C": common["P_wait"],
        "Wq_given_wait": (common["Wq"][0], common["P_wait"][0]),
        "utilisation": (busy, seen.length * servers),
        **{f"Wq_p{p}": paths.quantile(wait, p / 100) for p in (90, 95, 99)},
    }
    return Sample(ratios, _controls(service, len(arrival), rate * seen.end))


def _with_places(case: Case, draws: Draws, customers: int, places: int) -> tuple[dict[str, Ratio], Sample]:
    rate, servers = case.params["lam"], case.params["c"]
    seen = Window(50.0, 50.0 + customers / rate)
    arrival = _poisson(draws, rate, seen.end)
    service = _services(draws, len(arrival))
    start = systems.many_servers(arrival, service, servers, places)
    taken = start >= 0
    lost = ~taken[seen.holds(units(arrival))]
    came, begun, gone = units(arrival[taken]), units(start[taken]), units((start + service)[taken])
    spent = seen.spent(begun, gone)
    ratios = {
        "lost": paths.mean(lost),
        "throughput": (float((~lost).sum()), seen.length),
        "busy": (spent, seen.length),
        "utilisation": (spent, seen.length * servers),
    }
    common = _served(arrival[taken], start[taken], service[taken], seen) if places > servers else {}
    if common:
        ratios["P_empty"] = (float(paths.levels(came, gone, seen)[0]), seen.length)
    return common, Sample(ratios, _controls(service, len(arrival), rate * seen.end))


def erlang_b(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """C servers and no queue."""
    _, sample = _with_places(case, draws, customers, case.params["c"])
    ratios = sample.ratios
    return Sample(
        {"erlang_B": ratios["lost"], "carried": ratios["busy"], "utilisation": ratios["utilisation"]}, sample.controls
    )


def mmck(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """C servers and K places."""
    common, sample = _with_places(case, draws, customers, case.params["K"])
    ratios = {
        "P_block": sample.ratios["lost"],
        "P_empty": sample.ratios["P_empty"],
        "L": common["L"],
        "Lq": common["Lq"],
        "throughput": sample.ratios["throughput"],
        "W_accepted": common["W"],
        "Wq_accepted": common["Wq"],
    }
    return Sample(ratios, sample.controls)


def mginf(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """Servers for everybody: N averaged over time, and at an instant in worlds that were empty at 0."""
    rate, law, early = case.params["lam"], case.params["service"], case.params["t"]
    held = _held_at(draws, rate, law, early, max(int(customers / (rate * early) / 4), 2))
    seen = Window(40.0, 40.0 + customers / rate)
    steady = _poisson(draws, rate, seen.end)
    service = _services(draws, len(steady), law)
    start = systems.many_servers(steady, service, _plenty(rate))
    share = paths.levels(units(start), units(start + service), seen) / seen.length
    level = np.arange(len(share))
    mean = float((level * share).sum())
    return Sample(
        {
            "EN_stationary": (mean, 1.0),
            "VarN_stationary": (float(((level - mean) ** 2 * share).sum()), 1.0),
            "EN_t_from_empty": paths.mean(held),
            "P_N_t_zero": paths.mean(held == 0),
        },
    )


def _plenty(rate: float) -> int:
    """Servers so many that a Poisson number with that mean has never more: 20 standard deviations and 20."""
    return int(rate + 20 * rate**0.5) + 20


def _held_at(draws: Draws, rate: float, law: str, instant: float, worlds: int) -> np.ndarray:
    """How many are there at an instant, in worlds far apart from each other in time."""
    fresh = draws("early")
    count = fresh.poisson(rate * instant, worlds)
    world = np.repeat(np.arange(worlds), count)
    # Longest services end long before the next world begins.
    begins = world * (instant + 100.0)
    arrival = np.sort(np.rint((begins + fresh.uniform(0, instant, len(world))) * TICKS).astype(np.int64))
    service = ticks(LAWS[law].draw(draws("early services"), len(world)))
    end = systems.many_servers(arrival, service, _plenty(rate)) + service
    looked = np.rint((world * (instant + 100.0) + instant) * TICKS)
    return np.bincount(world, end > looked, worlds)


def priority(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """Two classes at one server, the first before the second: waiting its turn, and interrupting."""
    rates = (case.params["lam1"], case.params["lam2"])
    load, law = sum(rates), "exp" if "exp" in case.name else "h2_scv4"
    warm = 50.0 + 8 * memory(load, LAWS[law].second - 1)
    seen = Window(warm, warm + customers / load)
    arrival = _poisson(draws, load, seen.end)
    second = (draws("classes").random(len(arrival)) >= rates[0] / load).astype(np.int64)
    service = _services(draws, len(arrival), law)
    wait = units(systems.ranked(arrival, service, second) - service - arrival)
    stay = units(systems.preemptive(arrival, service, second) - arrival)
    inside = seen.holds(units(arrival))
    of = (inside & (second == 0), inside & (second == 1))
    waits = [wait[mask].sum() for mask in of]
    ratios = {
        "np_Wq1": paths.mean(wait[of[0]]),
        "np_Wq2": paths.mean(wait[of[1]]),
        "pr_W1": paths.mean(stay[of[0]]),
        "pr_W2": paths.mean(stay[of[1]]),
        # Sum over classes of load x mean wait, per arrival: the load is the rate, as services have mean 1.
        "conservation_sum": (load * sum(waits), float(inside.sum())),
    }
    squares = float((units(service) ** 2).mean()) - LAWS[law].second
    first = float((second == 0).mean()) - rates[0] / load
    return Sample(ratios, (*_controls(service, len(arrival), load * seen.end), squares, first))


def size_based(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """The shortest job first, waiting its turn (SJF) and interrupting by what is left (SRPT)."""
    load = case.params["lam"]
    warm = 50.0 + 8 * memory(load)
    seen = Window(warm, warm + customers / load)
    arrival = _poisson(draws, load, seen.end)
    service = _services(draws, len(arrival))
    inside = seen.holds(units(arrival))
    orders: dict[str, Callable[[], np.ndarray]] = {
        "ET_SJF": lambda: systems.ranked(arrival, service, service),
        "ET_SRPT": lambda: systems.preemptive(arrival, service, None),
        "ET_FCFS": lambda: systems.many_servers(arrival, service, 1) + service,
    }
    ratios = {name: paths.mean(units(order() - arrival)[inside]) for name, order in orders.items()}
    squares = float((units(service) ** 2).mean()) - 2.0
    return Sample(ratios, (*_controls(service, len(arrival), load * seen.end), squares))


def batch_service(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """A server clears up to K at a time, late ones included."""
    rate, most = case.params["lam"], case.params["K"]
    # In heavy traffic the queue forgets like one with K times the rate in batches of K.
    warm = 50.0 + 8 * memory(rate / most)
    seen = Window(warm, warm + customers / rate)
    arrival = _poisson(draws, rate, seen.end)
    service = _services(draws, len(arrival))
    end, batches = systems.partial_batches(arrival, service, most)
    came, gone = units(arrival), units(end)
    ratios = {
        "L": seen.average(came, gone),
        "W": paths.mean((gone - came)[seen.holds(came)]),
        "P_empty": (float(paths.levels(came, gone, seen)[0]), seen.length),
    }
    return Sample(ratios, _controls(service[:batches], len(arrival), rate * seen.end))
