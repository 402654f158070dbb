"""`list` reads the same tables as reading does; `init` writes a start that runs."""

from __future__ import annotations

import pytest

from sim.blocks import Block
from sim.errors import ScenarioError
from sim.records.outcomes import OUTCOMES
from sim.scenario import load
from sim.scenario.catalogue import LISTS, listing
from sim.scenario.init import init
from sim.scenario.nodes import plain
from sim.scenario.reader import read_file
from sim.tokenomics.supply import SUPPLY


@pytest.mark.parametrize("what", ["", *LISTS])
def test_every_list_has_rows_of_one_shape_and_no_empty_sentence(what):
    rows = listing(what)
    assert rows
    assert len({tuple(row) for row in rows}) == 1
    assert all(row.get("is", "x") for row in rows)


def test_lists_hold_what_there_is():
    assert {row["outcome"] for row in listing("outcomes")} == set(OUTCOMES)
    assert {"bittensor_basic", "asi_cloud", "centralized"} <= {row["network"] for row in listing("networks")}
    assert {"chat_steady", "chat_bursty"} <= {row["workload"] for row in listing("workloads")}
    assert {("supply", "halving"), ("market", "pool"), ("demand", "logit")} <= {
        (row["primitive"], row["kind"]) for row in listing("policies")
    }


def test_an_unknown_list_is_told_with_the_nearest():
    with pytest.raises(ScenarioError, match="did you mean `outcomes`"):
        listing("outcome")


def test_a_registered_kind_is_listed_read_and_told_in_errors(problems, read):
    class Moon(Block):
        """Coins for everybody."""

        kind: str = "moon"
        share: float = 0.5
        """How much of it."""

    SUPPLY.register(Moon)
    try:
        assert {"primitive": "supply", "kind": "moon", "is": "Coins for everybody."} in listing("policies")
        scenario = read("every: 2 year}}", "kind: moon, share: 0.25}}")
        assert scenario.case("fast", "pool").after.networks["tao"].supply.share == 0.25
        assert "moon" in problems("kind: halving", "kind: moo")[0].message
    finally:
        SUPPLY.remove("moon")


@pytest.mark.parametrize("template", [row["template"] for row in listing("templates")])
def test_every_template_loads_where_it_was_written(tmp_path, template):
    made = init(tmp_path / "new" / "folder", template)
    scenario = load(made[0])
    assert len(scenario.policies) >= 2
    assert scenario.notices == ()
    assert made[0].read_text().startswith("# yaml-language-server: $schema=scenario.schema.json\n")
    assert made[1].name == "scenario.schema.json"


def test_init_never_writes_over_a_scenario(tmp_path):
    init(tmp_path)
    (tmp_path / "scenario.yaml").write_text("mine")
    with pytest.raises(ScenarioError, match="is there already"):
        init(tmp_path)
    assert (tmp_path / "scenario.yaml").read_text() == "mine"


def test_init_writes_a_workflow_at_the_root_of_a_repository(tmp_path):
    (tmp_path / ".git").mkdir()
    made = init(tmp_path / "a" / 'b "c"')
    assert made[2] == tmp_path / ".github" / "workflows" / "outcomes.yml"
    assert plain(read_file(made[2]))["env"]["SCENARIO"] == 'a/b "c"/scenario.yaml'
    assert len(init(tmp_path / "second")) == 2  # the workflow is not written over
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / ".git").mkdir()
    assert init(tmp_path / "bare" / "x", workflow=False) == [
        tmp_path / "bare" / "x" / name for name in ("scenario.yaml", "scenario.schema.json")
    ]
    alone = init(tmp_path / "bare" / "y")
    assert alone[2].is_relative_to(tmp_path / "bare") and alone[2].parts[-3] == ".github"


def test_init_tells_templates_and_bad_folders(tmp_path):
    with pytest.raises(ScenarioError, match="did you mean `first-study`"):
        init(tmp_path, "first_study")
    (tmp_path / "file").write_text("")
    with pytest.raises(ScenarioError, match="cannot be written"):
        init(tmp_path / "file" / "below")
