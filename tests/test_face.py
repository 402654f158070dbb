"""The face `sim`: what it names is there, results print as plain tables, frames are tidy, a user's own kind runs."""

from __future__ import annotations

import html
import json
from typing import Literal

import numpy as np
import pandas as pd
import pytest

import sim
from sim.records.columns import TABLES
from sim.scenario import catalogue
from sim.serving.routers import ROUTERS
from sim.tokenomics.payout import PAYOUT, Payout

SMALL = """\
format: 1
name: What does a dearer token cost?
start: 2026-01-01
horizon: 6 week
epoch: 1 week
requests: {mode: capacity}
workload:
  chat:
    extends: chat_steady
    model: llama-3.1-8b
    rate: 3 /s
    demand: {kind: logit, elasticity: -1.2}
networks:
  tao:
    extends: bittensor_basic
    split: {share: 0.015%}
    market: {daily_sd: 1%, depth: 40 MUSD}
    operators:
      home: {nodes: 12, gpu: rtx_4090, per_node: 1}
  cloud:
    extends: centralized
    operators:
      fleet: {nodes: 1, gpu: h100_sxm, per_node: 1}
policies:
  cheap: {}
  dear: {networks.tao.price: {output: 0.30 USD/Mtok}}
  dearest: {networks.tao.price: {output: 0.60 USD/Mtok}}
seeds: {root: 7, replications: 2}
compare:
  coin_price: [path]
  outcomes: [tao.price_paid_usd_per_mtok, tao.nodes@end]
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    file = tmp_path_factory.mktemp("face") / "study.yaml"
    file.write_text(SMALL, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def result(path):
    return sim.run(path, jobs=1, progress=False)


def test_the_face_lists_what_it_has():
    assert sorted(sim.__all__) == sim.__all__
    for name in sim.__all__:
        assert getattr(sim, name) is not None
    assert set(dir(sim)) == {*sim.__all__, "__version__"}


def test_a_name_that_is_none_is_told_with_those_that_are():
    with pytest.raises(AttributeError, match="module 'sim' has no attribute 'simulate'; it has InfermintError"):
        sim.simulate


def test_errors_of_users_and_of_runs_are_one_family():
    assert issubclass(sim.ScenarioError, sim.InfermintError) and issubclass(sim.InvariantError, sim.InfermintError)
    assert not issubclass(sim.ScenarioError, sim.InvariantError)


def test_load_gives_a_scenario_and_with_gives_another(path):
    scenario = sim.load(path)
    assert isinstance(scenario, sim.Scenario)
    dearer = scenario.with_({"networks.tao.price.output": "0.2 USD/Mtok"})
    assert dearer.spec.networks["tao"].price.output.amount == 0.2
    assert scenario.spec.networks["tao"].price.output.amount != 0.2
    with pytest.raises(sim.ScenarioError, match="did you mean `price`"):
        sim.load(path, sets=["networks.tao.prize.output=1 USD/Mtok"])


@pytest.mark.compiled
def test_a_result_shows_its_question_sentences_and_a_plain_table(result):
    assert isinstance(result, sim.Result)
    lines = repr(result).splitlines()
    assert lines[:2] == ["What does a dearer token cost?", "3 policies, 2 replications"]
    head = next(line for line in lines if line.startswith("outcome"))
    assert head.split() == ["outcome", "policy", "coin_price", "difference", "low", "high", "unit", "word"]
    rows = lines[lines.index(head) + 1 :]
    assert len(rows) == 4
    assert all(row.startswith("tao.") and len(row) <= 130 for row in rows)
    assert result.sentences and result.sentences[0] in repr(result)


@pytest.mark.compiled
def test_a_notebook_shows_a_result_as_sentences_and_a_table(result):
    shown = result._repr_html_()
    assert shown.startswith("<p><b>What does a dearer token cost?</b></p><p>3 policies, 2 replications</p>")
    assert html.escape(result.sentences[0]) in shown
    assert shown.count("<tr>") == 1 + 4 and shown.count("<td>dearest</td>") == 2
    plain = repr(result).splitlines()[-1].split()
    assert "".join(f"<td>{cell}</td>" for cell in plain[:3]) in shown


HOSTILE = "<script>alert('a & b')</script> costs $1 or $2?"


def test_a_notebook_shows_a_scenario_with_what_its_policies_change(path, tmp_path):
    shown = sim.load(path)._repr_html_()
    assert "3 policies x 1 coin prices x 1 points x 2 replications = 6 runs" in shown
    assert "2026-01-01 to 2026-02-12" in shown and "networks: tao, cloud; users: chat" in shown
    assert "<td>cheap</td><td>the baseline</td>" in shown
    assert "networks.tao.price.output: 0.095 USD/Mtok -&gt; 0.30 USD/Mtok</td>" in shown
    hostile = tmp_path / "hostile.yaml"
    hostile.write_text(SMALL.replace("What does a dearer token cost?", json.dumps(HOSTILE)), encoding="utf-8")
    shown = sim.load(hostile)._repr_html_()
    assert "<script>" not in shown and "$" not in shown
    assert html.unescape(shown.partition("<b>")[2].partition("</b>")[0]) == HOSTILE


@pytest.mark.compiled
@pytest.mark.parametrize("name", ["outcomes", "differences", "series"])
def test_frames_are_tidy(result, name):
    frame = getattr(result, name)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == list(TABLES[name])
    assert len(frame) > 0
    keys = [c for c in ("outcome", "policy", "coin_price", "point", "replication", "epoch", "time_s") if c in frame]
    assert not frame.duplicated(keys).any()


@pytest.mark.compiled
def test_outcomes_hold_every_replication_of_every_policy(result):
    paid = result.outcomes.query("outcome == 'tao.price_paid_usd_per_mtok'")
    assert len(paid) == 3 * 2
    means = paid.groupby("policy")["value"].mean()
    assert means["cheap"] < means["dear"] < means["dearest"]


@pytest.mark.compiled
def test_compare_against_the_baseline_gives_the_study_s_own_verdicts(result):
    own = result.differences.query("policy == 'dear'").reset_index(drop=True)
    pd.testing.assert_frame_equal(sim.compare(result, "dear"), own)


@pytest.mark.compiled
def test_compare_against_another_policy_turns_the_difference_round(result):
    there = sim.compare(result, "dearest", baseline="dear").set_index("outcome")["difference"]
    back = sim.compare(result, "dear", baseline="dearest").set_index("outcome")["difference"]
    assert there["tao.price_paid_usd_per_mtok"] > 0
    np.testing.assert_allclose(there.astype(float), -back.astype(float))


@pytest.mark.compiled
def test_compare_runs_a_file_with_two_of_its_policies(path, result):
    frame = sim.compare(path, "dear")
    assert set(frame["policy"]) == {"dear"}
    of_all = sim.compare(result, "dear")
    np.testing.assert_allclose(frame["difference"].astype(float), of_all["difference"].astype(float))


@pytest.mark.compiled
def test_a_policy_that_is_none_is_told_with_the_nearest(result):
    with pytest.raises(sim.ScenarioError, match="policy 'deer' found; did you mean dear"):
        sim.compare(result, "deer")
    with pytest.raises(sim.ScenarioError, match="policy 'x' found; there are cheap, dear, dearest"):
        sim.compare(result, "dear", baseline="x")


@pytest.mark.compiled
def test_a_second_run_simulates_nothing(path, tmp_path):
    told = []
    for _ in range(2):
        sim.run(path, replications=1, policies=["cheap"], jobs=1, store=tmp_path, progress=told.append)
    assert [(p.total, p.stored, p.simulated) for p in told] == [(1, 0, 0), (1, 0, 1), (1, 1, 0)]
    assert (tmp_path / "study.sqlite").is_file()


@pytest.mark.compiled
def test_progress_is_one_line_on_standard_error(path, tmp_path, capsys):
    sim.run(path, replications=1, policies=["cheap"], jobs=1, store=tmp_path / "s")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "\r0 of 1 runs\r1 of 1 runs\n")


@pytest.mark.compiled
def test_one_policy_shows_means(path, tmp_path):
    alone = sim.run(path, replications=2, policies=["cheap"], jobs=1, progress=False, store=tmp_path / "s")
    head = next(line for line in repr(alone).splitlines() if line.startswith("outcome"))
    assert head.split() == ["outcome", "policy", "coin_price", "mean", "low", "high", "unit"]
    assert len(alone.differences) == 0


@pytest.mark.compiled
def test_plots_take_a_result(result):
    axes = sim.plot.forest(result)
    assert axes.get_xlabel()
    import matplotlib.pyplot as plt

    plt.close(axes.figure)


def halves(total, work, live, row, out):
    """Half of total to the first slot; the rest is returned."""
    out[0] = total // 2
    return total - out[0]


@pytest.fixture
def own_kind():
    """A payout of one's own, known while a test runs."""

    @sim.register("payout")
    class First(Payout):
        """Half to the first slot, the rest to whoever keeps remainders."""

        rule = staticmethod(halves)
        kind: Literal["first"] = "first"

        def row(self):
            return np.zeros(0, dtype=np.int64)

    yield First
    PAYOUT.remove("first")


