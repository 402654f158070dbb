"""Outcomes beside their baseline: what is same, moved or undecided, and what a reader is told of it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy import stats

from sim.cli import main
from sim.records.baseline import Baseline, row_of
from sim.records.regression import Change, Regression
from sim.report import regression as told
from sim.study import regression, statistics
from sim.study.plan import Zone
from sim.study.store import Store
from tests.study.small import SMALL

pytestmark = pytest.mark.long


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The command line in an empty folder with `small.yaml`: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")

    def called(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["check", "small.yaml", "--jobs", "1", "--quiet", *words])
        out = capsys.readouterr()
        return int(left.value.code or 0), out.out, out.err

    return called


def halve_earlier(folder: Path) -> None:
    """The planted change: emission is halved four years early."""
    path = folder / "small.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("2029-12-14", "2026-01-20"), encoding="utf-8")


def test_without_a_baseline_the_next_step_is_told(call):
    code, _, said = call()
    assert code == 2
    assert "no baseline of small.yaml is there; write one with: infermint check small.yaml --update" in said


def test_what_has_not_changed_is_same_without_a_run(call, tmp_path: Path):
    assert call("--update")[0] == 0
    kept = (tmp_path / "reports" / "small" / "study.sqlite").stat().st_mtime_ns
    code, said, _ = call()
    assert code == 0
    assert said.startswith("Small: 2 outcomes same; nothing that they depend on has changed")
    assert (tmp_path / "reports" / "small" / "study.sqlite").stat().st_mtime_ns == kept
    # Runs say the same.
    code, said, _ = call("--simulate", "--json")
    document = json.loads(said)["checks"][0]
    assert code == 0 and not document["by_digest"]
    assert [(row["state"], row["why"]) for row in document["outcomes"]] == [("same", "equal to the last digit")] * 2
    assert [check["ok"] for check in document["checks"]] == [True]


def test_a_changed_check_is_not_told_as_it_was(call, tmp_path: Path):
    call("--update")
    path = tmp_path / "small.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("at_least: 1 nodes", "at_least: 1000 nodes"), encoding="utf-8"
    )
    code, said, _ = call()
    assert code == 1 and "check FAILED" in said


def test_a_planted_halving_is_told_with_its_line(call, tmp_path: Path):
    call("--update")
    halve_earlier(tmp_path)
    code, said, _ = call("--junit", "out.xml", "--summary", "out.md")
    assert code == 1
    assert "MOVED      tao.emission_coin (as_announced, path): " in said
    assert "scenario changed: networks.tao.supply.first  2029-12-14 -> 2026-01-20   (small.yaml:12)" in said
    root = ElementTree.parse(tmp_path / "out.xml").getroot()
    assert [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None] != []
    assert root.find("testsuite").attrib["tests"] == "3"
    assert "| moved | `tao.emission_coin` |" in (tmp_path / "out.md").read_text(encoding="utf-8")
    code, said, _ = call("--format", "github")
    assert code == 1 and "::error file=small.yaml,line=12::tao.emission_coin" in said


def test_what_moved_is_accepted_only_with_a_reason(call, tmp_path: Path):
    call("--update")
    before = (tmp_path / "outcomes" / "small.baseline.json").read_text(encoding="utf-8")
    halve_earlier(tmp_path)
    code, _, said = call("--update")
    assert code == 2 and "say why with --because 'the reason'" in said
    assert (tmp_path / "outcomes" / "small.baseline.json").read_text(encoding="utf-8") == before
    assert call("--update", "--because", "halved in January")[0] == 0
    assert json.loads((tmp_path / "outcomes" / "small.baseline.json").read_text())["because"] == "halved in January"
    assert call()[0] == 0


def test_a_file_that_is_no_baseline_is_told(call, tmp_path: Path):
    (tmp_path / "outcomes").mkdir()
    for text, why in (("{", "not a baseline"), ("[]", "format None found; must be 1"), ('{"format": 1}', "missing")):
        (tmp_path / "outcomes" / "small.baseline.json").write_text(text, encoding="utf-8")
        code, _, said = call()
        assert code == 2 and "not a baseline of outcomes" in said and why in said


def test_a_baseline_survives_being_written_and_is_the_same_bytes(call, tmp_path: Path):
    call("--update")
    text = (tmp_path / "outcomes" / "small.baseline.json").read_text(encoding="utf-8")
    assert Baseline.from_json(text).to_json() == text
    rows = [line for line in text.splitlines() if '"outcome"' in line and '"values"' in line]
    assert len(rows) == 2


def test_sequential_stops_where_it_is_decided(call, tmp_path: Path):
    call("--update")
    (tmp_path / "reports").rename(tmp_path / "gone")
    halve_earlier(tmp_path)
    assert regression.looks_of(32, True) == [8, 16, 32] and regression.looks_of(4, True) == [4]
    assert regression.looks_of(32, False) == [32]
    assert call("--sequential")[0] == 1


def test_sequential_goes_on_while_a_promise_is_open(call, tmp_path: Path):
    path = tmp_path / "small.yaml"
    promise = SMALL.replace(
        "tao.nodes@end, policy: as_announced, at_least: 1 nodes", "tao.break_even_coin_usd, at_least: 4480 USD"
    )
    codes = {}
    for replications, words in ((8, ()), (16, ()), (16, ("--sequential",))):
        path.write_text(promise.replace("replications: 4", f"replications: {replications}"), encoding="utf-8")
        call("--update", "--because", "another number of runs")
        codes[replications, words] = call("--simulate", *words)[0]
    # Eight runs leave it open whether the mean is above, sixteen do not: who looks at eight first must go on.
    assert codes == {(8, ()): 4, (16, ()): 0, (16, ("--sequential",)): 0}


def test_sequential_simulates_no_more_than_it_needs(call, tmp_path: Path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace("replications: 4", "replications: 16"), encoding="utf-8")
    call("--update")
    (tmp_path / "reports").rename(tmp_path / "gone")
    halve_earlier(tmp_path)
    assert call("--sequential")[0] == 1
    with Store(tmp_path / "reports" / "small" / "study.sqlite", create=False) as store:
        assert store.count() == regression.looks_of(16, True)[0] < 16


ROW = row_of(("p", "path", "", "net.e2e_p95_s"), "s", 1.0, [])


def changed(before: np.ndarray, after: np.ndarray, band: float, same_users: bool = True) -> str:
    """The state of one outcome with those values, a band relative to the baseline's mean."""

    rows = [row_of(ROW.key, "s", float(values.mean()), values.tolist()) for values in (before, after)]
    [found] = regression.judge_rows(lambda _: Zone(relative=band), [(rows[0], rows[1])], same_users, 0.95)
    return found.state


