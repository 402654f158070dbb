"""What keeps a scenario off the compiled economy: modes, keys and kinds that only the interpreted one simulates.

Both give the same numbers. What is not listed here as known is an obstacle, so that a new key never changes a number unseen.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from sim.blocks import Block
from sim.kept import Kept
from sim.tokenomics import burnmint, payout, price, supply

MOST_DECIMALS = 15
LONGEST_LOOK_S = 90 * 86_400
"""An oracle that looks further back leaves 64 bits."""
MARKETS = ("path", "pool")
DECIDES = ("free_entry", "planned", "fixed")
COLUMNS = ("work", "live")
"""What a compiled payout may divide by."""
KNOWN = {
    "network": {
        "kind", "price", "settle", "router", "serving", "operators", "plausible", "coin", "supply", "split", "payout", "burnmint",
        "market", "oracle",
    },
    "settle": {"quote", "pay", "rate", "fixed", "take_rate", "take_to", "sell", "sell_others"},
    "operators": {
        "nodes", "gpu", "per_node", "model", "region", "decides", "electricity", "hosting", "capex", "life", "resale", "discount",
        "outside_rent", "lead", "patience", "cost_factor", "cost_spread", "exit_speed", "switch_speed", "entry_speed",
        "entry_elasticity", "restart", "idle_life", "utilization", "up_time", "up_law", "repair", "repair_law", "crews", "after_repair",
        "image", "link", "pull", "max_nodes", "interconnect",
    },
    "coin": {"ticker", "decimals", "ledger_decimals", "supply", "held"},
    "market": {"kind", "start", "daily_sd", "nu", "drift", "depth", "fee", "holders"},
    "holders": {"value", "a", "b", "rate"},
    "oracle": {"lag", "twap"},
    "split": {"share", "operators", "validators", "owner", "treasury", "holders", "remainder"},
}  # fmt: skip
"""Keys that the compiled economy knows; another one that is not at its default keeps a scenario off it."""


def obstacles(spec: Any) -> list[str]:
    """What keeps a scenario off the compiled economy, each with its path; empty: nothing does."""
    found = []
    if spec.requests.mode != "capacity":
        return [f"requests.mode {spec.requests.mode}: requests are simulated"]
    found += [f"{key}: simulated by the interpreted economy" for key in ("jobs", "shocks") if getattr(spec, key)]
    tickers = [block.coin.ticker for block in spec.networks.values() if block.kind != "central"]
    if len(set(tickers)) < len(tickers):
        found.append("networks: two share a coin")
    for name, block in spec.networks.items():
        texts = _OBSTACLES.get((block,), (), functools.partial(_obstacles_of, block))
        found += [f"networks.{name}.{text}" for text in texts]
    found += [
        f"workload.{name}.demand: kind {klass.demand.kind} has no rule"
        for name, klass in spec.workload.items()
        if not getattr(type(klass.demand), "compiled", False)
    ]
    if any(network.price.kind == "posted" and network.price.batch != 1.0 for network in spec.networks.values()):
        # Without a price for batch use the key moves nothing.
        found += [
            f"workload.{name}.batch: simulated by the interpreted economy"
            for name, klass in spec.workload.items()
            if klass.batch
        ]
    found += [
        f"workload.{name}.budget: simulated by the interpreted economy"
        for name, klass in spec.workload.items()
        if klass.budget is not None
    ]
    return found


_OBSTACLES: Kept[list[str]] = Kept()
"""Of networks, and of their classes of operators: most cases of a study share them."""


def _obstacles_of(block: Any) -> list[str]:
    found = _unknown("network", block, "") + _unknown("settle", block.settle, "settle.")
    for name, owners in block.operators.items():
        texts = _OBSTACLES.get((owners,), (), functools.partial(_obstacles_of_class, owners))
        found += [f"operators.{name}.{text}" for text in texts]
    if block.kind == "coin":
        parts = {"oracle": block.oracle, "split": block.split, "coin": block.coin, "market": block.market}
        for key, part in parts.items():
            found += _unknown(key, part, f"{key}.")
        if (holders := getattr(block.market, "holders", None)) is not None:
            found += _unknown("holders", holders, "market.holders.")
    kinds: list[tuple[str, Any, Any]] = [("price", block.price, price.Price.per_token)]
    if block.kind == "coin":
        kinds += [("supply", block.supply, supply.Supply.issued), ("payout", block.payout, payout.Payout.amounts)]
        kinds += [(f"burnmint.{name}", rule, burnmint.Share.burned) for name, rule in block.burnmint.items()]
        if getattr(block.payout, "columns", None) != COLUMNS:
            found.append(f"payout: kind {block.payout.kind} divides by more than work and time")
        if block.market.kind not in MARKETS:
            found.append(f"market: kind {block.market.kind} is not compiled")
        if block.coin.units(block.supply.limit) > MOST_DECIMALS:
            found.append("coin.ledger_decimals: more than 64 bits hold")
        if _greatest(block.oracle.lag) + _greatest(block.oracle.twap) > LONGEST_LOOK_S:
            found.append("oracle: looks further back than 64 bits of picoseconds")
    if block.price.kind != "posted":
        found.append(f"price: kind {block.price.kind} may look at more than the compiled economy shows")
    # A kind that brings more than its table's rule, a state for example, has a method of its own.
    found += [f"{path}: kind {kind.kind} runs as Python" for path, kind, way in kinds if not _by_rule(kind, way)]
    return found


def _obstacles_of_class(owners: Any) -> list[str]:
    found = _unknown("operators", owners, "")
    if owners.decides not in DECIDES:
        found.append(f"decides: {owners.decides} is simulated by the interpreted economy")
    return found


def _unknown(what: str, block: Any, path: str) -> list[str]:
    """Keys of a block that are given and not known."""
    kind: Any = type(block)
    given = (key for key, default in _not_known(what, kind) if getattr(block, key) != default)
    return [f"{path}{key}: simulated by the interpreted economy" for key in given]


@functools.lru_cache(maxsize=256)
def _not_known(what: str, kind: type[Block]) -> list[tuple[str, Any]]:
    """Keys of a kind of block that are not known, with their defaults."""
    fields = kind.model_fields.items()
    return [(key, field.get_default(call_default_factory=True)) for key, field in fields if key not in KNOWN[what]]


def _by_rule(kind: Any, way: Callable[..., Any]) -> bool:
    return getattr(type(kind), "compiled", False) and getattr(type(kind), way.__name__, None) is way


def _greatest(value: Any) -> float:
    return max(step for _, step in value.steps) if hasattr(value, "steps") else value
