"""Cases of a study share the blocks that say the same, and say what they would say alone."""

from __future__ import annotations

import itertools
from typing import Literal

from pydantic import Field

from sim.blocks import Block
from sim.kept import Kept
from sim.scenario import load
from sim.scenario.network import NETWORKS, CentralNetwork, Operators
from sim.scenario.study import Name

HOME = "networks.tao.operators.home"
DOUBTS = f"""uncertain:
  {HOME}.electricity: {{uniform: [0.08 USD/kWh, 0.25 USD/kWh]}}
  networks.tao.market.depth: {{uniform: [10 MUSD, 60 MUSD]}}
seeds:"""


def test_what_no_set_changes_is_one_block(read):
    cases = read("seeds:", DOUBTS).with_drawn(4).cases()
    specs = [one.after for one in cases if one.case.policy == "slow" and one.case.coin_price == "pool"]
    assert len(specs) == 5  # the file's own values, and four sets
    for one, other in itertools.pairwise(specs):
        assert one.networks["cloud"] is other.networks["cloud"]
        assert one.workload["chat"] is other.workload["chat"]
        assert one.networks["tao"] is not other.networks["tao"]
        assert one.networks["tao"].operators["home"] is not other.networks["tao"].operators["home"]
        assert one.networks["tao"].operators["farm"] is other.networks["tao"].operators["farm"]


def test_a_case_of_a_study_says_what_its_file_would_say_alone(read, write):
    """Every case's key, and so its text, is that of a scenario that states the set's values itself."""
    drawn = read("seeds:", DOUBTS).with_drawn(6)
    together = {(one.case.policy, one.case.coin_price, one.case.point): one for one in drawn.cases()}
    for point, numbers in enumerate(drawn.drawn, start=1):
        said = [f"{axis.path}={axis.text(number)}" for axis, number in zip(drawn.axes, numbers, strict=True)]
        alone = load(write("seeds:", DOUBTS, name=f"alone{point}.yaml"), sets=said)
        for one in alone.cases():
            ours = together[one.case.policy, one.case.coin_price, point]
            assert ours.case.key == one.case.key
            assert (ours.before, ours.after) == (one.before, one.after)


def test_a_mistake_in_one_policy_is_told_though_others_are_right(problems):
    """What the baseline shares with it was read before."""
    (found,) = problems("{networks.tao.supply: {every: 2 year}}", "{networks.tao.supply: {every: 2 yeer}}")
    assert (found.path, found.line) == ("networks.tao.supply.every", 22)


def test_policies_are_kept_as_they_were_written(read):
    """A block that a policy brings is read where it stands, not where it is told."""
    scenario = read("{networks.tao.supply: {every: 2 year}}", "{networks.tao.supply: {kind: fixed}}")
    for one in (scenario, scenario):
        assert [type(case.after.policies["fast"]["networks.tao.supply"]) for case in one.cases()] == [dict] * 4


class _Way(Block):
    x: int = 1


def test_kinds_of_a_user_may_name_their_keys_as_they_like(read):
    """A key whose field has another name, and classes of operators that the kind brings itself."""
    fleet = read().spec.networks["cloud"].operators

    class Mine(CentralNetwork):
        kind: Literal["mine"] = "mine"
        way: _Way = Field(default_factory=_Way, alias="from")
        operators: dict[Name, Operators] = Field(default_factory=lambda: dict(fleet))

    NETWORKS.register(Mine)
    try:
        said = "{kind: mine, price: {kind: posted, input: 1 USD/Mtok, output: 2 USD/Mtok}, from: {x: 2}}"
        scenario = read("  cloud:\n    extends: centralized\n", f"  cloud: {said}\n")
        for case in scenario.cases():
            assert case.after.networks["cloud"].way.x == 2
            assert list(case.after.networks["cloud"].operators) == list(fleet)
    finally:
        NETWORKS.remove("mine")


def test_what_is_kept_is_told_apart_by_object_and_word():
    kept: Kept[int] = Kept(most=3)
    one, other = [1], [1]
    made = iter(range(100))
    pairs = [(each, word) for each in (one, other) for word in ("a", "b")]
    assert [kept.get((each,), (word,), made.__next__) for each, word in pairs] == [0, 1, 2, 3]
    # The fourth let the three before it go.
    assert kept.find((other,), ("b",)) == 3
    assert kept.find((one,), ("a",)) is None
    assert kept.get((other,), ("b",), made.__next__) == 3
    kept.put((one,), ("a",), 7)
    kept.put((one,), ("b",), 8)
    # There is room for no other, and none is needed for one that is there.
    kept.put((one,), ("a",), 7)
    assert [kept.find((one,), (word,)) for word in ("a", "b")] == [7, 8]
    assert kept.get((one,), ("a",), made.__next__) == 7
