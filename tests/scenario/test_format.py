"""Each key of the format, version 1: it is read, it reaches the run or the study, and what it may not say is refused."""

from __future__ import annotations

import datetime
import os
import re
from pathlib import Path

import pytest

from sim.scenario import load
from sim.scenario.paths import field_names
from sim.scenario.spec import RESOLVED_KEYS, Spec
from sim.units import DAY_S, YEAR_S, Money

PINNED = Path(__file__).parent.parent / "scenarios" / "format-v1.yaml"


@pytest.fixture(scope="module")
def pinned():
    return load(PINNED)


def test_the_pinned_file_is_the_specification_s_own():
    shared = Path(os.environ.get("INFERMINT_SHARED", Path(__file__).parents[2] / ".." / "shared"))
    page = shared / "spec" / "scenario.md"
    if not page.is_file():
        if os.environ.get("INFERMINT_REQUIRE_SHARED") == "1":
            pytest.fail(f"{page} is missing")
        pytest.skip(f"{page} is not there")
    block = re.search(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    assert block is not None
    assert PINNED.read_text(encoding="utf-8") == block[1]


def test_every_key_of_the_format_has_a_test_here():
    source = Path(__file__).read_text(encoding="utf-8")
    for key in set(field_names(Spec)) - set(RESOLVED_KEYS):
        assert f"def test_key_{key}" in source, key


def test_key_format(problems, pinned):
    assert pinned.spec.format == 1
    (problem,) = problems("format: 1", "format: 2")
    assert (problem.line, problem.column, problem.message) == (1, 9, "'2' found; must be 1")


def test_key_name(problems, pinned):
    assert pinned.name == "Does a faster halving empty the network?"
    (problem,) = problems("name: A small study", "name: 12")
    assert problem.message == "'12' found; must be text"


def test_key_start(problems, read, pinned):
    assert pinned.spec.start == datetime.date(2026, 1, 1)
    assert read("start: 2026-01-01", 'start: "2026-01-02"').spec.start == datetime.date(2026, 1, 2)
    (problem,) = problems("start: 2026-01-01", "start: 2026-02-30")
    assert (problem.message, problem.fix) == ("'2026-02-30' is not a date", "write for example `2028-01-01`")


def test_key_horizon(problems, pinned):
    assert pinned.spec.horizon == 6 * YEAR_S
    (problem,) = problems("horizon: 2 year", "horizon: 0 year")
    assert problem.message == "'0 year' found; must be above 0"
    (problem,) = problems("horizon: 2 year", "horizon: 90000 year")
    assert "ends after the year 9999" in problem.message


def test_key_epoch(problems, read, pinned):
    assert pinned.spec.epoch == 7 * DAY_S
    assert read("epoch: 1 week\n", "").spec.epoch == 7 * DAY_S
    found = problems("epoch: 1 week", "epoch: 3 year")
    assert [p.message for p in found] == ["'3 year' found; must be at most 100 day"]
    found = problems("horizon: 2 year\nepoch: 1 week", "horizon: 9 day\nepoch: 10 day")
    assert "the epoch is longer than the horizon" in [p.message for p in found]


def test_key_estimand(read, pinned):
    assert pinned.spec.estimand == "terminating"
    steady = read("epoch: 1 week", "epoch: 1 week\nestimand: steady")
    assert (steady.spec.estimand, steady.notices) == ("steady", ())


def test_key_requests(problems, pinned):
    requests = pinned.spec.requests
    assert (requests.mode, requests.window, requests.per_epoch, requests.every) == ("sampled", 300, 2, 4)
    (problem,) = problems("epoch: 1 week", "epoch: 1 week\nrequests: {mode: sampled, window: 9 day}")
    assert problem.message == "a window is longer than the epoch or 10 days"
    (problem,) = problems("epoch: 1 week", "epoch: 3 week\nrequests: {mode: all}")
    assert problem.message == "an epoch lasts at most 10 days where every request is simulated"


def test_key_initial(problems, read, pinned):
    assert pinned.spec.initial.kind == "steady"
    assert read("epoch: 1 week", "epoch: 1 week\ninitial: {kind: steady}").spec.initial.kind == "steady"
    (problem,) = problems("epoch: 1 week", "epoch: 1 week\ninitial: steddy")
    assert problem.message == "'steddy' is not one of given, steady"
    (problem,) = problems("epoch: 1 week", "epoch: 1 week\ninitial: {kind: steady, alternatives: [0.3x, three]}")
    assert problem.message.startswith("'three' found; must be a multiple of the nodes")


def test_key_policies_from(problems, pinned):
    assert pinned.spec.policies_from == YEAR_S
    (problem,) = problems("policies_from: 26 week", "policies_from: 2 year")
    assert problem.message == "policies begin at or after the horizon"
    (problem,) = problems("policies_from: 26 week", "policies_from: 729 day")
    assert problem.message == "policies begin inside the last epoch, so that no epoch holds them"


def test_key_workload(pinned):
    steady, bursty = pinned.spec.workload["steady"], pinned.spec.workload["bursty"]
    assert (steady.rate, steady.slo.ttft, steady.slo.tpot, steady.growth.kind) == (40, 2, 0.06, "exponential")
    assert (steady.arrivals.kind, steady.output.kind) == ("log_ou", "quantiles"), "from chat_steady"
    assert (steady.demand.kind, steady.demand.elasticity, steady.demand.lag) == ("logit", -1.2, 7 * DAY_S)
    assert bursty.correlation == {"steady": -0.9}
    assert bursty.demand.choke == Money(5.0, "USD")


def test_key_workload_refuses_unknown_classes_in_correlations(problems):
    (problem,) = problems("rate: 4 /s", "rate: 4 /s\n    correlation: {chatt: -0.9}")
    assert (problem.line, problem.column, problem.message, problem.fix) == (
        12,
        19,
        "there is no class `chatt`",
        "there are none",
    )


def test_key_networks(pinned):
    tao, cloud = pinned.spec.networks["tao"], pinned.spec.networks["cloud"]
    assert (tao.kind, cloud.kind) == ("coin", "central")
    assert tao.supply.initial == Money(3600.0, "TAO")
    assert tao.supply.cap == Money(21e6, "TAO")
    assert (tao.price.output, tao.price.pay) == (Money(0.15, "USD"), "coin")
    assert (tao.market.depth, tao.market.holders.value, tao.market.holders.a) == (
        Money(8e6, "USD"),
        "constant",
        "solve",
    )
    assert (tao.router.kind, tao.router.staleness) == ("power_of_two", 1)
    home = tao.operators["home"]
    assert (home.nodes, home.gpu, home.electricity, home.lead) == (300, "rtx_4090", 0.15, 14 * DAY_S)


def test_key_policies(pinned):
    specs = {name: pinned.case(name, "pool").after.networks["tao"] for name in pinned.policies}
    assert {name: n.supply.kind for name, n in specs.items()} == {
        "four_years": "halving",
        "two_years": "halving",
        "fees_only": "fixed",
    }
    assert specs["two_years"].supply.every == 2 * YEAR_S
    assert specs["two_years"].supply.initial == Money(3600.0, "TAO"), "the rest of the block stays"
    assert specs["fees_only"].price.output == Money(0.45, "USD")
    assert specs["fees_only"].price.input == Money(0.05, "USD")


def test_key_latency(read, problems, pinned):
    assert pinned.spec.latency == {}
    tables = "    operators: {fleet: {region: us}}\nlatency: {eu: {eu: 20 ms, us: 90 ms}}"
    (one, two, three) = problems("    extends: centralized", f"    extends: centralized\n{tables}")
    assert [one.path, two.path, three.path] == [
        "workload.chat",
        "networks.tao.operators.home",
        "networks.tao.operators.farm",
    ]
    assert one.message == "`region` is missing: `latency` tells how far users are from nodes"
    (problem,) = problems("seeds:", "latency: {eu: {}}\nseeds:")
    assert problem.path == "latency.eu"


def test_key_outages(read, pinned):
    assert pinned.spec.outages == {}
    block = "    operators: {fleet: {region: eu}}\noutages: {eu: {every: 30 day, lasts: 2 h, hits: 50 %}}"
    outage = read("    extends: centralized", f"    extends: centralized\n{block}").spec.outages["eu"]
    assert (outage.every, outage.lasts, outage.hits, outage.law.kind) == (30 * DAY_S, 7200.0, 0.5, "exponential")


def test_key_jobs(read, problems, pinned):
    assert pinned.spec.jobs == {}
    block = "jobs: {tune: {every: 1 day, rounds: 50, round_time: 2 min, workers: 8, straggler: {kind: exponential}}}\nstart: 2026-01-01"
    job = read("start: 2026-01-01", block).spec.jobs["tune"]
    assert (job.every, job.rounds, job.round_time, job.needed, job.nodes, job.straggler.kind) == (
        DAY_S,
        50,
        120.0,
        8,
        8,
        "exponential",
    )
    (problem,) = problems("start: 2026-01-01", block.replace("workers: 8", "workers: 8, quorum: 9"))
    assert (problem.path, problem.message) == ("jobs.tune.quorum", "9 found; at most the 8 workers of a round")


def test_key_shocks(problems, pinned):
    (shock,) = pinned.spec.shocks
    assert (shock.begins, shock.target, shock.by, shock.lasts, shock.shape) == (
        4 * YEAR_S,
        "workload.bursty",
        -0.5,
        180 * DAY_S,
        "step",
    )
    block = "epoch: 1 week\nshocks: [{{at: {at}, target: '{target}', by: {by}, lasts: {lasts}}}]"

    def wrong(target="workload.chat", at="1 year", by="-50 %", lasts="9 day"):
        (problem,) = problems("epoch: 1 week", block.format(at=at, target=target, by=by, lasts=lasts))
        return problem

    typo = wrong("workload.chap")
    assert (typo.line, typo.column, typo.fix) == (6, 31, "did you mean `workload.chat`?")
    assert typo.message == "`workload.chap` is nothing that a shock can hit"
    assert wrong("networks.tao.maket").fix == "did you mean `networks.tao.market`?"
    assert wrong("networks.tao.operator.home").fix == "did you mean `networks.tao.operators.home`?"
    assert wrong("regions.eu").kind == "unknown_path"
    assert wrong("networks.tao.supply").kind == "unknown_path"
    assert wrong("networks.cloud.market").kind == "unknown_path"
    assert wrong(at="3 year").message == "the shock comes at or after the horizon"
    assert wrong("networks.*coin.operators.*", by="10 %").message == "a shock takes nodes away: `by` must be below 0"
    assert wrong("networks.tao.market", by="-100 %").message == "a coin's price cannot fall to nothing"
    # 1 year = 52 weeks and 1.25 days: the next epoch begins 5.75 days later.
    assert wrong(lasts="5 day").message == "it begins and ends inside one epoch, so that no epoch holds it"
    added = "epoch: 1 week\nshocks: [{{at: 1 year, target: {}, lasts: 9 day, adds: 0.1 USD/h{}}}]"
    (problem,) = problems("epoch: 1 week", added.format("workload", ""))
    assert problem.message == "`adds` raises `outside_rent` or `hosting`"
    (problem,) = problems("epoch: 1 week", added.format("workload", ", by: 5 %"))
    assert problem.message == "both of `by` and `adds` found; one is needed"


def test_key_vary(problems, pinned):
    path = "networks.tao.operators.home.electricity"
    assert pinned.points == ({path: "0.08 USD/kWh"}, {path: "0.15 USD/kWh"}, {path: "0.25 USD/kWh"})


def test_key_uncertain(problems, pinned):
    assert pinned.spec.uncertain["workload.steady.demand.elasticity"].bounds == [-2.5, -0.5]
    (parameter,) = pinned.parameters
    assert (parameter.law, parameter.value, parameter.status) == ("uniform [-2.5, -0.5]", "-1.2", "assumed")
    (problem,) = problems("epoch: 1 week", "epoch: 1 week\nuncertain: {workload.chat.rate: {uniform: [3 /s, 4 s]}}")
    assert problem.message == "'4 s' is a duration, but this needs a rate of events"
    assert (problem.line, problem.column) == (6, 50)
    (problem,) = problems(
        "epoch: 1 week", "epoch: 1 week\nuncertain: {workload.chat.demand.elasticity: {uniform: [-3, 1]}}"
    )
    assert problem.message == "'1' found; must be below 0"


def test_key_seeds(pinned):
    assert (pinned.spec.seeds.root, pinned.spec.seeds.replications) == (7, 20)
    assert pinned.runs == 3 * 2 * 3 * 20


def test_key_compare(problems, pinned):
    assert (pinned.baseline, pinned.coin_prices) == ("four_years", ("pool", "path"))
    zones = pinned.spec.compare.zones
    assert (zones["default"].relative, zones["tao.nodes@end"].relative) == (0.02, 0.05)
    (problem,) = problems("baseline: slow", "baseline: slow\n  hold: user_prices")
    assert problem.fix == "did you mean `user_price`?"
    equal = (
        "baseline: slow\n  equalize: {{outcome: tao.nodes@end, value: 9 nodes, by: {}, within: [1 TAO/day, 9 TAO/day]}}"
    )
    (problem,) = problems("baseline: slow", equal.format("networks.tao.supply.inital"))
    assert (problem.path, problem.fix) == ("compare.equalize.by", "did you mean `initial`?")


@pytest.mark.parametrize(
    ("zone", "relative", "absolute"),
    [("tao.nodes: 3 nodes", 0, 3), ("tao.nodes: 4%", 0.04, None), ("tao.e2e_p95_s: 200 ms", 0, 0.2), ("cloud.share_frac: 2 pp", 0, 0.02), ("tao.price_paid_usd_per_mtok: 0.01 USD/Mtok", 0, 0.01), ("tao.supply_coin: 5 kTAO", 0, 5000), ("tao.half_nodes_days: 2 week", 0, 14), ("tao.gini: 0.01", 0, 0.01)],
)  # fmt: skip
def test_zones_are_relative_or_in_the_outcome_s_unit(read, zone, relative, absolute):
    scenario = read("baseline: slow", f"baseline: slow\n  indifferent: {{{zone}}}")
    found = scenario.spec.compare.zones[zone.partition(":")[0]]
    assert (found.relative, found.absolute) == (
        pytest.approx(relative),
        absolute if absolute is None else pytest.approx(absolute),
    )


@pytest.mark.parametrize(
    ("zone", "message"),
    [("tao.nodes: 3 s", "unit 's' found"), ("default: 3 nodes", "the default must be relative"), ("cloud.share_frac: 2 s", "cloud.share_frac is a share"), ("tao.e2e_p95_s: 3", "has no unit"), ("tao.nodes: -2%", "must be at least 0"), ("tao.supply_coin: 5 USD", "is in USD, but this outcome is in TAO"), ("tao.noods: 2%", "there is no outcome `noods`")],
)  # fmt: skip
def test_zones_in_another_unit_are_refused(problems, zone, message):
    (problem,) = problems("baseline: slow", f"baseline: slow\n  indifferent: {{{zone}}}")
    assert message in problem.message
    assert (problem.line, problem.column >= 17) == (26, True)


def test_key_checks(problems, pinned):
    first, second = pinned.spec.checks
    assert (first.kind, first.limit(), first.severity, first.confidence) == ("at_most", 8.0, "error", 0.95)
    assert (second.kind, second.below, second.severity, second.limit()) == ("below", "four_years", "warn", None)
    one = "epoch: 1 week\nchecks: [{{outcome: tao.e2e_p95_s, {rest}}}]"
    (problem,) = problems("epoch: 1 week", one.format(rest="at_most: 3 s, at_least: 1 s"))
    assert (
        problem.message == "`at_most`, `at_least` found; one of `at_most`, `at_least`, `below`, `monotone_in` is needed"
    )
    (problem,) = problems("epoch: 1 week", one.format(rest="at_most: 3 W"))
    assert problem.message == "'3 W' is a power, but this needs a duration"
    (problem,) = problems("epoch: 1 week", one.format(rest="below: fsat"))
    assert problem.fix == "did you mean `fast`?"


def test_dated_values_may_stand_wherever_a_quantity_may(read):
    scenario = read("    rate: 4 /s", "    rate: {2027-01-01: 6 /s, 2026-01-01: 4 /s}")
    klass = scenario.spec.workload["chat"]
    assert klass.at(datetime.date(2026, 12, 31)).rate == 4
    assert klass.at(datetime.date(2027, 1, 1)).rate == 6


def test_a_date_that_is_none_is_refused_in_a_dated_value(problems):
    (problem,) = problems("rate: 4 /s", "rate: {2027-13-01: 6 /s}")
    assert (problem.line, problem.message) == (11, "'2027-13-01' is not a date")
    for held in ("{eu: {2027-01-01: 6 /s}}", "{2027-01-01: {eu: 6 /s}}"):
        (problem,) = problems("rate: 4 /s", f"rate: {held}")
        assert problem.message == "'eu' is not a date"


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ("{}", "no date found; must hold at least one"),
        ("{2027-01-01: {}}", "no date found; must hold at least one"),
        ("{2027-01-01: {2028-01-01: 6 /s}}", "a map of dates found at 2027-01-01; must be one value"),
    ],
)
def test_a_dated_value_holds_one_value_at_each_date(problems, held, message):
    (problem,) = problems("rate: 4 /s", f"rate: {held}")
    assert (problem.path, problem.line, problem.message) == ("workload.chat.rate", 11, message)
    assert problem.fix == "write for example `2027-01-01: 40 /s`"


def test_a_sourced_value_is_its_value_and_keeps_its_source(read):
    scenario = read("rate: 4 /s", 'rate: {value: 4 /s, source: "log of May", date: 2026-05-02, flag: measured}')
    assert scenario.spec.workload["chat"].rate == 4
    row = scenario.sources["workload.chat.rate"]
    assert (row.text, row.source, row.date, row.flag, row.line) == ("4 /s", "log of May", "2026-05-02", "measured", 11)


def test_a_block_with_a_key_called_value_is_no_sourced_value(pinned):
    assert pinned.spec.networks["tao"].market.holders.value == "constant"


def test_catalogue_keys_are_not_written_in_a_scenario(problems):
    (problem,) = problems("epoch: 1 week", "epoch: 1 week\ngpus: {}")
    assert (problem.line, problem.message) == (6, "`gpus` is filled in from the catalogue")


def test_names_are_lower_case(problems):
    (problem,) = problems("  slow: {}", "  Slow: {}\n  slow: {}")
    assert (problem.line, problem.column, problem.message) == (21, 3, "`Slow` is not a name")
