"""Queues that no serving engine is: servers with one queue, losses, ranks, batches, networks. Through kernels, in ticks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from sim.serving.contract import Name
from sim.verify import batching, levels, paths, steps, systems
from sim.verify.cases import Case, Draws
from sim.verify.estimate import Sample
from sim.verify.laws import LAWS
from sim.verify.paths import Ratio, Window
from sim.verify.rungs import RARE, Rungs
from sim.verify.single import BEYOND, memory, poisson

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


def _services(draws: Draws, count: int, law: str = "exp", mean: float = 1.0, name: str = "services") -> np.ndarray:
    return ticks(LAWS[law].draw(draws(name), count) * mean)


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
    """C servers, one queue. The window ends as it begins, with as many there as are on average."""
    rate, servers = case.params["lam"], case.params["c"]
    # A busy fleet of c servers forgets c times as fast as one; a light one within some services.
    forgets = memory(rate / servers) / servers
    seen = Window(50.0 + 8 * forgets, 50.0 + 8 * forgets + customers / rate)
    arrival = _poisson(draws, rate, seen.end + 50 + 20 * forgets)
    service = _services(draws, len(arrival))
    start = systems.many_servers(arrival, service, servers)
    seen = levels.returning(units(arrival), units(start + service), round(case.values["L"]), seen)
    common = _served(arrival, start, service, seen)
    wait = units((start - arrival)[seen.holds(units(arrival))])
    busy = seen.spent(units(start), units(start + service))
    ratios = {
        **common,
        # By Little's law: the time average itself would be all explained by its controls, and have no error left.
        "Lq": (common["Wq"][0], seen.length),
        "erlang_C": common["P_wait"],
        "Wq_given_wait": (common["Wq"][0], common["P_wait"][0]),
        "utilisation": (busy, seen.length * servers),
        **{name: paths.quantile(wait, int(name[-2:]) / 100, case.values[name]) for name in QUANTILES},
    }
    most = servers + ABOVE
    level = np.arange(most + 1)
    wait_of, busy_of = np.maximum(level - servers, 0.0), (level >= servers).astype(float)
    functions = {
        **dict.fromkeys(("Lq", "Wq", "L", "W"), wait_of),
        **dict.fromkeys(("erlang_C", "P_wait"), busy_of),
        "Wq_given_wait": wait_of - case.values["Wq_given_wait"] * rate * busy_of,
        **{name: _beyond(case.values[name], level, servers) for name in QUANTILES},
    }
    walk = levels.Path(units(arrival), units(start + service), most, seen)
    up, down = np.full(most, rate), np.minimum(level[1:], servers).astype(float)
    ups, downs = walk.arrivals(walk.come, rate), walk.ends(units(start), walk.gone, 1.0)
    return Sample(ratios, (), levels.controls(functions, up, down, ups, downs))


QUANTILES = ("Wq_p90", "Wq_p95", "Wq_p99")


ABOVE = 4000
"""Levels that are told apart above the servers: at a load of 0.99 one run in 10^17 goes beyond."""


def _beyond(wait: float, found: np.ndarray, servers: int) -> np.ndarray:
    """P(more than `wait`), by how many an arrival finds: so many ends at a rate of one a server take longer."""
    return np.where(found >= servers, special.gammaincc(np.maximum(found - servers + 1, 1), servers * wait), 0.0)


def _with_places(case: Case, draws: Draws, customers: int, places: int) -> tuple[dict[str, Ratio], Sample]:
    """What erlang_b and mmck share; `lost` and `busy` have controls of their own."""
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
    walk = levels.Path(came, gone, places, seen)
    ratios["P_empty"] = (float(walk.time()[0]), seen.length)
    level = np.arange(places + 1)
    functions = {"lost": (level == places).astype(float), "P_empty": (level == 0).astype(float)}
    ups, downs = walk.arrivals(units(arrival), rate), walk.ends(begun, gone, 1.0)
    own = levels.controls(functions, np.full(places, rate), np.minimum(level[1:], servers).astype(float), ups, downs)
    return common, Sample(ratios, _controls(service, len(arrival), rate * seen.end), own)


def erlang_b(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """C servers and no queue."""
    _, sample = _with_places(case, draws, customers, case.params["c"])
    ratios = sample.ratios
    return Sample(
        {"erlang_B": ratios["lost"], "carried": ratios["busy"], "utilisation": ratios["utilisation"]},
        sample.controls, {"erlang_B": sample.own["lost"]},
    )  # fmt: skip


def mmck(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """C servers and K places."""
    common, sample = _with_places(case, draws, customers, case.params["K"])
    rungs = {}
    if case.values["P_empty"] < RARE:
        rungs["P_empty"] = _from_fewer(case, draws, customers // 2)
    ratios = {
        "P_block": sample.ratios["lost"],
        **({} if rungs else {"P_empty": sample.ratios["P_empty"]}),
        "L": common["L"],
        "Lq": common["Lq"],
        "throughput": sample.ratios["throughput"],
        "W_accepted": common["W"],
        "Wq_accepted": common["Wq"],
    }
    own = {"P_block": sample.own["lost"], **({} if rungs else {"P_empty": sample.own["P_empty"]})}
    return Sample(ratios, sample.controls, own, rungs)


def _from_fewer(case: Case, draws: Draws, customers: int) -> Rungs:
    """Moves between levels at several rates of arrivals, so that each level is frequent at one of them."""
    servers, places, rate = case.params["c"], case.params["K"], case.params["lam"]
    total = Rungs.nothing(places, np.arange(places + 1) == 0, np.full(places, rate))
    for k, share in enumerate(np.linspace(0.1, 1.1, RATES)):
        slow = share * servers
        seen = Window(50.0, 50.0 + customers / RATES / slow)
        arrival = _poisson(draws, slow, seen.end, f"arrivals {k}")
        service = _services(draws, len(arrival), name=f"services {k}")
        start = systems.many_servers(arrival, service, servers, places)
        taken = start >= 0
        come, begun, gone = units(arrival[taken]), units(start[taken]), units((start + service)[taken])
        walk = levels.Path(come, gone, places, seen)
        total.add(walk, come, gone, np.zeros(places), walk.ends(begun, gone, 1.0))
    return total


RATES = 8
"""Rates of arrival at which rungs are measured: together they meet every level."""


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
    ratios = {
        "EN_stationary": (float((level * share).sum()), 1.0),
        "VarN_stationary": (float(((level - rate) ** 2 * share).sum()), 1.0),
        "EN_t_from_empty": paths.mean(held),
        "P_N_t_zero": paths.mean(held == 0) if case.values["P_N_t_zero"] > RARE else _all_gone(case, draws),
    }
    return Sample(ratios, _controls(service, len(steady), rate * seen.end))


SLICES = 100
"""Slices of the time to the instant, in each of which as many arrive as are likely to be gone by then."""
GONE_WORLDS = 2000
"""Worlds a replication in which everybody is likely to be gone."""


def _all_gone(case: Case, draws: Draws) -> Ratio:
    """P(nobody is there at an instant) by importance sampling: arrivals and services are drawn from laws that empty the system.

    Arrivals of a slice come at the rate times P(gone by the instant) at its middle, services below what is left to the instant;
    a world in which nobody is there then weighs what the likelihoods say (Asmussen and Glynn 2007, Stochastic Simulation, V.1).
    Both laws are simulated; whether anybody is there is what the kernel says.
    """
    rate, law, instant = case.params["lam"], case.params["service"], case.params["t"]
    rng = draws("gone")
    width = instant / SLICES
    left = instant - (np.arange(SLICES) + 0.5) * width
    chance = 1 - LAWS[law].beyond(left)
    count = rng.poisson(rate * width * chance, (GONE_WORLDS, SLICES))
    world, part = (np.repeat(index.ravel(), count.ravel()) for index in np.indices(count.shape))
    at = (part + rng.random(len(part))) * width
    below = 1 - LAWS[law].beyond(instant - at)
    work = LAWS[law].inverse(rng.random(len(at)) * below)
    log = np.bincount(world, np.log(below / chance[part]), GONE_WORLDS) - rate * (instant - width * chance.sum())
    begins = world * (instant + 100.0)
    order = np.argsort(begins + at, kind="stable")
    arrival = np.rint((begins + at)[order] * TICKS).astype(np.int64)
    end = systems.many_servers(arrival, ticks(work[order]), _plenty(rate)) + ticks(work[order])
    # What ends at the very tick is gone: services are rounded to the nearest.
    looked = np.rint((world[order] * (instant + 100.0) + instant) * TICKS).astype(np.int64) + 1
    empty = np.bincount(world[order], end > looked, GONE_WORLDS) == 0
    return paths.mean(np.exp(log) * empty)


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
    arrival = _poisson(draws, load, seen.end + BEYOND / rates[0])
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
    first = second == 0
    known = (
        *steps.of_work(units(arrival), units(service), LAWS[law].moments, load, seen, 1),
        *steps.of_work(units(arrival[first]), units(service[first]), LAWS[law].moments, rates[0], seen, 1),
    )
    return Sample(ratios, (*known, float(first.mean()) - rates[0] / load))


def size_based(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """The shortest job first, waiting its turn (SJF) and interrupting by what is left (SRPT)."""
    load = case.params["lam"]
    warm = 50.0 + 8 * memory(load)
    seen = Window(warm, warm + customers / load)
    arrival = _poisson(draws, load, seen.end + BEYOND / load)
    service = _services(draws, len(arrival))
    inside = seen.holds(units(arrival))
    orders: dict[str, Callable[[], np.ndarray]] = {
        "ET_SJF": lambda: systems.ranked(arrival, service, service),
        "ET_SRPT": lambda: systems.preemptive(arrival, service, None),
        "ET_FCFS": lambda: systems.many_servers(arrival, service, 1) + service,
    }
    ratios = {name: paths.mean(units(order() - arrival)[inside]) for name, order in orders.items()}
    ratios["ET_PS"], shared = batching.shared_stay(load, draws, customers // 4, engine)
    known = steps.of_work(units(arrival), units(service), LAWS["exp"].moments, load, seen, 1)
    return Sample(ratios, (), {"ET_PS": shared, **dict.fromkeys(orders, known)})


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
    # The number there is geometric with ratio r0, so r0 is the chance that anybody is.
    ratios["r0"] = (seen.length - ratios["P_empty"][0], seen.length)
    return Sample(ratios, _controls(service[:batches], len(arrival), rate * seen.end))
