"""A small world for the tests of whole runs: one network, identical operators, a coin price that nothing moves.

`play` runs it with changes at dotted paths. Numbers that are easy to do in the head: a node costs 2.4 USD a day (hosting
only: power and capital are nothing), operators get all that is minted, the coin is worth one dollar.
"""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.records.run import RunRecord
from sim.scenario import load
from sim.scenario.scenario import ResolvedCase, Scenario
from sim.world.run import World

NODE_USD_PER_DAY = 2.4
"""Hosting of 0.1 USD/h."""

BASE: dict[str, Any] = {
    "format": 1,
    "name": "A small world",
    "start": "2026-01-01",
    "horizon": "26 week",
    "epoch": "1 week",
    "requests": {"mode": "capacity"},
    "initial": "given",
    "workload": {
        "chat": {
            "extends": "chat_steady",
            "model": "llama-3.1-8b",
            "rate": "2 /s",
            "demand": {"kind": "fixed", "network": "net"},
        }
    },
    "networks": {
        "net": {
            "kind": "coin",
            "coin": {"ticker": "TOK", "decimals": 9, "supply": "1 MTOK"},
            "supply": {"kind": "halving", "initial": "49 TOK/day", "first": "2040-01-01"},
            "split": {"operators": "100 %", "remainder": "treasury"},
            "payout": {"kind": "availability"},
            "price": {"kind": "posted", "input": "0 USD/Mtok", "output": "0 USD/Mtok", "pay": "coin"},
            "market": {"kind": "path", "start": "1 USD/TOK"},
            "operators": {
                "home": {
                    "nodes": 20,
                    "gpu": "rtx_4090",
                    "electricity": "0 USD/kWh",
                    "hosting": "0.1 USD/h",
                    "capex": "0 USD",
                    "cost_spread": 0,
                    "lead": "0 day",
                    "max_nodes": 100,
                }
            },
        }
    },
    "policies": {"base": {}},
    "seeds": {"root": 7, "replications": 2},
    "compare": {"baseline": "base"},
}

HOME = "networks.net.operators.home"
CLOUD = {
    "extends": "centralized",
    "operators": {"fleet": {"nodes": 1, "gpu": "h100_sxm", "per_node": 1, "max_nodes": 20}},
}
"""A small cloud beside it: `{"networks.cloud": CLOUD}`."""
LOGIT = {"kind": "logit", "elasticity": -1.2, "value_of_time": "0.02 USD/h"}
POOL = {"kind": "pool", "start": "1 USD/TOK", "depth": "100 kUSD", "fee": "0 %"}
"""A pool instead of the path: `{"networks.net.market": POOL}`."""
PRICED = {"kind": "posted", "input": "0.05 USD/Mtok", "output": "0.15 USD/Mtok", "pay": "coin"}
"""A price list instead of a free service."""


def coin_network(ticker: str, per_day: int) -> dict[str, Any]:
    """The small world's network again, with a coin of its own, no node, and as many slots for the same machines."""
    net = copy.deepcopy(BASE["networks"]["net"])
    net["coin"] |= {"ticker": ticker, "supply": f"1 M{ticker}"}
    net["supply"]["initial"] = f"{per_day} {ticker}/day"
    net["market"]["start"] = f"1 USD/{ticker}"
    net["operators"]["home"]["nodes"] = 0
    return net


def scenario(changes: Mapping[str, Any] | None = None, policies: Mapping[str, Any] | None = None) -> Scenario:
    """The small world with other values at dotted paths; a map replaces the map that was there."""
    with tempfile.TemporaryDirectory() as folder:
        return scenario_in(Path(folder), changes, policies)


def scenario_in(
    folder: Path, changes: Mapping[str, Any] | None = None, policies: Mapping[str, Any] | None = None
) -> Scenario:
    """The same, beside the files of a folder."""
    return changed(BASE, folder, changes, policies)


def changed(
    base: Mapping[str, Any],
    folder: Path,
    changes: Mapping[str, Any] | None = None,
    policies: Mapping[str, Any] | None = None,
) -> Scenario:
    """The scenario of a tree with other values at dotted paths and further policies, from a file in a folder."""
    tree = copy.deepcopy(dict(base))
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        place = tree
        for key in parents:
            place = place.setdefault(key, {})
        place[last] = value
    tree["policies"] |= dict(policies or {})
    file = folder / "small.yaml"
    file.write_text(json.dumps(tree))  # YAML without anchors
    return load(file)


def of_policy(found: Scenario, policy: str) -> ResolvedCase:
    """The only case of a policy."""
    (one,) = [case for case in found.cases() if case.case.policy == policy]
    return one


def case(
    changes: Mapping[str, Any] | None = None, policies: Mapping[str, Any] | None = None, policy: str = "base"
) -> ResolvedCase:
    """The only case of a policy."""
    return of_policy(scenario(changes, policies), policy)


def play(
    changes: Mapping[str, Any] | None = None,
    policies: Mapping[str, Any] | None = None,
    policy: str = "base",
    replication: int = 0,
) -> RunRecord:
    """A whole run."""
    return World(case(changes, policies, policy), replication, "fast").run()


def last(record: RunRecord, outcome: str) -> float:
    """The outcome in the last epoch."""
    value = record.series[outcome][-1]
    assert value is not None
    return value


def usd(record: RunRecord, reason: str, source: str = "", target: str = "") -> float:
    """Dollars that a run posted for a reason, from one account to another (empty: any)."""
    rows = (row for row in record.flows if row.currency == "USD" and row.reason == reason)
    return sum(row.amount for row in rows if source in ("", row.source) and target in ("", row.target)) / 1e9


def coins(record: RunRecord, reason: str, target: str = "") -> float:
    """Coins that a run posted for a reason, to an account (empty: any), whatever their ticker."""
    rows = [
        row for row in record.flows if row.currency != "USD" and row.reason == reason and target in ("", row.target)
    ]
    return sum(row.amount / 10**row.decimals for row in rows)
