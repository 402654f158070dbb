"""Other starts: whether a study ends elsewhere from them, and that tastes and hurdles are those of the given start."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sim import study
from sim.errors import ScenarioError
from sim.report import html, markdown
from sim.scenario.asides import all_cases
from sim.study.plan import Cell
from sim.study.starts import ends, start_sentences
from sim.world import run
from tests.world.small import HOME, scenario

# By hand: 49 coins of a dollar a day feed 20 nodes at 2.40 USD a day.
FREE = {"initial": {"kind": "given", "alternatives": ["0.3x", "2x"]}, "horizon": "3 year"}
# Nobody ever decides: where a run begins is where it ends.
FIXED = {"initial": {"kind": "given", "alternatives": ["0.5x", "2x"]}, f"{HOME}.decides": "fixed", "horizon": "8 week"}


def test_more_than_one_outcome_is_told_with_shares(tmp_path: Path) -> None:
    record = study.run(scenario(FIXED), tmp_path / study.STORE, jobs=1)
    rows = {row.start: row for row in record.starts}
    assert set(rows) == {"0.5x", "2x"}
    half, double = rows["0.5x"], rows["2x"]
    assert (half.fewer, half.same, double.more, double.same) == (2, 0, 2, 0)
    assert half.mean == pytest.approx(0.5 * half.given_mean, abs=2) and double.mean == pytest.approx(
        2 * half.given_mean, abs=2
    )
    told = [sentence for sentence in record.sentences if "more than one outcome" in sentence]
    assert len(told) == 2 and "From 0.5x of the nodes runs end 2 of 2 with fewer nodes" in told[0]
    assert "too few runs (2, fewer than 10)" in told[0]
    assert "Other starts" in html.page(record, []) and "## Other starts" in markdown.markdown(record, [])


@pytest.mark.long
def test_free_entry_comes_back_from_any_start() -> None:
    given, fewer, more = (run(case, 0) for case in all_cases(scenario(FREE)))
    nodes = [record.series["net.nodes"] for record in (given, fewer, more)]
    assert [series[0] for series in nodes] == [20, 6, 40]
    # Entry finds 20 again to a node; who is too many leaves below avoidable cost only, which here is all cost there is.
    assert [series[-1] for series in nodes] == [pytest.approx(20, abs=1)] * 3
    assert not any(any(record.residuals.values()) for record in (given, fewer, more))


def test_other_starts_are_cases_of_their_own_and_the_given_one_keeps_its_key() -> None:
    plain, asked = scenario({**FIXED, "initial": "given"}), scenario(FIXED)
    assert [case.case.key for case in asked.cases()] == [case.case.key for case in plain.cases()]
    found = all_cases(asked)
    assert [case.case.policy for case in found] == ["base", "base (start 0.5x)", "base (start 2x)"]
    assert len({case.case.key for case in found}) == 3


@pytest.mark.parametrize(
    ("asked", "told"),
    [(["2"], "'2' found"), (["1x"], "'1x' found"), (["0x"], "'0x' found"), (["2x", "2.0x"], "a start stands twice")],
)
def test_what_is_no_start_is_told(asked: list[str], told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        scenario({**FIXED, "initial": {"kind": "given", "alternatives": asked}})


def test_ends_are_told_apart_by_a_tenth_or_a_node() -> None:
    def records(*last: float) -> Any:
        return [SimpleNamespace(series={"net.nodes": [0.0, nodes]}) for nodes in last]

    def slow(*values: float) -> Any:
        return [SimpleNamespace(series={"net.nodes": list(values)})]

    cell = Cell("a", "path", 0)
    plan: Any = SimpleNamespace(
        cells=lambda: [cell], starts=("3x",), networks={"net": ""}, confidence=0.95, coin_prices=("path",), points=({},),
        from_start=lambda cell, start: cell._replace(policy="a (start 3x)"),
    )  # fmt: skip
    runs = {cell: records(100, 100, 100, 5, 5), Cell("a (start 3x)", "path", 0): records(110, 111, 89, 6, 7)}
    (row,) = ends(plan, runs)
    assert (row.same, row.more, row.fewer) == (2, 2, 1)
    alike = {cell: records(100, 100), Cell("a (start 3x)", "path", 0): records(95, 105)}
    assert start_sentences(plan, ends(plan, alike))[0].startswith("One outcome: from 3x of the nodes every run ends")
    # Two runs that draw together are not two outcomes for sure; two that stay apart are.
    closing = {cell: slow(100, 100, 100, 100), Cell("a (start 3x)", "path", 0): slow(300, 200, 180, 140)}
    (row,) = ends(plan, closing)
    assert (row.late, row.apart, row.closing) == (80, 40, True)
    assert (
        "or runs not yet at rest (80 nodes apart at three quarters of the run, 40 at the end)"
        in start_sentences(plan, [row])[0]
    )
    (row,) = ends(plan, {cell: slow(100, 100, 100, 100), Cell("a (start 3x)", "path", 0): slow(300, 200, 180, 178)})
    assert not row.closing and "not yet at rest" not in start_sentences(plan, [row])[0]
