"""`infermint check` on the main study: an unchanged tree passes without a run, and a planted halving is told with its line."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from sim.cli import main

pytestmark = [pytest.mark.compiled, pytest.mark.slow]

DEMO = Path(__file__).parents[2] / "scenarios" / "demo.yaml"
ANNOUNCED = "first: 2029-12-14, every: 4 year"
SOONER = "first: 2027-12-14, every: 2 year"


def test_the_demo_passes_by_digest_and_a_sooner_halving_is_told(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(DEMO, "demo.yaml")

    def check(*words: str) -> tuple[int, str]:
        few = ("--set", "seeds.replications=4", "--jobs", "2", "--quiet")
        with pytest.raises(SystemExit) as left:
            main(["check", "demo.yaml", *few, *words])
        return int(left.value.code or 0), capsys.readouterr().out

    assert check("--update")[0] == 0
    # The runs are away: what is told now is told without any, and none is made.
    Path("reports").rename("away")
    code, said = check("--json")
    (found,) = json.loads(said)["checks"]
    assert code == 0 and found["by_digest"] and {row["state"] for row in found["outcomes"]} == {"same"}
    assert len(found["outcomes"]) == 6 * 3 * 2
    assert not Path("reports").exists()

    Path("away").rename("reports")
    text = DEMO.read_text(encoding="utf-8")
    assert text.count(ANNOUNCED) == 1
    line = 1 + text[: text.index(ANNOUNCED)].count("\n")
    Path("demo.yaml").write_text(text.replace(ANNOUNCED, SOONER), encoding="utf-8")
    code, said = check()
    assert code == 1
    number = r"[-+]?[\d.,]+"
    moved = rf"MOVED +tao\.\S+ \(four_years, (pool|path)\): {number}.* -> {number}.*, change .*\[{number}, {number}\].*, band ±{number}"
    assert re.search(moved, said), said
    # `two_years` and `fees_only` have a supply of their own: of them nothing moves.
    assert not re.search(r"MOVED .*\((two_years|fees_only),", said)
    assert f"networks.tao.supply.first  2029-12-14 -> 2027-12-14   (demo.yaml:{line})" in said
    assert f"networks.tao.supply.every  4 year -> 2 year   (demo.yaml:{line})" in said
