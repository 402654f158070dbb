"""From a case of queueing theory to estimates of its values with standard errors, one function a family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sim.serving.contract import Fate, Routing
from sim.streams import Streams
from sim.world.fleet import Member, Plan, Roster
from tests.theory.queues import (
    SERVICES,
    TIME_PS,
    Offered,
    by_node,
    by_time,
    fleet,
    mean_and_error,
    poisson,
    served,
    started,
    wait_and_stay,
)

Estimates = dict[str, tuple[float, float]]
RANDOM = Routing("random")


def _of_queue(rows: np.ndarray, group: np.ndarray, names: tuple[str, ...]) -> Estimates:
    wait, stay = wait_and_stay(rows)
    values = {"W": stay, "Wq": wait, "P_wait": wait > 1e-9}
    return {name: mean_and_error(values[name], group, 50) for name in names}


def mg1(case: dict[str, Any]) -> Estimates:
    """Poisson arrivals at single servers; the law of service stands in the case's name."""
    load, law = case["params"]["lam"], case["id"].removeprefix("mg1_").rpartition("_rho")[0]
    return _single(load, SERVICES[law])


def mm1(case: dict[str, Any]) -> Estimates:
    """The same with exponential service."""
    return _single(case["params"]["lam"], SERVICES["exp"])


def _single(load: float, law: Callable[[np.random.Generator, int], np.ndarray]) -> Estimates:
    # The memory of a queue is about 1 / (1 - sqrt(load))^2: 12 at .5, 37 at .7, 380 at .9.
    nodes, memory = 1000, 1 / (1 - load**0.5) ** 2
    warm = max(100.0, 10 * memory)
    until = 900.0 if load <= 0.5 else warm + 43 * memory
    rng = np.random.default_rng(20)
    arrival = poisson(rng, nodes * load, until)
    rows = served(fleet(nodes, RANDOM), Offered(arrival, law(rng, len(arrival))), warm)
    return _of_queue(rows, by_node(rows), ("W", "P_wait"))


def gim1(case: dict[str, Any]) -> Estimates:
    """Deterministic arrivals: round robin deals equally spaced requests, so each server sees a constant interval."""
    if case["params"]["interarrival"] != "deterministic":
        raise LookupError(f"gim1: no way to give every server the arrivals {case['params']['interarrival']!r}")
    nodes, warm, load = 1000, 150.0, case["params"]["lam"]
    rng = np.random.default_rng(21)
    arrival = np.arange(int(nodes * load * 1300)) / (nodes * load)
    rows = served(fleet(nodes, Routing("round_robin")), Offered(arrival, rng.exponential(1.0, len(arrival))), warm)
    return _of_queue(rows, by_node(rows), ("W", "P_wait"))


def mmck(case: dict[str, Any]) -> Estimates:
    """A server with K places: whoever finds them taken is rejected QUEUE_FULL."""
    params = case["params"]
    if params["c"] != 1:
        raise LookupError(f"mmck: {params['c']} servers share one queue; here every server has its own")
    rng = np.random.default_rng(22)
    arrival = poisson(rng, 1000 * params["lam"], 800.0)
    offered = Offered(arrival, rng.exponential(1.0, len(arrival)))
    rows = served(fleet(1000, RANDOM, places=params["K"]), offered, 100.0)
    taken = rows["fate"] == Fate.COMPLETED
    blocked = mean_and_error(~taken, by_node(rows), 50)
    stay = mean_and_error(rows["end"][taken] / TIME_PS, by_node(rows)[taken], 50)
    return {"P_block": blocked, "W_accepted": stay}


def erlang_a(case: dict[str, Any]) -> Estimates:
    """Users leave while they wait, after an exponential patience."""
    params = case["params"]
    if params["c"] != 1:
        raise LookupError(f"erlang_a: {params['c']} servers share one queue; here every server has its own")
    rng = np.random.default_rng(23)
    arrival = poisson(rng, 1000 * params["lam"], 900.0)
    patience = rng.exponential(1 / params["theta"], len(arrival))
    rows = served(fleet(1000, RANDOM), Offered(arrival, rng.exponential(1.0, len(arrival)), patience), 100.0)
    left = rows["fate"] == Fate.ABANDONED
    queued = np.where(left, rows["end"] / TIME_PS, wait_and_stay(rows)[0])
    group = by_node(rows)
    return {
        "P_abandon": mean_and_error(left, group, 50),
        "mean_queue_time_all": mean_and_error(queued, group, 50),
        "P_wait": mean_and_error(queued > 1e-9, group, 50),
    }


