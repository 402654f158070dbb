"""Windows that sample a run against the run that serves every request: the same answers, within what sampling allows.

The rule (`requests.mode`): for every outcome the 95 % interval of the paired difference over replications contains 0, or
lies within 5 %. Tails of waiting times and unmet demand come from rare bursts and outages: their intervals are wide, so
those of the outcomes in `SHARP` must also be narrow, or the test would say nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.world.small import CLOUD, HOME, LOGIT, PRICED, play

pytestmark = pytest.mark.compiled

SHARP = ("tpot_p50_s", "e2e_p50_s", "served_mtok", "revenue_usd_per_day", "energy_j_per_tok", "utilization_frac")
WIDE = ("unmet_frac", "ttft_p50_s", "ttft_p95_s", "ttft_p99_s", "tpot_p95_s", "e2e_p95_s", "e2e_p99_s")
NODE_RPS = 2.417
"""Requests of the class's mean that an RTX 4090 serves a second, by its cost table."""


PROFILE = [0.844, 0.712, 0.721, 0.676, 0.700, 0.646, 0.691, 0.848, 1.009, 1.061, 1.123, 1.090,
           1.055, 1.064, 1.056, 1.043, 1.086, 1.074, 1.016, 1.232, 1.461, 1.426, 1.289, 1.077]  # fmt: skip
"""The hours of a day of ServeGen's m-small (alibaba/ServeGen, Apache-2.0), mean 1."""
NET_SHARE = 0.6
CLOSED = {
    "networks.cloud": CLOUD,
    "workload.chat.demand": {**LOGIT, "lag": "12 h", "start": {"net": "60 %", "cloud": "40 %"}},
}
"""Users who choose between the network and a small cloud, and mind how long they waited."""


def world(load: float, up_time: str, days: float) -> dict[str, Any]:
    return {
        "networks.net.price": PRICED,
        "workload.chat.rate": f"{2 * NODE_RPS * load:.4f} /s",
        "epoch": "1 day" if days >= 1 else f"{days} day",
        "horizon": f"{days} day",
        f"{HOME}.nodes": 2,
        f"{HOME}.max_nodes": 2,
        f"{HOME}.decides": "fixed",
        f"{HOME}.up_time": up_time,
    }


def closed(load: float, up_time: str, days: float) -> dict[str, Any]:
    """The same fleet beside a cloud: users of the base rate choose anew every six hours."""
    rate = f"{2 * NODE_RPS * load / NET_SHARE:.4f} /s"
    return {**world(load, up_time, days), **CLOSED, "workload.chat.rate": rate, "epoch": "6 h"}


def differences(
    changes: dict[str, Any],
    replications: int,
    windows: int,
    names: tuple[str, ...] = SHARP + WIDE,
    window: str = "5 min",
) -> dict[str, tuple[float, float, float]]:
    """For each outcome the 95 % interval of sampled - all, and the mean of all."""
    sampled = {"mode": "sampled", "window": window, "per_epoch": windows}
    found: dict[str, list[list[float]]] = {name: [] for name in names}
    for replication in range(replications):
        runs = [play({**changes, "requests": r}, replication=replication) for r in ({"mode": "all"}, sampled)]
        for name, pairs in found.items():
            pairs.append([float(run.outcomes[f"net.{name}"] or 0.0) for run in runs])
    intervals = {}
    for name, pairs in found.items():
        values = np.array(pairs)
        change = values[:, 1] - values[:, 0]
        half = stats.t.ppf(0.975, replications - 1) * change.std(ddof=1) / replications**0.5
        intervals[name] = (change.mean() - half, change.mean() + half, values[:, 0].mean())
    return intervals


def misses(intervals: dict[str, tuple[float, float, float]], narrow: float) -> list[str]:
    told = []
    for name, (low, high, mean) in intervals.items():
        near = max(abs(low), abs(high)) <= 0.05 * abs(mean)
        if not (low <= 0 <= high or near) or (name in SHARP and high - low > 2 * narrow * abs(mean)):
            told.append(f"{name}: difference [{low:.4g}, {high:.4g}] beside {mean:.4g}")
    return told


def test_windows_tell_what_all_requests_tell() -> None:
    # A quarter of a day, twelve windows: a third of all requests is measured. Of eight windows of five minutes the 99th
    # percentile, which single bursts make, lay below that of all requests in 25 of 30 replications.
    assert misses(differences(world(0.6, "10000 day", 0.25), 5, 12, window="10 min"), narrow=0.10) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("load", "up_time"), [(0.6, "10000 day"), (0.8, "10000 day"), (0.95, "10000 day"), (0.8, "3 day")]
)
def test_windows_tell_over_thirty_days_what_all_requests_tell(load: float, up_time: str) -> None:
    # Ten replications of three days; 24 windows a day measure a twelfth of them. With failures every three days.
    assert misses(differences(world(load, up_time, 3), 10, 24), narrow=0.05) == []


LIVELY = {
    f"{HOME}.up_law": {"kind": "lognormal"},
    f"{HOME}.repair_law": {"kind": "lognormal", "sigma": 1},
    f"{HOME}.crews": 1,
    f"{HOME}.after_repair": "load",
    f"{HOME}.region": "eu",
    "workload.chat.region": "eu",
    "latency": {"eu": {"eu": "20 ms"}},
    "outages": {"eu": {"every": "1 day", "lasts": "20 min", "hits": "60 %"}},
}


@pytest.mark.slow
def test_windows_tell_what_all_requests_tell_of_nodes_with_heavy_tails_crews_and_outages() -> None:
    assert misses(differences({**world(0.6, "2 day", 3), **LIVELY}, 10, 24), narrow=0.10) == []


@pytest.mark.slow
@pytest.mark.parametrize(("load", "up_time"), [(0.6, "10000 day"), (0.8, "3 day")])
def test_windows_tell_what_all_requests_tell_of_days_with_hours(load: float, up_time: str) -> None:
    # At load .8 the evening asks for 1.17 of what the nodes serve.
    changes = {**world(load, up_time, 3), "workload.chat.profile": PROFILE}
    assert misses(differences(changes, 10, 24), narrow=0.05) == []


@pytest.mark.slow
def test_windows_tell_what_all_requests_tell_of_users_who_choose() -> None:
    found = differences(closed(0.8, "10000 day", 3), 10, 6, (*SHARP, *WIDE, "share_frac"))
    assert misses(found, narrow=0.06) == []
