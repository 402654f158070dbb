"""A small subnet of Bittensor for tests of whole runs: twelve subnets, one class of operators, a coin price that nothing moves."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.scenario.scenario import ResolvedCase, Scenario
from sim.world.run import World
from tests.world.small import changed, of_policy

BASE: dict[str, Any] = {
    "format": 1,
    "name": "A subnet",
    "start": "2026-11-01",
    "horizon": "60 day",
    "epoch": "1 day",
    "requests": {"mode": "capacity"},
    "initial": "given",
    "workload": {
        "chat": {
            "extends": "chat_steady",
            "model": "llama-3.1-8b",
            "rate": "60 /s",
            "demand": {"kind": "fixed", "network": "tao"},
        }
    },
    "networks": {
        "tao": {
            "kind": "bittensor",
            "coin": {"ticker": "TAO", "decimals": 9, "supply": "11640000 TAO"},
            "chain": {
                "simulated": 12,
                "miners": 10,
                "validators": {"honest": {"kind": "honest", "count": 4, "stake": "100 %"}},
            },
            "market": {"kind": "path", "start": "233 USD/TAO"},
            "price": {"kind": "posted", "input": "0.024 USD/Mtok", "output": "0.095 USD/Mtok", "pay": "coin"},
            "settle": {"sell": "100 %", "sell_others": "50 %"},
            "operators": {
                "farm": {
                    "nodes": 20,
                    "gpu": "h100_sxm",
                    "per_node": 8,
                    "max_nodes": 60,
                    "electricity": "0.08 USD/kWh",
                    "hosting": "2.1 USD/h",
                    "capex": "40 kUSD",
                    "outside_rent": "1 USD/h",
                }
            },
        }
    },
    "policies": {"base": {}},
    "seeds": {"root": 7, "replications": 2},
    "compare": {"baseline": "base", "coin_price": ["path"]},
}
CHAIN = "networks.tao.chain"


def scenario(changes: Mapping[str, Any] | None = None, policies: Mapping[str, Any] | None = None) -> Scenario:
    """The subnet with other values at dotted paths; a map replaces the map that was there."""
    with tempfile.TemporaryDirectory() as folder:
        return changed(BASE, Path(folder), changes, policies)


def case(
    changes: Mapping[str, Any] | None = None, policies: Mapping[str, Any] | None = None, policy: str = "base"
) -> ResolvedCase:
    """The only case of a policy."""
    return of_policy(scenario(changes, policies), policy)


def world(
    changes: Mapping[str, Any] | None = None,
    policies: Mapping[str, Any] | None = None,
    policy: str = "base",
    replication: int = 0,
) -> World:
    """A world that has been run to its end: what it leaves is `record()`, its chain `networks[0].subnets.chain`."""
    found = World(case(changes, policies, policy), replication, "fast")
    found.run()
    return found
