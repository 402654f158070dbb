"""Nothing that a file says is ignored in silence: what a run cannot do is refused, what moves nothing is told."""

from __future__ import annotations

import pytest

from sim.scenario.effects import describes, taken_once

POLICY = "  fast: {networks.tao.supply: {every: 2 year}}"
DATED = "{2026-01-01: %s, 2027-01-01: %s}"


@pytest.mark.parametrize(
    "change",
    [
        "router: {kind: random}",
        "serving: {max_attempts: 1}",
        "serving: {scheduler: sarathi}",
        "operators: {home: {interconnect: {bandwidth: 8 GB/s, latency: 5 us}}}",
        "coin: {decimals: 8}",
        "market: {start: 200 USD/TAO}",
        "market: {depth: 9 MUSD}",
        "operators: {home: {nodes: 7}}",
        "operators: {home: {max_nodes: 9}}",
        "operators: {home: {gpu: h100_sxm}}",
        "operators: {home: {up_time: 3 day}}",
        "operators: {home: {up_law: {kind: lognormal}}}",
        "operators: {home: {crews: 2}}",
        "operators: {home: {pull: 5 min}}",
        "operators: {late: {nodes: 4, gpu: rtx_4090, electricity: 0.1 USD/kWh}}",
    ],
)
def test_a_policy_may_not_change_what_a_run_sets_up_at_its_start(problems, change):
    found = problems(POLICY, f"  fast: {{networks.tao: {{{change}}}}}")
    assert {problem.kind for problem in found} == {"taken_once"}
    assert all(problem.line == 22 for problem in found)
    assert found[0].message.startswith("policy `fast` would change what a run sets up at its start")
    assert "vary" in found[0].fix


def test_what_only_the_baseline_changes_is_told_too(problems):
    found = problems("  slow: {}", "  slow: {networks.tao.serving.max_waiting: 9}")
    assert [(problem.path, problem.line) for problem in found] == [("networks.tao.serving.max_waiting", 21)]


@pytest.mark.parametrize(
    "change",
    ["price: {output: 0.2 USD/Mtok}", "settle: {take_rate: 5%}", "operators: {home: {electricity: 0.2 USD/kWh}}"],
)
def test_a_policy_changes_what_is_read_anew_every_epoch(read, change):
    scenario = read(POLICY, f"  fast: {{networks.tao: {{{change}}}}}")
    assert scenario.notices == ()
    assert scenario.case("fast", "path").after.networks != scenario.case("slow", "path").after.networks


def test_policies_meet_the_same_users(problems):
    (problem,) = problems(POLICY, "  fast: {workload.chat.rate: 5 /s}")
    assert problem.message == "a policy cannot change `workload`"
    assert problem.fix.startswith("policies always meet the same users")


def test_a_sweep_may_change_users_and_what_is_set_up_at_the_start(read):
    over = "vary: {over: {workload.chat.rate: [4 /s, 5 /s], networks.tao.router.kind: [random, round_robin]}}\nseeds:"
    scenario = read("seeds:", over)
    assert len(scenario.points) == 4
    assert scenario.notices == ()


@pytest.mark.parametrize(
    ("path", "one", "two"),
    [
        ("workload.chat.slo.ttft", "1 s", "2 s"),
        ("workload.chat.demand.value_of_time", "1 USD/h", "2 USD/h"),
        ("workload.chat.demand.not_buying", "10%", "20%"),
        ("networks.tao.coin.supply", "1 MTAO", "2 MTAO"),
        ("networks.tao.coin.held.validators", "1%", "2%"),
        ("networks.tao.market.depth", "1 MUSD", "2 MUSD"),
        ("networks.tao.market.start", "100 USD/TAO", "200 USD/TAO"),
        ("networks.tao.supply.cap", "21 MTAO", "22 MTAO"),
        ("networks.tao.operators.home.up_time", "1 day", "2 day"),
        ("networks.tao.router.staleness", "1 s", "2 s"),
    ],
)
def test_dated_values_are_refused_where_a_run_reads_one(problems, path, one, two):
    found = problems(sets=[(path, DATED % (one, two))])
    (problem,) = [problem for problem in found if problem.path == path]
    assert problem.message.startswith("dated values are read but not simulated yet here")
    assert problem.fix == f"write for example `{one}`"


@pytest.mark.parametrize(
    ("path", "one", "two"),
    [
        ("workload.chat.rate", "1 /s", "2 /s"),
        ("workload.chat.deadline", "100 s", "200 s"),
        ("workload.chat.patience.mean", "10 s", "20 s"),
        ("networks.tao.supply.initial", "3600 TAO/day", "1800 TAO/day"),
        ("networks.tao.price.output", "0.1 USD/Mtok", "0.2 USD/Mtok"),
        ("networks.tao.settle.take_rate", "1%", "2%"),
        ("networks.tao.operators.home.electricity", "0.1 USD/kWh", "0.2 USD/kWh"),
    ],
)
def test_dated_values_are_taken_where_a_run_reads_them_anew(read, path, one, two):
    assert read(sets=[(path, DATED % (one, two))]).sources[path].steps


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("    extends: centralized", "    extends: centralized\n    operators: {fleet: {region: ohio}}", "operators.fleet.region` is a label"),
        (POLICY, "  fast: {networks.tao.supply: {every: 2 year}, networks.cloud.payout.kind: availability}", "`networks.cloud.payout.kind` only describes"),
        ("seeds:", "vary: {over: {models.llama-3.1-8b.quality: [40%, 50%]}}\nseeds:", "`models.llama-3.1-8b.quality` only describes"),
        ("seeds:", "requests: {mode: all, every: 3}\nseeds:", "`requests.mode: all` has no windows: `every` of `requests` have no effect"),
        ("seeds:", "requests: {mode: capacity}\nseeds:", "`requests.mode: capacity` serves no single request"),
    ],
)  # fmt: skip
def test_what_moves_nothing_is_told(read, old, new, told):
    (notice,) = read(old, new).notices
    assert told in notice


def test_which_paths_are_taken_once_and_which_describe():
    assert taken_once("networks.tao.router") and taken_once("networks.tao.serving.host")
    assert not taken_once("networks.tao.market.fee") and not taken_once("workload.chat.rate")
    assert describes("gpus.h100_sxm.bandwidth") and not describes("gpus.h100_sxm.memory")
    assert describes("networks.cloud.payout.kind", frozenset({"cloud"}))
    assert not describes("networks.tao.payout.kind", frozenset({"cloud"}))
