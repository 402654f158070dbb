"""The full networks that ship, two years each alone with users who answer to the price: nothing is lost, few leave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from sim.records.run import RunRecord
from sim.scenario import load
from sim.world import run
from tests.tokenomics.test_network_presets import network
from tests.world.small import coins

pytestmark = [pytest.mark.compiled, pytest.mark.long]

FILE = """
format: 1
name: Two years of {preset}
start: {start}
horizon: {horizon}
epoch: 1 day
requests: {{mode: capacity}}
initial: {initial}
workload:
  chat:
    extends: chat_steady
    model: llama-3.1-8b
    rate: 120 /s
    demand: {{kind: logit, elasticity: -1.2}}
networks:
  net: {{extends: {preset}}}
policies: {{base: {{}}}}
compare: {{baseline: base, coin_price: [{coin_price}]}}
"""
"""120 requests a second of the chat class: what the asi_cloud preset says that its nodes are for."""
FULL = (
    "asi_cloud",
    "singularitynet",
    "gensyn",
    "gonka",
    "akash",
    "render",
    "helium_2020",
    "helium_2026",
    "centralized",
    "cloud_tiers",
)
CLOUDS = ("centralized", "cloud_tiers")
"""They have no coin, so no pool."""


def alone(
    folder: Path, preset: str, horizon: str = "2 year", initial: str = "given", sets: Sequence[str] = ()
) -> RunRecord:
    file = folder / "alone.yaml"
    start = "2020-12-01" if preset == "helium_2020" else "2026-11-01"
    coin_price = "path" if preset in CLOUDS else "pool"
    file.write_text(FILE.format(preset=preset, start=start, horizon=horizon, initial=initial, coin_price=coin_price))
    (case,) = load(file, sets=sets).cases()
    # The interpreted economy: it closes the ledger in every epoch, the compiled one once.
    return run(case, 0, "loop")


def numbers(record: RunRecord, outcome: str) -> list[float]:
    return [value for value in record.series[f"net.{outcome}"] if value is not None]


@pytest.mark.parametrize("initial", ["given", pytest.param("steady", marks=pytest.mark.slow)])
@pytest.mark.parametrize("preset", FULL)
def test_two_years_alone(tmp_path: Path, preset: str, initial: str) -> None:
    # The ledger, closed in every epoch, stops a run that does not balance or in which an account falls below 0.
    record = alone(tmp_path, preset, initial=initial)
    assert len(record.epoch_end_s) == 731
    assert set(record.residuals.values()) == {0}
    nodes = numbers(record, "nodes")
    assert len(nodes) == 731
    assert min(nodes) >= 0.2 * nodes[0]
    # A run that leaves in year 1 what the network calls plausible, or fills its slots, says so.
    assert record.notes == []


def test_what_operators_of_asi_cloud_get_comes_out_of_singularitynets_channels(tmp_path: Path) -> None:
    assert network("asi_cloud").settle.via == network("singularitynet").settle.via
    record = alone(tmp_path, "asi_cloud", "90 day")
    # By claims that cost gas; senders extend their channels, so that nothing is lost.
    assert {row.source for row in record.flows if row.reason in ("payment", "take")} == {"net.escrow"}
    assert 0 < sum(numbers(record, "gas_usd_per_day")) < 0.1 * sum(numbers(record, "revenue_usd_per_day"))
    assert sum(numbers(record, "default_usd_per_day")) == 0


@pytest.mark.parametrize("preset", FULL)
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, preset: str) -> None:
    one, other = (alone(tmp_path, preset, "60 day") for _ in range(2))
    assert one.to_json() == other.to_json()


def test_gonkas_reward_decays_and_is_free_after_180_days(tmp_path: Path) -> None:
    record = alone(tmp_path, "gonka", "400 day")
    emission = numbers(record, "emission_coin")
    # 2026-11-01 is the 438th day since 2025-08-20; a day's reward is minted at its end.
    for day in (0, 1, 399):
        assert emission[day] == pytest.approx(285_000 * math.exp(-0.000475 * (438 + day)), rel=1e-9)
    # 1 % of it is for the hosts here, in 180 parts from the day after on.
    granted = [0.01 * value for value in emission]
    free = sum(value * min(399 - day, 180) / 180 for day, value in enumerate(granted))
    assert coins(record, "emission", "net.vesting.operators") == pytest.approx(sum(granted), rel=1e-9)
    assert coins(record, "vested", "net.operators") == pytest.approx(free, rel=1e-6)


def test_gonkas_price_ticks_down_to_a_base_unit_a_token_where_hosts_are_idle(tmp_path: Path) -> None:
    record = alone(tmp_path, "gonka", "60 day", initial="steady")
    price = numbers(record, "price_paid_usd_per_mtok")
    floor = 0.001  # GNK/Mtok
    for paid, coin_usd in zip(price, numbers(record, "coin_usd"), strict=True):
        assert paid >= 0.99 * floor * coin_usd
    # The first day still pays for the way down, later ones the floor.
    assert price[0] > 1.2 * floor * numbers(record, "coin_usd")[0]
    assert price[-1] == pytest.approx(floor * numbers(record, "coin_usd")[-1], rel=0.01)


def test_honest_hosts_of_gonka_are_checked_less_and_less_and_keep_their_stake(tmp_path: Path) -> None:
    record = alone(tmp_path, "gonka", "60 day")
    load_frac = numbers(record, "check_load_frac")
    # Reputation grows from 0 to 100 in 30 epochs: from every request to 1 % of them.
    assert load_frac[0] == pytest.approx(1.0)
    assert load_frac[15] == pytest.approx(0.01 + 0.99 * 0.5, rel=0.05)
    # Who has just come is checked in full again.
    assert 0.01 <= load_frac[-1] < 0.03
    assert sum(numbers(record, "slashed_coin")) == 0
    # 80 % of 1,000 GNK a GPU.
    assert numbers(record, "stake_coin")[0] == 800 * numbers(record, "gpus")[0]


def test_helium_2020_halves_in_august_2021_and_mints_again_what_was_burned(tmp_path: Path) -> None:
    record = alone(tmp_path, "helium_2020", "1 year")
    emission, burned = numbers(record, "emission_coin"), numbers(record, "burn_coin")
    # Day 243 is 2021-08-01. Net emissions are what was burned the day before, 1,643.52 a day at most.
    for day in (1, 242, 243, 300):
        schedule = 60e6 / 365 / (2 if day >= 243 else 1)
        assert emission[day] == pytest.approx(schedule + min(burned[day - 1], 1643.52), rel=1e-6)
    operators, minted = coins(record, "emission", "net.operators"), 0.0045 * sum(emission)
    # 60 % before August 2021, 61 % from then on.
    assert 0.60 * minted < operators < 0.61 * minted
    assert coins(record, "payment", "net.operators") == 0


def grown(folder: Path, preset: str, factor: int, keys: str = "") -> RunRecord:
    """200 days of a cloud whose users become `factor` times as many on the 30th day."""
    file = folder / "grown.yaml"
    text = FILE.format(
        preset=preset, start="2026-11-01", horizon="200 day", initial="steady", coin_price="path"
    ).replace("    demand:", f"    growth: {{kind: steps, factors: {{2026-12-01: {factor}}}}}\n    demand:")
    file.write_text(text.replace(f"{{extends: {preset}}}", f"{{extends: {preset}{keys}}}"))
    (case,) = load(file).cases()
    return run(case, 0)


def test_rented_nodes_of_a_cloud_with_tiers_serve_until_its_own_come(tmp_path: Path) -> None:
    one, tiers = (grown(tmp_path, preset, 2) for preset in ("centralized", "cloud_tiers"))
    # 120 requests a second take two nodes at 60 % of the 106.5 that each serves, twice as many take four; ordered ones come in 90 days.
    assert numbers(one, "nodes") == [2.0] * 120 + [4.0] * 80
    assert numbers(tiers, "nodes") == [2.0] * 30 + [4.0] * 90 + [6.0] + [4.0] * 79
    served = [numbers(run_, "served_mtok") for run_ in (one, tiers)]
    # 213 of 240 requests a second are served by two nodes.
    assert served[0][60] / served[1][60] == pytest.approx(2 * 106.52 / 240, rel=1e-3)
    assert served[0][150] == pytest.approx(served[1][150], rel=1e-9)
    assert {row["operators"]: row["nodes"] for row in tiers.operators} == {"reserved": 4.0, "on_demand": 0.0}
    assert numbers(tiers, "sla_credit_usd_per_day") == [0.0] * 200


def test_a_cloud_with_tiers_that_can_rent_too_little_pays_credits_until_its_own_nodes_come(tmp_path: Path) -> None:
    # Two nodes of its own and one that is rented, for four times 120 requests a second: 320 of them are served.
    short = grown(tmp_path, "cloud_tiers", 4, ", operators: {on_demand: {max_nodes: 1}}")
    credited, revenue = numbers(short, "sla_credit_usd_per_day"), numbers(short, "revenue_usd_per_day")
    assert credited[:30] == [0.0] * 30
    assert credited[31:119] == [pytest.approx(value / 9, rel=1e-6) for value in revenue[31:119]]
    assert credited[120:] == [0.0] * 80
    assert set(short.residuals.values()) == {0}
