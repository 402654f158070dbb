"""The dated rule sets of mainnet: which rule shares a block's TAO, what bounds injection, what kind of pool, from when.

The rules changed about eight times in twenty months, so there is no one Bittensor: a run names its rule set, a date or a spec
version. Values are mainnet's of October 2026 unless a rule set says otherwise; the code's defaults differ in places.
"""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any, Literal, NamedTuple

from sim.errors import nearest

SHARES = ("price", "flow", "net_flow", "price_unburned", "root_price_unburned")
CAPS = ("whole", "alpha", "alpha_and_tao", "root")
GATES = ("none", "rank", "quantile")


class Constant(NamedTuple):
    """A number that runs rest on: its value, where it was read and when, and whether it is borrowed, fitted or assumed."""

    value: float
    source: str
    read: str
    kind: Literal["borrowed", "fitted", "assumed"] = "borrowed"


_LIVE = "mainnet state at block 9,240,388, spec 475 (NoBSRecruiter/tao-subnet-trader @bfa925ec, tests/fixtures/golden)"
_CODE = "opentensor/subtensor @14bc6f9f9"
CONSTANTS: dict[str, Constant] = {
    "tao_weight": Constant(0.18, _LIVE, "2026-11-22"),
    "ema_base": Constant(3.0e-4, f"{_LIVE}, SubnetMovingAlpha; the code's default is 3e-6", "2026-11-22"),
    "ema_half": Constant(201_600, f"{_CODE}, EMAPriceHalvingBlocks: four weeks", "2026-11-22"),
    "owner_u16": Constant(11_796, f"{_CODE}, SubnetOwnerCut: 17.9995 %", "2026-11-22"),
    "rank": Constant(32, f"{_LIVE}; EmissionBarRank of RaoFoundation/subtensor PR 2990", "2026-11-22"),
    "exponent": Constant(3.0, "RaoFoundation/subtensor PR 2990", "2026-11-22"),
    "quantile": Constant(0.75, f"{_LIVE}; not in force while a rank stands", "2026-11-22"),
    "gate_every": Constant(360, "RaoFoundation/subtensor PR 2990", "2026-11-22"),
    "flow_base": Constant(
        29_597_889_189_277 / 2**63, f"{_CODE}, FlowEmaSmoothingFactor: half in 30 days", "2026-11-22"
    ),
    "flow_power": Constant(1.0, f"{_CODE}, FlowNormExponent", "2026-11-22"),
    "flow_cutoff": Constant(0.0, f"{_CODE}, TaoFlowCutoff", "2026-11-22"),
    "most_epochs": Constant(2, f"{_CODE}, runtime/src/lib.rs, SubtensorMaxEpochsPerBlock", "2026-11-27"),
    "longest_tempo": Constant(50_400, f"{_CODE}, MAX_TEMPO", "2026-11-27"),
}
"""What a row of the chain holds beside the rules themselves."""


@dataclasses.dataclass(frozen=True)
class Rules:
    """A rule set: from which date and spec version it held on mainnet, and what it says."""

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
        values = {name: constant.value for name, constant in CONSTANTS.items()}
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
