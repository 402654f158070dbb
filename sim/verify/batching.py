"""Servers by passes, through the serving engine: processor sharing, batches that slow down, users who leave a queue."""

from __future__ import annotations

import numpy as np

from sim.serving.contract import Fate, Name
from sim.verify import paths
from sim.verify.cases import Case, Draws
from sim.verify.engines import MOST_PASSES, PASS_PS, PASSES, UNIT_PS, Offered, by_passes, fleet, served, times
from sim.verify.estimate import Sample
from sim.verify.laws import LAWS, tokens
from sim.verify.paths import Window
from sim.verify.single import law_of, poisson, window

PASS = PASS_PS / UNIT_PS
"""Length of a pass of one, in units."""


def places_for(load: float) -> int:
    """Places so many that processor sharing needs more once in 10^12 instants: N is geometric with ratio `load`."""
    return int(np.ceil(np.log(1e-12) / np.log(load)))


def _geometric(draws: Draws, count: int) -> np.ndarray:
    """Passes of exponential work: geometric on 1, 2, ... with the mean of a unit, the discrete law without memory."""
    return np.minimum(draws("services").geometric(1 / PASSES, count), MOST_PASSES)


def mg1_ps(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """Processor sharing: a pass lasts as long as the batch is large, so that all together get one unit a unit."""
    load, law = case.params["lam"], law_of(case)
    seen = window(load, load, customers, LAWS[law].second - 1)
    arrival = poisson(draws, load, seen.end)
    output = tokens(LAWS[law].draw(draws("services"), len(arrival)), PASSES, MOST_PASSES)
    server = by_passes(places_for(load), lambda batch: batch)
    rows = served(fleet(server), Offered(arrival, 1, output), engine)
    came, _, end = times(rows)
    inside = seen.holds(came)
    stay, service = rows["end"][inside] / UNIT_PS, rows["output"] / PASSES
    idle = paths.levels(came, end, seen)[0]
    ratios = {
        "ET": paths.mean(stay),
        "EN": seen.average(came, end),
        "P_empty": (float(idle), seen.length),
        "slowdown": paths.mean(stay / service[inside]),
    }
    known = [] if law == "det" else [float(service.mean()) - 1]
    return Sample(ratios, (*known, len(rows) / (load * seen.end) - 1))


def batching_bd(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """Continuous batching as a birth-death process: a pass of b lasts 1 + a (b - 1) times that of one."""
    rate, most, slowing = case.params["lam"], case.params["B"], case.params["a"]
    # Relaxation is that of a fleet of servers, a few services long, unless the batch is nearly full.
    seen = Window(100.0, 100.0 + customers / rate)
    arrival = poisson(draws, rate, seen.end)
    server = by_passes(most, lambda batch: 1 + slowing * (batch - 1))
    rows = served(fleet(server), Offered(arrival, 1, _geometric(draws, len(arrival))), engine)
    came, first, end = times(rows)
    # Without a queue the first token comes at the latest at the end of the second pass from now.
    passes = 2 * PASS * (1 + slowing * (most - 1))
    begun = np.where(first - came > passes, first, came)
    inside = seen.holds(came)
    idle = paths.levels(came, end, seen)[0]
    ratios = {
        "ET": paths.mean(rows["end"][inside] / UNIT_PS),
        "EN": seen.average(came, end),
        "E_batch": seen.average(begun, end),
        "EQ": seen.average(came, begun),
        "E_wait": paths.mean((begun - came)[inside]),
        "E_in_service": paths.mean((end - begun)[inside]),
        "P_empty": (float(idle), seen.length),
        "P_wait": paths.mean((begun > came)[inside]),
    }
    return Sample(ratios, (float(rows["output"].mean()) / PASSES - 1, len(rows) / (rate * seen.end) - 1))


def erlang_a(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """M/M/c+M: c places served at full speed each (a pass of any batch lasts as long as one), and users with patience."""
    params = case.params
    rate, servers = params["lam"], params["c"]
    seen = Window(50.0, 50.0 + customers / rate)
    arrival = poisson(draws, rate, seen.end)
    patience = draws("patience").exponential(1 / params["theta"], len(arrival))
    server = by_passes(servers, np.ones_like)
    rows = served(fleet(server), Offered(arrival, 1, _geometric(draws, len(arrival)), patience), engine)
    came, first, end = times(rows)
    left = rows["fate"] == Fate.ABANDONED
    begun = np.where(left, end, first - PASS)
    inside = seen.holds(came)
    # A free place is taken when the pass under way ends: only who waits longer waits for a place.
    waits = left | (begun - came >= PASS)
    served_ones = ~left
    busy = seen.spent(begun[served_ones], end[served_ones])
    ratios = {
        "P_abandon": paths.mean(left[inside]),
        "Lq": seen.average(came, begun),
        "mean_queue_time_all": paths.mean((begun - came)[inside]),
        "P_wait": paths.mean(waits[inside]),
        "throughput": (float(served_ones[inside].sum()), seen.length),
        "utilisation": (busy, seen.length * servers),
    }
    return Sample(ratios, (float(rows["output"].mean()) / PASSES - 1, len(rows) / (rate * seen.end) - 1))
