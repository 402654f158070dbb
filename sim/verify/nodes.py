"""Nodes that fail: a server's queue through its breakdowns, and how many of a fleet are down."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from sim.serving.contract import LIMIT_PS, Engine, Name, make
from sim.streams import Stream
from sim.units import PS_PER_S, ps
from sim.verify import levels, paths
from sim.verify.cases import Case, Draws
from sim.verify.engines import PASS_PS, PASSES, UNIT_PS, Offered, by_prompts, fleet, in_order, passes_of, started, times
from sim.verify.estimate import Sample
from sim.verify.paths import Window
from sim.verify.rungs import Rungs
from sim.verify.single import memory, poisson
from sim.world.fleet import WITHOUT_MEMORY, Member
from sim.world.lives import FAILS, MENDED, Lives
from sim.world.lives import Draws as LifeDraws

Turn = tuple[int, int, int, int]
Event = tuple[int, int, bool]
"""Instant in ps, node, whether it fails; in order of time."""

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
    both = zip(np.rint(down * UNIT_PS).tolist(), np.rint(up * UNIT_PS).tolist(), strict=True)
    _live(made, [(int(at_ps), 0, fails) for pair in both for at_ps, fails in zip(pair, (True, False), strict=True)])
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


def _live(made: Engine, events: Iterable[Event]) -> None:
    """Let the nodes of an engine fail and return."""
    for at_ps, node, fails in events:
        made.advance(at_ps)
        if fails:
            made.leave(node, "fail")
        else:
            made.join(node)


def machine_repair(case: Case, draws: Draws, customers: int, engine: Name) -> Sample:
    """Nodes down in a system of N with R crews, by the lives that the world gives its nodes; about `customers` repairs.

    The engine's nodes fail and return by them, and how long they live is what the engine reads. Lives begin in their steady state:
    there is no warm-up. A state that is met once in 10^12 instants is reached from the other side (`rungs`): all nodes begin up.
    """
    params = case.params
    nodes, up_s, repair_s, crews = params["N"], params["mtbf"], params["mttr"], params["R"]
    until = customers / min(crews / repair_s, nodes / (up_s + repair_s))
    seen = Window(0.0, until)
    member = Member("m", None, 1, up_s, repair_s, crews=crews if crews < nodes else None)  # type: ignore[arg-type]
    found = _lives(draws.streams["lives"], member, nodes, until, 0, True)
    level = np.arange(nodes + 1)
    walk = levels.Path(*found.down, nodes, seen)
    mean, tenth = case.values["mean_down"], (level > 0.1 * nodes).astype(float)
    functions = {
        "mean_down": level.astype(float),
        "availability": -level.astype(float),
        "var_down": (level - mean) ** 2,
        "P_all_up": (level == 0).astype(float),
        "P_more_than_10pct_down": tenth,
    }
    share = walk.time() / seen.length
    ratios = {name: (float(share @ function), 1.0) for name, function in functions.items()}
    ratios["availability"] = (_read_live(found, nodes, int(until * PS_PER_S), engine), 1.0)
    if abs(ratios["availability"][0] + ratios["mean_down"][0] / nodes - 1) > 1e-9:
        raise RuntimeError(f"{ratios['availability'][0]} of the time lived by the engine, but {share} spent at levels")
    fails, mends = (nodes - level[:-1]) / up_s, np.minimum(level[1:], crews) / repair_s
    ups, downs = walk.ends(*found.up, 1 / up_s), walk.ends(*found.mended, 1 / repair_s)
    own = levels.controls(functions, fails, mends, ups, downs)
    rungs = {}
    if case.values["P_all_up"] < NEVER_MET:
        del ratios["P_all_up"]
        # Levels that are frequent are counted here too.
        reached = (level <= _most(case)).astype(float)
        rungs["P_all_up"] = _from_all_up(case, draws, member, float(share @ reached))
        rungs["P_all_up"].add(walk, found.down[0], found.down[1], ups, downs)
        own |= levels.controls({"P_all_up": reached}, fails, mends, ups, downs)
    return Sample(ratios, (), own, rungs)


def _most(case: Case) -> int:
    """The highest rung: three standard deviations above the mean, met often enough, and seldom exceeded."""
    return min(int(case.values["mean_down"] + 3 * case.values["var_down"] ** 0.5), case.params["N"])


def _from_all_up(case: Case, draws: Draws, member: Member, within: float) -> Rungs:
    """Moves between levels in worlds that begin with all nodes up, until most of them that usually are down.

    They soon leave the lowest levels, from which a crew or two seldom mend the last: many short worlds meet those.
    """
    params = case.params
    most = _most(case)
    total = Rungs.nothing(most, np.arange(most + 1) == 0, within=within)
    crews_busy_s = params["R"] * member.up_time_s / params["N"]
    for world in range(WORLDS + SHORT_WORLDS):
        until = 1.5 * member.up_time_s if world < WORLDS else 3 * crews_busy_s
        found = _lives(draws.streams["all up"], member, params["N"], until, world, False)
        walk = levels.Path(*found.down, params["N"], Window(0.0, until))
        rates = 1 / member.up_time_s, 1 / member.repair_s
        total.add(
            walk, found.down[0], found.down[1], walk.ends(*found.up, rates[0]), walk.ends(*found.mended, rates[1])
        )
    return total


def _read_live(found: _Found, nodes: int, until_ps: int, engine: Name) -> float:
    """The share of `nodes` x `until_ps` that the nodes of an engine live whose lives are `found`."""
    made = make(engine, fleet(by_prompts(), nodes), -1)
    for node in np.flatnonzero(found.up_at_0).tolist():
        made.join(node)
    _live(made, found.events)
    made.advance(until_ps)
    return sum(made.read().live_ps.tolist()) / (nodes * until_ps)


NEVER_MET = 1e-6
"""Chances below it are not waited for: a node's life costs as much as thirty requests."""
WORLDS = 100
"""Worlds a replication that begin with all nodes up."""
SHORT_WORLDS = 200
"""And that are left when all crews have been busy for a while."""


