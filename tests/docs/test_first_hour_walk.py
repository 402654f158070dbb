"""The walk of a newcomer: its commands do what the page shows, and the report's series are what it reads off them."""

from __future__ import annotations

import re
from pathlib import Path

import pages
import pytest

import sim

PAGE = (Path(__file__).parents[2] / "docs" / "first-hour-walk.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.compiled
def test_the_walk_can_be_followed_word_for_word(tmp_path):
    pages.follow(PAGE, tmp_path)
    result = sim.run(tmp_path / "study" / "scenario.yaml", store=tmp_path / "study" / "result", progress=False)
    nodes = result.differences.query("outcome == 'tao.nodes@end' and coin_price == 'both'").set_index("policy")
    early, half = nodes.loc["early_halving", "relative"], nodes.loc["every_half_year", "relative"]
    told = re.search(r"about (-\d+) % beside (-\d+) %", PAGE)
    assert [100 * half, 100 * early] == pytest.approx([float(told[1]), float(told[2])], abs=2)
    emission = result.series.query("outcome == 'tao.emission_coin' and policy == 'every_half_year'")
    assert {3600.0, 1800.0, 900.0} <= set(emission["q50"])


@pytest.mark.long
def test_the_second_halving_is_told_before_a_run(tmp_path):
    text = (Path(sim.__file__).parent / "presets" / "templates" / "first-study.yaml").read_text(encoding="utf-8")
    (line,) = [step for step in pages.steps(PAGE) if step.language == "yaml"]
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "scenario.yaml").write_text(text, encoding="utf-8")
    pages.put(line, tmp_path / "study" / "scenario.yaml")
    explained = next(step for step in pages.steps(PAGE) if "explain" in step.body)
    done = pages.run(explained, tmp_path)
    assert done.returncode == 0, done.stderr
    assert pages.differs(explained.shown, done.stdout) is None, done.stdout