@pytest.mark.compiled
def test_a_kind_of_ones_own_runs_under_its_name(path, own_kind, tmp_path):
    scenario = sim.load(path, sets=["networks.tao.payout.kind=first"])
    assert isinstance(scenario.spec.networks["tao"].payout, own_kind)
    own = sim.run(scenario, replications=1, policies=["cheap"], jobs=1, progress=False, store=tmp_path / "s")
    usual = sim.run(path, replications=1, policies=["cheap"], jobs=1, progress=False, store=tmp_path / "s")
    flows = {(f.reason, f.target): f.amount for f in own.record.flows[0].rows if f.reason == "emission"}
    plain = {(f.reason, f.target): f.amount for f in usual.record.flows[0].rows if f.reason == "emission"}
    assert flows != plain
    assert own.record.flows[0].residuals == {"TAO": 0, "USD": 0}


def test_a_table_that_is_none_is_told_and_a_name_is_taken_once(own_kind):
    with pytest.raises(sim.ScenarioError, match="table 'payouts' found; did you mean 'payout'"):
        sim.register("payouts")
    with pytest.raises(ValueError, match="kind 'first' is registered already"):
        sim.register("payout")(own_kind)


def busiest_first(replica, request):
    """Packs: the replica with the most requests that has room; else the one with the fewest."""
    return -replica.outstanding if replica.outstanding < 3 else 1000 + replica.outstanding


