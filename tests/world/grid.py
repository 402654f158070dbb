"""The grid on which windows are held to the run that serves every request: load x hours of the day x failures x loop.

Thirty days of a network of two cards whose users ask for 1,000 prompt and 1,600 output tokens. In the open loop they come at
any price and quality; in the closed one they choose every six hours between the network and a cloud of one H100, by price and
by what they lately waited and lost. The closed loop's users wait 60 s for a first token in the mean instead of 30 s: windows then have
the warm-up that a run of all requests begins with, so both start from the same beliefs.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

from tests.world.small import CLOUD, HOME, LOGIT, PRICED

LOADS = (0.6, 0.8, 0.95)
NODE_RPS = 0.5467139
"""Requests of these lengths that an RTX 4090 serves a second, by its cost table."""
NET_SHARE = 0.6
"""The network's share of users at the start of a closed loop."""
PROFILE = [0.844, 0.712, 0.721, 0.676, 0.700, 0.646, 0.691, 0.848, 1.009, 1.061, 1.123, 1.090,
           1.055, 1.064, 1.056, 1.043, 1.086, 1.074, 1.016, 1.232, 1.461, 1.426, 1.289, 1.077]  # fmt: skip
"""The hours of a day of ServeGen's m-small (alibaba/ServeGen, Apache-2.0), mean 1."""
WINDOWS_PER_DAY = 24
ALL = {"mode": "all"}


@dataclasses.dataclass(frozen=True)
class Cell:
    """One cell: `closed` loop or open, nodes that fail every three days in the mean or never, hours of a day or none, load."""

    closed: bool
    failures: bool
    profile: bool
    load: float

    @property
    def name(self) -> str:
        """For files and tests."""
        parts = (
            "closed" if self.closed else "open",
            "fail" if self.failures else "nofail",
            "day" if self.profile else "flat",
        )
        return f"{'-'.join(parts)}-{self.load}"

    @property
    def changes(self) -> dict[str, Any]:
        """What it changes of the small world."""
        up_time = "3 day" if self.failures else "10000 day"
        found: dict[str, Any] = {
            "networks.net.price": PRICED,
            "workload.chat.prompt": {"kind": "constant", "tokens": 1000},
            "workload.chat.output": {"kind": "constant", "tokens": 1600},
            "workload.chat.rate": f"{2 * NODE_RPS * self.load / (NET_SHARE if self.closed else 1):.5f} /s",
            "epoch": "6 h" if self.closed else "1 day",
            "horizon": "30 day",
            f"{HOME}.nodes": 2,
            f"{HOME}.max_nodes": 2,
            f"{HOME}.decides": "fixed",
            f"{HOME}.up_time": up_time,
        }
        if self.profile:
            found["workload.chat.profile"] = PROFILE
        if self.closed:
            fleet = {**CLOUD["operators"]["fleet"], "up_time": up_time}
            found["networks.cloud"] = {**CLOUD, "operators": {"fleet": fleet}}
            found["workload.chat.demand"] = {**LOGIT, "lag": "12 h", "start": {"net": "60 %", "cloud": "40 %"}}
            found["workload.chat.patience"] = {"kind": "exponential", "mean": "60 s"}
        return found

    @property
    def sampled(self) -> dict[str, Any]:
        """Windows of five minutes, 24 a day: a twelfth of the requests is measured."""
        per_epoch = WINDOWS_PER_DAY // (4 if self.closed else 1)
        return {"mode": "sampled", "window": "5 min", "per_epoch": per_epoch, "lives": "continued"}


CELLS = tuple(Cell(*kind) for kind in itertools.product((False, True), (False, True), (False, True), LOADS))
REPLICATIONS = {cell.name: 6 for cell in CELLS if not cell.closed} | {
    "open-nofail-flat-0.6": 9,
    "open-fail-day-0.6": 8,
    "closed-fail-flat-0.8": 3,
    "closed-fail-day-0.8": 3,
}
"""Pairs of each cell that was run (`NOTES`)."""
BROKEN = ("open-fail-day-0.6", "closed-fail-flat-0.8")
"""Cells that do not keep the rule."""
NOTES = (
    "*Not run* are ten of the twelve closed cells. No test holds them. The two that were run have three replications: their intervals are wide.",
    "",
    "*Not met* in two cells. With six replications `open-nofail-flat-0.6` (`net.ttft_p99_s`, 1.9 to 16 %) and `open-fail-day-0.6` (`net.ttft_p99_s`, 0.28 to",
    "8.8 %) broke the rule; both got fresh replications, after that was seen: three and two. With all of them the first holds, the second does not.",
    "Intervals of 95 % miss 0 by chance too, and cells share their users; but what breaks is always a tail that windows tell too long, at a light load or in",
    "the closed loop. A bias of a few percent there is not ruled out, and its cause is not known.",
    "",
    "*Lives of nodes.* The grid found a bias: where every window draws its nodes anew (`lives: anew`, the default), outages do not last. In all six open",
    "cells with failures `net.gini` then broke the rule, 10 to 46 % too low over six replications that share their nodes' lives (9 % by a count of many",
    "lives). In `closed-fail-day-0.8` users could not flee a cloud that was down: over three replications its unmet share was 15 to 45 % too high, and five",
    "outcomes that follow from it left the 5 %. The cells below have `lives: continued` ([decision](decisions/2026-11-27-lives-across-windows.md)).",
    "Those without failures were played with `anew`, which is the same where no node fails.",
    "",
    "*In space.* These fleets are too small to be sampled in space; `tests/world/test_space_fidelity.py` holds 360 replicas to the rule, every outcome, `all`",
    "beside windows beside windows in space. Under `power_of_two`, `random`, `least_outstanding`, `region_nearest`, and with nodes that fail, it holds;",
    "under `least_work` it does not ([decision](decisions/2026-11-27-fleets-sampled-in-space.md)).",
)
