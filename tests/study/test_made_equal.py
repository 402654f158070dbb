"""A study whose policies are made equal, under the other verbs: `sensitivity`, `store gc`, `diff`; and what its verdicts may say."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from sim.cli import main
from sim.scenario import load
from sim.study import STORE
from sim.study.run import How, run
from sim.study.sensitivity import sensitivity
from tests.study.small import SMALL

pytestmark = pytest.mark.long

UNEQUAL = (
    SMALL.replace("replications: 4", "replications: 2").replace(
        "as_announced: {}", "as_announced: {}\n  half: {networks.tao.supply: {initial: 1800 TAO/day}}"
    )
    + "uncertain: {networks.tao.operators.home.electricity: {uniform: [0.05 USD/kWh, 0.30 USD/kWh]}}\n"
)
EQUAL = UNEQUAL.replace("compare: {", "compare: {hold: emission_total, ")


def equalized(least: str, most: str) -> str:
    """The emission of `half` turned between two of its first rates until it is the baseline's."""
    asked = f"outcome: tao.emission_coin, value: baseline, by: networks.tao.supply.initial, within: [{least}, {most}]"
    return UNEQUAL.replace("compare: {", f"compare: {{equalize: {{{asked}}}, ")


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """`infermint` in a folder with equal.yaml and plain.yaml: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "equal.yaml").write_text(EQUAL, encoding="utf-8")
    (tmp_path / "plain.yaml").write_text(UNEQUAL, encoding="utf-8")

    def called(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(list(words))
        told = capsys.readouterr()
        return int(left.value.code or 0), told.out, told.err

    return called


def dropped(call, *words: str) -> int:
    code, said, _ = call("store", "gc", *words, "--dry-run", "--json")
    assert code == 0
    return json.loads(said)["dropped"]


def test_sensitivity_compares_what_was_made_equal(tmp_path):
    (tmp_path / "equal.yaml").write_text(EQUAL, encoding="utf-8")
    found = sensitivity(
        load(tmp_path / "equal.yaml"), tmp_path / STORE, "tornado", outcomes=["tao.emission_coin"], how=How(jobs=1)
    )
    (bar,) = found.swings
    # As the file says it is 1800 coins a day less; made equal, as many within half a percent.
    assert abs(bar.base) < 0.005 * 3600
    assert any("in the joint sets they keep what was found there" in warning for warning in found.warnings)


def test_a_policy_that_could_not_be_made_equal_is_not_comparable(tmp_path):
    # `half` says 1800: it needs 3600, which the first range does not have.
    for most, word, why in (
        ("2000 TAO/day", "not comparable", "tao.emission_coin could not be made equal under half"),
        ("5000 TAO/day", "no difference", ""),
    ):
        (tmp_path / "equal.yaml").write_text(equalized("1000 TAO/day", most), encoding="utf-8")
        record = run(load(tmp_path / "equal.yaml"), tmp_path / STORE, jobs=1)
        verdict = next(one for one in record.verdicts if one.outcome == "tao.emission_coin")
        assert (verdict.word, verdict.why) == (word, why)


def test_gc_keeps_tries_solved_runs_and_points(call):
    assert call("run", "equal.yaml", "--jobs", "1", "-q")[0] == 0
    assert call("sensitivity", "equal.yaml", "--method", "tornado", "--jobs", "1", "-q")[0] == 0
    assert dropped(call, "reports/equal", "equal.yaml") == 0
    runs = json.loads(call("store", "show", "reports/equal", "--json")[1])["finished"]
    assert call("run", "equal.yaml", "--uncertain", "3", "--jobs", "1", "-q")[0] == 0
    assert dropped(call, "reports/equal", "equal.yaml", "--uncertain", "3") == 0
    # Three sets of two runs: made equal, both policies say the same.
    assert dropped(call, "reports/equal", "equal.yaml") == 3 * 2
    assert call("store", "gc", "reports/equal", "equal.yaml")[0] == 0
    assert json.loads(call("store", "show", "reports/equal", "--json")[1])["finished"] == runs
    assert f"{2 * 2} of {2 * 2} runs from the store" in call("run", "equal.yaml", "--jobs", "1", "-q")[1]


def test_gc_refuses_where_the_store_does_not_tell_what_was_tried(call):
    assert call("run", "equal.yaml", "--jobs", "1", "-q")[0] == 0
    with sqlite3.connect("reports/equal/study.sqlite") as file:
        file.execute("DROP TABLE asked")  # a file of an earlier version
    code, _, said = call("store", "gc", "reports/equal", "equal.yaml")
    assert code == 2 and "does not tell which runs made the policies" in said.replace("\n", " ")
    assert call("run", "equal.yaml", "--jobs", "1", "-q")[0] == 0
    assert dropped(call, "reports/equal", "equal.yaml") == 0


def test_gc_knows_the_options_of_run(call, tmp_path):
    (tmp_path / "own.py").write_text("# registers nothing\n")
    words = ("--set", "networks.tao.operators.home.nodes=14", "--shock", "coin_crash", "--plugin", "own.py")
    assert call("run", "plain.yaml", "--jobs", "1", "-q", *words)[0] == 0
    assert dropped(call, "reports/plain", "plain.yaml", *words) == 0
    assert (
        dropped(call, "reports/plain", "plain.yaml", *words[2:]) == 8
    )  # policies, with and without shocks, replications


def test_diff_sees_the_runs_of_policies_that_were_made_equal(call, tmp_path):
    (tmp_path / "equal.yaml").write_text(equalized("1000 TAO/day", "5000 TAO/day"), encoding="utf-8")
    said = call("diff", "equal.yaml", "plain.yaml", "--jobs", "1", "-q")[1]
    assert "reports/equal/study.sqlite does not have the runs of equal.yaml" in said
    code, said, _ = call("diff", "equal.yaml", "plain.yaml", "--run", "--jobs", "1", "-q", "--json")
    found = {(row["policy"], row["outcome"]): row for row in json.loads(said)["outcomes"]}
    row = found["half", "tao.emission_coin"]
    assert code == 0 and row["before"] == pytest.approx(3600, rel=0.005) and row["after"] == pytest.approx(1800)
    # And again without --run: everything is there.
    assert json.loads(call("diff", "equal.yaml", "plain.yaml", "-q", "--json")[1])["replications"] == [2, 2]
