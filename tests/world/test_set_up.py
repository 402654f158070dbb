"""A policy with hardware of its own: its run is that of a file which has this hardware from the start."""

from __future__ import annotations

import pytest

from sim.errors import ScenarioError
from tests.world.small import HOME, LOGIT, PRICED, case, play, scenario

WINDOWS = {
    "requests": {"mode": "sampled", "window": "1 min", "per_epoch": 1, "every": 2},
    "horizon": "4 week",
    "networks.net.price": PRICED,
}


@pytest.mark.long
@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{HOME}.nodes", 7),
        (f"{HOME}.up_time", "6 h"),
        (f"{HOME}.gpu", "h100_sxm"),
        ("networks.net.router", {"kind": "round_robin"}),
        ("networks.net.serving.max_attempts", 1),
    ],
)
def test_a_policy_with_other_hardware_is_a_file_with_it(path, value):
    with_policy = play({**WINDOWS, f"{HOME}.repair": "2 h"}, {"other": {path: value}}, "other")
    with_file = play({**WINDOWS, f"{HOME}.repair": "2 h", path: value})
    assert with_policy.outcomes == with_file.outcomes
    assert with_policy.series == with_file.series


def test_the_baseline_runs_as_without_such_a_policy():
    alone = case(WINDOWS)
    beside = case(WINDOWS, {"fewer": {f"{HOME}.nodes": 7}})
    assert alone.case.key == beside.case.key


def test_what_is_read_anew_is_still_the_baselines_before_policies_begin():
    fewer = case({}, {"fewer": {f"{HOME}.nodes": 7, f"{HOME}.hosting": "0.3 USD/h"}}, "fewer")
    owners = fewer.before.networks["net"].operators["home"]
    assert (owners.nodes, owners.hosting) == (7, 0.1)
    assert fewer.after.networks["net"].operators["home"].hosting == 0.3


@pytest.mark.parametrize(
    "change",
    [
        {"policies_from": "4 week"},
        {"initial": "steady"},
        {"initial": {"kind": "given", "alternatives": ["3x"]}},
        {"workload.chat.demand": LOGIT, "networks.net.price": PRICED},
    ],
)
def test_where_a_start_is_fitted_hardware_is_the_same_for_all(change):
    with pytest.raises(ScenarioError, match="would change what a run sets up at its start"):
        scenario(change, {"fewer": {f"{HOME}.nodes": 7}})


@pytest.mark.parametrize(
    "path", ["networks.net.coin.decimals", "networks.net.market.start", "networks.net.operators.new"]
)
def test_coin_and_classes_of_operators_are_the_same_for_all(path):
    new = {"nodes": 2, "gpu": "rtx_4090", "electricity": "0.1 USD/kWh"}
    value = {"decimals": 8, "start": "2 USD/TOK", "new": new}[path.rpartition(".")[2]]
    with pytest.raises(ScenarioError, match="would change what a run sets up at its start"):
        scenario({}, {"other": {path: value}})
