"""Which parameters move a difference: Sobol' indices and a tornado of a small scenario, from the file to the figure."""

import csv
import json
from pathlib import Path

import pytest

from sim.cli import main
from sim.errors import ScenarioError
from sim.scenario import load
from sim.study import STORE
from sim.study.run import How
from sim.study.sensitivity import sensitivity
from sim.study.store import Store, run_key
from sim.world import run
from tests.study.dearer import dearer

pytestmark = pytest.mark.compiled

SCENARIO = dearer(
    "4 week",
    """\
  workload.chat.demand.elasticity: {uniform: [-2.5, -0.5]}
  networks.tao.operators.home.electricity: {uniform: [0.05 USD/kWh, 0.30 USD/kWh], group: power, correlation: 0.5}
""",
    "cloud.share_frac, tao.price_paid_usd_per_mtok",
)
ELASTICITY, ELECTRICITY = "workload.chat.demand.elasticity", "networks.tao.operators.home.electricity"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("sensitivity") / "prices.yaml"
    path.write_text(SCENARIO)
    return path


@pytest.fixture(scope="module")
def store(file):
    return file.parent / "out" / STORE


def test_elasticity_alone_moves_how_many_users_a_dearer_price_drives_away(file, store):
    record = sensitivity(load(file), store, "sobol", points=32, outcomes=["cloud.share_frac"], how=How(jobs=1))
    by_path = {one.parameter: one for one in record.indices}
    assert record.runs == 32 * (2 + 2) * 2
    # Users do not see what electricity costs: the whole variance is elasticity's, within what 32 points tell.
    assert by_path[ELASTICITY].total == pytest.approx(1.0, abs=0.1)
    assert by_path[ELASTICITY].first_low < 1.0 < by_path[ELASTICITY].first_high
    assert by_path[ELECTRICITY].total == pytest.approx(0.0, abs=1e-9)
    assert "groups are left out (power): parameters are moved independently here" in record.warnings


def test_a_tornado_moves_one_parameter_at_a_time(file, store):
    record = sensitivity(load(file), store, "tornado", how=How(jobs=1))
    share = [bar for bar in record.swings if bar.asked.outcome == "cloud.share_frac"]
    assert [bar.parameter for bar in share] == [ELASTICITY, ELECTRICITY]  # widest first
    assert share[0].at_low > share[0].base > share[0].at_high > 0  # the more elastic, the more users leave
    assert (share[0].low_text, share[1].high_text) == ("-2.5", "0.3 USD/kWh")
    assert share[1].at_low == share[1].at_high == share[1].base
    # The base is what a study says at the file's values, in the same replications.
    from sim.study import run as study

    (verdict,) = [
        v for v in study(load(file), store, jobs=1, replications=1).verdicts if v.outcome == "cloud.share_frac"
    ]
    assert share[0].base == verdict.difference


def test_one_policy_is_asked_for_its_level(file, store):
    record = sensitivity(
        load(file), store, "tornado", policies=["cheap"], outcomes=["cloud.share_frac"], how=How(jobs=1)
    )
    assert {bar.asked.baseline for bar in record.swings} == {""}
    assert 0.05 < record.swings[0].base < 0.95


def test_points_leave_what_was_asked_of_them_and_tell_what_whole_runs_tell(file, tmp_path):
    asked = ["cloud.share_frac", "tao.nodes@min"]
    simulated = []

    def analysis(store, outcomes):
        how = How(jobs=1, progress=lambda now: simulated.append(now.total - now.stored))
        record = sensitivity(load(file), tmp_path / store, "tornado", outcomes=outcomes, how=how)
        return record, simulated[-1]

    first, runs = analysis("parts", asked)
    assert analysis("parts", asked) == (first, 0)  # resumed, nothing simulated again
    # Numbers that were not kept are asked of new runs, and never taken from what is left of others.
    more, again = analysis("parts", [*asked, "tao.price_paid_usd_per_mtok"])
    assert again == runs == first.runs and len(more.swings) == len(first.swings) * 3 // 2

    with Store(tmp_path / "parts", create=False) as store, Store(tmp_path / "whole") as whole:
        cases = load(file).with_numbers([[None, None], [-2.0, None]]).cases()
        for case in cases:
            for replication in range(2):
                key = run_key(case.case.key)
                assert store.get(key, replication) is None
                whole.put(key, replication, run(case, replication))
    # Whole runs serve as well: those of the file's own values, in whichever set they stand.
    found, rest = analysis("whole", asked)
    assert found == first and rest < runs


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"points": 48}, "--points 48 found; Sobol' points are even only by powers of two: 32 or 64"),
        ({"outcomes": ["tao.nods"]}, "did you mean nodes"),
    ],
)
def test_what_cannot_be_asked_is_told(file, store, more, told):
    with pytest.raises(ScenarioError, match=told):
        sensitivity(load(file), store, "sobol", **more)


def test_without_uncertain_parameters_there_is_nothing_to_move(tmp_path):
    path = tmp_path / "known.yaml"
    path.write_text(SCENARIO[: SCENARIO.index("uncertain:")] + SCENARIO[SCENARIO.index("seeds:") :])
    with pytest.raises(ScenarioError, match="no parameter is uncertain, so no set can be drawn"):
        sensitivity(load(path), tmp_path / STORE, "sobol")


@pytest.mark.parametrize("method", ["sobol", "tornado"])
def test_the_verb_leaves_a_table_a_figure_and_one_document(file, store, capsys, method):
    call = ["sensitivity", file, "--method", method, "--points", "32", "--out", store.parent, "--jobs", "1", "-q"]
    for more in ([], ["--json"]):
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in (*call, *more)])
        assert left.value.code == 0
        out = capsys.readouterr().out
    document = json.loads(out)
    assert document["method"] == method and document["points"] == (32 if method == "sobol" else 5)
    with open(document["files"]["csv"]) as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 2 * 2
    assert {row["parameter"] for row in rows} == {ELASTICITY, ELECTRICITY}
    assert {row["unit"] for row in rows} == {"fraction", "USD/Mtok"}
    figure = Path(document["files"]["svg"]).read_text()
    unit = "share of the variance of the difference (1)" if method == "sobol" else "difference (pp)"
    assert unit in figure and "chat elasticity" in figure
    assert Path(document["files"]["png"]).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
