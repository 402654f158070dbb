"""The dated rule sets of mainnet: which rule shares a block's TAO, what bounds injection, what kind of pool, from when.

The rules changed about eight times in twenty months, so there is no one Bittensor: a run names its rule set, a date or a spec
version. Values are mainnet's of October 2026 unless a rule set says otherwise; the code's defaults differ in places.
"""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any, Literal

from sim.errors import nearest
from sim.tokenomics.chains.bittensor.constants import CHAIN

SHARES = ("price", "flow", "net_flow", "price_unburned", "root_price_unburned")
CAPS = ("whole", "alpha", "alpha_and_tao", "root")
GATES = ("none", "rank", "quantile")


@dataclasses.dataclass(frozen=True)
class Rules:
    """A rule set: from which date and spec version it held on mainnet, and what it says.

    `pool` tells what pools were then; those of a run are weighted ones (constant products where all TAO goes in).
    """

    name: str
    since: datetime.date
    spec: int
    share: str
    cap: str
    gate: str
    pool: Literal["constant_product", "v3", "balancer"]
    source: str

    def fields(self) -> dict[str, Any]:
        """What a row of the chain holds under these rules: the codes and all constants."""
        codes = {"share_rule": SHARES.index(self.share), "cap_rule": CAPS.index(self.cap)}
        values = {name: constant.value for name, constant in CHAIN.items()}
        return {**values, **codes, "gate_rule": GATES.index(self.gate)}


def _day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


RULES: tuple[Rules, ...] = (
    Rules(
        "price", _day("2025-02-13"), 233, "price", "whole", "none", "constant_product",
        "subtensor v2.0.0; first block with alpha 4,920,351. The spec version is assumed",
    ),
    Rules(
        "price_v3", _day("2025-07-08"), 290, "price", "whole", "none", "v3",
        "subtensor v3.1.6; last block before it 5,947,548 (RaoFoundation/subtensor PR 1966). The spec version is assumed",
    ),
    Rules(
        "flow", _day("2025-11-04"), 338, "flow", "alpha", "none", "v3", "subtensor tag v3.2.11-338: chain buys begin",
    ),
    Rules(
        "net_flow", _day("2026-05-01"), 411, "net_flow", "alpha_and_tao", "none", "v3",
        "subtensor tag v3.4.0-411; the day of May 2026 is assumed",
    ),
    Rules(
        "root_price", _day("2026-06-25"), 423, "root_price_unburned", "root", "none", "balancer",
        "subtensor tag v3.4.8-423",
    ),
    Rules(
        "price_unburned", _day("2026-06-30"), 425, "price_unburned", "root", "none", "balancer", "subtensor @14bc6f9f9",
    ),
    Rules(
        "gated", _day("2026-07-27"), 440, "price_unburned", "root", "rank", "balancer",
        "RaoFoundation/subtensor PR 2990; confirmed on block 8,766,000 and, at spec 475, on 2026-10-08",
    ),
    Rules(
        "gated_burn_free", _day("2026-08-07"), 444, "price", "root", "rank", "balancer",
        "RaoFoundation/subtensor PR 3057: the burn factor is gone; the day of August 2026 is assumed",
    ),
    Rules(
        "gated_again", _day("2026-08-11"), 446, "price_unburned", "root", "rank", "balancer",
        "RaoFoundation/subtensor PR 3071: the burn factor is back",
    ),
)  # fmt: skip
"""In order of date. A rule set holds until the next one begins."""


def by_date(day: datetime.date) -> Rules:
    """The rule set in force on a day; it holds from its own day on. Raises `LookupError` before the first."""
    found = [rules for rules in RULES if rules.since <= day]
    if not found:
        raise LookupError(f"{day} found; subnets have had alpha since {RULES[0].since}")
    return found[-1]


def by_spec(spec: int) -> Rules:
    """The rule set of a spec version: the last one that is not newer. Raises `LookupError` before the first."""
    found = [rules for rules in RULES if rules.spec <= spec]
    if not found:
        raise LookupError(f"spec {spec} found; the first with alpha is {RULES[0].spec}")
    return found[-1]


def by_name(name: str) -> Rules:
    """A rule set by its name. Raises `LookupError` with the nearest name."""
    names = [rules.name for rules in RULES]
    if name not in names:
        near = nearest(name, names)
        raise LookupError(
            f"no rule set '{name}'; known: {', '.join(names)}" + (f"; nearest: {near[0]}" if near else "")
        )
    return RULES[names.index(name)]
