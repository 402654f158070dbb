"""Making policies equal before they are compared: the factor by hand, what cannot be reached, and that tries share users."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sim import study
from sim.errors import ScenarioError
from sim.records.solved import Solved
from sim.records.study import StudyRecord
from sim.report import html, markdown
from tests.world.small import PRICED, scenario

pytestmark = pytest.mark.long

HALF = {"networks.net.supply": {"initial": "24.5 TOK/day"}}
SOONER = {
    "networks.net.supply": {"first": "2026-04-02", "every": "1 year"}
}  # day 91: half of the half year at half the pace
WORLD: dict[str, Any] = {
    "horizon": "26 week",
    "networks.net.price": PRICED,
    "networks.net.market": {"kind": "path", "start": "1 USD/TOK", "daily_sd": "2 %"},
    "compare.coin_price": ["path"],
    "compare.outcomes": ["net.nodes@end"],
}


def solved(tmp_path: Path, compare: Mapping[str, Any], policies: Mapping[str, Any], **more: Any) -> StudyRecord:
    changes = {**WORLD, **{f"compare.{key}": value for key, value in compare.items()}, **more}
    return study.run(scenario(changes, policies), tmp_path / study.STORE, jobs=1)


def only(record: StudyRecord) -> Solved:
    (one,) = record.solved
    return one


def test_half_the_emission_is_doubled_to_be_held_equal(tmp_path: Path) -> None:
    record = solved(tmp_path, {"hold": "emission_total"}, {"half": HALF})
    one = only(record)
    assert (one.policy, one.by, one.word) == ("half", "networks.net.supply.initial", "")
    # By hand: 49 coins a day for 182 days.
    assert one.target == pytest.approx(49 * 182) and one.found == pytest.approx(49 * 182, rel=0.005)
    assert one.setting == pytest.approx(2.0, rel=0.005)
    (verdict,) = record.verdicts
    assert verdict.word == "no difference"  # with as many coins it is the baseline again
    assert any("networks.net.supply.initial x 2" in sentence for sentence in record.sentences)
    for text in (html.page(record, []), markdown.markdown(record, [])):
        assert "Made equal" in text and "49 TOK/day" in text
    change = [c for c in record.changes if c.file == "compare.hold"]
    assert [(c.policy, c.path) for c in change] == [("half", "networks.net.supply.initial")]


def test_an_early_halving_is_paid_for_by_more_before_it(tmp_path: Path) -> None:
    one = only(solved(tmp_path, {"hold": "emission_total"}, {"sooner": SOONER}))
    # By hand: 91 days at 1 and 91 at 1/2 give 3/4 of the coins.
    assert one.setting == pytest.approx(4 / 3, rel=0.005)


def test_equal_value_weighs_coins_by_their_price(tmp_path: Path) -> None:
    falling = {"networks.net.market": {"kind": "path", "start": "1 USD/TOK", "drift": "-90 %/year"}}
    one = only(solved(tmp_path, {"hold": "emission_value_usd"}, {"sooner": SOONER}, **falling))
    # The coin falls to 0.1^(1/2) in half a year: the first half is worth 0.1^(-1/4) times the second.
    early, late = 1.0, 0.1**0.25
    assert one.setting == pytest.approx((early + late) / (early + late / 2), rel=0.01)


def test_a_price_is_scaled_to_what_users_paid_under_the_baseline(tmp_path: Path) -> None:
    dear = {"networks.net.price": {"input": "0.10 USD/Mtok", "output": "0.30 USD/Mtok"}}
    one = only(solved(tmp_path, {"hold": "user_price"}, {"dear": dear}))
    assert one.by == "networks.net.price.input, networks.net.price.output"
    assert one.setting == pytest.approx(0.5, rel=0.01)


def test_what_emits_nothing_cannot_be_held_equal_and_that_is_an_answer(tmp_path: Path) -> None:
    record = solved(tmp_path, {"hold": "emission_total"}, {"fees": {"networks.net.supply": {"kind": "fixed"}}})
    one = only(record)
    assert (one.word, one.setting, one.least, one.most) == ("not reachable", None, 0.0, 0.0)
    assert any(
        "not reachable by nothing that could be scaled (seen: 0 TOK to 0 TOK)" in text for text in record.sentences
    )
    assert any("fees: net emission_total is not reachable" in warning for warning in record.warnings)


EQUAL = {
    "outcome": "net.nodes@end",
    "value": "30 nodes",
    "by": "networks.net.supply.initial",
    "within": ["20 TOK/day", "900 TOK/day"],
}


def test_every_policy_is_turned_until_the_outcome_is_equal(tmp_path: Path) -> None:
    record = solved(
        tmp_path, {"equalize": EQUAL, "indifferent": {"net.nodes@end": "1 nodes"}}, {"sooner": SOONER}, horizon="3 year"
    )
    base, sooner = record.solved
    assert (base.policy, sooner.policy, base.word, sooner.word) == ("base", "sooner", "", "")
    assert abs(base.found - 30) <= 1 and abs(sooner.found - 30) <= 1  # type: ignore[operator]
    # Free entry: 30 nodes at 2.40 USD a day earn 72 coins of a dollar, with the few fees on top less; halved three times, 8 times that.
    assert base.setting == pytest.approx(72, rel=0.2)
    assert sooner.setting > 3 * base.setting  # type: ignore[operator]


def test_a_target_out_of_reach_is_told_with_the_range_seen(tmp_path: Path) -> None:
    asked = {**EQUAL, "value": "95 nodes", "within": ["20 TOK/day", "100 TOK/day"]}
    record = solved(tmp_path, {"equalize": asked}, {"half": HALF})
    assert {one.word for one in record.solved} == {"not reachable"}
    one = record.solved[0]
    assert one.most is not None and one.least is not None and one.least < one.most < 95
    assert any("not reachable" in warning for warning in record.warnings)


def test_the_same_study_again_simulates_nothing(tmp_path: Path) -> None:
    first = solved(tmp_path, {"hold": "emission_total"}, {"half": HALF})
    seen: list[Any] = []
    changes = {**WORLD, "compare.hold": "emission_total"}
    again = study.run(scenario(changes, {"half": HALF}), tmp_path / study.STORE, jobs=2, progress=seen.append)
    assert all(one.simulated == 0 for one in seen)
    assert again.solved == first.solved and [v.word for v in again.verdicts] == [v.word for v in first.verdicts]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({**EQUAL, "by": "networks.net.supply.initail"}, "initail"),
        ({**EQUAL, "by": "networks.net.supply"}, "is no quantity"),
        ({**EQUAL, "by": "networks.net.coin.supply"}, "is set up at the start of a run"),
        ({**EQUAL, "by": "workload.chat.rate"}, "cannot change `workload`"),
        ({**EQUAL, "within": ["20 TOK/day", "3 s"]}, "3 s"),
        ({**EQUAL, "within": ["20 TOK/day", "10 TOK/day"]}, "the lower one first"),
        ({**EQUAL, "value": "30 s"}, "30 s"),
        ({**EQUAL, "outcome": "net.nods"}, "there is no outcome `nods`"),
    ],
)
def test_what_cannot_be_equalized_is_told(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        scenario({**WORLD, "compare.equalize": asked})


def test_one_way_to_make_equal(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="`equalize` and `hold` found"):
        scenario({**WORLD, "compare.equalize": EQUAL, "compare.hold": "user_price"})
