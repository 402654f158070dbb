"""A scenario file through a study to its directory, with the simulator itself."""

import json
from pathlib import Path

import pytest

from sim.scenario import load
from sim.study import STORE, Store, export, run

pytestmark = pytest.mark.compiled

SCENARIO = """
format: 1
name: Does a faster halving empty the network?
start: 2026-01-01
horizon: 12 week
epoch: 1 week
requests: {mode: capacity}
initial: steady
policies_from: 4 week
workload:
  steady:
    extends: chat_steady
    model: llama-3.1-8b
    rate: 3 /s
    demand: {kind: logit, elasticity: -1.2, value_of_time: 0.02 USD/h, lag: 8 week, start: {tao: 60%, cloud: 40%}}
networks:
  tao:
    extends: bittensor_basic
    supply: {kind: halving, initial: 3600 TAO/day, first: 2029-12-14, every: 4 year, cap: 21 MTAO}
    split: {share: 0.015%}
    market: {daily_sd: 1%, depth: 40 MUSD}
    operators:
      home: {nodes: 12, gpu: rtx_4090, per_node: 1}
  cloud:
    extends: centralized
    operators:
      fleet: {nodes: 1, gpu: h100_sxm, per_node: 1, hosting: 0.35 USD/h}
policies:
  as_now: {}
  dearer: {networks.tao.price: {input: 0.05 USD/Mtok, output: 0.20 USD/Mtok}}
seeds: {root: 7, replications: 2}
compare:
  coin_price: [path]
  outcomes: [tao.price_paid_usd_per_mtok, cloud.share_frac, tao.e2e_p95_s]
checks:
  - {outcome: tao.price_paid_usd_per_mtok, policy: as_now, below: dearer}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def scenario(folder):
    (folder / "prices.yaml").write_text(SCENARIO)
    return load(folder / "prices.yaml")


@pytest.fixture(scope="module")
def record(scenario, folder):
    return run(scenario, folder / "out" / STORE, jobs=1)


def test_a_dearer_network_loses_users_to_the_cloud(record):
    """Output at 0.20 instead of the preset's price: users pay more, and some go to the cloud instead."""
    words = {verdict.outcome: verdict for verdict in record.verdicts}
    assert words["tao.price_paid_usd_per_mtok"].word == "worse"
    assert words["cloud.share_frac"].word == "higher"
    assert words["tao.e2e_p95_s"].word == "not supported"  # capacity mode serves no single request
    assert words["tao.e2e_p95_s"].why
    assert [check.ok for check in record.checks] == [True]
    assert record.sentences[1].startswith("Dearer: tao price paid ")


def test_coins_and_dollars_leave_no_residual(record):
    assert [flows.residuals for flows in record.flows] == [{"TAO": 0, "USD": 0}] * 2


def test_a_second_study_finds_every_run_and_says_the_same(scenario, record, folder):
    told = []
    again = run(scenario, folder / "out" / STORE, progress=told.append)
    assert [(p.total, p.stored, p.simulated) for p in told] == [(4, 4, 0)]
    assert again.to_json() == record.to_json()


def test_two_workers_say_the_same_to_the_byte(scenario, record, folder):
    assert run(scenario, folder / "two" / STORE, jobs=2).to_json() == record.to_json()


def test_the_directory_tells_the_study(record, folder):
    with Store(folder / "out" / STORE, create=False) as store:
        export(record, folder / "out", store.finished())
    manifest = json.loads((folder / "out" / "manifest.json").read_text())
    assert (manifest["runs"], manifest["scenario_file"]) == (4, "../prices.yaml")
    assert manifest["wall_s"] > 0
    assert Path(folder / "out" / "summary.json").exists()
