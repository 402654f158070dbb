"""Command line > point of a sweep > policy > scenario > extended preset > default; what merges and what is replaced."""

from __future__ import annotations

import pytest

from sim.errors import ScenarioError
from sim.scenario import load
from sim.scenario.nodes import merge, plain
from sim.scenario.reader import read_bytes
from sim.units import YEAR_S, Money

EVERY = "networks.tao.supply.every"


def _merged(base: str, over: str) -> object:
    return plain(merge(read_bytes(base.encode(), "a"), read_bytes(over.encode(), "b")))


def test_maps_merge_deep_and_lists_are_replaced():
    assert _merged("{a: {b: 1, c: [1, 2]}, d: 3}", "{a: {c: [4], e: 5}}") == {"a": {"b": 1, "c": [4], "e": 5}, "d": 3}


def test_a_block_of_another_kind_is_replaced_whole():
    assert _merged("{s: {kind: x, a: 1}}", "{s: {kind: y, b: 2}}") == {"s": {"kind": "y", "b": 2}}


def test_a_block_of_the_same_or_no_kind_merges():
    assert _merged("{s: {kind: x, a: 1}}", "{s: {kind: x, b: 2}}") == {"s": {"kind": "x", "a": 1, "b": 2}}
    assert _merged("{s: {kind: x, a: 1}}", "{s: {b: 2}}") == {"s": {"kind": "x", "a": 1, "b": 2}}


def test_dated_values_are_one_value():
    assert _merged("{r: {2026-01-01: 1, 2027-01-01: 2}}", "{r: {2028-01-01: 3}}") == {"r": {"2028-01-01": 3}}
    assert _merged("{r: 4}", "{r: {2028-01-01: 3}}") == {"r": {"2028-01-01": 3}}


def test_each_level_beats_the_one_below(write):
    supply = "supply: {kind: halving, initial: 3600 TAO/day, first: 2027-06-01, every: 4 year}"
    sweep = f"epoch: 1 week\nvary: {{over: {{{EVERY}: [1 year, 5 year]}}}}"

    def every(scenario, policy, point=0):
        return scenario.case(policy, "pool", point).after.networks["tao"].supply.every / YEAR_S

    file = write()
    assert every(load(file), "slow") == 4, "scenario"
    assert every(load(file), "fast") == 2, "policy over scenario"
    swept = load(write("epoch: 1 week", sweep))
    assert [every(swept, "fast", point) for point in (0, 1)] == [1, 5], "point over policy"
    assert every(load(write(), [f"{EVERY}=3 year"]), "fast") == 3, "command line over policy"
    text = (
        write()
        .read_text()
        .replace(supply, "supply: {kind: halving_by_supply}")
        .replace("supply: {every: 2 year}", "split.share: 2 %")
    )
    preset = load(write(text))
    assert preset.spec.networks["tao"].supply.initial == Money(7200.0, "TAO"), "preset where the scenario is silent"
    assert preset.spec.seeds.root == 7 and load(write("root: 7, ", "")).spec.seeds.root == 1, "default last"


def test_a_file_beside_the_scenario_wins_over_a_preset(write, tmp_path):
    (tmp_path / "centralized.yaml").write_text(
        "kind: central\nprice: {kind: posted, input: 9 USD/Mtok, output: 9 USD/Mtok, pay: usd}\n"
        "operators: {own: {nodes: 3, gpu: h100_sxm, electricity: 0.1 USD/kWh}}\n"
    )
    scenario = load(write())
    assert scenario.spec.networks["cloud"].price.input == Money(9.0, "USD")
    assert list(scenario.spec.networks["cloud"].operators) == ["own"]
    assert scenario.sources["networks.cloud.price.input"].where.endswith("centralized.yaml:2")


def test_a_file_may_extend_a_preset(write, tmp_path):
    (tmp_path / "mine.yaml").write_text("extends: centralized\nprice: {input: 9 USD/Mtok}\n")
    price = load(write("extends: centralized", "extends: mine")).spec.networks["cloud"].price
    assert (price.input, price.output) == (Money(9.0, "USD"), Money(0.1, "USD"))


def test_a_user_s_own_gpu_lies_beside_the_scenario(write, tmp_path):
    (tmp_path / "my_gpu.yaml").write_text("extends: h100_sxm\nname: my_gpu\nactive: 111 W\n")
    scenario = load(write("extends: centralized", "extends: centralized\n    operators: {fleet: {gpu: my_gpu}}"))
    assert scenario.spec.gpus["my_gpu"].active == 111
    assert set(scenario.spec.gpus) == {"my_gpu", "h100_sxm", "rtx_4090"}


def test_a_gpu_that_cannot_hold_the_model_is_refused_where_it_is_named(problems):
    (problem,) = problems("model: llama-3.1-8b", "model: qwen3-32b")[:1]
    assert problem.kind == "fit"
    assert "qwen3-32b" in problem.message


