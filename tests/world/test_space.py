"""Sampling in space: who serves a window, what comes to them, and what their counts stand for."""

from __future__ import annotations

import dataclasses
import functools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from sim.serving.contract import Fate, Routing
from sim.streams import Streams
from sim.world.distances import Distances
from sim.world.expand import NOBODY, Expander
from sim.world.fleet import Plan, Roster
from sim.world.hardware import plans_of
from sim.world.run import World
from sim.world.space import Part, Space, part_of, thin
from sim.world.tally import Tally
from tests.world.small import BASE, HOME, PRICED, case, play

FARM = {**BASE["networks"]["net"]["operators"]["home"], "nodes": 30, "gpu": "h100_sxm", "per_node": 4, "max_nodes": 60}
TWO = {"networks.net.operators.pros": FARM, f"{HOME}.nodes": 480, f"{HOME}.max_nodes": 600}
"""480 home cards and 30 nodes of four cards: 600 replicas."""
STREAMS = Streams(7, 0)


def plan_with(changes: dict[str, Any]) -> Plan:
    world = World(case({**TWO, **changes}), 0, "fast")
    (found,) = world.networks[0].plans.values()
    return found


@functools.cache
def plan() -> Plan:
    return plan_with({})


def roster(plan_: Plan, nodes: tuple[int, int] = (480, 30)) -> Roster:
    return Roster(plan_, [np.arange(n) for n in nodes])


def slots(part: Part) -> list[list[int]]:
    return [chosen.tolist() for chosen in part.roster.slots]


# --- who serves --------------------------------------------------------------------------------------------------------


def test_a_sample_is_stratified_and_stands_for_all() -> None:
    part = part_of(roster(plan()), 0.25, STREAMS, 3)
    assert [len(chosen) for chosen in part.roster.slots] == [120, 8]
    assert part.weights == [Fraction(4), Fraction(30, 8)]
    assert part.replicas == (152, 600)
    assert (np.concatenate(part.whole.slots)[part.chosen] == np.concatenate(part.roster.slots)).all()
    assert (part.whole.member[part.chosen] == part.roster.member).all()


def test_one_stratum_is_chosen_from_all_its_slots_alike() -> None:
    counts = np.zeros(480)
    for window in range(400):
        counts[part_of(roster(plan()), 0.25, STREAMS, window).roster.slots[0]] += 1
    # 100 expected of each with standard deviation 8.7; the farthest of 480 lies within 4.5 of them.
    assert counts.sum() == 400 * 120
    assert np.abs(counts - 100).max() < 4.5 * 8.7


def test_a_node_more_takes_at_most_one_place() -> None:
    before = set(slots(part_of(roster(plan()), 0.25, STREAMS, 3))[0])
    after = set(slots(part_of(roster(plan(), (481, 30)), 0.25, STREAMS, 3))[0])
    assert len(before) == len(after) == 120
    assert before - after <= {max(before - after, default=-1)}
    assert after - before <= {480}


def test_a_larger_sample_holds_a_smaller_one() -> None:
    small, large = (slots(part_of(roster(plan()), share, STREAMS, 3)) for share in (0.2, 0.5))
    assert all(set(few) < set(many) for few, many in zip(small, large, strict=True))


def test_a_fleet_of_a_hundred_replicas_serves_whole() -> None:
    part = part_of(roster(plan(), (40, 15)), 0.1, STREAMS, 3)
    assert not part.sampled
    assert part.roster is part.whole
    assert part.shares(2).tolist() == [1.0, 1.0]


def test_a_budget_is_a_share_of_the_requests_that_are_expected() -> None:
    space = Space(budget=5000)
    assert space.asked
    assert (space.share(20_000), space.share(4_000), space.share(0)) == (0.25, 1.0, 1.0)
    assert Space(replicas=0.3).share(1e9) == 0.3
    assert not Space().asked


MINUTE_PS = 60 * 10**12


