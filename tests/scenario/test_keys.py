"""The key of a case: equal for files that say the same, different where a run may differ."""

from __future__ import annotations

import random

import pytest
import yaml

from sim.records import run as records
from sim.scenario import load


def _keys(scenario):
    return [case.case.key for case in scenario.cases()]


@pytest.fixture
def keys(write):
    return lambda old="", new=None, **more: _keys(load(write(old, new), **more))


def test_the_baseline_is_read_once_though_it_holds_before_and_after(write):
    cases = load(write()).cases()
    slow = {one.case.coin_price: one.after for one in cases if one.case.policy == "slow"}
    for one in cases:
        assert one.before is slow[one.case.coin_price]
        assert (one.before is one.after) == (one.case.policy == "slow")


def test_keys_are_hex_of_sha256_and_differ_between_cases(keys):
    found = keys()
    assert len(found) == len(set(found)) == 4
    assert all(len(key) == 64 and int(key, 16) >= 0 for key in found)


@pytest.mark.long
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: A small study", "name: Another name  # a comment"),
        ("rate: 4 /s", "rate: 240 /min"),
        ("rate: 4 /s", 'rate: {value: "4.0 /s", source: here, date: 2026-01-01}'),
        ("epoch: 1 week", "epoch: 7 day"),
        ("epoch: 1 week\n", ""),
        ("ttft: 2 s, tpot: 60 ms", "tpot: 0.06 s, ttft: 2000 ms"),
        ("replications: 2", "replications: 9"),
        ("outcomes: [tao.nodes@end, cloud.share_frac]", "outcomes: [tao.nodes]"),
        ("baseline: slow", "baseline: slow\n  indifferent: {default: 3%}"),
    ],
)
def test_spelling_names_and_what_is_compared_move_no_key(keys, old, new):
    assert keys(old, new) == keys()


def test_the_order_of_keys_moves_no_key(write, keys):
    def shuffled(value):
        if isinstance(value, dict):
            items = list(value.items())
            random.Random(3).shuffle(items)
            return {key: shuffled(item) for key, item in items}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    text = write().read_text()
    data = yaml.load(text, Loader=yaml.BaseLoader)  # text only: the test writes back what it read
    data["format"], data["seeds"] = 1, {"replications": 2, "root": 7}
    data["workload"]["chat"]["demand"]["elasticity"] = -1.2
    other = (
        yaml.safe_dump(shuffled(data), sort_keys=False)
        .replace("'2026-01-01'", "2026-01-01")
        .replace("'2027-06-01'", "2027-06-01")
    )
    assert list(yaml.safe_load(other)) != list(data)
    ours, theirs = load(write()), load(write(other))
    assert {c.case.policy + c.case.coin_price: c.case.key for c in ours.cases()} == {
        c.case.policy + c.case.coin_price: c.case.key for c in theirs.cases()
    }


@pytest.mark.long
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rate: 4 /s", "rate: 4.1 /s"),
        ("root: 7", "root: 8"),
        ("policies_from: 26 week", "policies_from: 27 week"),
        ("horizon: 2 year", "horizon: 3 year"),
        ("extends: centralized", "extends: centralized\n    operators: {fleet: {nodes: 5}}"),
        ("epoch: 1 week", "epoch: 1 week\nrequests: {every: 2}"),
    ],
)
def test_what_a_run_does_moves_every_key(keys, old, new):
    assert not set(keys(old, new)) & set(keys())


def test_a_policy_moves_its_own_key_only(read):
    before = {(c.case.policy, c.case.coin_price): c.case.key for c in read().cases()}
    after = {(c.case.policy, c.case.coin_price): c.case.key for c in read("every: 2 year}}", "every: 1 year}}").cases()}
    assert {case for case in before if before[case] != after[case]} == {("fast", "pool"), ("fast", "path")}


def test_policies_that_say_the_same_share_a_key(read):
    scenario = read("  slow: {}", "  slow: {}\n  same: {}")
    assert scenario.case("slow", "pool").case.key == scenario.case("same", "pool").case.key


def test_the_model_s_revision_moves_every_key(keys, monkeypatch):
    before = keys()
    monkeypatch.setattr("sim.scenario.keys.MODEL_REVISION", records.MODEL_REVISION + 1)
    assert not set(before) & set(keys())


def test_the_revision_of_sampling_in_space_moves_keys_of_runs_that_are_sampled_so(read, monkeypatch):
    def keys(requests):
        told = f"epoch: 1 week\nrequests: {requests}"
        return {one.case.key for one in read("epoch: 1 week", told).cases()}

    every, part = "{mode: sampled}", "{mode: sampled, replicas: 30 %}"
    before = keys(every), keys(part)
    monkeypatch.setattr("sim.scenario.keys.SPACE_REVISION", records.SPACE_REVISION + 1)
    assert keys(every) == before[0]
    assert not before[1] & keys(part)


def test_the_revision_of_nodes_work_moves_keys_of_runs_that_see_a_node_more_than_once(read, monkeypatch):
    def keys(requests):
        told = f"epoch: 1 week\nrequests: {requests}"
        return {one.case.key for one in read("epoch: 1 week", told).cases()}

    one, two, every = "{mode: sampled, per_epoch: 1}", "{mode: sampled, per_epoch: 2}", "{mode: all}"
    before = keys(one), keys(two), keys(every)
    monkeypatch.setattr("sim.scenario.keys.WORK_REVISION", records.WORK_REVISION + 1)
    assert keys(one) == before[0]
    assert not before[1] & keys(two)
    assert not before[2] & keys(every)


def test_a_data_file_counts_by_content_not_by_name(write, tmp_path):
    trace = "arrival_s,prompt_tokens,output_tokens\n0.5,10,5\n1.5,20,6\n"
    lines = "    rate: 4 /s\n"

    def key(name, content):
        (tmp_path / name).write_text(content)
        return (
            load(
                write(lines, f"    arrivals: {{kind: trace, file: {name}}}\n    growth: {{kind: none}}\n"),
                ["workload.chat.extends=replay"],
            )
            .case("slow", "pool")
            .case.key
        )

    (tmp_path / "replay.yaml").write_text("slo: {ttft: 2 s, tpot: 60 ms}\n")
    first = key("one.csv", trace)
    assert key("two.csv", trace) == first
    assert key("two.csv", trace + "2.5,1,1\n") != first


def test_the_study_s_hash_sees_what_is_compared(read):
    assert read().hash != read("baseline: slow", "baseline: slow\n  indifferent: {default: 3%}").hash
    assert read().hash == read("epoch: 1 week", "epoch: 7 day  # the same").hash
