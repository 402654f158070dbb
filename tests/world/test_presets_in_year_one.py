"""Each network that ships, as it ships, for a year: it stays inside the ranges that it calls plausible."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.records.run import RunRecord
from sim.scenario import load
from sim.world import run

pytestmark = pytest.mark.compiled

FILE = """
format: 1
name: A year of {preset}
start: 2026-11-01
horizon: 1 year
requests: {{mode: capacity}}
initial: {initial}
workload:
  chat:
    extends: chat_steady
    model: llama-3.1-8b
    rate: 120 /s
    demand: {{kind: fixed, network: net}}
networks:
  net: {{extends: {preset}}}
policies: {{base: {{}}}}
compare: {{baseline: base, coin_price: [{coin_price}]}}
"""
"""120 requests a second of the chat class: what the asi_cloud preset says that its nodes are for, and about 15 B tokens a
day, a tenth of what the largest subnet served at its peak."""
MEASURES = {"gpus": "gpus", "mtok_per_day": "served_mtok", "usd_per_day": "revenue_usd_per_day"}


def year(folder: Path, preset: str, initial: str, coin_price: str) -> tuple[RunRecord, Any]:
    file = folder / "year.yaml"
    file.write_text(FILE.format(preset=preset, initial=initial, coin_price=coin_price))
    (case,) = load(file).cases()
    return run(case, 0), case.after.networks["net"].plausible


@pytest.mark.parametrize("initial", ["given", "steady"])
@pytest.mark.parametrize(
    ("preset", "coin_price"),
    [
        ("bittensor_basic", "pool"),
        ("bittensor_basic", "path"),
        ("asi_cloud", "pool"),
        ("asi_cloud", "path"),
        ("centralized", "path"),
        ("cloud_tiers", "path"),
        ("singularitynet", "pool"),
        ("akash", "pool"),
        ("akash", "path"),
        ("render", "pool"),
        ("gensyn", "pool"),
        pytest.param("bittensor", "pool", marks=pytest.mark.slow),  # half a CPU-minute each
    ],
)
def test_a_network_stays_inside_its_plausible_ranges_for_a_year(
    tmp_path: Path, preset: str, initial: str, coin_price: str
) -> None:
    record, plausible = year(tmp_path, preset, initial, coin_price)
    assert len(record.epoch_end_s) == 53
    for key, outcome in MEASURES.items():
        low, high = getattr(plausible, key)
        values = [value for value in record.series[f"net.{outcome}"] if value is not None]
        assert len(values) == 53
        assert low <= min(values), key
        assert max(values) <= high, key
    assert record.residuals == dict.fromkeys(record.residuals, 0)


def test_the_cloud_settles_at_the_nodes_its_planner_wants(tmp_path: Path) -> None:
    record, _ = year(tmp_path, "centralized", "steady", "path")
    (row,) = record.operators
    # 60 % of capacity: what is wanted rounded up, and at most a tenth more before nodes are given back.
    assert (
        120 / row["capacity_rps_per_node"] / 0.6 <= row["nodes"] <= 120 / row["capacity_rps_per_node"] / 0.6 * 1.1 + 1
    )


def test_stakers_of_fet_get_what_the_chain_mints_and_operators_none_of_it(tmp_path: Path) -> None:
    record, _ = year(tmp_path, "asi_cloud", "given", "path")
    minted = {row.target: row.amount for row in record.flows if row.reason == "emission"}
    assert set(minted) == {"net.validators", "net.treasury"}
    # 3 % of 2.719 billion FET; 53 weeks' ends round down, the year's last tick belongs to it.
    total = sum(minted.values()) / 1e8
    assert total == pytest.approx(0.03 * 2719493896.672, rel=2e-4)
