"""Servers by passes, through the serving engine: processor sharing, batches that slow down, users who leave a queue."""

from __future__ import annotations

import numpy as np

from sim.serving.contract import Fate, Name
from sim.verify import levels, paths, steps
from sim.verify.cases import Case, Draws
from sim.verify.engines import MOST_PASSES, PASS_PS, PASSES, UNIT_PS, Offered, by_passes, fleet, served, times
from sim.verify.estimate import Sample
from sim.verify.laws import ALPHA, LAWS, Law, tokens
from sim.verify.paths import Window
from sim.verify.rungs import RARE, Rungs
from sim.verify.single import BEYOND, law_of, memory, poisson, window

PASS = PASS_PS / UNIT_PS
"""Length of a pass of one, in units."""
BATCHED = 200_000
"""Passes of a mean service where batches slow down: what passes do adds up over the levels that a rare one is away."""
SHARED = 20_000
"""Passes of a mean service under processor sharing: no pass is idle, so that only waits for the end of a pass are too long."""
FINER = {"mg1ps_det_rho0.6": 100_000, "mg1ps_unif02_rho0.6": 40_000, "mg1ps_det_rho0.9": 40_000}
"""And where the mean stay is known so well that such waits would be more than a quarter of four standard errors."""


def shared_passes(case: Case) -> int:
    """Passes of a mean service of a case of processor sharing."""
    return FINER.get(case.name, SHARED)


def places_for(load: float) -> int:
    """Places so many that processor sharing needs more once in 10^12 instants: N is geometric with ratio `load`."""
    return int(np.ceil(np.log(1e-12) / np.log(load)))


def _geometric(draws: Draws, count: int, passes: int, run: str = "") -> np.ndarray:
    """Passes of exponential work: geometric on 1, 2, ... with the mean of a unit, the discrete law without memory."""
    return np.minimum(draws(f"services{run}").geometric(1 / passes, count), MOST_PASSES)