@dataclasses.dataclass(frozen=True)
class _Found:
    """Spans (begins, ends) in seconds: nodes down; and spells as drawn, of being up and of repair. What they are made from."""

    down: tuple[np.ndarray, np.ndarray]
    up: tuple[np.ndarray, np.ndarray]
    mended: tuple[np.ndarray, np.ndarray]
    up_at_0: np.ndarray
    events: list[Event]


def _lives(stream: Stream, member: Member, nodes: int, until: float, world: int, steady: bool) -> _Found:
    """The lives of nodes to `until`, from their steady state or all of them up; spells end where the draws say."""
    places = np.arange(nodes)
    drawn = LifeDraws(stream, world, places, 64)
    lives = Lives(member, drawn, 0)
    if steady:
        up = lives.settle(places, 0, stream.generator(world + (1 << 50)).random(nodes))
    else:
        up = np.ones(nodes, bool)
        for place in places.tolist():
            lives.rise(place, 0)
    pending = {turn[2]: turn for turn in lives.turns if lives.spell[turn[2]] == turn[3]}
    # Nodes in line for a crew have nothing pending, and the number of the spell that failed.
    spell = {**lives.spell}
    events = lives.until(int(until * PS_PER_S))
    return _spans_of(lives, events, up, pending, spell)


def _spans_of(
    lives: Lives, events: list[Event], up: np.ndarray, pending: dict[int, Turn], spell: dict[int, int]
) -> _Found:
    """Spans from what happened: a repair ends where its node serves again, and is as long as it was drawn.

    Nodes that are down at 0 fell before it: their falls are no moves of the window.
    """
    member, fell = lives.member, dict.fromkeys(np.flatnonzero(~up).tolist(), -1)
    down, working, mended = list[tuple[int, int]](), list[tuple[int, int]](), list[tuple[int, int]]()
    for at_ps, turn, _, _ in pending.values():
        if turn == FAILS:
            working.append((0, at_ps))
    repairing = {place for place, turn in pending.items() if turn[1] == MENDED}
    for at_ps, place, fails in events:
        if fails:
            fell[place] = at_ps
            continue
        if place in fell:
            down.append((fell.pop(place), at_ps))
            if place in repairing:
                repairing.discard(place)
                mended.append((0, at_ps))
            else:
                spell[place] += 1
                mended.append((at_ps - _length(lives, place, spell[place], member.repair_s), at_ps))
        spell[place] += 1
        working.append((at_ps, at_ps + _length(lives, place, spell[place], member.up_time_s)))
    for at_ps, turn, place, number in lives.turns:
        if turn == MENDED and lives.spell[place] == number:
            begun = 0 if place in repairing else at_ps - _length(lives, place, number, member.repair_s)
            mended.append((begun, at_ps))
    down += [(at_ps, 2**62) for at_ps in fell.values()]
    return _Found(_seconds(down), _seconds(working), _seconds(mended), up, events)


def _length(lives: Lives, place: int, number: int, mean_s: float) -> int:
    """What was drawn for a spell, in whole picoseconds."""
    return max(ps(lives.draws.length_s(place, number, WITHOUT_MEMORY, mean_s)), 1)


def _seconds(spans: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    both = np.array(spans, float).reshape(-1, 2) / PS_PER_S
    return both[:, 0], both[:, 1]
