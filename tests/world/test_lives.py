"""Lives of nodes: the repair shop against its closed form, heavy-tailed up-times, crews, and what belongs to a slot."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.serving.contract import Routing
from sim.streams import Streams
from sim.tokenomics.spells import SPELLS
from sim.units import PS_PER_S, ps
from sim.world.fleet import Member, Plan, Roster
from sim.world.lives import Draws, Lives

VECTORS = Path(__file__).parents[1] / "vectors" / "queueing" / "machine_repair.json"
CASES = {case["id"]: case for case in json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]}
LOGNORMAL = SPELLS["lognormal"](sigma=1.5)


def member(up_time_s: float, repair_s: float, **more: Any) -> Member:
    return Member("home", None, 1, up_time_s, repair_s, **more)  # type: ignore[arg-type]


def roster(nodes: int, made: Member, slots: np.ndarray | None = None, detect_s: float = 0.0) -> Roster:
    plan = Plan("net", (made,), Routing("random"), 1, ps(detect_s), 3)
    return Roster(plan, [np.arange(nodes) if slots is None else slots])


def downs(case: dict[str, Any], systems: int, span_s: float = 0.0) -> np.ndarray:
    """Nodes down in each of many independent shops: at the start of a window, or after some of it."""
    params = case["params"]
    crews = None if params["R"] == params["N"] else params["R"]
    shop = roster(params["N"], member(params["mtbf"], params["mttr"], crews=crews))
    found = []
    for window in range(systems):
        up, events = shop.lives(Streams(3, 0), window, 0, max(ps(span_s), 1))
        for event in events:
            up[event.node] = not event.fails
        found.append((~up).sum())
    return np.array(found)


@pytest.mark.long
@pytest.mark.parametrize("span", [0.0, 2.0], ids=["at the start", "after two repairs"])
@pytest.mark.parametrize("name", CASES)
def test_a_window_of_the_repair_shop_begins_in_its_stationary_state(name, span):
    case = CASES[name]
    systems = 20 if case["params"]["N"] > 100 else 400
    down = downs(case, systems, span * case["params"]["mttr"])
    for value, wanted in ((down, "mean_down"), (down == 0, "P_all_up")):
        error = max(value.std(ddof=1), 1e-12) / systems**0.5
        if case["values"][wanted] > 0.01:
            assert abs(value.mean() - case["values"][wanted]) < 4 * error, wanted
    assert 1 - down.mean() / case["params"]["N"] == pytest.approx(case["values"]["availability"], rel=0.02)


@pytest.mark.long
def test_an_overworked_crew_keeps_most_nodes_down():
    # Birth-death by hand: N = 20 nodes fail every 30 h each, one crew takes 10 h: p_k ~ N!/(N-k)! (10/30)^k.
    n, ratio = 20, 10 / 30
    weights = np.array([math.perm(n, k) * ratio**k for k in range(n + 1)])
    wanted = float((weights * np.arange(n + 1)).sum() / weights.sum())
    down = downs({"params": {"N": n, "R": 1, "mtbf": 30.0, "mttr": 10.0}}, 300)
    assert 16.9 < wanted < 17.1
    assert abs(down.mean() - wanted) < 4 * down.std(ddof=1) / 300**0.5


@pytest.mark.long
@pytest.mark.parametrize("up_law", [LOGNORMAL, SPELLS["constant"]()], ids=["lognormal", "constant"])
def test_availability_depends_on_means_alone_where_each_node_has_a_crew(up_law):
    shop = roster(20_000, member(3 * 3600.0, 3600.0, up_law=up_law, repair_law=LOGNORMAL, after_s=1200.0))
    up, events = shop.lives(Streams(5, 0), 0, 0, ps(6 * 3600.0))
    error = 3 / 13 / 20_000**0.5 * 4  # sqrt(a (1 - a)) is below 3 / 13 ** .5
    share = 9 / (9 + 3 + 1)
    assert abs(up.mean() - share) < 4 * (share * (1 - share) / 20_000) ** 0.5 < error * 4
    for event in events:
        up[event.node] = not event.fails
    assert abs(up.mean() - share) < 4 * (share * (1 - share) / 20_000) ** 0.5


@pytest.mark.long
def test_heavy_tails_fail_later_at_first_and_as_often_in_the_long_run():
    # The rate of failures in the stationary state is 1 / (up + repair) for any law, from the first instant on.
    for law in (LOGNORMAL, SPELLS["exponential"]()):
        shop = roster(40_000, member(10 * 3600.0, 3600.0, up_law=law))
        _, events = shop.lives(Streams(6, 0), 0, 0, ps(3600.0))
        wanted = 40_000 / 11
        assert abs(sum(e.fails for e in events) - wanted) < 4 * wanted**0.5


@pytest.mark.long
def test_up_times_in_a_run_are_of_the_law():
    made = member(3600.0, 60.0, up_law=LOGNORMAL)
    lives = Lives(made, Draws(Streams(7, 0)["lives"], 0, np.arange(50), 16), 0)
    for place in range(50):
        lives.rise(place, 0)
    begun, lengths = {}, []
    for at_ps, place, fails in lives.until(ps(1000 * 3600.0)):
        if fails:
            lengths.append((begun[place], (at_ps - begun[place]) / PS_PER_S))
        begun[place] = at_ps
    # Those that began early have ended all but surely: the longest of the rest would bias what is seen.
    early = np.array([length for begin, length in lengths if begin < ps(300 * 3600.0)])
    law = stats.lognorm(s=1.5, scale=3600 * np.exp(-(1.5**2) / 2))
    assert len(early) > 10_000
    assert stats.kstest(early, law.cdf).pvalue > 0.01


class Scripted(Draws):
    """Draws by hand: the k-th of the slot at a place."""

    def __init__(self, rows: list[list[float]]) -> None:
        self.rows = rows

    def length_s(self, place: int, k: int, law: Any, mean_s: float) -> float:
        return self.rows[place][k]


def test_first_failed_is_first_repaired():
    # Up-times of 10, 11 and 12 s; one crew; repairs of 5, 1 and 1 s, by hand. `rise` leaves draw 0 unused.
    rows = [[0, 0, 10, 5, 90], [0, 0, 12, 1, 90], [0, 0, 11, 1, 90]]
    lives = Lives(member(1.0, 1.0, crews=1, after_s=2.0), Scripted(rows), 0)
    for place in range(3):
        lives.rise(place, 0)
    told = [(at_ps // PS_PER_S, place, fails) for at_ps, place, fails in lives.until(ps(50.0)) if at_ps]
    fails = [(10, 0, True), (11, 2, True), (12, 1, True)]
    # Node 0 is mended at 15 and loads 2 s; node 2 in [15, 16], node 1 in [16, 17].
    assert told == [*fails, (17, 0, False), (18, 2, False), (19, 1, False)]


def test_a_node_that_leaves_frees_its_crew_and_its_place_in_line():
    rows = [[0, 0, 10, 50], [0, 0, 11, 50], [0, 0, 12, 1, 90]]
    lives = Lives(member(1.0, 1.0, crews=1), Scripted(rows), 0)
    for place in range(3):
        lives.rise(place, 0)
    lives.until(ps(13.0))
    lives.leave(1, ps(13.0))
    lives.leave(0, ps(14.0))
    assert lives.until(ps(60.0)) == [(ps(15.0), 2, False)]


def test_nobody_returns_before_the_failure_was_detected():
    shop = roster(500, member(600.0, 5.0, repair_law=LOGNORMAL), detect_s=30.0)
    _, events = shop.lives(Streams(8, 0), 0, 0, ps(3600.0))
    failed = {}
    early = 0
    for event in events:
        if event.fails:
            failed[event.node] = event.at_ps
        elif event.node in failed:
            assert event.at_ps >= failed[event.node] + ps(30.0)
            early += event.at_ps == failed[event.node] + ps(30.0)
    assert early > 100


def test_a_slots_hardware_does_not_depend_on_which_others_are_live():
    made = member(3600.0, 900.0, up_law=LOGNORMAL)
    some = roster(3, made, slots=np.array([4, 17, 39]))
    up, events = roster(40, made).lives(Streams(9, 0), 5, 0, ps(7200.0))
    other_up, other = some.lives(Streams(9, 0), 5, 0, ps(7200.0))
    assert other_up.tolist() == up[[4, 17, 39]].tolist()
    seen = [(e.at_ps, e.rank, {4: 0, 17: 1, 39: 2}[e.node]) for e in events if e.node in (4, 17, 39)]
    assert seen == [(e.at_ps, e.rank, e.node) for e in other]
    assert seen


def test_lives_do_not_depend_on_how_time_is_cut():
    made = member(3600.0, 900.0, up_law=LOGNORMAL, crews=2)

    def told(cuts: list[float]) -> list[tuple[int, int, bool]]:
        lives = Lives(made, Draws(Streams(10, 0)["lives"], 0, np.arange(8), 16), ps(10.0))
        lives.settle(np.arange(8), 0, np.linspace(0.01, 0.99, 8))
        return [one for cut in cuts for one in lives.until(ps(cut))]

    assert told([86_400.0]) == told([100.0, 5000.0, 5001.0, 40_000.0, 86_400.0])
