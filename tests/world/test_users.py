"""Users in a run: a request that two policies keep is the same one, and marks say who goes where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.units import PS_PER_S
from sim.world.run import World
from sim.world.users import Asked, Belief, Users
from tests.world.small import CLOUD, HOME, LOGIT, PRICED, case, play

pytestmark = pytest.mark.compiled

HOUR_PS = 3600 * PS_PER_S
TWO: dict[str, Any] = {
    "networks.cloud": CLOUD,
    "networks.net.price": PRICED,
    "workload.chat.demand": {**LOGIT, "start": {"net": "60 %", "cloud": "40 %"}},
}


def asked(*prices: tuple[float, float]) -> list[Asked]:
    """Prices of input and output tokens, cached ones as all others."""
    return [Asked(read, written, read) for read, written in prices]


AS_NOW = asked((0.10, 0.10), (0.05, 0.15))
"""Prices of cloud and net: networks stand in the order of their names."""
DEARER = asked((0.10, 0.10), (0.10, 0.30))
CHEAPER = asked((0.10, 0.10), (0.04, 0.12))


def users(changes: dict[str, Any] | None = None) -> Users:
    world = World(case({**TWO, **(changes or {})}), 0, "fast")
    world.start()
    return world.users


def drawn(who: Users, prices: list[Asked]) -> dict[str, np.ndarray]:
    who.choose(prices)
    return who.draw({(0, 0): 0, (0, 1): 1}, 0, HOUR_PS)


@pytest.mark.parametrize("prices", [DEARER, CHEAPER])
def test_requests_kept_under_two_policies_are_the_same_ones(prices: list[Asked]) -> None:
    who = users()
    one, other = drawn(who, AS_NOW), drawn(who, prices)
    kept = np.intersect1d(one["id"][one["option"] >= 0], other["id"][other["option"] >= 0])
    assert len(kept) > 5000  # of 7,200 in an hour, less those who leave
    rows, others = np.isin(one["id"], kept), np.isin(other["id"], kept)
    for name in set(one) - {"option"}:
        assert (one[name][rows] == other[name][others]).all(), name


def test_a_dearer_network_loses_requests_and_wins_none() -> None:
    who = users()
    now, later = drawn(who, AS_NOW), drawn(who, DEARER)
    before, after = (set(c["id"][c["option"] >= 0].tolist()) for c in (now, later))
    assert after < before  # total demand falls, so nobody buys who did not
    expected = who.quantities.sum() / 1.0
    assert len(after) / len(before) == pytest.approx(expected, abs=0.02)  # 4 standard errors of 7,200


def test_shares_of_requests_are_the_quantities_that_users_want() -> None:
    who = users()
    columns = drawn(who, AS_NOW)
    wanted = who.quantities[0]
    counts = np.array([(columns["option"] == option).sum() for option in (0, 1)])
    arrivals = who.base_requests(0.0, 3600.0)[0]
    # Poisson counts with a modulated rate: 4 standard errors of 2,880 and 4,320 are 7 % and 6 %.
    assert counts / arrivals == pytest.approx(wanted, rel=0.08)
    assert wanted == pytest.approx([0.4, 0.6])


def test_an_option_that_no_fleet_serves_goes_to_nobody() -> None:
    who = users()
    who.choose(AS_NOW)
    columns = who.draw({(0, 1): 0}, 0, HOUR_PS)
    assert set(columns["option"].tolist()) == {-1, 0}


def test_a_wanted_share_at_the_headroom_is_served_and_one_above_it_is_told() -> None:
    who = users({"workload.chat.demand": {"kind": "isoelastic", "elasticity": -1.0, "choke": "5 USD/Mtok"}})
    assert drawn(who, asked((0.10, 0.10), (0.025, 0.075)))["id"].size > 0
    assert who.quantities.sum() == pytest.approx(2.0)
    with pytest.raises(
        ScenarioError, match=r"workload\.chat: users want 2\.08 times the base demand, more than requests"
    ):
        who.choose(asked((0.10, 0.10), (0.024, 0.072)))


def test_what_users_believe_fades_by_its_half_life() -> None:
    belief = Belief()
    belief.see(10.0, 0.0, passed_s=1.0, half_life_s=100.0)
    assert belief.e2e_s == 10.0  # the first is believed at once
    belief.see(20.0, 0.5, passed_s=100.0, half_life_s=100.0)
    assert (belief.e2e_s, belief.failure_frac) == (15.0, 0.25)
    belief.see(20.0, 0.5, passed_s=200.0, half_life_s=100.0)
    assert belief.e2e_s == pytest.approx(20 - 5 / 4)


def test_users_who_met_a_full_network_go_to_the_cloud() -> None:
    # One card at twice its load from the second month on: failures are seen in windows, believed, and acted on.
    demand = {
        **LOGIT,
        "value_of_failure": "0.0002 USD",
        "start": {"net": "60 %", "cloud": "40 %"},
        "lag": "1 week",
    }
    growth = {"kind": "steps", "factors": {"2026-02-01": 3.0}}
    run = play(
        {
            **TWO,
            "workload.chat.demand": demand,
            "workload.chat.growth": growth,
            "requests": {"mode": "sampled", "window": "60 s", "per_epoch": 2},
            f"{HOME}.nodes": 1,
            f"{HOME}.max_nodes": 1,
            f"{HOME}.decides": "fixed",
            "horizon": "12 week",
        }
    )
    share = [value or 0.0 for value in run.series["net.share_frac"]]
    unmet = [value or 0.0 for value in run.series["net.unmet_frac"]]
    assert share[0] == pytest.approx(0.6, abs=1e-9)
    assert max(unmet[5:]) > 0.2  # the crowd is turned away at first
    assert share[-1] < 0.8 * share[3]
    assert run.series["cloud.share_frac"][-1] > run.series["cloud.share_frac"][3]


def test_users_believe_what_the_windows_of_an_epoch_say_together() -> None:
    # A lag of a second: only the last epoch is believed. The mean of the windows' means is shorter, as busy ones are slow.
    demand = {**TWO["workload.chat.demand"], "lag": "1 s"}
    windows = {"mode": "sampled", "window": "60 s", "per_epoch": 6}
    changes = {
        "workload.chat.rate": "20 /s",
        f"{HOME}.nodes": 5,
        "epoch": "6 h",
        "horizon": "12 h",
        "requests": windows,
    }
    world = World(case({**TWO, "workload.chat.demand": demand, **changes}), 0, "fast")
    world.run()
    for network in world.networks:
        belief, tally = world.users.beliefs[0][network.index], network.tally
        assert tally is not None
        assert tally.windows == 6
        assert belief.e2e_s == pytest.approx(tally.e2e_us[0] / tally.completed[0] / 1e6)
        assert belief.failure_frac == pytest.approx(1 - tally.completed[0] / tally.arrived[0])