def told_work(part: Part) -> np.ndarray:
    """Another number for each node that serves, in both columns."""
    return np.arange(1, len(part.chosen) + 1)[:, None] * np.array([1_000, 10_000])


def test_nodes_that_do_not_serve_are_stood_for_by_their_neighbours() -> None:
    steady = plan_with({f"{HOME}.up_time": "100000 day", "networks.net.operators.pros.up_time": "100000 day"})
    part = part_of(roster(steady), 0.25, STREAMS, 3)
    part.lives(STREAMS, 3, 0, MINUTE_PS)
    work = told_work(part)
    up = part.up_ps(0, MINUTE_PS)
    assert set(up.tolist()) == {MINUTE_PS}
    every = part.work_of_all(work, up)
    assert (every[part.chosen] == work).all()
    assert (part.work_of_all(work[:, 1], up) == every[:, 1]).all()
    others = np.setdiff1d(np.arange(510), part.chosen)
    homes = every[others[others < 480], 0] // 1000
    # Three others stand beside each of 120 homes; where a chosen one lies among them moves a place by one.
    assert (np.diff(homes) >= 0).all()
    assert np.bincount(homes.astype(int), minlength=121)[1:].max() <= 4
    assert len(set(homes.tolist())) > 110
    farm = every[others[others >= 480], 0] // 1000
    assert farm.min() > 120
    assert farm.max() <= 128
    whole = Part(part.whole)
    assert whole.work_of_all(work, up) is work