def test_states_of_one_outcome():
    rng = np.random.default_rng(5)
    base = 10 + rng.normal(size=32)
    noise = 0.05 * rng.normal(size=32)
    assert changed(base, base, 0.05) == "same"
    assert changed(base, base + noise, 0.05) == "same"
    assert changed(base, base + 1.0 + noise, 0.05) == "moved"
    assert changed(base, base - 1.0 + noise, 0.05) == "moved"
    assert changed(base, base + 0.5 + noise, 0.05) == "undecided"
    # The same shift between users who differ is not seen, and not taken for none.
    assert changed(base, base[::-1] + 0.2 + noise, 0.02, same_users=False) == "undecided"


def test_a_number_that_vanishes_has_moved():
    rows = [row_of(ROW.key, "s", mean, values) for mean, values in ((1.0, [1.0, 1.0]), (None, [None, 1.0]))]
    [found] = regression.judge_rows(lambda _: Zone(), [(rows[0], rows[1])], True, 0.95)
    assert (found.state, found.why) == ("moved", "had a number, has none")


def test_welchs_interval_is_scipys():
    rng = np.random.default_rng(3)
    ours, theirs = rng.normal(1, 2, 12).tolist(), rng.normal(0, 1, 30).tolist()
    found, known = statistics.unpaired(ours, theirs), stats.ttest_ind(ours, theirs, equal_var=False)
    interval = known.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-12)
    assert found.p == pytest.approx(known.pvalue, rel=1e-9)
    with pytest.raises(ValueError, match="0 and 1 values found"):
        statistics.unpaired([], [1.0])


def test_what_is_written_in_a_scenario_cannot_break_the_summary():
    row = dataclasses.replace(ROW, policy="<script>|`")
    found = Regression("<b>|\n", "b.json", [Change(row, "new", after=1.0)], [], [], [], 4)
    text = told.markdown([found])
    assert "<" not in text.replace("&lt;", "") and text.count("\n### ") == 0
    ElementTree.fromstring(told.junit([found]))


def test_two_scenarios_do_not_share_a_baseline(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "scenario.yaml").write_text(SMALL, encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        main(["check", "a/scenario.yaml", "b/scenario.yaml", "--update", "--quiet"])
    assert left.value.code == 2
    assert "its baseline would be outcomes/scenario.baseline.json, and another's too" in capsys.readouterr().err