def mg1_ps(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """Processor sharing: a pass lasts as long as the batch is large, so that all together get one unit a unit.

    Controls are those of the work that is there, which no order of service changes: it is computed from the draws alone.
    """
    load, law, passes = case.params["lam"], law_of(case), shared_passes(case)
    seen = window(load, load, customers, LAWS[law].second - 1)
    arrival = poisson(draws, load, seen.end + BEYOND / load)
    output = tokens(LAWS[law].draw(draws("services"), len(arrival)), passes, MOST_PASSES)
    rows = _shared(arrival, output, load, passes, engine)
    came, _, end = times(rows)
    inside = seen.holds(came)
    stay, service = rows["end"][inside] / UNIT_PS, rows["output"] / passes
    idle = paths.levels(came, end, seen)[0]
    ratios = {
        "ET": paths.mean(stay),
        "EN": seen.average(came, end),
        "P_empty": (float(idle), seen.length),
        "slowdown": paths.mean(stay / service[inside]),
        **{name: _near(stay, service[inside], size) for name, size in SIZES.items() if _has(law, size)},
    }
    known = steps.of_work(came, service, LAWS[law].moments, load, seen, 2)
    foreign = {name: size for name, size in SIZES.items() if not _has(law, size)}
    if not foreign:
        return Sample(ratios, (), dict.fromkeys(ratios, known))
    guests = _guests(case, draws, customers // 2, engine, foreign)
    return Sample({**ratios, **guests.ratios}, (), {**dict.fromkeys(ratios, known), **guests.own})


def shared_stay(load: float, draws: Draws, customers: int, engine: Name) -> tuple[paths.Ratio, tuple[float, ...]]:
    """The mean stay under processor sharing of exponential works, with its controls."""
    seen = window(load, load, customers)
    arrival = poisson(draws, load, seen.end + BEYOND / load, "arrivals to share")
    output = tokens(LAWS["exp"].draw(draws("services to share"), len(arrival)), SHARED, MOST_PASSES)
    rows = _shared(arrival, output, load, SHARED, engine)
    came, _, _ = times(rows)
    known = steps.of_work(came, rows["output"] / SHARED, LAWS["exp"].moments, load, seen, 2)
    return paths.mean(rows["end"][seen.holds(came)] / UNIT_PS), known


SIZES = {"ET_given_size_0p5": 0.5, "ET_given_size_2": 2.0}
NEAR = 0.1
"""Sizes that are up to so much larger or smaller, as a share, count as one."""


def _has(law: str, size: float) -> bool:
    """Whether a law has sizes close to one: constants have none but 1, and Pareto's begin at 2.5 / 3.5."""
    return not (law == "det" or (law.startswith("pareto") and size < (ALPHA - 1) / ALPHA))


def _near(stay: np.ndarray, service: np.ndarray, size: float) -> paths.Ratio:
    """The mean stay of sizes near one, in proportion to their own mean size: it is linear there if it is smooth."""
    close = np.abs(service - size) <= NEAR * size
    return float(stay[close].sum()) * size, float(service[close].sum())


def _shared(arrival: np.ndarray, output: np.ndarray, load: float, passes: int, engine: Name) -> np.ndarray:
    server = by_passes(places_for(load), lambda batch: batch, passes)
    return served(fleet(server), Offered(arrival, 1, output), engine)


def _guests(case: Case, draws: Draws, customers: int, engine: Name, sizes: dict[str, float]) -> Sample:
    """Stays of guests of a size that the law has not: one at a time, and the next when the queue has long forgotten it.

    Controls: the work that a guest finds and its square, whose means are known (Pollaczek and Khinchine), and the work that comes
    within some time behind it.
    """
    load, law, passes = case.params["lam"], LAWS[law_of(case)], shared_passes(case)
    apart = APART * memory(load, law.second - 1)
    count = max(int(customers / load / apart), len(sizes) + 1)
    arrival = poisson(draws, load, (count + 1) * apart, "arrivals beside guests")
    output = tokens(law.draw(draws("services beside guests"), len(arrival)), passes, MOST_PASSES)
    came = apart * np.arange(1, count + 1)
    kind = np.arange(count) % len(sizes)
    size = np.array(list(sizes.values()))[kind]
    order = np.argsort(np.concatenate([arrival, came]), kind="stable")
    rows = _shared(
        np.concatenate([arrival, came])[order], np.concatenate([output, tokens(size, passes, MOST_PASSES)])[order],
        load, passes, engine,
    )  # fmt: skip
    stay = rows["end"][np.argsort(order)[len(arrival) :]] / UNIT_PS
    known = _met(arrival, output / passes, came, law, load)
    ratios = {name: paths.mean(stay[kind == k]) for k, name in enumerate(sizes)}
    return Sample(ratios, (), {name: tuple(known[:, kind == k].mean(axis=1)) for k, name in enumerate(sizes)})


APART = 4.0
"""Relaxation times between guests: of two units more work less than a thousandth of the queue is left by then."""
BEHIND = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Times behind a guest within which work that comes is a control."""


def _met(arrival: np.ndarray, service: np.ndarray, came: np.ndarray, law: Law, load: float) -> np.ndarray:
    """What guests meet less its mean: work, its square, and work to come; a row each."""
    work = steps.waits_of(arrival, service)
    last = np.searchsorted(arrival, came) - 1
    found = np.where(last >= 0, np.maximum(work[last] + service[last] - (came - arrival[last]), 0), 0)
    mean = load * law.second / (2 * (1 - load))
    square = 2 * mean**2 + load * law.third / (3 * (1 - load))
    total = np.concatenate(([0.0], np.cumsum(service)))
    later = [total[np.searchsorted(arrival, came + time)] - total[last + 1] - load * time for time in BEHIND]
    # What comes is drawn without regard to what is met: products have mean zero too.
    return np.stack([found - mean, found**2 - square, *later, *(found * one for one in later)])


def batching_bd(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """Continuous batching as a birth-death process: a pass of b lasts 1 + a (b - 1) times that of one."""
    rate, most = case.params["lam"], case.params["B"]
    walk, rows, begun = _batched(case, draws, rate, customers, engine)
    came, end, seen = walk.come, walk.gone, walk.seen
    inside = seen.holds(came)
    ratios = {
        "ET": paths.mean(rows["end"][inside] / UNIT_PS),
        "EN": seen.average(came, end),
        "E_batch": seen.average(begun, end),
        "EQ": seen.average(came, begun),
        "E_wait": paths.mean((begun - came)[inside]),
        "E_in_service": paths.mean((end - begun)[inside]),
        "P_empty": (float(walk.time()[0]), seen.length),
        "P_wait": paths.mean((begun > came)[inside]),
        "capacity": _capacity(case, draws, engine),
    }
    level = np.arange(walk.most + 1)
    busy = np.minimum(level, most)
    speed = busy / (1 + case.params["a"] * np.maximum(busy - 1, 0))
    # Spans of waiting are few; those of work last as long as the batch lets them.
    queue = np.maximum(level - most, 0.0)
    functions = {
        **dict.fromkeys(("EQ", "E_wait"), queue), "P_wait": (level >= most).astype(float),
        "P_empty": (level == 0).astype(float),
    }  # fmt: skip
    ups, downs = walk.arrivals(came, rate), _ends(walk, begun, rows, case)
    rare = [name for name in ("EQ", "E_wait", "P_wait", "P_empty") if case.values[name] < RARE]
    reached = dict.fromkeys(rare, (level <= most + RUNGS_ABOVE).astype(float))
    own = levels.controls({**functions, **reached}, np.full(walk.most, rate), speed[1:], ups, downs)
    asked = {**functions, "E_wait": queue / rate}
    rungs = _rungs(case, draws, customers, engine, {name: asked[name] for name in rare}, walk) if rare else {}
    kept = {name: ratio for name, ratio in ratios.items() if name not in rungs}
    return Sample(kept, (float(rows["output"].mean()) / BATCHED - 1, len(rows) / (rate * seen.end) - 1), own, rungs)


ABOVE = 400
"""Levels that are told apart above the places."""


def _batched(
    case: Case, draws: Draws, rate: float, customers: int, engine: Name, run: str = ""
) -> tuple[levels.Path, np.ndarray, np.ndarray]:
    """One run at some rate of arrivals: how many are there, the rows, and when each was taken into the batch."""
    most, slowing = case.params["B"], case.params["a"]
    # Relaxation is that of a fleet of servers, a few services long, unless the batch is nearly full.
    seen = Window(100.0, 100.0 + customers / rate)
    arrival = poisson(draws, rate, seen.end, f"arrivals{run}")
    server = by_passes(most, lambda batch: 1 + slowing * (batch - 1), BATCHED)
    rows = served(fleet(server), Offered(arrival, 1, _geometric(draws, len(arrival), BATCHED, run)), engine)
    came, first, end = times(rows)
    # Without a queue the first token comes at the latest at the end of the second pass from now. Whoever waits joins a full batch.
    full = (1 + slowing * (most - 1)) / BATCHED
    return levels.Path(came, end, most + ABOVE, seen), rows, np.where(first - came > 2 * full, first - full, came)


def _ends(walk: levels.Path, begun: np.ndarray, rows: np.ndarray, case: Case) -> np.ndarray:
    """Ends by level, less what was to be expected of works as drawn.

    Each is used up from its beginning to its end, whatever the server made of it; between the two in the proportions of the
    batch's speeds, so that a server that is too slow is not put right.
    """
    slowing, most = case.params["a"], case.params["B"]
    level = np.arange(walk.most + 1)
    speed = 1 / (1 + slowing * np.maximum(np.minimum(level, most) - 1, 0))
    instants, there = walk.moves
    worked = np.concatenate(([0.0], np.cumsum(np.diff(instants) * speed[there[:-1]])))
    spent = np.interp(walk.gone, instants, worked) - np.interp(begun, instants, worked)
    drawn = rows["output"] / BATCHED
    return np.asarray(walk.counts(walk.gone) - walk.shared(begun, walk.gone, drawn / spent) * speed)


def _capacity(case: Case, draws: Draws, engine: Name) -> paths.Ratio:
    """Ends a unit of time of a batch that is always full: many works that are all there at 0, and the time to the end of the queue."""
    most = case.params["B"]
    output = _geometric(draws, 500 * most, BATCHED, " at once")
    server = by_passes(most, lambda batch: 1 + case.params["a"] * (batch - 1), BATCHED)
    rows = served(fleet(server), Offered(np.zeros(len(output)), 1, output), engine)
    _, first, end = times(rows)
    full = first.max()
    return float((end <= full).sum()), float(full)


RATES = 8
"""Rates of arrival at which rungs are measured: together they meet every level."""


def _rungs(
    case: Case, draws: Draws, customers: int, engine: Name, functions: dict[str, np.ndarray], usual: levels.Path
) -> dict[str, Rungs]:
    """Rare quantities from runs at other rates of arrivals, so that each level is frequent in one of them."""
    most, slowing, rate = case.params["B"], case.params["a"], case.params["lam"]
    capacity = most / (1 + slowing * (most - 1))
    top = most + RUNGS_ABOVE
    within = float(usual.time()[: top + 1].sum()) / usual.seen.length
    rungs = {
        name: Rungs.nothing(top, of_level[: top + 1], np.full(top, rate), within)
        for name, of_level in functions.items()
    }
    for k, share in enumerate(np.linspace(0.08, 0.97, RATES)):
        walk, rows, begun = _batched(case, draws, share * capacity, customers // RATES, engine, f" {k}")
        off = _ends(walk, begun, rows, case)
        for one in rungs.values():
            one.add(walk, walk.come, walk.gone, np.zeros(walk.most), off)
    return rungs


RUNGS_ABOVE = 24
"""Rungs above the places: where a queue is rare, one as long is ten thousand times as rare."""


def erlang_a(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """M/M/c+M: c places served at full speed each (a pass of any batch lasts as long as one), and users with patience."""
    params = case.params
    rate, servers = params["lam"], params["c"]
    seen = Window(50.0, 50.0 + customers / rate)
    arrival = poisson(draws, rate, seen.end)
    patience = draws("patience").exponential(1 / params["theta"], len(arrival))
    server = by_passes(servers, np.ones_like)
    rows = served(fleet(server), Offered(arrival, 1, _geometric(draws, len(arrival), PASSES), patience), engine)
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