def batch_arrival(case: dict[str, Any]) -> Estimates:
    """Batches of B arrive at one instant: B requests with one arrival, told apart by their ids."""
    params = case["params"]
    rng = np.random.default_rng(24)
    rows = []
    # A router that splits a batch would spoil it: one server after another, each with a stream of its own.
    for node in range(50):
        arrival = np.repeat(poisson(rng, params["lam_batches"], 30_000.0), params["B"])
        one = served(fleet(1, RANDOM), Offered(arrival, rng.exponential(1.0, len(arrival))), 200.0)
        one["replica"] = node
        rows.append(one)
    found = np.concatenate(rows)
    return _of_queue(found, by_node(found), ("W", "Wq"))


def jsq(case: dict[str, Any]) -> Estimates:
    """Sixteen looks at two servers find the shorter queue but once in 32,768 times."""
    rng = np.random.default_rng(25)
    arrival = poisson(rng, case["params"]["lam"], 400_000.0)
    routing = Routing("power_of_two", d=16)
    rows = served(fleet(2, routing), Offered(arrival, rng.exponential(1.0, len(arrival))), 200.0)
    return _of_queue(rows, by_time(rows), ("W",))


def power_of_d(case: dict[str, Any]) -> Estimates:
    """A thousand servers: the mean field within a tenth of a per cent."""
    rng = np.random.default_rng(26)
    nodes, load = 1000, case["params"]["rho"]
    arrival = poisson(rng, nodes * load, 450.0)
    routing = Routing("power_of_two", d=case["params"]["d"])
    rows = served(fleet(nodes, routing), Offered(arrival, rng.exponential(1.0, len(arrival))), 50.0)
    return _of_queue(rows, by_time(rows), ("W",))


def transient_mm1(case: dict[str, Any]) -> Estimates:
    """Ten thousand servers, empty at 0: how many requests each holds at some instants."""
    nodes, times = 10_000, case["params"]["t"]
    rng = np.random.default_rng(27)
    arrival = poisson(rng, nodes * case["params"]["lam"], max(times) + 0.001)
    engine = started(fleet(nodes, RANDOM), Offered(arrival, rng.exponential(1.0, len(arrival))))
    found: Estimates = {}
    for time in times:
        engine.advance(time * TIME_PS)
        reading = engine.read()
        held = np.asarray(reading.waiting + reading.running, float)
        found[f"EN_{time}"] = (held.mean(), held.std(ddof=1) / nodes**0.5)
        found[f"P0_{time}"] = ((held == 0).mean(), (held == 0).std(ddof=1) / nodes**0.5)
    return found


def machine_repair(case: dict[str, Any]) -> Estimates:
    """Nodes that fail and wait for one of the crews: how many are down after a while."""
    params = case["params"]
    crews = None if params["R"] == params["N"] else params["R"]
    made = Member("m", None, 1, params["mtbf"], params["mttr"], crews=crews)  # type: ignore[arg-type]
    roster = Roster(Plan("net", (made,), RANDOM, 1, 0, 3), [np.arange(params["N"])])
    systems = 1000 if params["N"] <= 100 else 20
    down = np.array([_down(roster, window, 4 * int(params["mttr"])) for window in range(systems)], float)
    squares, root = (down - down.mean()) ** 2, systems**0.5
    found = {
        "mean_down": (down.mean(), down.std(ddof=1) / root),
        "availability": (1 - down.mean() / params["N"], down.std(ddof=1) / root / params["N"]),
        "var_down": (squares.mean(), squares.std(ddof=1) / root),
    }
    # A variance known to a tenth takes two hundred shops and more: too many of a thousand nodes.
    return found if params["N"] <= 100 else {name: found[name] for name in ("mean_down", "availability")}


def _down(roster: Roster, window: int, span_s: int) -> int:
    up, events = roster.lives(Streams(7, 0), window, 0, span_s * 10**12)
    for event in events:
        up[event.node] = not event.fails
    return int((~up).sum())


SIMULATED: dict[str, Callable[[dict[str, Any]], Estimates]] = {
    "mm1": mm1,
    "mg1": mg1,
    "gim1": gim1,
    "mmck": mmck,
    "erlang_a": erlang_a,
    "batch_arrival": batch_arrival,
    "jsq_numeric": jsq,
    "power_of_d_meanfield": power_of_d,
    "transient_mm1": transient_mm1,
    "machine_repair": machine_repair,
}
TERMINATING = ("transient_mm1", "machine_repair")
"""Families that ask for the state at an instant: standard errors only, no relative bound."""


def errors(case: dict[str, Any], found: Estimates, relative: float | None) -> list[str]:
    """Where estimates are further from the case's values than 4 standard errors, or than `relative`."""
    told = []
    for name, (value, error) in found.items():
        wanted = case["values"][name]
        if not 0 < error < 0.1 * abs(wanted) or abs(value - wanted) > 4 * error:
            told.append(f"{name}: {value:.6g} +- {error:.2g} found, {wanted:.6g} expected")
        elif relative is not None and abs(value / wanted - 1) > relative:
            told.append(f"{name}: {value:.6g} found, {wanted:.6g} expected, within {relative:.0%}")
    return told
