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
WINDOWS_PER_DAY = 48
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
        """Windows of five minutes, 48 a day: a sixth of the requests is measured."""
        per_epoch = WINDOWS_PER_DAY // (4 if self.closed else 1)
        return {"mode": "sampled", "window": "5 min", "per_epoch": per_epoch, "lives": "continued"}


CELLS = tuple(Cell(*kind) for kind in itertools.product((False, True), (False, True), (False, True), LOADS))
REPLICATIONS = {cell.name: 4 for cell in CELLS}
"""Pairs of each cell."""
NOTES = (
    "*What was found.* With 24 windows a day, users who learned window by window and windows that kept to a minute of the hour, an earlier grid broke the",
    "rule in tails of waits, always told too long, and a later one in one Gini coefficient. There were three causes.",
    "",
    "- *A bias in the closed loop.* Users mixed each window into their beliefs with the same weight, whatever it served. Busy windows are slow, and more requests",
    "  meet them, so the service seemed too good: the network's demand was 0.9 to 1.8 % too high in each of 41 pairs, and tails of waits with it (`net.ttft_p95_s`",
    "  3 to 9 % in `closed-nofail-flat-0.8`). Users now learn from an epoch's windows together, each request alike, as where all are served.",
    "- *Luck with the windows in the open loop.* In `open-fail-day-0.6` two replications were cut at the windows' instants out of the run of all requests. What",
    "  windows say differed from the cut by less than 1 % in the unmet share and in both tails, the cut from all requests by 3 to 18 %. Of twelve other places of the",
    "  comb in the hour the mean differed by 0.2 % in `net.ttft_p95_s`, the single ones by a standard deviation of 13 and 14 %. Bursts of the rate last three",
    "  minutes, and tails at a light load are made by few. So the grid has 48 windows a day instead of 24, in all cells.",
    "- *Owners' parts of the work.* `net.gini` was 2.9 to 17 % too high in `closed-nofail-day-0.95`, where two owners earn alike: luck with the windows raises a mean of absolute",
    "  differences. The second half of warm-ups now tells the work as well ([decision](decisions/2026-11-27-work-of-warm-ups.md)).",
    "",
    "*Lives of nodes* go on from window to window (`lives: continued`, the default). Drawn anew for every window, `net.gini` broke the rule in all six open cells",
    "with failures, and users could not flee a cloud that was down ([decision](decisions/2026-11-27-lives-across-windows.md)).",
    "",
    "*In space.* These fleets are too small to be sampled in space; `tests/world/test_space_fidelity.py` holds fleets of 360 and 3,600 replicas to the rule, every",
    "outcome, `all` beside windows beside windows in space: it holds under `random`, `power_of_two`, `least_outstanding`, `region_nearest`, `least_work`, and with nodes that",
    "fail. Routers that choose among many replicas need a larger sample: 1,000 or 2,000 serve at least ([decision](decisions/2026-11-27-fleets-sampled-in-space.md)).",
    "",
    "*Thirty days in space.* `tests/world/test_space_grid.py` plays the cells with 150 cards, two requests at once each, of which 105 serve windows, and a cloud of 30 cards that serves",
    "whole; four replications. All 24 keep the rule. Six of them (closed loop, load .8 in hours that are alike, and .95) broke it in Gini coefficients alone, always told too high: `net.gini` by 3 to 7 %, and where nodes",
    "never fail `cloud.gini` by 2 to 9 %. Their users choose every six hours, so an epoch has twelve windows instead of 48, and thirty or 150 owners who earn alike (a Gini coefficient of .008 to .034) differ by luck with so few",
    "requests. Ten windows of fifteen minutes instead did worse (two replications of one cell): bursts of the rate then move everything else. Luck is taken off now: what windows say of many equal owners has the variance of the whole",
    "epoch ([decision](decisions/2026-11-28-luck-with-windows.md)). All 24 were played again after it. An earlier break, `cloud.gini` 1.5 to 5.7 % too low at .8 with the hours of a day and",
    "nodes that fail, was an error: a node that was down in all of an epoch's windows was paid as the others ([decision](decisions/2026-11-28-nodes-that-did-nothing.md)).",
)
