"""Joint sets of uncertain parameters: which verdicts they bear out, what those that fall depend on, and what is told."""

import dataclasses
import re

import numpy as np
import pytest

from sim import report
from sim.records.columns import COLUMNS, TABLES
from sim.records.study import Parameter, StudyRecord
from sim.report import terminal
from sim.study import ranks
from sim.study.export import ROWS, export
from sim.study.plan import Cell, Check
from sim.study.summarise import summarise

RENT = Parameter("networks.tao.operators.home.outside_rent", "0.1 USD/h", "uniform [0, 1 USD/h]", "USD/h", "assumed")
DEPTH = Parameter("networks.tao.market.depth", "8 MUSD", "uniform [0 MUSD, 1 MUSD]", "MUSD", "borrowed")
IDLE = Parameter("workload.chat.demand.elasticity", "-1.2", "uniform [0, 1]", "", "assumed")
SETS = 40


def study(economy, nodes, parameters=(RENT, DEPTH, IDLE), sets=SETS, kinds=("path",), **changes) -> StudyRecord:
    """A study of two policies whose nodes at the end in a set are `nodes(policy, kind, numbers of the set)`; None: no number."""
    rng = np.random.default_rng(3)
    drawn = tuple(tuple(float(u) for u in rng.permutation(sets) / sets) for _ in parameters)
    plan = economy.plan(
        policies=("four_years", "two_years"), coin_prices=kinds, outcomes=("tao.nodes@end",),
        parameters=parameters, sets=tuple(zip(*drawn, strict=True)), per_set=2, **changes,
    )  # fmt: skip
    runs = economy.runs(plan)
    for one in economy.cases(plan):
        cell = Cell(one.case.policy, one.case.coin_price, one.case.point)
        for index, numbers in enumerate(plan.sets):
            there = plan.in_set(cell, index)
            case = dataclasses.replace(one.case, point=there.point)
            found = nodes(*cell[:2], numbers)
            runs[there] = [economy.simulated(case, r, nodes=found or 0.0) for r in range(plan.per_set)]
            if found is None:
                runs[there] = [dataclasses.replace(run, series={"tao.nodes": [None] * 10}) for run in runs[there]]
    return summarise(plan, runs)


def sure(policy, kind, numbers):
    """Two years always has fewer nodes, the more so the higher the rent."""
    return 300.0 - (20 + 100 * numbers[0] if policy == "two_years" else 0.0)


def torn(policy, kind, numbers):
    """Rent decides the sign, depth moves the difference a little, elasticity not at all."""
    return 300.0 + (100 * (numbers[0] - 0.7) + 50 * numbers[1] if policy == "two_years" else 0.0)


def test_a_verdict_that_all_sets_repeat_stands(economy):
    (found,) = study(economy, sure).verdicts
    assert (found.word, found.sets, found.same_frac, found.condition) == ("lower", SETS, 1.0, "")
    # Differences are -20 - 100 u for u = 0, 1/40, ... 39/40: the 5 and 95 % quantiles by hand, within the noise of two runs.
    assert found.set_low == pytest.approx(-(20 + 97.5 * 0.95), abs=1.5)
    assert found.set_high == pytest.approx(-(20 + 97.5 * 0.05), abs=1.5)
    assert found.depends[0] == RENT.path
    assert found.difference == pytest.approx(-70, abs=2)  # what it is at the file's values stays


def test_below_nine_in_ten_it_depends_on_the_two_that_move_it_most(economy):
    record = study(economy, torn)
    (found,) = record.verdicts
    assert found.word == "depends on parameters"
    assert 0.25 < found.same_frac < 0.65
    assert found.depends == [RENT.path, DEPTH.path]
    assert re.fullmatch(r"lower at the file's values; same sign in \d\d % of 40 parameter sets", found.why)
    assert record.sentences[0] == "Two years: nodes at the end: depends on tao home outside rent and tao market depth."
    assert not re.search(r"better|worse|fewer|more n", " ".join(record.sentences))
    by_path = {one.parameter: one.rank_correlation for one in record.influences}
    assert by_path[RENT.path] > 0.8 > by_path[DEPTH.path] > abs(by_path[IDLE.path])


@pytest.mark.parametrize(("against", "word"), [(4, "lower"), (5, "depends on parameters")])
def test_exactly_nine_in_ten_is_enough(economy, against, word):
    (found,) = study(
        economy, lambda policy, kind, n: 300 + (30 if n[0] < against / SETS else -30) * (policy == "two_years")
    ).verdicts
    assert (found.word, found.same_frac) == (word, (SETS - against) / SETS)


def test_no_difference_needs_the_zone_in_nine_of_ten_sets_too(economy):
    kept = {"indifferent": {"default": economy.zone(0.30)}}
    (found,) = study(economy, lambda policy, kind, n: 300 + 20 * n[0] * (policy == "two_years"), **kept).verdicts
    assert (found.word, found.same_frac) == ("no difference", 1.0)
    (found,) = study(economy, lambda policy, kind, n: 300 + 200 * n[0] * (policy == "two_years"), **kept).verdicts
    assert found.word == "depends on parameters"
    assert "no difference at the file's values; within the zone in" in found.why


def test_a_joint_verdict_needs_both_kinds_of_coin_price_in_a_set(economy):
    record = study(
        economy, lambda policy, kind, n: 300 + (30 if n[0] < 0.15 and kind == "pool" else -30) * (policy == "two_years"), kinds=("pool", "path")
    )  # fmt: skip
    words = {one.coin_price: (one.word, one.same_frac) for one in record.verdicts}
    assert words == {
        "pool": ("depends on parameters", 0.85),
        "path": ("lower", 1.0),
        "both": ("depends on parameters", 0.85),
    }


