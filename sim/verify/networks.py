"""Networks of stations through one kernel: open ones (Jackson), and closed ones whose customers never leave."""

from __future__ import annotations

import numpy as np

from sim.serving.contract import Name
from sim.verify import paths, systems
from sim.verify.cases import Case, Draws
from sim.verify.classical import TICKS, ticks, units
from sim.verify.estimate import Sample
from sim.verify.paths import Window
from sim.verify.single import memory, poisson


def routes(entry: np.ndarray, chances: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The stations each customer visits until it leaves: (number of visits, stations one customer after another)."""
    ways = np.cumsum(chances, axis=1)
    who, steps = np.arange(len(entry)), [entry]
    customers = [who]
    at = entry
    while len(who):
        draw = rng.random(len(who))
        then = (draw[:, None] >= ways[at]).sum(axis=1)
        stays = then < len(chances)
        who, at = who[stays], then[stays]
        customers.append(who)
        steps.append(at)
    owner = np.concatenate(customers)
    # Stable: the visits of a customer keep their order.
    order = np.argsort(owner, kind="stable")
    return np.bincount(owner, minlength=len(entry)), np.concatenate(steps)[order]


def jackson(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """An open network of exponential stations."""
    params = case.params
    gamma, mu, servers = (np.array(params[key], float) for key in ("gamma", "mu", "c"))
    rate, stations = float(gamma.sum()), range(len(gamma))
    flow = np.linalg.solve(np.eye(len(gamma)) - np.array(params["P"]).T, gamma)
    warm = 50.0 + 8 * max(memory(flow[k] / (mu[k] * servers[k])) / mu[k] / servers[k] for k in stations)
    seen = Window(warm, warm + customers / rate)
    arrival = poisson(draws, rate, seen.end)
    entry = draws("entries").choice(len(gamma), len(arrival), p=gamma / rate)
    length, station = routes(entry, np.array(params["P"]), draws("routes"))
    work = draws("services").standard_exponential(len(station))
    visits = systems.walked(
        np.rint(arrival * TICKS).astype(np.int64), length, station, ticks(work / mu[station]),
        params["c"], systems.FOREVER,
    )  # fmt: skip
    come, end = units(visits["come"]), units(visits["end"])
    last = np.cumsum(length) - 1
    total = units(visits["end"][last] - np.rint(arrival * TICKS).astype(np.int64))
    ratios = {
        "L": seen.average(come, end),
        "W_total": paths.mean(total[seen.holds(arrival)]),
    }
    for k in stations:
        here = visits["station"] == k
        at = here & seen.holds(come)
        ratios[f"lam_{k}"] = (float(at.sum()), seen.length)
        ratios[f"L_{k}"] = seen.average(come[here], end[here])
        ratios[f"W_{k}"] = paths.mean((end - come)[at])
    return Sample(ratios, (float(work.mean()) - 1, len(arrival) / (rate * seen.end) - 1))


def closed_mva(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """N customers who go round for ever; `customers` is how many rounds they make together."""
    number, demands = case.params["N"], np.array(case.params["demands"])
    # All begin at the first station. The two slowest share the customers, a walk whose memory is that of a queue.
    slowest, second = (float(d) for d in np.sort(demands)[:-3:-1])
    warm = 20 * number * slowest + 8 * slowest * memory(second / slowest)
    seen = Window(warm, warm + customers * slowest)
    rounds = int(seen.end / slowest / number * 1.3) + 50
    stations = len(demands)
    station = np.tile(np.arange(stations), number * rounds)
    work = draws("services").standard_exponential(len(station))
    visits = systems.walked(
        np.zeros(number, np.int64), np.full(number, rounds * stations), station, ticks(work * demands[station]),
        [1] * stations, int(seen.end * TICKS),
    )  # fmt: skip
    if (visits["end"].reshape(number, -1)[:, -1] >= 0).any():
        raise RuntimeError(f"{case.name}: a customer made its {rounds} rounds before the end; give it more")
    met = visits[visits["come"] >= 0]
    end = np.where(met["end"] < 0, seen.end, units(met["end"]))
    come = units(met["come"])
    passed = seen.holds(end) & (met["station"] == stations - 1) & (met["end"] >= 0)
    ratios = {
        "throughput": (float(passed.sum()), seen.length),
        "cycle_time": (seen.length * number, float(passed.sum())),
    }
    for k in range(stations):
        here = met["station"] == k
        ratios[f"L_{k}"] = seen.average(come[here], end[here])
    return Sample(ratios)
