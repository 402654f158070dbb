"""When a shock breaks something: the one table of rules, and what a study's record says of them.

A rule looks at one outcome of a network, epoch by epoch after the shock began. It breaks at the end of the first epoch of a spell
in which the outcome lies on the wrong side of a limit, if the spell lasts long enough. What was on the wrong side before the
shock cannot break by it. The time counts from the instant at which the first shock begins.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from sim.records.run import Number

NO_SHOCKS = " (no shocks)"
"""What follows a policy's name in its twin, the same seeds without shocks. No policy can be named so."""
FEW = 10
"""With fewer replications a share is told as "too few runs"."""
WIDEST = 0.45
"""So it is where its Wilson interval of 95 % is wider than this: about 16 runs at a share of one half (a choice of this project)."""
NEAR = 0.1
"""Recovered is what lies within this part of the unshocked twin ..."""
CALM_DAYS = 30.0
"""... for so many days on end, from their first on."""
RECOVERS = ("nodes", "coin_usd", "served_mtok")
"""Outcomes whose way back is told."""


@dataclasses.dataclass(frozen=True)
class Rule:
    """One row. `limit` is in the outcome's unit, or where `relative` a part of its value before the shock."""

    name: str
    label: str
    outcome: str
    side: Literal["below", "above"]
    limit: float
    relative: bool
    sentence: str
    source: str
    days: float = 0.0
    """How long it must last."""
    to_the_end: bool = False
    """Whether it must still hold at the horizon."""


_ASSUMED = "a convention of this project; assumed"
RULES = (
    Rule("coin_halved", "coin price below half", "coin_usd", "below", 0.5, True, "The coin costs less than half of what it did before the shock.", _ASSUMED),
    Rule("unmet", "demand unmet", "unmet_frac", "above", 0.1, False, "More than a tenth of the network's requests end in any way but completion.", _ASSUMED),
    Rule("slo_missed", "SLO missed", "slo_met_frac", "below", 0.9, False, "Fewer than 90 % of requests meet their target.", "goodput is stated at an attainment of 90 % in Zhong et al., DistServe, OSDI 2024; borrowed"),
    Rule("at_a_loss", "operators at a loss", "operator_margin_frac", "below", 0.0, False, "All operators together earn less than their avoidable cost: what makes owners stop.", "docs/operators.md, point 1: owners leave on variable cost; borrowed"),
    Rule("fees_halved", "fee coverage halved", "fee_coverage_frac", "below", 0.5, True, "Fees carry less than half of the part of costs that they carried before the shock.", _ASSUMED),
    Rule("nodes_halved", "half of the nodes gone", "nodes", "below", 0.5, True, "Fewer than half of the nodes from before the shock serve; its time is the half-life of nodes.", _ASSUMED),
    Rule("death_spiral", "death spiral", "nodes", "below", 0.5, True, "So it is for 90 days on end, and still at the horizon.", _ASSUMED, 90.0, True),
)  # fmt: skip
"""In the order in which ties for the first are broken."""


@dataclasses.dataclass(frozen=True)
class Break:
    """How often and when one rule broke in one case, of `n` replications in which it could.

    `share` is `reached / n` with its Wilson interval; `first` counts replications in which no rule of the network broke earlier,
    breaks that the same seed has without the shock by then left out (a rule on what the shock itself moves never is the first). `days` are by replication, None where it did not break;
    `restricted_days` their mean cut at the horizon; `twin_reached` counts the same in the same seeds without shocks. `word` is empty
    or why the share is not to be read. `limit` is the rule's limit in words.
    """

    rule: str
    network: str
    outcome: str
    limit: str
    policy: str
    coin_price: str
    point: int
    n: int
    reached: int
    share_low: Number
    share_high: Number
    first: int
    restricted_days: Number
    days: list[Number]
    twin_reached: int
    struck: bool
    word: str = ""


@dataclasses.dataclass(frozen=True)
class Recovery:
    """How often and when an outcome that the shock moved was back at its unshocked twin.

    Of `n` replications it left the twin by more than a tenth in `moved`; of these it was back in `back`, with the Wilson interval of
    that share. `restricted_days` is the mean over those moved, cut at the horizon. `lowest` is how far below the twin it fell at most
    after the shock, and `at_end` where it stands at the horizon, both as parts of the twin's value (-0.7: 70 % below it) and means over
    all n, the latter with its t interval. Of the coin's price `at_end` is what holders of coins have lost, per dollar that they would have.
    """

    network: str
    outcome: str
    policy: str
    coin_price: str
    point: int
    n: int
    moved: int
    back: int
    share_low: Number
    share_high: Number
    restricted_days: Number
    word: str = ""
    lowest: Number = None
    at_end: Number = None
    at_end_low: Number = None
    at_end_high: Number = None
