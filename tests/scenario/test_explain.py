"""`explain`: each value with place, unit, meaning, source; dated values tell what holds when."""

from __future__ import annotations

import pytest

from sim.errors import ScenarioError
from sim.scenario.explain import explain, format_rows, runs_text


def _row(scenario, path):
    (row,) = [row for row in explain(scenario, path) if row.path == path]
    return row


def test_a_value_of_the_file(read):
    row = _row(read(), "workload.chat.rate")
    assert (row.text, row.line, row.where.endswith("study.yaml:11"), row.unit) == ("4 /s", 11, True, "a rate of events")
    assert row.meaning == "Requests per second at the start, before growth, profile and modulation."


def test_a_value_of_a_preset_has_its_source(read):
    row = _row(read(), "networks.tao.coin.decimals")
    assert row.where.startswith("sim/presets/networks/bittensor_basic.yaml:")
    assert "1 TAO = 1e9 rao" in row.source


def test_a_default_says_so_and_has_its_flag(read):
    row = _row(read(), "workload.chat.deadline")
    assert (row.where, row.line, row.text, row.flag) == ("default", 0, "10 min", "assumed")
    assert row.source


def test_policies_stand_beside_what_they_replace(read):
    rows = explain(read(), "networks.tao.supply")
    assert ("fast: networks.tao.supply.every", "2 year", "instead of 4 year", 22) in [
        (r.path, r.text, r.meaning, r.line) for r in rows
    ]


def test_a_dated_value_tells_which_holds_when(read):
    row = _row(read("rate: 4 /s", "rate: {2026-01-01: 4 /s, 2027-01-01: 6 /s}"), "workload.chat.rate")
    assert [(day.isoformat(), text) for day, text in row.steps] == [("2026-01-01", "4 /s"), ("2027-01-01", "6 /s")]
    told = format_rows([row]).splitlines()
    assert told[1:] == ["    from the start until 2027-01-01: 4 /s", "    from 2027-01-01 on: 6 /s"]


def test_every_value_has_a_place(read):
    scenario = read()
    rows = explain(scenario)
    assert len(rows) > 100
    for row in rows:
        assert row.where == "default" or row.line > 0, row


def test_tables_of_figures_are_left_out_until_asked_for(read):
    scenario = read()
    assert not any(".costs." in row.path for row in explain(scenario))
    assert any(".costs." in row.path for row in explain(scenario, "gpus.rtx_4090"))


def test_an_unknown_path_is_told_with_the_nearest(read):
    with pytest.raises(ScenarioError, match="did you mean `supply`"):
        explain(read(), "networks.tao.suply")


def test_runs_are_counted(read):
    assert runs_text(read()) == "2 policies x 2 coin prices x 1 point x 2 replications = 8 runs"


def test_assumptions_hold_values_defaults_and_tables(read):
    found = {item.path: item for item in read().assumptions}
    assert found["workload.chat.deadline"].flag == "assumed"
    assert found["networks.tao.split.share"].flag == "assumed"
    assert found["workload.chat.prompt"].flag == "fitted"
    assert any(".costs." in path and item.source for path, item in found.items())
    assert all(item.flag in ("measured", "fitted", "borrowed", "assumed", "illustrative") for item in found.values())


def test_a_run_rests_on_the_costs_of_the_models_it_serves_only(read):
    paths = [one.path for one in read().assumptions]
    costs = [path for path in paths if ".costs." in path]
    assert costs
    assert all(".costs.llama-3.1-8b." in path for path in costs)
