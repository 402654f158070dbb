"""`infermint diff`: values with their lines, and outcomes where both sides have run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sim.cli import main
from tests.study.small import SMALL

pytestmark = pytest.mark.long

LATER = SMALL.replace("2029-12-14", "2026-01-20").replace("nodes: 12", "nodes: 14")


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """`infermint diff` in a folder with a.yaml and b.yaml: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(LATER, encoding="utf-8")

    def called(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["diff", *words, "--jobs", "1", "--quiet"])
        out = capsys.readouterr()
        return int(left.value.code or 0), out.out, out.err

    return called


def test_values_are_told_with_the_lines_that_say_so(call):
    code, said, _ = call("a.yaml", "b.yaml")
    assert code == 0
    assert said.splitlines()[:4] == [
        "a.yaml -> b.yaml",
        "2 values differ",
        "  networks.tao.operators.home.nodes  12 -> 14   (a.yaml:15 -> b.yaml:15)",
        "  networks.tao.supply.first  2029-12-14 -> 2026-01-20   (a.yaml:12 -> b.yaml:12)",
    ]
    assert "outcomes are not compared: reports/a/study.sqlite does not have the runs of a.yaml" in said


def test_outcomes_are_paired_where_both_have_run(call):
    _, said, _ = call("a.yaml", "b.yaml", "--run", "--json")
    found = json.loads(said)
    assert found["paired"] and found["replications"] == [4, 4]
    states = {row["outcome"]: row["state"] for row in found["outcomes"]}
    assert states["tao.emission_coin"] == "moved" and states["tao.coin_usd"] == "same"
    (row,) = [row for row in found["outcomes"] if row["outcome"] == "tao.emission_coin"]
    # Halved after 19 of 60 days, in each replication alike.
    assert row["before"] == pytest.approx(3600)
    assert row["after"] == pytest.approx((19 * 3600 + 41 * 1800) / 60)
    assert row["low"] == row["high"] == row["difference"]


def test_a_scenario_beside_itself_says_the_same(call):
    _, said, _ = call("a.yaml", "a.yaml", "--run")
    assert said.splitlines()[1] == "scenarios say the same"
    assert re.search(r"^of (\d{2,}) outcomes \1 same \(4 replications, paired by replication\)$", said, re.MULTILINE)


def test_folders_of_results_are_compared_too(call, tmp_path: Path):
    call("a.yaml", "b.yaml", "--run")
    files = json.loads(call("a.yaml", "b.yaml", "--json")[1])
    folders = json.loads(call("reports/a", "reports/b", "--json")[1])
    assert [row["difference"] for row in folders["outcomes"]] == [row["difference"] for row in files["outcomes"]]
    assert {row["path"]: (row["a"], row["b"]) for row in folders["values"]} == {
        "networks.tao.operators.home.nodes": ("12", "14"),
        "networks.tao.supply.first": ("2029-12-14", "2026-01-20"),
    }


def test_other_users_are_not_paired(call, tmp_path: Path):
    (tmp_path / "b.yaml").write_text(SMALL.replace("root: 7", "root: 8"), encoding="utf-8")
    _, said, _ = call("a.yaml", "b.yaml", "--run")
    assert "other users on each side, so not paired" in said


def test_what_is_not_there_is_told(call, tmp_path: Path):
    code, _, said = call("a.yaml", "c.yaml")
    assert code == 2 and "`c.yaml`: no such file" in said
    (tmp_path / "empty").mkdir()
    code, _, said = call("a.yaml", "empty")
    assert code == 2 and "there is no store here" in said


def test_what_one_side_alone_has_is_told(call, tmp_path: Path):
    more = SMALL.replace(
        "  as_announced: {}\n", "  as_announced: {}\n  later: {networks.tao.supply: {first: 2026-02-10}}\n"
    )
    (tmp_path / "b.yaml").write_text(more, encoding="utf-8")
    _, said, _ = call("a.yaml", "b.yaml", "--run")
    assert "new        tao.emission_coin (later, path): " in said and "; a.yaml does not have it" in said
    _, said, _ = call("b.yaml", "a.yaml")
    assert "gone       tao.emission_coin (later, path): was " in said and "; a.yaml does not have it" in said
