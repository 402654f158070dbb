"""Every ready shock of `sim/presets/shocks` on a small capacity world and on the template of `init`."""

from __future__ import annotations

import functools
import itertools
from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.scenario import load
from sim.scenario.library import PRESETS, preset_names
from sim.scenario.nodes import leaves
from sim.scenario.reader import read_file
from sim.scenario.shocks import hits
from sim.world import run
from tests.world.small import CLOUD, HOME, LOGIT, POOL, PRICED, scenario

MOVES = {
    "demand_contraction": ("demand_rps", -1),
    "coin_crash": ("coin_usd", -1),
    "rival_yield": ("operator_surplus_usd_per_day", -1),
    "cost_inflation": ("operator_surplus_usd_per_day", -1),
    "regional_outage": ("nodes", -1),
    "new_gpu_generation": ("share_frac", -1),
}
"""What moves first, and which way."""
WORLD = {
    "horizon": "1 year",
    "networks.net.market": POOL,
    "networks.net.price": PRICED,
    "networks.cloud": CLOUD,
    "workload.chat.demand": {**LOGIT, "start": {"net": "60 %", "cloud": "40 %"}},
    f"{HOME}.capex": "2000 USD",
    f"{HOME}.hosting": "0.02 USD/h",
}
TEMPLATE = PRESETS / "templates" / "first-study.yaml"


def test_there_are_six_and_each_is_tested() -> None:
    assert preset_names("shocks") == sorted(MOVES)


@pytest.mark.parametrize("name", sorted(MOVES))
def test_every_number_says_where_it_comes_from(name: str) -> None:
    found = dict(leaves(read_file(PRESETS / "shocks" / f"{name}.yaml")))
    (entries,) = found.values()
    for entry in entries.value:
        for key in ("by", "adds", "lasts"):
            node = entry.get(key)
            assert node is None or (node.origin is not None and (node.origin.source or node.origin.flag)), key


@functools.cache
def plain() -> dict[str, list[float | None]]:
    (case,) = scenario(WORLD).cases()
    return run(case, 0).series


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(MOVES))
def test_a_ready_shock_comes_a_third_of_the_way_and_moves_what_it_says(name: str) -> None:
    (case,) = scenario({**WORLD, "shocks": [name]}).cases()
    told = run(case, 0)
    assert not any(told.residuals.values())
    outcome, sign = MOVES[name]
    before, after = plain()[f"net.{outcome}"], told.series[f"net.{outcome}"]
    # 365.25 days / 3 = 121.75 days: in the eighteenth week, so levels move with the nineteenth.
    moved = [a != b for a, b in zip(after, before, strict=True)]
    assert not any(moved[:17]) and any(moved[17:20])
    first = moved.index(True)
    assert (after[first] - before[first]) * sign > 0  # type: ignore[operator]


SCENARIOS = sorted(
    # One replays a trace that does not come along.
    path
    for path in (PRESETS.parents[1] / "scenarios").glob("*.yaml")
    if path.stem != "azure_replay"
)


@pytest.mark.long
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_shipped_scenario_takes_every_ready_shock(path: Path) -> None:
    assert len(SCENARIOS) >= 16
    known = preset_names("shocks")
    # All at once takes one reading in place of six; each of them hits something in every one of these.
    spec = load(path, [f"shocks=[{', '.join(known)}]"]).spec
    entries = [len(read_file(PRESETS / "shocks" / f"{name}.yaml").get("shocks").value) for name in known]  # type: ignore[union-attr]
    assert len(spec.shocks) == sum(entries)
    for name, first, count in zip(known, [0, *itertools.accumulate(entries)], entries, strict=False):
        assert any(hits(shock.target, spec) for shock in spec.shocks[first : first + count]), name


def test_a_shock_on_a_kind_of_network_that_is_not_there_hits_nothing_and_says_so() -> None:
    bought = {f"{HOME}.capex": "2000 USD", f"{HOME}.hosting": "0.02 USD/h"}
    alone = scenario({**bought, "shocks": ["new_gpu_generation"]})
    assert "`shocks.2` hits nothing: no network here is what `networks.*central.price` means" in alone.notices
    (case,), (calm,) = alone.cases(), scenario(bought).cases()
    told, before = run(case, 0), run(calm, 0)
    assert not any(told.residuals.values())
    assert told.series["net.nodes"] != before.series["net.nodes"]
    with pytest.raises(ScenarioError, match=r"`networks\.\*central\.price` is nothing that a shock can hit"):
        scenario({"shocks": [{"target": "networks.*central.price", "at": "4 week", "by": "-40 %", "lasts": "8 week"}]})
    for typo in (
        "networks.*.operatrs.*.electricity",
        "networks.*.operators.hoem.electricity",
        "networks.*coin.operators.*.rent",
    ):
        wrong = {"target": typo, "at": "4 week", "by": "-40 %", "lasts": "8 week"}
        with pytest.raises(ScenarioError, match="is nothing that a shock can hit"):
            scenario({"shocks": ["coin_crash", wrong]})
    with pytest.raises(ScenarioError, match=r"`networks\.\*con\.market` is nothing"):
        scenario(
            {
                "shocks": [
                    "coin_crash",
                    {"target": "networks.*con.market", "at": "4 week", "by": "-40 %", "lasts": "8 week"},
                ]
            }
        )


@pytest.mark.compiled
@pytest.mark.parametrize("name", sorted(MOVES))
def test_a_ready_shock_runs_on_the_template(name: str) -> None:
    study = load(TEMPLATE, [f"shocks+={name}", "compare.coin_price=[path]", "horizon=44 week"])
    told = run(study.case("as_announced", "path"), 0)
    assert not any(told.residuals.values())
    assert study.spec.shocks[0].begins == pytest.approx(7 * 86_400 * (13 + 31 / 3), abs=1)
    outcome, sign = MOVES[name]
    calm = run(load(TEMPLATE, ["compare.coin_price=[path]", "horizon=44 week"]).case("as_announced", "path"), 0)
    pairs = zip(told.series[f"tao.{outcome}"], calm.series[f"tao.{outcome}"], strict=True)
    differ = [(index, (a or 0.0) - (b or 0.0)) for index, (a, b) in enumerate(pairs) if a != b]
    assert differ and differ[0][0] >= 23 and differ[0][1] * sign > 0


def test_a_file_beside_the_scenario_wins_and_keys_can_be_changed(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    (tmp_path / "drought.yaml").write_text("shocks: [{target: workload, by: -20 %, lasts: 8 week}]\n")
    text = TEMPLATE.read_text().replace(
        "seeds:", "shocks: [drought, {extends: coin_crash, at: 20 week, by: -90 %}]\nseeds:"
    )
    file.write_text(text)
    drought, crash, outage = load(file, ["shocks+=regional_outage"]).spec.shocks
    assert (drought.target, drought.by, crash.begins, crash.by) == ("workload", -0.2, 20 * 604_800.0, -0.9)
    assert outage.shape == "decay"
