"""What broke first, when, and how often: the rules on series by hand, and a whole study with its twins."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sim import study
from sim.records.breaks import RULES, WIDEST, Rule
from sim.records.study import StudyRecord
from sim.report import breaks, html, markdown, starts
from sim.report.terminal import format_study
from sim.scenario import load
from sim.study.break_words import untold
from sim.study.breaks import back, beside, gaps, too_few, when
from sim.study.statistics import wilson
from sim.units import DAY_S
from tests.study.small import SMALL

pytestmark = pytest.mark.long

NEVER = float("inf")
RULE = {rule.name: rule for rule in RULES}


def told(rule: Rule, values: list[float | None], begin_day: float = 20.0, epoch_days: float = 10.0) -> float | None:
    plan: Any = SimpleNamespace(shock_from_s=begin_day * DAY_S)
    ends = [(k + 1) * epoch_days * DAY_S for k in range(len(values))]
    record: Any = SimpleNamespace(epoch_end_s=ends, series={f"net.{rule.outcome}": values})
    return when(plan, rule, "net", record)


def test_a_rule_breaks_at_the_end_of_its_first_wrong_epoch() -> None:
    # The shock comes at day 20, at the end of the second epoch of ten days; half of 100 is passed in the fourth.
    assert told(RULE["nodes_halved"], [90, 100, 60, 49, 100, 100]) == 20
    assert told(RULE["nodes_halved"], [90, 100, 60, 50, 50, 50]) == NEVER  # half is not below half
    assert told(RULE["nodes_halved"], [40, 100, 60, 60]) == NEVER  # what was before does not count


def test_what_was_broken_before_cannot_break() -> None:
    assert told(RULE["slo_missed"], [0.95, 0.85, 0.5]) is None
    assert told(RULE["slo_missed"], [0.80, 0.95, 0.5]) == 10
    assert told(RULE["unmet"], [0.0, 0.05, 0.1, 0.11]) == 20
    assert told(RULE["at_a_loss"], [0.2, 0.1, None, -0.01]) == 20  # an epoch without a measure is as the one before


def test_nothing_is_said_where_nothing_was_measured_before() -> None:
    assert told(RULE["slo_missed"], [None, None, 0.5]) is None
    assert told(RULE["coin_halved"], [1.0, 0.1], begin_day=5.0) is None


def test_a_death_spiral_lasts_ninety_days_and_to_the_horizon() -> None:
    spiral = RULE["death_spiral"]
    ninety = [100.0, 100.0, 80.0, *[40.0] * 9]
    assert told(spiral, ninety) == 20
    assert told(spiral, ninety[:-1]) == NEVER  # eighty days
    assert told(spiral, [*ninety, 60.0]) == NEVER  # they came back
    assert told(spiral, [100.0, 100.0, 40.0, 80.0, *[40.0] * 9]) == 30  # the spell that holds at the horizon


def test_a_way_back_is_the_first_of_thirty_calm_days() -> None:
    ends = [k * 10 * DAY_S for k in range(1, 11)]
    calm = [100.0] * 10
    assert back(20 * DAY_S, ends, calm, calm) is None
    assert back(20 * DAY_S, ends, [100, 100, 50, 80, 91, 109, 95, 70, 70, 70], calm) == 20  # days 40 to 70
    assert back(20 * DAY_S, ends, [100, 100, 50, 80, 91, 89, 95, 95, 95, 95], calm) == 40
    assert (
        back(20 * DAY_S, ends, [100, 100, 50, 80, 80, 80, 80, 80, 95, 95], calm) == NEVER
    )  # twenty days to the horizon
    assert back(20 * DAY_S, ends, [50, 50, 100, 100, 100, 100, 100, 100, 100, 100], calm) is None  # before the shock


def test_too_few_runs_are_told() -> None:
    assert too_few(9, 0.0, 0.3) == "too few runs (9, fewer than 10)"
    low, high = wilson(6, 12)
    assert high - low > WIDEST and too_few(12, low, high) == "too few runs (the interval spans 49 pp)"
    assert too_few(16, *wilson(8, 16)) == "" and too_few(12, *wilson(0, 12)) == ""


# -- a whole study ------------------------------------------------------------------------------------------------------

SHOCK = "shocks: [{at: 20 day, target: networks.tao.market, by: -95 %, lasts: 40 day}]\n"
HASTY = SMALL.replace("0.025 %", "2 %").replace(
    "{nodes: 12, max_nodes: 100}", "{nodes: 12, max_nodes: 100, patience: 2 day, exit_speed: 0.5 /day}"
)


@pytest.fixture(scope="module")
def shocked(tmp_path_factory: pytest.TempPathFactory) -> tuple[StudyRecord, Path]:
    folder = tmp_path_factory.mktemp("shocked")
    file = folder / "study.yaml"
    file.write_text(HASTY.replace("policies:", SHOCK + "policies:").replace("replications: 4", "replications: 12"))
    return study.run(load(file), folder / study.STORE, jobs=1), folder


def test_operators_break_and_the_twin_does_not(shocked: tuple[StudyRecord, Path]) -> None:
    record, _ = shocked
    rows = {row.rule: row for row in record.breaks}
    coin, loss, nodes = rows["coin_halved"], rows["at_a_loss"], rows["nodes_halved"]
    assert (coin.reached, coin.n, coin.twin_reached, coin.struck, coin.first) == (12, 12, 0, True, 0)
    assert (loss.reached, loss.first, loss.twin_reached) == (12, 12, 0)
    assert set(loss.days) == {1.0}  # the first day's income is a twentieth
    # Forty days are short for owners to leave: half of the nodes have gone in some runs, which twelve cannot tell.
    came = [days for days in nodes.days if days is not None]
    assert nodes.reached == len(came) == 5 and all(20 < days <= 40 for days in came)
    assert nodes.restricted_days == pytest.approx((sum(came) + 7 * 40) / 12)
    assert nodes.word == "too few runs (the interval spans 49 pp)"
    assert (loss.share_low, loss.share_high) == pytest.approx(wilson(12, 12))
    assert rows["death_spiral"].reached == 0  # the run ends forty days after the shock
    assert not any("slo" in name for name in rows)  # without requests nobody can say


def test_the_twin_is_the_same_study_without_shocks(shocked: tuple[StudyRecord, Path]) -> None:
    record, folder = shocked
    file = folder / "calm.yaml"
    file.write_text(HASTY.replace("replications: 4", "replications: 12"))
    seen = []
    calm = study.run(load(file), folder / study.STORE, jobs=1, progress=seen.append)
    assert (seen[0].stored, seen[0].simulated) == (12, 0)  # all were there as twins
    assert calm.breaks == [] and calm.recoveries == []
    (back_again,) = [row for row in record.recoveries if row.outcome == "coin_usd"]
    assert (back_again.moved, back_again.back) == (12, 0)
    # A step of -95 % that never ends: the price stands where it fell to, in every run, and holders have lost as much.
    assert back_again.lowest == pytest.approx(-0.95) and back_again.at_end == pytest.approx(-0.95)
    assert back_again.at_end_low == pytest.approx(-0.95) == back_again.at_end_high


def test_how_far_below_its_twin_a_run_fell_is_told() -> None:
    ends = [k * 10 * DAY_S for k in range(1, 6)]
    runs: list[Any] = [
        SimpleNamespace(epoch_end_s=ends, series={"net.nodes": values})
        for values in ([100.0, 100.0, 40.0, None, 90.0], [100.0, 120.0, 80.0, 100.0, 100.0], [50.0] * 5)
    ]
    # After day 20: 40 of 80, then 40 of 100 (an epoch without a measure is as the one before), 90 of 100; one above its twin all along.
    shocked = gaps(20 * DAY_S, runs[0], runs[1], "net.nodes")
    calm = gaps(20 * DAY_S, runs[1], runs[2], "net.nodes")
    assert shocked == pytest.approx([-0.5, -0.6, -0.1]) and min(calm) > 0
    told = beside([shocked, calm], 0.95)
    assert told["lowest"] == pytest.approx((-0.6 + 0) / 2) and told["at_end"] == pytest.approx((-0.1 + 1) / 2)


def test_sentences_tables_and_files_say_it(shocked: tuple[StudyRecord, Path]) -> None:
    record, folder = shocked
    (sentence,) = [text for text in record.sentences if "after the shock" in text]
    assert "what broke first was operators at a loss in 12 of 12 runs" in sentence
    assert "operators at a loss 12 of 12 [76, 100] % (without the shock 0)" in sentence
    assert "coin price below half 12 of 12 [76, 100] % (the shock moves it itself; without the shock 0)" in sentence
    assert "half of the nodes gone 5 of 12 [19, 68] % (too few runs (the interval spans 49 pp); without" in sentence
    text = format_study(record)
    assert "operators at a loss" in text and "12 of 12" in text and max(map(len, text.splitlines())) <= 100
    assert "After the shock" in html.page(record, []) and "## After the shock" in markdown.markdown(record, [])
    study.export(record, folder, whatever=True)
    with (folder / "breaks.csv").open() as stream:
        rows = {row["rule"]: row for row in csv.DictReader(stream)}
    assert rows["at_a_loss"]["reached"] == "12" and rows["coin_halved"]["struck"] == "True"
    assert (folder / "recoveries.csv").is_file()
    study.export(dataclasses.replace(record, breaks=[], recoveries=[]), folder, whatever=True)
    assert not (folder / "breaks.csv").exists()
    assert StudyRecord.from_json(record.to_json()) == record


def test_what_the_shock_moves_itself_is_told_and_never_the_first(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    outage = SHOCK.replace("tao.market, by: -95 %", "tao.operators.home, by: -95 %")
    file.write_text(HASTY.replace("policies:", outage + "policies:"))
    record = study.run(load(file), tmp_path / study.STORE, jobs=1)
    (sentence,) = [text for text in record.sentences if "fter the shock" in text]
    rows = {row.rule: row for row in record.breaks}
    assert (rows["nodes_halved"].struck, rows["nodes_halved"].reached, rows["nodes_halved"].twin_reached) == (
        True,
        4,
        0,
    )
    assert "nothing broke" not in sentence and "broke first was half of" not in sentence
    assert "half of the nodes gone 4 of 4 [51, 100] % (the shock moves it itself; too few runs (4," in sentence


def test_a_shock_in_the_first_epoch_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(HASTY.replace("policies:", SHOCK.replace("20 day", "12 h") + "policies:"))
    record = study.run(load(file), tmp_path / study.STORE, jobs=1)
    assert record.breaks == [] and record.recoveries
    (warning,) = [text for text in record.warnings if "what broke is not told" in text]
    assert warning.startswith("the first shock begins in the first epoch: nothing was measured before it")
    assert "Back at the twin" in html.page(record, []) and "Back at the twin" in markdown.markdown(record, [])
    study.export(record, tmp_path / "out", whatever=True)
    assert (tmp_path / "out" / "recoveries.csv").is_file()


def test_nothing_is_warned_of_where_there_is_no_shock_or_what_broke_is_told(shocked: tuple[StudyRecord, Path]) -> None:
    assert not any("is not told" in text for text in shocked[0].warnings)
    calm: Any = SimpleNamespace(shock_from_s=None, epoch_s=DAY_S)
    late: Any = SimpleNamespace(shock_from_s=DAY_S, epoch_s=DAY_S)
    assert untold(calm, []) == [] and untold(late, shocked[0].breaks) == []
    assert untold(late, []) == [
        "before the first shock each rule was broken or had no number, so what broke is not told"
    ]


def test_no_day_stands_where_nothing_broke(shocked: tuple[StudyRecord, Path]) -> None:
    record, _ = shocked
    rows = {row[0].text: row[1] for row in breaks.tables(record)[0].rows}
    assert rows["death spiral"].text.startswith("0 of 12") and "day" not in rows["death spiral"].small
    assert rows["operators at a loss"].small == "first in 12, day 1.00"
    (_, lines), *_ = breaks.lines(record)
    (spiral,) = [line for line in lines if line[0].strip() == "death spiral"]
    assert spiral[4] == "-"
    (coin,) = [row[1] for row in breaks.tables(record)[-1].rows if row[0].text == "tao coin price"]
    assert coin.text.startswith("0 of 12") and "day" not in coin.small
    assert coin.small == "lowest -95.0 %, at the end -95.00 % [-95.00, -95.00]"


def test_of_a_sweep_heads_tell_the_point(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    vary = "vary: {design: grid, over: {networks.tao.operators.home.electricity: [0.10 USD/kWh, 0.30 USD/kWh]}}\n"
    start = "initial: {kind: given, alternatives: [0.5x]}\n"
    file.write_text(HASTY.replace("policies:", SHOCK + vary + start + "policies:"))
    record = study.run(load(file), tmp_path / study.STORE, jobs=1)
    assert {row.point for row in record.breaks} == {0, 1}
    at = "(electricity 0.10 USD/kWh, the first of 2 points)"
    told = [text for text in record.sentences if "the shock" in text or "outcome" in text]
    assert len(told) >= 2 and all(at in text for text in told)
    made = [*breaks.tables(record), *starts.tables(record)]
    heads = [table.caption for table in made]
    assert len(heads) == 3 and all("electricity = 0.10 USD/kWh (the first of 2 points); " in head for head in heads)
    assert [head.rpartition("; ")[2] for head in heads] == [
        "breaks.csv has the others", "recoveries.csv has the others", "summary.json has the others",
    ]  # fmt: skip
    assert breaks.lines(record)[0][0].endswith("(the first of 2 points); breaks.csv has the others")


def test_few_runs_are_called_few(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(HASTY.replace("policies:", SHOCK + "policies:"))
    record = study.run(load(file), tmp_path / study.STORE, jobs=1)
    assert {row.word for row in record.breaks} == {"too few runs (4, fewer than 10)"}
    assert any("too few runs (4, fewer than 10)" in sentence for sentence in record.sentences)
    # The word that all share stands in the caption alone.
    table = breaks.tables(record)[0]
    assert "; too few runs (4, fewer than 10)" in table.caption
    assert not any("too few" in cell.note for row in table.rows for cell in row)