@pytest.fixture
def own_router():
    """A router of one's own, known while a test runs."""
    yield sim.register("router")(busiest_first)
    ROUTERS.remove("busiest_first")


@pytest.mark.compiled
def test_a_router_of_ones_own_runs_on_every_engine_with_the_same_numbers(path, own_router, tmp_path):
    assert own_router is busiest_first
    hour = ["requests={mode: sampled, window: 20 s, per_epoch: 1, every: 8}", "horizon=2 week", "policies_from=1 week"]
    found = {}
    for kind, engine in (
        *(("busiest_first", engine) for engine in ("reference", "loop", "fast")),
        ("power_of_two", "fast"),
    ):
        scenario = sim.load(path, sets=[*hour, f"networks.tao.router.kind={kind}", "compare.outcomes=[tao.e2e_p95_s]"])
        result = sim.run(
            scenario, replications=1, policies=["cheap"], jobs=1, progress=False, store=tmp_path / "s", engine=engine
        )
        found[kind, engine] = result.outcomes["value"].map(repr).tolist()
    assert found["busiest_first", "reference"] == found["busiest_first", "loop"] == found["busiest_first", "fast"]
    assert found["busiest_first", "fast"] != found["power_of_two", "fast"]
    assert {
        "router": "busiest_first",
        "is": "Packs: the replica with the most requests that has room; else the one with the fewest.",
    } in [*catalogue.routers()]


def test_a_function_that_could_not_route_is_refused_when_it_is_registered():
    with pytest.raises(sim.ScenarioError, match=r"router `lonely\(replica\)` found; must take two rows"):

        @sim.register("router")
        def lonely(replica):
            return 0

    assert "lonely" not in ROUTERS


def test_a_missing_kind_is_refused_before_it_is_registered(path):
    with pytest.raises(sim.ScenarioError, match="'first' is not one of work, availability, mix"):
        sim.load(path, sets=["networks.tao.payout.kind=first"])
