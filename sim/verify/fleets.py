"""Many servers by prompts behind a router: power of d choices, the shorter of two queues, a queue from its first second on."""

from __future__ import annotations

import numpy as np

from sim.serving.contract import Name, Routing
from sim.verify import paths
from sim.verify.cases import Case, Draws
from sim.verify.engines import LONGEST, TOKENS, UNIT_PS, Offered, by_prompts, fleet, served, started, times
from sim.verify.estimate import Sample
from sim.verify.laws import LAWS, tokens
from sim.verify.paths import Window
from sim.verify.single import memory, poisson

LOOKS = 16
"""Choices that see both of two servers but once in 2^15 arrivals."""
SURPLUS_OF_100 = {
    (2, 0.5): 0.005, (2, 0.7): 0.008, (3, 0.7): 0.010, (3, 0.8): 0.014, (3, 0.9): 0.023, (2, 0.95): 0.032,
    (2, 0.99): 0.107, (3, 0.99): 0.162,
}  # fmt: skip
"""By choices and load, how much longer a stay is among 100 servers than in the mean field, as a share: measured with these
engines, seed 3, and twice as much among 50. What N servers differ falls as 1 / N."""
INSTANTS = 400
"""Looks at all queues in a replication's window."""


def nodes_for(case: Case) -> int:
    """Servers of a mean field, a thousand at least: so many that what they differ from it is small beside the bounds."""
    load = case.params["rho"]
    return 1000 if load < 0.9 else 2000 if load < 0.99 else 4000


def surplus(case: Case) -> float:
    """How much longer a stay is among these servers than in the mean field, as a share; 0 where nobody looks."""
    found = SURPLUS_OF_100.get((case.params["d"], case.params["rho"]), 0.0)
    return found * 100 / nodes_for(case)


def _offered(draws: Draws, rate: float, until: float) -> Offered:
    arrival = poisson(draws, rate, until)
    services = tokens(LAWS["exp"].draw(draws("services"), len(arrival)), TOKENS, LONGEST)
    return Offered(arrival, services)


def _controls(offered: Offered, rate: float, until: float) -> tuple[float, float]:
    return float(np.mean(offered.prompt)) / TOKENS - 1, len(offered.arrival) / (rate * until) - 1


def power_of_d(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """Each request looks at d servers of a thousand or more, drawn with repetition, and joins the shortest queue."""
    load, choices = case.params["rho"], case.params["d"]
    # One look is no look at queues: servers are independent, and few of them say the same with less warming up.
    nodes = nodes_for(case) if choices > 1 else 10
    # The mean field's own equations, from empty: within a thousandth of its limit after 8 / (1 - load).
    warm = 20.0 + 8 / (1 - load) if choices > 1 else 8 * memory(load)
    seen = Window(warm, warm + customers / (nodes * load))
    offered = _offered(draws, nodes * load, seen.end)
    servers = fleet(by_prompts(), nodes, Routing("power_of_two", d=choices), route_key=draws.streams["route"].key64)
    made = started(servers, offered, engine)
    held: list[np.ndarray] = []
    rows = []
    for instant in np.linspace(seen.begin, seen.end, INSTANTS + 1)[1:]:
        made.advance(int(instant * UNIT_PS))
        reading = made.read()
        held.append(np.bincount(reading.waiting + reading.running, minlength=4))
        rows.append(_absolute(reading.finished, reading.origin_ps))
    made.advance(int((seen.end + 1000 / (1 - load)) * UNIT_PS))
    reading = made.read()
    rows.append(_absolute(reading.finished, reading.origin_ps))
    arrival, stay = np.concatenate(rows, axis=1)
    inside = seen.holds(arrival)
    above = [float(sum(counts[level:].sum() for counts in held)) for level in (1, 2, 3)]
    looked = float(nodes * len(held))
    ratios = {
        "L_per_node": (seen.spent(arrival, arrival + stay), seen.length * nodes),
        "W": paths.mean(stay[inside]),
        **{f"frac_nodes_ge_{level}": (count, looked) for level, count in zip((1, 2, 3), above, strict=True)},
    }
    return Sample(ratios, _controls(offered, nodes * load, seen.end))


def _absolute(rows: np.ndarray, origin_ps: int) -> np.ndarray:
    """Arrivals and stays in units."""
    return np.stack([(rows["arrival"] + origin_ps) / UNIT_PS, rows["end"] / UNIT_PS])


def jsq(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """Two servers and the shorter queue: sixteen looks see both."""
    rate = case.params["lam"]
    warm = max(50.0, 8 * memory(rate / 2))
    seen = Window(warm, warm + customers / rate)
    offered = _offered(draws, rate, seen.end)
    routing = Routing("power_of_two", d=LOOKS)
    rows = served(fleet(by_prompts(), 2, routing, draws.streams["route"].key64), offered, engine)
    arrival, _, end = times(rows)
    idle = paths.levels(arrival, end, seen)[0]
    ratios = {
        "L": seen.average(arrival, end),
        "W": paths.mean((end - arrival)[seen.holds(arrival)]),
        "P_empty": (float(idle), seen.length),
    }
    return Sample(ratios, _controls(offered, rate, seen.end))


def transient_mm1(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """Many single servers, all empty at 0: how many requests each holds at some instants. `customers` are servers here."""
    instants = case.params["t"]
    rate = customers * case.params["lam"]
    offered = _offered(draws, rate, max(instants) + 0.001)
    made = started(fleet(by_prompts(), customers, route_key=draws.streams["route"].key64), offered, engine)
    ratios = {}
    for instant in instants:
        made.advance(instant * UNIT_PS)
        reading = made.read()
        held = reading.waiting + reading.running
        ratios[f"EN_{instant}"] = paths.mean(held)
        ratios[f"P0_{instant}"] = paths.mean(held == 0)
    return Sample(ratios)
