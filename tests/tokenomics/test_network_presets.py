"""The networks that ship: every number brings its source or says that it is assumed, and they hang together."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.scenario.network import NETWORKS
from sim.tokenomics.chains.bittensor.rules import RULES

FOLDER = Path(__file__).parents[2] / "sim" / "presets" / "networks"
COINS = (
    "akash", "asi_cloud", "bittensor_basic", "cudos", "filecoin", "gensyn", "gonka", "helium_2020", "helium_2026", "ionet",
    "livepeer", "render", "singularitynet",
)  # fmt: skip
NAMES = (*COINS, "bittensor", "centralized", "cloud_tiers")
RULE_SETS = tuple(f"bittensor_{one.name}" for one in RULES)
"""They extend `bittensor`, and name a rule set."""
H_PER_DAY = 24


def tree(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((FOLDER / f"{name}.yaml").read_text()))


def is_sourced(value: Any) -> bool:
    return isinstance(value, dict) and "value" in value and ("source" in value or "assumed" in value)


def plain(value: Any) -> Any:
    if is_sourced(value):
        return value["value"]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def network(name: str) -> Any:
    keys = plain(tree(name))
    tickers = frozenset({keys["coin"]["ticker"]} if "coin" in keys else ())
    return NETWORKS[keys["kind"]].model_validate(keys, context={"yaml": True, "tickers": tickers})


def leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict) and not is_sourced(value):
        return [leaf for key, item in value.items() for leaf in leaves(item, f"{path}.{key}")]
    return [(path, value)]


def test_these_are_all_networks_that_ship() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == sorted((*NAMES, *RULE_SETS))


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_a_source_or_says_that_it_is_assumed(name: str) -> None:
    # A node's GPUs define the class, as its name does: no measured number.
    free = re.compile(r"\.per_node$|\.gpu$")
    for path, value in leaves(tree(name)):
        if is_sourced(value):
            assert value.get("assumed") is True or value["source"], path
            if value.get("assumed"):
                assert len(value["changes"]) > 10, f"{path}: what would another value alter?"
            else:
                assert value.get("date") or value["source"] in ("no coin", "the owner keeps what users pay"), path
        elif not free.search(path):
            assert not re.search(r"\d", str(value)), f"{path}: {value} has no source"


@pytest.mark.parametrize("name", NAMES)
def test_plausible_ranges_are_ranges_with_sources(name: str) -> None:
    for key, value in tree(name)["plausible"].items():
        assert value["source"], key
        low, high = value["value"]
        assert 0 < low < high


@pytest.mark.parametrize("name", NAMES)
def test_a_network_has_as_many_gpus_as_it_calls_plausible(name: str) -> None:
    block = network(name)
    gpus = sum(operators.nodes * operators.per_node for operators in block.operators.values())
    low, high = block.plausible.gpus
    assert low <= gpus <= high


@pytest.mark.parametrize("name", COINS)
def test_coins_of_a_network_fit_its_columns(name: str) -> None:
    block = network(name)
    decimals = block.coin.units(block.supply.limit)
    pool = block.market.open(decimals).coins
    assert sum(block.coin.genesis(decimals, pool).values()) < 2**62
    # 30 years of emission at the start's supply stay below what int64 columns hold.
    assert decimals >= min(8, block.coin.decimals)


def avoidable_usd_per_day(operators: Any, gpu_w: float) -> float:
    # Power of the cards alone, hosting, and what the cards could earn elsewhere.
    power = operators.per_node * gpu_w / 1000 * H_PER_DAY * operators.electricity
    return float(power + H_PER_DAY * (operators.hosting + operators.per_node * operators.outside_rent))


def test_a_subnet_earns_about_what_its_nodes_cost() -> None:
    # So that a run begins near free entry. 1 % of 3,600 TAO a day, 41 % of it, at 233 USD: 3,439 USD a day.
    block = network("bittensor_basic")
    income = 3600 * block.split.share * block.split.operators * block.market.start.amount
    watts = {"rtx_4090": 450.0, "h100_sxm": 700.0}  # board power of the cards
    costs = {key: avoidable_usd_per_day(o, watts[o.gpu]) * o.nodes for key, o in block.operators.items()}
    capital = sum(o.capital_usd_per_day() * o.nodes for o in block.operators.values())
    assert income == pytest.approx(3439, abs=1)
    assert sum(costs.values()) < income < sum(costs.values()) + 1.5 * capital


def test_bittensor_mints_what_the_chain_minted_in_october_2026() -> None:
    block = network("bittensor_basic")
    held = 11_597_622_104_000_000
    assert block.supply.issued(0, 86_400 * 10**12, held, datetime.date(2026, 10, 8), 9) == 3600 * 10**9


def test_fet_inflates_by_three_per_cent() -> None:
    block = network("asi_cloud")
    held = block.coin.genesis(8)
    supply = sum(held.values())
    issued = block.supply.issued(0, 4 * 31_557_600 * 10**12, supply, datetime.date(2026, 1, 1), 8)
    assert issued / supply == pytest.approx(1.03**4 - 1, rel=1e-9)


def test_what_the_simple_networks_mint_on_their_first_day() -> None:
    # CUDOS: f(0.53172694) / 365.2 = 905,000 a day; Livepeer: 1.25 rounds of 25e6 x 0.000218; HNT: 20,547.945 + 196,000.
    cudos, livepeer, helium = (network(name) for name in ("cudos", "livepeer", "helium_2026"))
    start, day_ps = datetime.date(2026, 11, 1), 86_400 * 10**12
    t = 0.53172694105988
    assert cudos.supply.issued(0, day_ps, 0, start, 8) / 1e8 == pytest.approx(
        (358e6 - 53e6 * t + 1.8e6 * t * t) / 365.2, rel=1e-3
    )
    assert livepeer.supply.issued(0, 4 * day_ps, 25 * 10**15, start, 9) / 1e9 == pytest.approx(
        5 * 25e6 * 2.2e-4, rel=1e-2
    )
    assert helium.supply.issued(0, day_ps, 0, start, 8) == pytest.approx(21_654_794_520_548, abs=2)