def test_an_unknown_gpu_or_model_is_told_with_the_nearest(problems):
    found = problems("model: llama-3.1-8b", "model: llama-3.1-8")
    assert [(p.line, p.column, p.fix) for p in found] == [(10, 12, "did you mean `llama-3.1-8b` or `llama-3.1-70b`?")]
    found = problems("extends: centralized", "extends: centralized\n    operators: {fleet: {gpu: h100}}")
    assert found[0].message == "there is no `h100` in gpus, and no file h100.yaml beside the scenario"


def test_a_policy_never_changes_a_networks_kind(problems):
    for entry in ("networks.tao: {kind: central}", "networks.tao.kind: central"):
        (problem,) = problems("fast: {networks.tao.supply: {every: 2 year}}", f"fast: {{{entry}}}")
        assert (problem.kind, problem.message) == ("network_kind", "a policy cannot change a network's kind")


def test_a_policy_cannot_add_networks_or_change_the_study(problems):
    (problem,) = problems(
        "fast: {networks.tao.supply: {every: 2 year}}", "fast: {networks.new: {extends: centralized}}"
    )
    assert problem.message == "`networks.new`: a policy cannot add to `networks`"
    (problem,) = problems("fast: {networks.tao.supply: {every: 2 year}}", "fast: {seeds.root: 3}")
    assert problem.message == "a policy cannot change `seeds`"


def test_a_policy_may_add_a_rule_to_a_map_of_rules(read):
    scenario = read(
        "fast: {networks.tao.supply: {every: 2 year}}", "fast: {networks.tao.burnmint.all: {kind: share, share: 10 %}}"
    )
    assert scenario.case("fast", "pool").after.networks["tao"].burnmint["all"].share == 0.1
    assert scenario.case("fast", "pool").before.networks["tao"].burnmint == {}


def test_a_mistake_inside_a_policy_is_told_in_the_policy(problems):
    (problem,) = problems("every: 2 year}}", "every: 2 yaer}}")
    assert (problem.line, problem.column) == (22, 39)
    (problem,) = problems("every: 2 year}}", "kind: inflation}}")
    assert (problem.line, problem.column, problem.message) == (22, 10, "`rate` is missing")


def test_both_kinds_of_coin_price_run_where_policies_differ_in_what_moves_it(read):
    assert read().coin_prices == ("pool", "path")
    same = read("fast: {networks.tao.supply: {every: 2 year}}", "fast: {networks.tao.price: {output: 1 USD/Mtok}}")
    assert same.coin_prices == ("pool",), "the file's own kind"
    asked = read("baseline: slow", "baseline: slow\n  coin_price: [path]")
    assert asked.coin_prices == ("path",)


def test_switching_the_market_keeps_what_both_kinds_have(read):
    scenario = read()
    pool = scenario.case("slow", "pool").after.networks["tao"].market
    path = scenario.case("slow", "path").after.networks["tao"].market
    assert (pool.kind, path.kind) == ("pool", "path")
    assert (pool.start, pool.daily_sd, pool.nu) == (path.start, path.daily_sd, path.nu)


def test_a_market_without_depth_cannot_become_a_pool(problems):
    market = "market: {kind: path, start: 233 USD/TAO}"
    found = problems("    extends: bittensor_basic\n", f"    extends: bittensor_basic\n    {market}\n")
    (problem,) = found
    assert problem.message == "`depth` is missing, which coin price `pool` needs"
    assert "coin_price: [path]" in problem.fix


def test_a_world_without_coins_has_one_kind_none(write):
    text = write().read_text()
    begin, end = text.index("  tao:"), text.index("  cloud:")
    text = (
        (text[:begin] + text[end:])
        .replace("networks.tao.supply: {every: 2 year}", "networks.cloud.price: {output: 1 USD/Mtok}")
        .replace("tao.nodes@end, ", "")
    )
    scenario = load(write(text))
    assert scenario.coin_prices == ("none",)
    assert len(scenario.cases()) == 2


def test_before_is_the_baseline_and_after_the_policy(read):
    case = read().case("fast", "path")
    assert case.before.networks["tao"].supply.every == 4 * YEAR_S
    assert case.after.networks["tao"].supply.every == 2 * YEAR_S
    assert case.before.networks["tao"].market.kind == case.after.networks["tao"].market.kind == "path"


def test_grid_crosses_and_zip_pairs(read):
    over = "over: {workload.chat.rate: [3 /s, 4 /s], networks.tao.split.share: [1 %, 2 %]}"
    grid = read("epoch: 1 week", f"epoch: 1 week\nvary: {{{over}}}")
    assert [tuple(point.values()) for point in grid.points] == [
        ("3 /s", "1 %"),
        ("3 /s", "2 %"),
        ("4 /s", "1 %"),
        ("4 /s", "2 %"),
    ]
    zipped = read("epoch: 1 week", f"epoch: 1 week\nvary: {{design: zip, {over}}}")
    assert [tuple(point.values()) for point in zipped.points] == [("3 /s", "1 %"), ("4 /s", "2 %")]
    assert zipped.case("slow", "pool", 1).before.workload["chat"].rate == 4
    assert len(grid.cases()) == 2 * 2 * 4


