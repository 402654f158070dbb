"""The 24 typical mistakes of `spec/scenario.md`: each told at its exact line and column, as typed, with a fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.scenario import load
from sim.scenario.reader import read_bytes

# (name, text in SMALL, what replaces it, line, column, the text as typed that must stand at that place,
#  words of the message, words of the fix)
VALUES = [
    ("1 typo in a key", "epoch: 1 week", "epoc: 1 week", 5, 1, "epoc", "`epoc` is not a key here", "did you mean `epoch`?"),
    ("1 typo in a nested key", "root: 7", "rot: 7", 23, 9, "rot", "`rot` is not a key here", "did you mean `root`?"),
    ("2 typo in a kind", "kind: logit,", "kind: logitt,", 13, 20, "logitt", "'logitt' is not one of logit, isoelastic, fixed", "did you mean `logit`?"),
    ("2 typo in a kind, other case", "kind: halving", "kind: Halving", 17, 20, "Halving", "'Halving' is not one of", "did you mean `halving`?"),
    ("3 missing key", "horizon: 2 year\n", "", 1, 1, "format", "`horizon` is missing", "add for example `horizon: 90 s`"),
    ("3 missing key in a block", "ttft: 2 s, ", "", 12, 5, "slo", "`ttft` is missing", "`ttft: 90 s`"),
    ("3 missing kind", "kind: logit, ", "", 13, 5, "demand", "`kind` is missing", "one of logit, isoelastic, fixed"),
    ("4 bare number", "ttft: 2 s", "ttft: 2", 12, 17, "2", "'2' has no unit; this needs a duration", "write for example `2 s`"),
    ("4 bare number, real", "rate: 4 /s", "rate: 4.50", 11, 11, "4.50", "'4.50' has no unit; this needs a rate of events", "4.50 /"),
    ("5 unknown unit", "epoch: 1 week", "epoch: 1 moon", 5, 8, "1 moon", "unknown unit 'moon'", "units accepted here: us, ms, s, min, h, day, week, year"),
    ("5 no months", "epoch: 1 week", "epoch: 1 month", 5, 8, "1 month", "unknown unit 'month'", "units accepted here"),
    ("6 wrong dimension", "rate: 4 /s", "rate: 4 USD/Mtok", 11, 11, "4 USD/Mtok", "'4 USD/Mtok' is a price of inference, but this needs a rate of events", "units accepted here: "),
    ("6 coins where tokens belong", "3600 TAO/day", "3600 tok/s", 17, 38, "3600 tok/s", "is a token rate, but this needs an amount per time", "units accepted"),
    ("7 wrong case", "tpot: 60 ms", "tpot: 60 MS", 12, 28, "60 MS", "unit 'MS' is in the wrong case", "did you mean `ms`?"),
    ("7 wrong case, an energy price", "    extends: centralized", "    extends: centralized\n    operators: {fleet: {electricity: 0.1 USD/kwh}}", 20, 38, "0.1 USD/kwh", "unit 'USD/kwh' is in the wrong case", "did you mean `USD/kWh`?"),
    ("8 negative rate", "rate: 4 /s", "rate: -4 /s", 11, 11, "-4 /s", "'-4 /s' found; must be at least 0", "for example `40 /s`"),
    ("8 epoch of more than 64 bits of picoseconds", "epoch: 1 week", "epoch: 1 year", 5, 8, "1 year", "'1 year' found; must be at most 100 day", "for example `90 s`"),
    ("10 1e6 is a number without a unit", "ttft: 2 s", "ttft: 1e6", 12, 17, "1e6", "'1e6' has no unit", "write for example `1e6 s`"),
    ("13 clock", "ttft: 2 s", "ttft: 12:30", 12, 17, "12:30", "'12:30' reads like a clock; this needs a duration", "write for example `90 s`"),
    ("14 leading zero", "replications: 2", "replications: 010", 23, 32, "010", "`010` begins with 0: some readers take it for 8", "write `10`"),
    ("15 not a number", "elasticity: -1.2", "elasticity: .nan", 13, 39, ".nan", "`.nan` is not a finite number", "write a number"),
    ("15 beyond all floats", "ttft: 2 s", "ttft: 1e999 s", 12, 17, "1e999 s", "'1e999 s' is not a finite number", "write for example `90 s`"),
    ("15 infinite", "elasticity: -1.2", "elasticity: -.inf", 13, 39, "-.inf", "`-.inf` is not a finite number", "write a number"),
    ("16 duplicate key", "epoch: 1 week", "epoch: 1 week\nepoch: 2 week", 6, 1, "epoch", "key `epoch` stands twice; first on line 5", "remove one of the two"),
    ("17 tab", "  chat:", "\tchat:", 8, 1, "\t", "a tab stands in the indentation", "indent with spaces"),
    ("18 second colon", "name: A small study", "name: Halving: slower?", 2, 14, ":", "a second colon stands on this line", 'name: "Halving: slower?"'),
    ("19 unclosed quote", "name: A small study", 'name: "A small study', 2, 7, '"', 'the quote " is not closed on this line', 'add " at the end'),
    ("19 unclosed quote before another", "name: A small study", "name: 'A small study\nother: 'x'", 2, 7, "'", "the quote ' is not closed on this line", "add ' at the end"),
    ("20 tag on a scalar", "name: A small study", "name: !!str A small study", 2, 7, "!!str", "tag `!!str` is not allowed", "remove it"),
    ("20 tag on a list", "[tao.nodes@end, cloud.share_frac]", "!!set [a, b]", 26, 13, "!!set", "tag `!!set` is not allowed", "remove it"),
    ("20 tag on a map", "seeds: {root", "seeds: !!python/object/apply:os.system {root", 23, 8, "!!python/object/apply:os.system", "tag `!!python/object/apply:os.system` is not allowed", "remove it"),
    ("21 self-alias", "name: A small study", "name: &a [*a]", 2, 7, "&a", "anchor `&a`: anchors and aliases are not taken", "use `extends`"),
    ("21 alias", "name: A small study", "name: *a", 2, 7, "*a", "alias `*a`: anchors and aliases are not taken", "use `extends`"),
    ("23 unknown baseline", "baseline: slow", "baseline: slwo", 25, 13, "slwo", "there is no policy `slwo`", "did you mean `slow`?"),
    ("23 unknown outcome", "tao.nodes@end", "tao.noodes@end", 26, 14, "tao.noodes@end", "there is no outcome `noodes`", "did you mean `nodes`?"),
    ("23 unknown network", "tao.nodes@end", "tap.nodes@end", 26, 14, "tap.nodes@end", "there is no network `tap`", "did you mean `tao`?"),
    ("23 unknown time", "tao.nodes@end", "tao.nodes@late", 26, 14, "tao.nodes@late", "'@late' is no time", "@end, @min, @max or a date"),
    ("23 date outside the run", "tao.nodes@end", "tao.nodes@2031-01-01", 26, 14, "tao.nodes@2031-01-01", "2031-01-01 lies outside the run", "the run goes from 2026-01-01 to 2028-01-01"),
    ("23 unknown dotted path", "networks.tao.supply:", "networks.tao.suply:", 22, 10, "networks.tao.suply", "`suply` is not a key here", "did you mean `supply`"),
    ("23 unknown name in a path", "networks.tao.supply:", "networks.tap.supply:", 22, 10, "networks.tap.supply", "there is no `tap` here", "did you mean `tao`?"),
    ("24 missing extends of a class", "extends: chat_steady", "extends: chat_stedy", 9, 14, "chat_stedy", "there is no `chat_stedy` in workloads", "did you mean `chat_steady`"),
    ("a number out of bounds", "elasticity: -1.2", "elasticity: 1.2", 13, 39, "1.2", "'1.2' found; must be below 0", "write a number below 0"),
    ("a policy that says nothing", "  slow: {}", "  slow:", 21, 8, "", "nothing found; must be a map of names", "or `{}` where there is none"),
    ("24 missing file", "extends: bittensor_basic", "extends: bittensor_basics", 16, 14, "bittensor_basics", "there is no `bittensor_basics` in networks", "did you mean `bittensor_basic`"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "typed", "message", "fix"),
    [row[1:] for row in VALUES],
    ids=[row[0] for row in VALUES],
)
def test_a_mistake_is_told_where_it_stands_as_typed_and_with_a_fix(
    problems, old, new, line, column, typed, message, fix
):
    found = problems(old, new)
    told = [p for p in found if (p.line, p.column) == (line, column)]
    assert len(told) == 1, [str(p) for p in found]
    problem = told[0]
    assert problem.source[column - 1 :].startswith(typed)
    assert message in problem.message
    assert fix in problem.fix
    assert problem.file.endswith("study.yaml")


@pytest.mark.parametrize("old, new", [row[1:3] for row in VALUES], ids=[row[0] for row in VALUES])
def test_one_mistake_is_one_problem(problems, old, new):
    assert len(problems(old, new)) == 1


def test_9_a_share_above_all_is_told_with_its_limit(problems):
    (problem,) = problems("extends: centralized", "extends: centralized\n    settle: {take_rate: 120 %}")
    assert (problem.line, problem.column) == (20, 25)
    assert problem.source[24:].startswith("120 %")
    assert problem.fix == "for example `41 %`"
    assert problem.message == "'120 %' found; must be at most 100 %"
    assert problem.path == "networks.cloud.settle.take_rate"


def test_10_an_exponent_is_a_number(read):
    assert read("replications: 2", "replications: 1e2").spec.seeds.replications == 100
    assert read("rate: 4 /s", "rate: 4e-1 /s").spec.workload["chat"].rate == 0.4
    assert read("elasticity: -1.2", "elasticity: -12e-1").spec.workload["chat"].demand.elasticity == -1.2


def test_11_no_for_a_boolean_is_text_and_told_so():
    with pytest.raises(ScenarioError) as caught:
        read_bytes(b"x: {value: 3 %, assumed: no}\ny: {value: 3 %, assumed: yes}\n", "f.yaml")
    first, second = caught.value.problems
    assert (first.line, first.column, first.message, first.fix) == (
        1,
        26,
        "'no' found; must be `true` or `false`",
        "write `false`",
    )
    assert (second.line, second.column, second.message, second.fix) == (
        2,
        26,
        "'yes' found; must be `true` or `false`",
        "write `true`",
    )


def test_12_norway_is_text():
    from sim.scenario.nodes import plain

    assert plain(read_bytes(b"countries: [DE, NO]\nchurn: no\n", "f.yaml")) == {
        "countries": ["DE", "NO"],
        "churn": "no",
    }


def test_21_an_alias_bomb_is_refused_at_once():
    layers = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)
    ]
    with pytest.raises(ScenarioError) as caught:
        read_bytes("\n".join(layers).encode(), "bomb.yaml")
    # Told at the first anchor: nothing behind it was read, so nothing was multiplied.
    assert len(caught.value.problems) == 1
    assert (caught.value.problems[0].line, caught.value.problems[0].column) == (1, 5)


def test_22_five_thousand_levels_are_refused_at_the_41st():
    for opening in ("[", "{a: "):
        with pytest.raises(ScenarioError) as caught:
            read_bytes((opening * 5000).encode(), "deep.yaml")
        (problem,) = caught.value.problems
        assert (problem.kind, problem.line, problem.column) == ("depth", 1, 40 * len(opening) + 1)
        assert "more than 40 levels" in problem.message


def test_22_forty_levels_are_read():
    assert read_bytes(("[" * 40 + "]" * 40).encode(), "deep.yaml")


def test_22_six_megabytes_are_refused_by_size_without_reading(tmp_path, monkeypatch):
    big = tmp_path / "big.yaml"
    with big.open("wb") as stream:
        stream.truncate(6_000_000)
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("the file was read"))
    with pytest.raises(ScenarioError) as caught:
        load(big)
    (problem,) = caught.value.problems
    assert "has 6,000,000 bytes; a scenario has at most 5,000,000" in problem.message
    assert problem.fix


@pytest.mark.long
def test_22_fifty_thousand_values_are_the_most():
    with pytest.raises(ScenarioError) as caught:
        read_bytes(("- 1\n" * 50_001).encode(), "long.yaml")
    (problem,) = caught.value.problems
    assert (problem.kind, problem.line) == ("size", 50_000)


def test_23_unknown_policy_in_a_check(problems):
    (problem,) = problems(
        "compare:\n", "checks:\n  - {outcome: tao.nodes, policy: fats, at_least: 3 nodes}\ncompare:\n"
    )
    assert (problem.line, problem.column, problem.message, problem.fix) == (
        25,
        34,
        "there is no policy `fats`",
        "did you mean `fast`?",
    )


def test_24_a_missing_scenario(tmp_path):
    with pytest.raises(ScenarioError) as caught:
        load(tmp_path / "none.yaml")
    (problem,) = caught.value.problems
    assert problem.kind == "missing_file"
    assert "no such file" in problem.message


def test_24_an_extends_cycle_is_told_with_its_links(problems, tmp_path):
    (tmp_path / "one.yaml").write_text("extends: two\n")
    (tmp_path / "two.yaml").write_text("extends: one\n")
    (problem,) = problems("extends: centralized", "extends: one")
    assert problem.message == "`extends` goes in a circle: one > two > one"
    assert (problem.file.endswith("two.yaml"), problem.line, problem.column) == (True, 1, 10)


def test_a_missing_key_and_its_near_miss_are_told_once(problems):
    (problem,) = problems("horizon: 2 year", "horizn: 2 year")
    assert (problem.line, problem.column) == (4, 1)
    assert problem.message == "`horizn` is not a key here, and `horizon` is missing"
    assert problem.fix == "did you mean `horizon`?"


def test_all_problems_are_told_at_once_in_the_order_of_the_file(problems, write):
    text = write().read_text()
    for old, new in (
        ("epoch: 1 week", "epoch: 1"),
        ("rate: 4 /s", "rate: 4 USD"),
        ("kind: logit", "kind: lgit"),
        ("root: 7", "root: x"),
        ("baseline: slow", "baseline: s"),
        ("every: 2 year", "evry: 2 year"),
    ):
        text = text.replace(old, new)
    assert [p.line for p in problems(text)] == [5, 11, 13, 22, 23, 25]


def test_problems_quote_no_value_beyond_the_line(problems):
    secret = "x" * 10_000
    (problem,) = problems("epoch: 1 week", f"epoch: 1 {secret}")
    from sim.scenario.render import render

    assert max(len(line) for line in render([problem]).splitlines()) < 600
