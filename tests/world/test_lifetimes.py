"""Lives that go on from window to window: the same as those of a run of all requests, however windows cut them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.streams import Streams
from sim.units import PS_PER_S
from sim.world.fleet import Plan, Roster
from sim.world.lifetimes import SPELLS_DRAWN, Lifetimes
from sim.world.lives import Draws, Lives
from sim.world.run import World
from tests.world.small import HOME, case, play

HOUR = 3600 * PS_PER_S
STREAMS = Streams(7, 0)
LIFE = {f"{HOME}.nodes": 40, f"{HOME}.max_nodes": 60, f"{HOME}.up_time": "10 h", f"{HOME}.repair": "2 h"}


def plan(changes: dict[str, Any] | None = None) -> Plan:
    (found,) = World(case({**LIFE, **(changes or {})}), 0, "fast").networks[0].plans.values()
    return found


def asked(of: Plan, hours: list[tuple[float, float]], nodes: list[int] | None = None) -> list[tuple[Any, Any]]:
    """What windows of [from, to) hours are told of the first nodes (40 unless given)."""
    lifetimes = Lifetimes(of, [60], STREAMS)
    told = []
    for number, (first, last) in enumerate(hours):
        roster = Roster(of, [np.arange(nodes[number] if nodes else 40)])
        up, events = lifetimes.window(roster, number + 1, int(first * HOUR), int(last * HOUR))
        told.append((up, [(e.at_ps, e.rank, e.node) for e in events]))
    return told


def of_all(of: Plan, end_ps: int) -> tuple[np.ndarray, list[tuple[int, int, bool]]]:
    """The lives that `requests.mode: all` draws: those up at the start, and all that happens before an instant."""
    lives = Lives(of.members[0], Draws(STREAMS["lives.net.home"], 0, np.arange(60), SPELLS_DRAWN), of.detect_ps)
    up = lives.settle(np.arange(40), 0, STREAMS["lives_up.net.home"].generator(0).random(60)[:40])
    return up, lives.until(end_ps)


@pytest.mark.parametrize("more", [{}, {f"{HOME}.crews": 1, f"{HOME}.repair": "20 min"}])
def test_windows_meet_the_lives_that_all_requests_meet(more: dict[str, Any]) -> None:
    of = plan(more)
    up, happened = of_all(of, 60 * HOUR)
    for (first, last), (found, events) in zip(hours := [(1, 2), (5, 9), (50, 60)], asked(of, hours), strict=True):
        state = up.copy()
        for at_ps, place, fails in happened:
            if at_ps <= first * HOUR:
                state[place] = not fails
        assert (found == state).all()
        mine = [(at, 0 if fails else 2, place) for at, place, fails in happened if first * HOUR < at < last * HOUR]
        assert events == mine
    assert len(happened) > 60


def test_windows_in_between_change_nothing() -> None:
    few, many = asked(plan(), [(1, 2), (9, 10)]), asked(plan(), [(1, 2), (3, 4), (6, 7), (9, 10)])
    assert (few[1][0] == many[3][0]).all()
    assert few[1][1] == many[3][1]


def test_nodes_come_up_and_those_that_leave_are_gone() -> None:
    # 30 nodes leave before the second window; ten of their places come back before the third, and serve at once.
    told = asked(plan(), [(1, 2), (3, 4), (5, 6)], [40, 10, 20])
    assert [len(up) for up, _ in told] == [40, 10, 20]
    assert told[2][0][10:].all()
    assert all(node < 10 for _, _, node in told[1][1])


def test_a_class_that_nobody_looked_at_for_long_begins_anew() -> None:
    # 20 cycles of 12 hours are ten days: after eleven the window draws its own stationary nodes, as those of `anew` are.
    of = plan()
    alone, _ = Roster(of, [np.arange(40)]).lives(STREAMS, 2, 300 * HOUR, 301 * HOUR)
    assert (asked(of, [(1, 2), (300, 301)])[1][0] == alone).all()
    assert (asked(of, [(1, 2), (200, 201)])[1][0] != alone).any()


def test_continued_nodes_are_up_for_the_share_of_time_that_their_laws_say() -> None:
    told = asked(plan(), [(hour, hour + 0.1) for hour in range(1, 2000, 4)])
    shares = np.mean([up.mean() for up, _ in told])
    # 10 / 12; 40 nodes over 2,000 hours hold about 6,700 cycles, so one standard error is below 0.003.
    assert shares == pytest.approx(10 / 12, abs=0.01)


@pytest.mark.compiled
def test_continued_lives_reach_a_run_and_change_nothing_without_failures() -> None:
    base = {**LIFE, "horizon": "2 day", "epoch": "12 h", "workload.chat.rate": "8 /s"}
    window = {"mode": "sampled", "window": "1 min", "per_epoch": 2}

    def runs(**more: Any) -> list[Any]:
        return [play({**base, **more, "requests": {**window, "lives": lives}}) for lives in ("anew", "continued")]

    anew, continued = runs(**{f"{HOME}.up_time": "1000000 day"})
    assert anew.outcomes == continued.outcomes
    anew, continued = runs(**{f"{HOME}.up_time": "3 h"})
    assert anew.outcomes["net.e2e_p95_s"] != continued.outcomes["net.e2e_p95_s"]