def test_nodes_that_do_not_serve_work_as_long_as_they_are_up() -> None:
    lively = plan_with({f"{HOME}.up_time": "10 min", f"{HOME}.repair": "10 min"})
    whole = roster(lively)
    part = part_of(whole, 0.25, STREAMS, 3)
    part.lives(STREAMS, 3, 0, 10 * MINUTE_PS)
    begin, end = 5 * MINUTE_PS, 10 * MINUTE_PS
    up, events = whole.lives(STREAMS, 3, 0, end)
    expected = np.zeros(len(whole), np.int64)
    for node in range(len(whole)):
        marks = [(e.at_ps, not e.fails) for e in events if e.node == node]
        now, last = bool(up[node]), 0
        for at_ps, then in [*marks, (end, False)]:
            expected[node] += max(0, at_ps - max(last, begin)) if now else 0
            now, last = then, at_ps
    assert (part.up_ps(begin, end) == expected).all()
    down, partly = expected == 0, (expected > 0) & (expected < end - begin)
    assert down[:480].sum() > 50 and partly[:480].sum() > 50
    # All that serve work alike for each minute of their time: all others do, too.
    rate = np.array([[3, 5]])
    every = part.work_of_all(expected[part.chosen][:, None] // 10**9 * rate, expected)
    assert np.abs(every - expected[:, None] / 10**9 * rate).max() <= 11
    assert (every[down] == 0).all()
    # The same in a run's third year, whose picoseconds are no int64.
    late = 2 * 366 * 86_400 * 10**12
    part.lives(STREAMS, 3, late, late + end)
    assert (part.up_ps(late + begin, late + end) == expected).all()


# --- what comes to them ------------------------------------------------------------------------------------------------


def share_of(routing: Routing, **more: Any) -> float:
    found = dataclasses.replace(plan(), routing=routing, **more)
    part = part_of(roster(found), 0.25, STREAMS, 3)
    share: float = part.shares(1)[0]
    return share


def test_routers_that_do_not_look_give_every_replica_the_same() -> None:
    # 120 and 8 x 4 replicas of 480 and 30 x 4.
    assert share_of(Routing("random")) == share_of(Routing("round_robin")) == 152 / 600


def test_routers_that_look_fill_capacity() -> None:
    home, farm = (member.capacity_rps for member in plan().members)
    assert farm > 4 * home
    assert share_of(Routing("power_of_two")) == pytest.approx((120 * home + 8 * farm) / (480 * home + 30 * farm))


def test_routers_that_weigh_give_by_weight() -> None:
    weighed = share_of(Routing("price_weighted"), shares=(1.0, 3.0))
    assert weighed == pytest.approx((120 + 8 * 4 * 3) / (480 + 30 * 4 * 3))
    assert share_of(Routing("price_weighted"), shares=(0.0, 0.0)) == 152 / 600


def test_users_are_thinned_as_the_nodes_near_them() -> None:
    trips = np.array([[5, 90], [90, 5]], np.int64)
    far = Distances(trips, np.array([0, 1]), {"eu": 0, "us": 1})
    found = plan()
    members = tuple(dataclasses.replace(m, region=r) for m, r in zip(found.members, ("eu", "us"), strict=True))
    near = dataclasses.replace(found, members=members, distances=far, routing=Routing("region_nearest"))
    part = part_of(roster(near, (4800, 30)), 0.25, STREAMS, 3)
    assert part.shares(2).tolist() == pytest.approx([1200 / 4800, 8 / 30])
    # Without a node in the second region its users go to the first.
    alone = part_of(roster(near, (4800, 0)), 0.25, STREAMS, 3)
    assert alone.shares(2).tolist() == [0.25, 0.25]


def test_rate_limits_shrink_with_the_requests() -> None:
    found = plan_with({"workload.chat.rate_limit": {"requests": "1000 /min", "tokens": "1 tok/min"}})
    part = part_of(roster(found), 0.25, STREAMS, 3)
    fleet = part.fleet(1)
    assert fleet.rate_requests_per_min.tolist() == [round(1000 * part.shares(1)[0])]
    assert fleet.rate_tokens_per_min.tolist() == [1]


def columns(count: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    ids = np.arange(count, dtype=np.int64) + (np.arange(count, dtype=np.int64) // 300 << 36)
    return {"id": ids, "klass": rng.integers(0, 2, count), "option": rng.integers(-1, 2, count)}


SHARES = np.array([[0.25, 0.5], [1.0, 0.1]])


def test_requests_are_thinned_in_proportion() -> None:
    given = columns(200_000)
    kept = thin(given, SHARES, STREAMS)["option"]
    for option in (0, 1):
        for klass in (0, 1):
            mine = (given["option"] == option) & (given["klass"] == klass)
            share = SHARES[option, klass]
            part = (kept[mine] == option).mean()
            assert abs(part - share) <= 4 * (share * (1 - share) / mine.sum()) ** 0.5
    assert ((kept == given["option"]) | (kept == -1)).all()


def test_whether_a_request_is_kept_depends_on_no_other_and_on_no_cut() -> None:
    given = columns(3000)
    whole = thin(given, SHARES, STREAMS)["option"]
    some = {name: column[500:900] for name, column in given.items()}
    assert (thin(some, SHARES, STREAMS)["option"] == whole[500:900]).all()


def test_what_is_kept_at_one_share_is_kept_at_a_larger_one() -> None:
    given = columns(3000)
    few, many = (thin(given, shares, STREAMS)["option"] >= 0 for shares in (SHARES, np.minimum(SHARES * 1.5, 1)))
    assert (many[few]).all()
    assert few.sum() < many.sum()


def test_nothing_is_thinned_where_everything_comes() -> None:
    given = columns(100)
    assert thin(given, np.ones((2, 2)), STREAMS) is given


def test_lives_are_those_of_the_whole_fleet() -> None:
    whole = roster(plan_with({f"{HOME}.up_time": "2 h", f"{HOME}.repair": "1 h", f"{HOME}.crews": 100}))
    part = part_of(whole, 0.25, STREAMS, 3)
    hour = 3600 * 10**12
    every, all_events = whole.lives(STREAMS, 3, 0, hour)
    up, events = part.lives(STREAMS, 3, 0, hour)
    assert (up == every[part.chosen]).all()
    mine = set(part.chosen.tolist())
    expected = [(e.at_ps, e.rank, e.node) for e in all_events if e.node in mine]
    assert [(e.at_ps, e.rank, int(part.chosen[e.node])) for e in events] == expected
    assert 0 < len(events) < len(all_events)


# --- what their counts stand for ---------------------------------------------------------------------------------------


def test_what_rounding_leaves_is_carried_under_its_name() -> None:
    expander, weight, given = Expander(), Fraction(10, 3), []
    for count in (1, 1, 1, 7):
        given.append(expander.whole(("home", 0, "requests"), count, weight))
    assert given == [3, 3, 4, 23]
    assert expander.carry == {("home", 0, "requests"): Fraction(1, 3)}
    assert sum(given) + Fraction(1, 3) == 10 * weight


def found_tally() -> Tally:
    found = Tally(2)
    found.fates[0, [Fate.COMPLETED, Fate.ABANDONED, Fate.FAILED]] = [41, 7, 1]
    found.fates[1, Fate.REJECTED] = 5
    found.slo[0], found.output[0], found.prompt[1] = 33, 12_345, 17
    found.latency["ttft"][[100, 900, 2000]] = [1, 39, 1]
    return found


def test_scaled_fates_sum_to_the_scaled_requests_with_nothing_lost() -> None:
    expander, weights = Expander(), [Fraction(25, 7), Fraction(3)]
    found, sums = found_tally(), Tally(2)
    for _ in range(7):
        made = expander.tally("home", found, weights)
        assert (made.slo <= made.completed).all()
        assert made.latency["ttft"].sum() in (146, 147)  # 41 x 25/7 = 146.4
        sums.add(made)
    # Seven times 25/7 are 25, exactly: no remainder is left, and none was dropped.
    assert sums.arrived.tolist() == [25 * 49, 21 * 5]
    assert sums.output.tolist() == [25 * 12_345, 0]
    assert sums.prompt.tolist() == [0, 21 * 17]
    assert int(sums.latency["ttft"].sum()) == 25 * 41
    assert set(expander.carry.values()) == {Fraction(0)}
    for fate, count in ((Fate.COMPLETED, 41), (Fate.ABANDONED, 7), (Fate.FAILED, 1)):
        assert abs(int(sums.fates[0, fate]) - 25 * count) <= 7  # each of seven times within one
    assert abs(int(sums.slo[0]) - 25 * 33) <= 7


def test_a_scaled_histogram_keeps_its_quantiles() -> None:
    counts = np.zeros(8064, np.int64)
    rng = np.random.default_rng(3)
    np.add.at(counts, rng.integers(1000, 6000, 5000), 1)
    made = Expander().histogram(("home", "ttft"), counts, Fraction(17, 5))
    assert int(made.sum()) == 17_000
    assert (made >= 0).all()
    assert np.abs(np.cumsum(made) - np.cumsum(counts) * 3.4).max() <= 1


# --- whole runs --------------------------------------------------------------------------------------------------------

SPACE = {"mode": "sampled", "window": "20 s", "per_epoch": 1, "replicas": "25 %"}
RUN = {
    **TWO,
    "networks.net.price": PRICED,
    "horizon": "2 day",
    "epoch": "1 day",
    "workload.chat.rate": "300 /s",
    "workload.chat.arrivals": {"kind": "poisson"},
    "workload.chat.output": {"kind": "constant", "tokens": 20},
    "workload.chat.deadline": "60 s",
    f"{HOME}.up_time": "2 h",
    f"{HOME}.repair": "30 min",
    f"{HOME}.decides": "fixed",
    "networks.net.operators.pros": {**FARM, "decides": "fixed"},
}


@pytest.mark.compiled
def test_scaled_counts_stand_for_what_was_served_stratum_by_stratum() -> None:
    world = World(case({**RUN, "requests": SPACE}), 0, "fast")
    run = world.run()
    (expander,) = world.serving.expanders.values()
    tally = world.book.tallies["net"]
    assert run.counts["replica_windows"] == 1200
    assert run.counts["replica_windows_served"] == 304
    assert sum(run.counts[fate.name.lower()] for fate in Fate) == run.counts["measured_requests"] > 2500
    # 480 / 120 = 4 and 30 / 8 = 3.75 nodes behind each: all requests lie between, and fates sum to them.
    assert 3.7 * run.counts["measured_requests"] < tally.arrived.sum() < 4.1 * run.counts["measured_requests"]
    # The fleet's requests of two windows of 20 s at 300 /s; about 3,000 were served: one standard error is 1.8 %.
    assert tally.arrived.sum() == pytest.approx(300 * 40, rel=0.055)
    assert all(0 <= left < 1 for left in expander.carry.values())
    assert {name[0] for name in expander.carry} <= {"home", "pros", NOBODY}
    assert run.residuals == {"TOK": 0, "USD": 0}
    assert any(
        note.startswith("net: windows were sampled in space; in the first, 152 of 600 replicas") for note in run.notes
    )


@pytest.mark.compiled
@pytest.mark.parametrize("router", ["least_work", "least_outstanding", "region_nearest"])
def test_routers_that_choose_among_many_have_a_larger_sample(router: str) -> None:
    # 600 replicas are no more than such a router needs to see: they serve whole.
    there = {"latency": {"eu": {"eu": "20 ms"}}, "workload.chat.region": "eu", f"{HOME}.region": "eu"}
    farm = {"networks.net.operators.pros": {**FARM, "decides": "fixed", "region": "eu"}}
    near = {**there, **farm} if router == "region_nearest" else {}
    run = play({**RUN, **near, "networks.net.router": {"kind": router}, "requests": SPACE})
    assert run.counts["replica_windows_served"] == run.counts["replica_windows"] == 2 * 600


@pytest.mark.compiled
def test_every_live_node_has_work_though_a_part_serves() -> None:
    world = World(case({**RUN, f"{HOME}.up_time": "10000 day", "requests": SPACE}), 0, "fast")
    world.run()
    work = world.networks[0].work.sum(axis=1)
    assert int((work > 0).sum()) > 500
    assert not world.networks[0].work[480:600].any()  # slots without nodes


@pytest.mark.compiled
def test_a_budget_that_suffices_changes_no_number() -> None:
    sampled = {"mode": "sampled", "window": "20 s", "per_epoch": 1}
    whole, budgeted = (play({**RUN, "requests": {**sampled, **more}}) for more in ({}, {"budget": 10**9}))
    assert budgeted.outcomes == whole.outcomes
    assert budgeted.series == whole.series
    assert budgeted.histograms == whole.histograms


@pytest.mark.compiled
def test_a_budget_bounds_what_a_window_serves() -> None:
    # 300 /s for 320 s are 96,000 requests; 30,000 of them need 31 % of the replicas.
    run = play({**RUN, "requests": {"mode": "sampled", "window": "20 s", "per_epoch": 1, "budget": 30_000}})
    assert run.counts["replica_windows_served"] / run.counts["replica_windows"] == pytest.approx(0.3125, abs=0.01)


@pytest.mark.compiled
def test_lives_that_go_on_are_those_of_the_whole_fleet_too() -> None:
    worlds = [
        World(case({**RUN, "requests": {**SPACE, "lives": "continued", "replicas": share}}), 0, "fast")
        for share in ("25 %", "100 %")
    ]
    for world in worlds:
        world.run()
    part, whole = (next(iter(world.serving.lifetimes.values())) for world in worlds)
    assert [up.tolist() for up in part.up] == [up.tolist() for up in whole.up]
    assert 0 < part.up[0].sum() < 480


@pytest.mark.compiled
def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second = (play({**RUN, "requests": SPACE}).to_json() for _ in range(2))
    assert first == second


def test_members_know_what_their_nodes_can_serve() -> None:
    world = World(case(TWO), 0, "fast")
    machines = world.networks[0].machines
    (found,) = plans_of("net", world.before, machines, STREAMS).values()
    assert [m.capacity_rps for m in found.members] == [machines[m.name].capacity_rps for m in found.members]
