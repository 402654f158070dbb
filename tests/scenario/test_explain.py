"""`explain`: each value with place, unit, meaning, source; dated values tell what holds when."""

from __future__ import annotations

import datetime
import json
import re

import pytest

from sim.errors import ScenarioError
from sim.scenario.explain import as_dict, explain, format_rows, runs_text
from sim.tokenomics.supply import DAY_PS
from tests.scenario.conftest import SMALL

SUPPLY = "networks.tao.supply.initial"


def _row(scenario, path):
    (row,) = [row for row in explain(scenario, path) if row.path == path]
    return row


def _steps(row):
    return [(step.begins.isoformat(), step.text) for step in row.steps]


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
    assert _steps(row) == [("2026-01-01", "4 /s"), ("2027-01-01", "6 /s")]
    told = format_rows([row]).splitlines()
    assert told[1:] == ["    from the start until 2027-01-01: 4 /s", "    from 2027-01-01 on: 6 /s"]


def test_each_step_of_a_dated_value_tells_its_own_source(read):
    first = '2026-01-01: {value: 4 /s, source: "a log of ours", date: 2026-11-22, flag: borrowed}'
    scenario = read("rate: 4 /s", f"rate: {{{first}, 2027-01-01: {{value: 6 /s, assumed: true}}}}")
    row = _row(scenario, "workload.chat.rate")
    assert format_rows([row]).splitlines()[1:] == [
        "    from the start until 2027-01-01: 4 /s  [borrowed] a log of ours read 2026-11-22",
        "    from 2027-01-01 on: 6 /s  [assumed]",
    ]
    assert [step.where.rpartition(":")[2] for step in row.steps] == ["11", "11"]
    flags = {one.path: (one.value, one.flag) for one in scenario.assumptions if "workload.chat.rate" in one.path}
    assert flags == {
        "workload.chat.rate from 2026-01-01": ("4 /s", "borrowed"),
        "workload.chat.rate from 2027-01-01": ("6 /s", "assumed"),
    }


def test_steps_without_a_source_have_that_of_the_whole(read):
    whole = 'rate: {value: {2026-01-01: 4 /s, 2027-01-01: 6 /s}, source: "a log of ours", date: 2026-11-22}'
    row = _row(read("rate: 4 /s", whole), "workload.chat.rate")
    assert {(step.source, step.date) for step in row.steps} == {("a log of ours", "2026-11-22")}
    assert sum("a log of ours" in line for line in format_rows([row]).splitlines()) == 1


def test_a_halving_tells_what_it_pays_when_and_which_key_says_so(read):
    row = _row(read("start: 2026-01-01\nhorizon: 2 year", "start: 2028-01-01\nhorizon: 8 year"), SUPPLY)
    # First halving 2027-06-01, before the start; every four years of 365.25 days then.
    assert _steps(row) == [
        ("2028-01-01", "1800 TAO/day"), ("2031-06-01", "900 TAO/day"), ("2035-06-01", "450 TAO/day"),
    ]  # fmt: skip
    assert "from 2031-06-01 until 2035-06-01: 900 TAO/day" in format_rows([row])


def test_a_halving_is_told_as_it_is_paid(read):
    scenario = read("horizon: 2 year", "horizon: 6 year")
    supply, start = scenario.spec.networks["tao"].supply, scenario.spec.start
    for begins, over in [("2026-01-01", "2027-06-01"), ("2027-06-01", "2031-06-01")]:
        days = [(datetime.date.fromisoformat(day) - start).days for day in (begins, over)]
        paid = supply.issued(days[0] * DAY_PS, days[1] * DAY_PS, 0, start, 9) / 10**9 / (days[1] - days[0])
        (told,) = [step.text for step in _row(scenario, SUPPLY).steps if step.begins.isoformat() == begins]
        assert told == f"{paid:.0f} TAO/day"


WINDOW = "supply: {kind: window, %s, first: 2026-03-01, flat: 100 day, taper: 200 day}"


@pytest.mark.parametrize("pays", ["initial: 30 TAO/day", "total: 6000 TAO"])
def test_a_window_tells_when_it_opens_falls_and_closes(read, pays):
    text = re.sub("supply: .*", WINDOW % pays, SMALL, count=1).replace("{networks.tao.supply: {every: 2 year}}", "{}")
    row = _row(read(text), f"networks.tao.supply.{pays.partition(':')[0]}")
    # 100 days at 30 and 200 at 15 on average: 6000.
    assert _steps(row) == [
        ("2026-01-01", "0 TAO/day"),
        ("2026-03-01", "30 TAO/day"),
        ("2026-06-09", "from 30 TAO/day evenly down to nothing"),
        ("2026-12-26", "0 TAO/day"),
    ]


def test_a_policy_holds_from_the_first_epoch_at_policies_from(read):
    rows = {row.path: row for row in explain(read(), "networks.tao.supply")}
    assert _steps(rows["fast: networks.tao.supply.every"]) == [("2026-01-01", "4 year"), ("2026-07-02", "2 year")]


def test_the_schedule_that_a_policy_bends_is_told_too(read):
    scenario = read("horizon: 2 year", "horizon: 6 year")
    bent = {row.path: row for row in explain(scenario, "networks.tao.supply")}[f"fast: {SUPPLY}"]
    assert _steps(bent) == [
        ("2026-01-01", "3600 TAO/day"),
        ("2027-06-01", "1800 TAO/day"),
        ("2029-05-31T12:00:00", "900 TAO/day"),
        ("2031-06-01", "450 TAO/day"),
    ]


def test_rows_are_told_as_a_document_too(read):
    rows = [as_dict(row) for row in explain(read(), SUPPLY)]
    assert rows[0]["steps"][1] | {"where": ""} == {
        "begins": "2027-06-01", "text": "1800 TAO/day", "where": "", "source": "", "date": "", "flag": "",
    }  # fmt: skip
    assert json.loads(json.dumps(rows)) == json.loads(json.dumps(rows))


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
