"""Node lives in whole runs: what a class's keys mean for the nodes that serve, in windows and where all is served."""

from __future__ import annotations

from typing import Any

import pytest

from sim.tokenomics.operators import LIVE
from sim.world.run import World
from tests.world.small import HOME, case, play

pytestmark = pytest.mark.compiled

FAILING: dict[str, Any] = {
    f"{HOME}.nodes": 40,
    f"{HOME}.max_nodes": 40,
    f"{HOME}.decides": "fixed",
    f"{HOME}.up_time": "30 min",
    f"{HOME}.repair": "10 min",
    "workload.chat.rate": "0.05 /s",
    "epoch": "20 min",
    "horizon": "3 h",
}


def live_frac(changes: dict[str, Any], requests: dict[str, Any]) -> float:
    """Time that nodes served, of the time they might have, as the engines counted it."""
    world = World(case({**FAILING, **changes, "requests": requests}), 0, "fast")
    world.run()
    tally = world.book.tallies["net"]
    return tally.live_ps / 1e12 / (40 * tally.seconds)


LAWS = {
    "exponential": ({}, 0.75),
    "lognormal": ({f"{HOME}.up_law": {"kind": "lognormal"}, f"{HOME}.repair_law": {"kind": "lognormal", "sigma": 1}}, 0.75),
    # exp(1 / 2) = 1.649: a mean of 49.46 min up.
    "median": ({f"{HOME}.up_law": {"kind": "lognormal", "sigma": 1, "states": "median"}}, 49.46 / 59.46),
    # How long loading takes, the class's own machine tells.
    "pull": ({f"{HOME}.after_repair": "pull", f"{HOME}.pull": "10 min"}, None),
    # exp(-1/4 x 50 %): the share of time in which no outage holds a node (`test_outages`), beside its own 75 %.
    "outages": (
        {"outages": {"eu": {"every": "4 min", "lasts": "1 min", "hits": "50 %"}}, f"{HOME}.region": "eu"},
        0.75 * 0.8825,
    ),
    # Four crews never rest: they put a node back every 30 s, and it runs for 6 min: 12 of 40 are up.
    "crews": ({f"{HOME}.crews": 4, f"{HOME}.up_time": "6 min", f"{HOME}.repair": "2 min"}, 12 / 40),
}  # fmt: skip


@pytest.mark.parametrize("mode", ["all", "sampled"])
@pytest.mark.parametrize("law", LAWS)
def test_nodes_serve_for_the_share_of_time_that_their_life_leaves_them(law: str, mode: str) -> None:
    changes, wanted = LAWS[law]
    if wanted is None:
        world = World(case({**FAILING, **changes}), 0, "fast")
        loading_s = world.networks[0].machines["home"].load_s
        assert 60 < loading_s < 120
        wanted = 30 / (30 + 10 + 10 + loading_s / 60)
    # 40 nodes that change every 7.5 min or so: 960 states seen in 3 h, so an error of 1.4 %; lognormal repairs are longer.
    requests = {"mode": "all"} if mode == "all" else {"mode": "sampled", "window": "4 min", "per_epoch": 1}
    workload = {"workload.chat.deadline": "60 s"}
    assert live_frac({**changes, **workload}, requests) == pytest.approx(wanted, abs=0.08)


def test_a_new_node_serves_once_it_has_fetched_and_loaded() -> None:
    planned = {
        f"{HOME}.decides": "planned", f"{HOME}.nodes": 1, f"{HOME}.max_nodes": 3, f"{HOME}.lead": "10 min",
        "workload.chat.rate": "3 /s", "epoch": "20 min", "horizon": "2 h", "requests": {"mode": "capacity"},
    }  # fmt: skip
    # Two nodes are ordered when the second epoch of 20 min opens. 10 min of lead and 68 s of loading end inside it; 30 GB at
    # 50 MB/s are 10 min more.
    fetched = {f"{HOME}.image": "30 GB", f"{HOME}.link": "50 MB/s"}
    runs = [play({**planned, **more}) for more in ({}, fetched)]
    nodes = [run.series["net.nodes"] for run in runs]
    assert nodes[0][:4] == [1, 3, 3, 3]
    assert nodes[1][:4] == [1, 1, 3, 3]


def test_a_node_that_still_loads_is_in_no_window() -> None:
    world = World(case(), 0, "fast")
    (network,) = world.networks
    (owners,) = network.owners
    owners.start(5, best_first=False)
    owners.came_ps = {2: 1000}
    assert owners.columns.slots(LIVE).tolist() == [0, 1, 2, 3, 4]
    assert network.roster("llama-3.1-8b", 999).slots[0].tolist() == [0, 1, 3, 4]
    assert network.roster("llama-3.1-8b", 1000).slots[0].tolist() == [0, 1, 2, 3, 4]