def test_an_illustrative_parameter_makes_a_headline_conditional(economy):
    record = study(economy, sure, parameters=(dataclasses.replace(RENT, status="illustrative"), DEPTH, IDLE))
    (found,) = record.verdicts
    assert (found.word, found.condition) == ("lower", RENT.path)
    assert "fewer nodes at the end" in record.sentences[0]
    assert record.sentences[0].endswith(", conditional on an illustrative value of tao home outside rent.")
    weak = study(economy, sure, parameters=(RENT, dataclasses.replace(DEPTH, status="illustrative"), IDLE))
    assert weak.verdicts[0].condition == ""  # it is not what the difference moves with most


def test_sets_without_a_number_count_against(economy):
    def gone(policy, kind, numbers):
        return None if numbers[0] < 0.15 else sure(policy, kind, numbers)

    (found,) = study(economy, gone).verdicts
    assert (found.word, found.same_frac) == ("depends on parameters", 0.85)
    assert found.why.endswith("same sign in 85 % of 40 parameter sets; no number in 6 of them")


def test_without_sets_the_first_words_say_so_wherever_findings_stand(economy):
    plan = economy.plan()
    record = summarise(plan, economy.runs(plan))
    assert any(one.word == "worse" for one in record.verdicts)
    assert record.sentences[0].startswith("Uncertain parameters were not varied (no --uncertain)")
    shown = terminal.format_study(record).split("\n\n")[1]
    assert shown.startswith("Uncertain parameters were not varied (no --uncertain)")


def test_few_sets_are_warned_of(economy):
    assert "12 parameter sets only: shares over sets are rough below 20" in study(economy, sure, sets=12).warnings
    assert not any("parameter sets only" in warning for warning in study(economy, sure).warnings)


def test_a_record_with_sets_survives_the_store_and_is_exported(economy, tmp_path):
    record = study(economy, torn)
    assert StudyRecord.from_json(record.to_json()) == record
    export(record, tmp_path / "out")
    assert (tmp_path / "out" / "sets.csv").read_text().count("\n") == 1 + 3 * SETS
    assert len(list(ROWS["influences"](record))) == 3
    head, row = (tmp_path / "out" / "differences.csv").read_text().splitlines()
    cells = dict(zip(head.split(","), row.split(","), strict=True))
    assert cells["depends"] == f"{RENT.path}; {DEPTH.path}" and cells["sets"] == "40"


def test_rank_correlations_agree_with_scipy():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(5)
    for ties in (1000, 4):
        xs = rng.integers(0, ties, 60).astype(float).tolist()
        ys = (np.array(xs) + rng.integers(0, ties, 60)).tolist()
        assert ranks.rank_correlation(xs, ys) == pytest.approx(spearmanr(xs, ys).statistic, abs=1e-12)
    assert ranks.rank_correlation([1.0, 2.0, 3.0], [5.0, 5.0, 5.0]) is None
    assert ranks.quantile([4.0, 1.0, 3.0, 2.0], 0.05) == pytest.approx(np.quantile([1, 2, 3, 4], 0.05))


def pieces(text: str) -> list[str]:
    """Sentences, cells and lines of a page, without its tags."""
    plain = re.sub(r"<(style|svg|script).*?</\1>", " ", text, flags=re.DOTALL)
    return [piece for piece in re.split(r"<[^>]+>|\n|\. |;|\|", plain) if piece.strip()]


def test_a_range_over_sets_is_never_called_an_interval_of_confidence(economy, tmp_path):
    record = study(economy, sure)
    export(record, tmp_path / "out")
    page = report.write(record, tmp_path / "out")
    columns = [f"{name}: {COLUMNS[name].meaning}" for name in TABLES["differences"] if name.startswith(("set", "same"))]
    texts = {
        "page": pieces(page.read_text()),
        "markdown": pieces((tmp_path / "out" / "report.md").read_text()),
        "terminal": terminal.format_study(record).splitlines(),
        "columns": columns,
        "method": [record.method["parameters"]],
    }
    about = re.compile(r"parameter sets|joint sets|of sets|over the sets|same sign|moves most|\bset_", re.IGNORECASE)
    for where, found in texts.items():
        mine = [piece for piece in found if about.search(piece)]
        assert mine, where
        for piece in mine:
            assert not re.search(r"confidence|interval|\bCI\b", piece, re.IGNORECASE), (where, piece)
    assert any("range" in column for column in columns)
    assert "the range from 5 to 95 % of the difference" in page.read_text()


def test_sets_without_a_comparison_are_warned_of(economy):
    text = "nothing is compared, so the sets are told in sets.csv alone"
    alone = study(economy, sure, baseline="another")
    assert alone.verdicts == [] and text in alone.warnings
    assert text not in study(economy, sure).warnings


def test_what_is_told_without_the_sets_is_said(economy):
    (plain,) = [one for one in study(economy, sure).sentences if "joint sets" in one]
    assert plain.startswith("What is said of differences holds in at least 90 % of 40 joint sets")
    assert plain.endswith("at the file's values.") and "told" not in plain
    check = Check("at_least", "tao.nodes@end", "two_years", limit=1.0)
    (checked,) = [one for one in study(economy, sure, checks=(check,)).sentences if "joint sets" in one]
    assert checked.endswith("; checks are told at the file's values alone.")
