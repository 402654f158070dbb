"""Round trips between regions: part of TTFT, E2E, SLO and belief, and of nothing inside an engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.serving.contract import FINISHED, NEVER, Fate
from sim.world.run import World
from sim.world.tally import Tally, Targets
from tests.world.small import CLOUD, HOME, case

pytestmark = pytest.mark.compiled

ALL: dict[str, Any] = {"requests": {"mode": "all"}, "epoch": "5 min", "horizon": "15 min", "workload.chat.rate": "4 /s"}
HERE = {"workload.chat.region": "eu", f"{HOME}.region": "us"}
LATENCY = {"latency": {"eu": {"eu": "20 ms", "us": "90 ms"}}}


def world(changes: dict[str, Any]) -> World:
    made = World(case({**ALL, **changes}), 0, "fast")
    made.record = made.run()  # type: ignore[attr-defined]
    return made


def test_a_round_trip_is_added_to_ttft_and_e2e_alone() -> None:
    near, far = world(HERE), world({**HERE, **LATENCY})
    one, two = near.book.tallies["net"], far.book.tallies["net"]
    assert (one.fates == two.fates).all()
    assert one.busy_ps == two.busy_ps
    done = int(two.completed.sum())
    assert done > 3000
    for name in ("e2e_us", "ttft_us"):
        assert int(getattr(two, name).sum() - getattr(one, name).sum()) == 90_000 * done
    assert (one.latency["tpot"] == two.latency["tpot"]).all()
    assert (one.latency["gap"] == two.latency["gap"]).all()
    outcomes = far.record.outcomes  # type: ignore[attr-defined]
    assert outcomes["net.network_s"] == pytest.approx(0.09, rel=1e-12)
    assert near.record.unsupported["net.network_s"] == "the scenario states no `latency`"  # type: ignore[attr-defined]


def test_each_pair_of_regions_has_its_own() -> None:
    classes = {
        "workload.chat.rate": "2 /s",
        "workload.chat.region": "eu",
        "workload.other": {
            "extends": "chat_steady", "model": "llama-3.1-8b", "rate": "2 /s", "region": "us",
            "demand": {"kind": "fixed", "network": "cloud"},
        },
        "networks.cloud": {**CLOUD, "operators": {"fleet": {**CLOUD["operators"]["fleet"], "region": "asia"}}},
        f"{HOME}.region": "us",
        "latency": {"eu": {"us": "90 ms", "asia": "200 ms"}, "us": {"us": "15 ms", "asia": "150 ms"}},
    }  # fmt: skip
    tallies = world(classes).book.tallies
    for network, k, trip_us in (("net", 0, 90_000), ("cloud", 1, 150_000)):
        assert int(tallies[network].network_us[k]) == trip_us * int(tallies[network].completed[k]) > 0
        assert int(tallies[network].network_us[1 - k]) == 0


def test_a_target_of_time_to_first_token_counts_the_way_too() -> None:
    rows = np.zeros(3, FINISHED)
    rows["fate"] = Fate.COMPLETED
    rows["output"] = 2
    rows["first_token"], rows["end"] = [10 * 10**9] * 3, [20 * 10**9] * 3
    rows["fate"][2], rows["first_token"][2] = Fate.ABANDONED, NEVER
    targets = Targets(np.array([100 * 10**9]), np.array([10 * 10**9]))
    tally = Tally(1)
    tally.count(rows, targets, np.array([90 * 10**9, 90 * 10**9 + 1, 0]))
    # At the target itself is met; TPOT is 10 ms in both.
    assert (tally.slo[0], tally.ttft_us[0], tally.e2e_us[0], tally.network_us[0]) == (1, 200_000, 220_000, 180_000)
    assert rows["end"].tolist()[:2] == [20 * 10**9] * 2


def test_users_believe_what_they_wait_for() -> None:
    beliefs = [world({**HERE, **more}).users.beliefs[0][0].e2e_s for more in ({}, LATENCY)]
    assert beliefs[1] - beliefs[0] == pytest.approx(0.09, abs=1e-6)