def test_zip_needs_lists_of_one_length(problems):
    (problem,) = problems(
        "epoch: 1 week",
        "epoch: 1 week\nvary: {design: zip, over: {workload.chat.rate: [3 /s], networks.tao.split.share: [1 %, 2 %]}}",
    )
    assert (
        "`zip` needs lists of one length: workload.chat.rate has 1, networks.tao.split.share has 2" in problem.message
    )


def test_a_wrong_value_of_a_sweep_is_told_at_the_value(problems):
    (problem,) = problems("epoch: 1 week", "epoch: 1 week\nvary: {over: {workload.chat.rate: [3 /s, 4 W]}}")
    assert (problem.line, problem.column, problem.message) == (
        6,
        42,
        "'4 W' is a power, but this needs a rate of events",
    )


def test_a_point_has_no_effect_where_a_policy_took_its_block_away(read):
    scenario = read(
        "fast: {networks.tao.supply: {every: 2 year}}",
        f"none: {{networks.tao.supply: {{kind: fixed}}}}\nvary: {{over: {{{EVERY}: [1 year, 2 year]}}}}",
    )
    after = [scenario.case("none", "pool", point).after.networks["tao"].supply for point in (0, 1)]
    assert [supply.kind for supply in after] == ["fixed", "fixed"]
    assert scenario.case("none", "pool", 1).before.networks["tao"].supply.every == 2 * YEAR_S


def test_what_is_varied_cannot_be_set(write):
    with pytest.raises(ScenarioError, match="is varied here and set on the command line"):
        load(
            write("epoch: 1 week", f"epoch: 1 week\nvary: {{over: {{{EVERY}: [1 year, 2 year]}}}}"), [f"{EVERY}=3 year"]
        )


def test_set_takes_blocks_lists_and_policies(write):
    scenario = load(
        write(),
        [
            "networks.tao.payout={kind: availability}",
            "compare.outcomes=[tao.nodes]",
            "policies.third.networks.tao.split.share=3 %",
            "seeds.replications=5",
        ],
    )
    assert scenario.spec.networks["tao"].payout.kind == "availability"
    assert scenario.spec.compare.outcomes == ["tao.nodes"]
    assert scenario.policies == ("slow", "fast", "third")
    assert scenario.case("third", "pool").after.networks["tao"].split.share == 0.03
    assert scenario.spec.seeds.replications == 5


def test_what_the_command_line_changed_is_told(write):
    scenario = load(write(), ["workload.chat.rate=9 /s"])
    (change,) = scenario.overrides
    assert (change.path, change.old, change.new) == ("workload.chat.rate", "4 /s", "9 /s")


def test_policies_that_the_command_line_made_equal_are_told(write):
    scenario = load(write(), [f"{EVERY}=3 year"])
    assert scenario.notices == ("policies `slow` and `fast` are the same: --set overrides what told them apart",)


@pytest.mark.parametrize(
    ("given", "message"),
    [("seeds.rot=3", "`rot` is not a key here"), ("networks.tap.split.share=3 %", "there is no `tap` here"), ("seeds", "must be `path=value`"), ("seeds.root=[", "the bracket `[` opened here is not closed"), ("seeds.root=x", "'x' found; must be a whole number"), ("workload.chat.rate=", "has no value")],
)  # fmt: skip
def test_a_wrong_set_is_told(write, given, message):
    with pytest.raises(ScenarioError) as caught:
        load(write(), [given])
    assert any(message in problem.message for problem in caught.value.problems), caught.value.problems


def test_with_gives_a_changed_copy(read):
    scenario = read()
    changed = scenario.with_({"workload.chat.rate": "9 /s"})
    assert (scenario.spec.workload["chat"].rate, changed.spec.workload["chat"].rate) == (4, 9)


def test_a_scenario_without_policies_has_one(write):
    text = write().read_text()
    begin, end = text.index("policies:"), text.index("seeds:")
    scenario = load(
        write(
            text[:begin]
            + text[end:]
            .replace("baseline: slow\n", "outcomes: [tao.nodes]\n")
            .replace("  outcomes: [tao.nodes@end, cloud.share_frac]\n", "")
        )
    )
    assert (scenario.policies, scenario.baseline, len(scenario.cases())) == (("scenario",), "scenario", 1)


def test_changes_tell_path_old_new_and_line(read):
    (change,) = read().changes
    assert (change.policy, change.path, change.old, change.new, change.line) == ("fast", EVERY, "4 year", "2 year", 22)


def test_order_of_the_file_moves_no_case(read):
    scenario = read()
    case = scenario.case("slow", "pool").after
    assert list(case.networks) == ["cloud", "tao"]
    assert list(case.networks["tao"].operators) == ["farm", "home"]


def test_a_class_that_names_no_network_buys_from_the_first_of_the_file(read):
    scenario = read("demand: {kind: logit, elasticity: -1.2}", "demand: {kind: fixed}")
    assert scenario.case("slow", "pool").after.workload["chat"].demand.network == "tao"
