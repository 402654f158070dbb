"""The presets of Bittensor: alone, beside the cloud, and under each dated rule set."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.records.run import RunRecord
from sim.scenario import load
from sim.tokenomics.chains.bittensor.rules import RULES
from sim.world import run

pytestmark = [pytest.mark.compiled, pytest.mark.long]

FILE = """
format: 1
name: Bittensor
start: 2026-11-01
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
  net: {{extends: {preset}, chain: {chain}}}
  {beside}
policies: {{base: {{}}}}
compare: {{baseline: base, coin_price: [pool]}}
"""


FEW = "{simulated: 40}"
FULL = "{simulated: 127, miners: 191, validators: {honest: {kind: honest, count: 64, stake: 100 %, noise: 5 %}}}"
"""256 uids: the owner's is the last."""


def play(
    folder: Path, preset: str, horizon: str = "90 day", initial: str = "given", beside: str = "", chain: str = FEW
) -> RunRecord:
    file = folder / "alone.yaml"
    file.write_text(FILE.format(preset=preset, horizon=horizon, initial=initial, beside=beside, chain=chain))
    (case,) = load(file).cases()
    return run(case, 0)


def numbers(record: RunRecord, outcome: str) -> list[float]:
    return [value for value in record.series[outcome] if value is not None]


@pytest.mark.parametrize("initial", [pytest.param("given", marks=pytest.mark.slow), "steady"])
def test_ninety_days_alone(tmp_path: Path, initial: str) -> None:
    record = play(tmp_path, "bittensor", initial=initial)
    assert set(record.residuals.values()) == {0}
    # A run that leaves in year 1 what the network calls plausible, or fills its slots, says so.
    assert record.notes == []
    nodes = numbers(record, "net.nodes")
    assert len(nodes) == 90
    # The file's nodes earn more than they cost: cheap cards come, as work is paid, within their lead time of two weeks.
    assert 0.9 * nodes[0] < min(nodes) <= max(nodes) < (1.1 if initial == "steady" else 2.5) * nodes[0]
    assert numbers(record, "net.alpha_tao")[-1] == pytest.approx(0.085, rel=0.1)


def test_ninety_days_beside_the_cloud(tmp_path: Path) -> None:
    record = play(tmp_path, "bittensor", initial="steady", beside="cloud: {extends: centralized}")
    assert set(record.residuals.values()) == {0}
    # All of its emission goes to operators whatever users pay, so both networks keep their users.
    shares = [numbers(record, f"{name}.share_frac") for name in ("net", "cloud")]
    assert all(0.05 < value < 0.95 for each in shares for value in each)
    assert numbers(record, "cloud.nodes")[-1] > 0


PINNED = {
    "price": (0.0851234, 0.1234095),
    "price_v3": (0.0851234, 0.1234095),
    "flow": (0.0851233, 0.1259581),
    "net_flow": (0.0852056, 0.1261069),
    "root_price": (0.0851588, 0.1336918),
    "price_unburned": (0.0851530, 0.1572327),
    "gated": (0.0851556, 0.1573161),
    "gated_burn_free": (0.0854441, 0.1331465),
    "gated_again": (0.0851556, 0.1573161),
}
"""After ten days under each rule set: alpha's price in TAO, and the subnet's share of a block's TAO."""


@pytest.mark.parametrize("rules", [one.name for one in RULES])
def test_ten_days_under_each_rule_set(tmp_path: Path, rules: str) -> None:
    record = play(tmp_path, f"bittensor_{rules}", horizon="10 day")
    assert set(record.residuals.values()) == {0}
    found = (numbers(record, "net.alpha_tao")[-1], numbers(record, "net.tao_share_frac")[-1])
    assert found == pytest.approx(PINNED[rules], rel=1e-4)


@pytest.mark.slow
def test_a_subnet_of_256_uids_in_a_chain_of_127(tmp_path: Path) -> None:
    full, small = (play(tmp_path, "bittensor", "30 day", "steady", chain=chain) for chain in (FULL, "{simulated: 127}"))
    assert set(full.residuals.values()) == {0} and full.notes == []
    # How many uids share the miners' part, and how many validators agree on it, moves neither price nor nodes.
    assert numbers(full, "net.alpha_tao") == pytest.approx(numbers(small, "net.alpha_tao"), rel=1e-6)
    assert full.outcomes["net.nodes"] == pytest.approx(small.outcomes["net.nodes"], rel=0.02)
    assert full.outcomes["net.gini"] == pytest.approx(small.outcomes["net.gini"], abs=0.02)


def test_a_subnet_has_no_more_than_256_uids(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="257 uids found; a subnet has 256"):
        play(tmp_path, "bittensor", chain=FULL.replace("191", "192"))
