"""Nodes that fail: a server's queue through its breakdowns, and how many of a fleet are down."""

from __future__ import annotations

import numpy as np

from sim.serving.contract import LIMIT_PS, Engine, Name, Routing
from sim.streams import Streams
from sim.units import PS_PER_S
from sim.verify import paths
from sim.verify.cases import Case, Draws
from sim.verify.engines import PASS_PS, PASSES, UNIT_PS, Offered, fleet, in_order, passes_of, started, times
from sim.verify.estimate import Sample
from sim.verify.paths import Window
from sim.verify.single import memory, poisson
from sim.world.fleet import Member, Plan, Roster

LONGEST_WORK = 40
"""Units of the longest work: one exponential in 10^17 lies beyond."""


def breakdowns(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """M/M/1 whose node fails, idle or not, and goes on after the repair where it stopped.

    Failures are noticed at once and retried without limit. The contract knows no recomputing for nothing; a cost of a pass that
    does not grow with its tokens is the same: the sequence comes back as one prompt, and that pass gives the next token.
    What is lost is the pass that the failure cut, a hundred-thousandth of a unit.
    """
    params = case.params
    rate = params["lam"]
    available = params["eta"] / (params["xi"] + params["eta"])
    warm = 8 * (memory(rate / available) + 1 / params["eta"] + 1 / params["xi"])
    seen = Window(warm, warm + customers / rate)
    arrival = poisson(draws, rate, seen.end)
    longest = LONGEST_WORK * PASSES
    output = np.minimum(draws("services").geometric(1 / PASSES, len(arrival)), longest)
    # One pass holds any sequence, whole.
    server = passes_of(1, np.zeros(longest + 2, np.int64), np.full(2, PASS_PS))
    made = started(fleet(server), Offered(arrival, 1, output), engine)
    down, up = _spells(draws, params["xi"], params["eta"], seen.end)
    _live(made, down, up)
    made.advance(int(seen.end * UNIT_PS) + LIMIT_PS // 2)
    came, _, end = times(in_order(made))
    inside = seen.holds(came)
    idle = paths.levels(came, end, seen)[0]
    ratios = {
        "L": seen.average(came, end),
        "W": paths.mean((end - came)[inside]),
        "availability": (seen.length - seen.spent(down, up), seen.length),
        "P_system_empty": (float(idle), seen.length),
    }
    return Sample(ratios, (float(output.mean()) / PASSES - 1, len(arrival) / (rate * seen.end) - 1))


def _spells(draws: Draws, fails: float, repairs: float, until: float) -> tuple[np.ndarray, np.ndarray]:
    """Failures and returns in units, in turn, the first failure before `until`."""
    count = int(until / (1 / fails + 1 / repairs) * 1.2) + 100
    spells = np.empty(2 * count)
    spells[::2] = draws("up").exponential(1 / fails, count)
    spells[1::2] = draws("repair").exponential(1 / repairs, count)
    instants = np.rint(np.cumsum(spells) * UNIT_PS) / UNIT_PS
    down, up = instants[::2], instants[1::2]
    return down[down < until], up[down < until]


def _live(made: Engine, down: np.ndarray, up: np.ndarray) -> None:
    for fails, returns in zip(down, up, strict=True):
        made.advance(round(fails * UNIT_PS))
        made.leave(0, "fail")
        made.advance(round(returns * UNIT_PS))
        made.join(0)


def machine_repair(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """Nodes down in a system of N with R crews, by the lives that the world gives its nodes; about `customers` repairs.

    Lives begin in their steady state: there is no warm-up.
    """
    params = case.params
    nodes, up_s, repair_s = params["N"], params["mtbf"], params["mttr"]
    rate = min(params["R"] / repair_s, nodes / (up_s + repair_s))
    seen = Window(0.0, customers / rate)
    crews = params["R"] if params["R"] < nodes else None
    began, ended = _down(draws.streams, Member("m", None, 1, up_s, repair_s, crews=crews), nodes, seen.end)  # type: ignore[arg-type]
    share = paths.levels(began, ended, seen) / seen.length
    level = np.arange(len(share))
    mean = float((level * share).sum())
    return Sample(
        {
            "mean_down": (mean, 1.0),
            "availability": (1 - mean / nodes, 1.0),
            "var_down": (float(((level - mean) ** 2 * share).sum()), 1.0),
            "P_all_up": (float(share[0]), 1.0),
            "P_more_than_10pct_down": (float(share[level > 0.1 * nodes].sum()), 1.0),
        }
    )


def _down(streams: Streams, member: Member, nodes: int, until: float) -> tuple[np.ndarray, np.ndarray]:
    """Spells in which a node is down: begin and end in seconds, open ones to `until`."""
    roster = Roster(Plan("verify", (member,), Routing("random"), 1, 0, 3), [np.arange(nodes)])
    up, events = roster.lives(streams, 0, 0, int(until * PS_PER_S))
    open_since = {int(node): place for place, node in enumerate(np.flatnonzero(~up))}
    began = [0.0] * len(open_since)
    ended = [until] * len(open_since)
    for event in events:
        if event.fails:
            open_since[event.node] = len(began)
            began.append(event.at_ps / PS_PER_S)
            ended.append(until)
        else:
            ended[open_since[event.node]] = event.at_ps / PS_PER_S
    return np.array(began), np.array(ended)
