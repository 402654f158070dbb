"""Routers and rate limits of a scenario file, down to who is served and by whom."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.serving.contract import Fate
from sim.world.run import World
from tests.world.small import BASE, case

pytestmark = pytest.mark.compiled

ALL: dict[str, Any] = {"requests": {"mode": "all"}, "epoch": "5 min", "horizon": "15 min", "workload.chat.rate": "4 /s"}
ROUTER = "networks.net.router"
FOUR = {
    **copy.deepcopy(BASE["networks"]["net"]["operators"]["home"]),
    "nodes": 4,
    "max_nodes": 4,
    "up_time": "1000 year",
}
TWO = {"networks.net.operators": {"home": FOUR, "farm": FOUR}}
PLACED = {
    "networks.net.operators": {"home": {**FOUR, "region": "us"}, "farm": {**FOUR, "region": "eu"}},
    "workload.chat.region": "eu",
    "latency": {"eu": {"us": "90 ms", "eu": "20 ms"}},
}


def world(changes: dict[str, Any]) -> World:
    made = World(case({**ALL, **changes}), 0, "fast")
    made.run()
    return made


def prompt_tokens(made: World) -> tuple[float, float]:
    """What home and farm read in the last epoch."""
    network, read = made.networks[0], {}
    for owner, first, last in zip(network.owners, network.offset, network.offset[1:], strict=False):
        read[owner.name] = float(network.work[first:last, 0].sum())
    return read["home"], read["farm"]


@pytest.mark.parametrize(
    ("router", "ratio"),
    [
        ({"kind": "reputation_weighted", "weights": {"home": 3, "farm": 1}}, 3.0),
        ({"kind": "price_weighted", "prices": {"home": "0.1 USD/Mtok", "farm": "0.2 USD/Mtok"}}, 4.0),
    ],
)
def test_work_goes_by_the_weights_of_classes(router: dict[str, Any], ratio: float) -> None:
    home, farm = prompt_tokens(world({**TWO, ROUTER: router}))
    # About 1,200 requests an epoch, 1 in 4 or 5 to farm: 6 % of standard error, more since prompts differ.
    assert home / farm == pytest.approx(ratio, rel=0.35)


def test_a_class_of_weight_0_gets_nothing() -> None:
    home, farm = prompt_tokens(
        world({**TWO, ROUTER: {"kind": "reputation_weighted", "weights": {"home": 1, "farm": 0}}})
    )
    assert home > 0 == farm


def test_requests_stay_in_the_nearest_region() -> None:
    home, farm = prompt_tokens(world({**PLACED, ROUTER: {"kind": "region_nearest"}}))
    assert farm > 0 == home
    assert min(prompt_tokens(world({**PLACED, ROUTER: {"kind": "power_of_two"}}))) > 0


def test_beyond_its_limit_a_class_is_rejected() -> None:
    # 240 a minute come, 60 may pass, and once a burst of 60: 15 minutes and one of 60, within 1 % for the last minute's fill.
    fates = world({**TWO, "workload.chat.rate_limit": {"requests": "60 /min"}}).book.tallies["net"].fates.sum(axis=0)
    served = int(fates.sum() - fates[Fate.REJECTED])
    assert 0.99 * 16 * 60 <= served <= 16 * 60


def test_a_limit_of_tokens_counts_prompts_and_mean_outputs() -> None:
    made = world({**TWO, "workload.chat.rate_limit": {"tokens": "60000 tok/min"}})
    tally, (_, output) = made.book.tallies["net"], made.users.means["chat"]
    served = int(tally.fates.sum() - tally.fates[:, Fate.REJECTED].sum())
    assert 0 < served * round(output) < 16 * 60_000
    assert int(tally.fates[:, Fate.REJECTED].sum()) > served


def test_least_work_counts_mean_outputs_of_classes() -> None:
    made = world({**TWO, ROUTER: {"kind": "least_work"}})
    fleet = made.networks[0].roster("llama-3.1-8b", 0).engine_fleet(1)
    assert fleet.mean_output.tolist() == [round(made.users.means["chat"][1])]
    assert np.ptp(prompt_tokens(made)) < 0.5 * sum(prompt_tokens(made))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {ROUTER: {"kind": "reputation_weighted", "weights": {"home": 1, "fram": 1, "farm": 1}}},
            "there is no class of operators `fram`",
        ),
        (
            {ROUTER: {"kind": "price_weighted", "prices": {"home": "1 USD/Mtok"}}},
            "`farm` is missing: the router weighs each class of operators",
        ),
        ({ROUTER: {"kind": "region_nearest"}}, "`latency` is missing: `region_nearest` goes by it"),
    ],
)
def test_routers_that_cannot_know_their_way_are_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        case({**ALL, **TWO, **changes})
