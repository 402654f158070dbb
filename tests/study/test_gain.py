"""The gain of common random numbers is told for every outcome, and what no replication saw has a bound."""

import csv
import dataclasses

import pytest

from sim.report.markdown import markdown
from sim.report.tables import summary as summary_table
from sim.report.terminal import format_study
from sim.study import export, statistics
from sim.study.gain import CONSTANT, NAME, all_gains, gains
from sim.study.statistics import rule_of_three
from sim.study.summarise import summarise


@pytest.fixture(scope="module")
def plan(economy):
    return economy.plan(
        outcomes=("tao.price_paid_usd_per_mtok", "tao.nodes@end", "tao.emission_coin", "tao.slo_met_frac")
    )


@pytest.fixture(scope="module")
def record(economy, plan):
    return summarise(plan, economy.runs(plan))


def test_each_outcomes_gain_is_told_wherever_a_study_is(record, plan):
    told = record.method[NAME]
    nodes = [v.pairing_gain for v in record.verdicts if v.outcome == "tao.nodes@end" and v.coin_price != "both"]
    assert min(nodes) > 10  # noise of 10 nodes in common, 1 of their own
    assert f"tao.nodes@end {min(nodes):,.0f}x to {max(nodes):,.0f}x" in told
    slo = [v.pairing_gain for v in record.verdicts if v.outcome == "tao.slo_met_frac" and v.coin_price != "both"]
    assert f"tao.slo_met_frac {min(slo):.1f}x" in told  # nothing in common: about 1
    # Emission is the same in every replication, and so is the difference of prices: neither has a gain.
    assert "emission" not in told and "price" not in told
    assert told in " ".join(format_study(record).split())
    assert "gain of common random numbers" in markdown(record, [])
    assert gains(plan, []) == {}


def test_gains_of_all_outcomes_stand_in_a_file_compared_or_not(record, tmp_path):
    export(record, tmp_path / "out")
    with (tmp_path / "out" / "gains.csv").open(newline="", encoding="utf-8") as file:
        rows = {(row["outcome"], row["policy"], row["coin_price"]): row for row in csv.DictReader(file)}
    values = {(one.outcome, one.policy, one.coin_price): one.values for one in record.outcomes}
    assert rows.keys() == {key for key in values if key[1] != record.baseline}
    assert {outcome for outcome, *_ in rows} > {one.outcome for one in record.verdicts}
    for (outcome, policy, price), row in rows.items():
        ours, theirs = values[outcome, policy, price], values[outcome, record.baseline, price]
        if row["reason"]:
            assert row["pairing_gain"] == ""
            continue
        apart = statistics.sd([a - b for a, b in zip(ours, theirs, strict=True)])
        assert float(row["pairing_gain"]) == pytest.approx(
            (statistics.sd(ours) ** 2 + statistics.sd(theirs) ** 2) / apart**2
        )
    told = {(v.outcome, v.policy, v.coin_price): v.pairing_gain for v in record.verdicts if v.pairing_gain is not None}
    assert {key: float(rows[key]["pairing_gain"]) for key in told if key in rows} == {
        key: gain for key, gain in told.items() if key in rows
    }


def test_what_has_no_gain_says_why(record):
    def gain(ours, theirs):
        cells = [
            dataclasses.replace(record.outcomes[0], policy=who, values=values)
            for who, values in (("a", theirs), ("b", ours))
        ]
        (found,) = all_gains(dataclasses.replace(record, baseline="a", outcomes=cells))
        return found.pairing_gain, found.reason

    assert gain([2.0, 4.0], [1.0, 1.0]) == (1.0, "")
    assert gain([2.0, 3.0], [1.0, 2.0]) == (None, CONSTANT)
    assert gain([2.0, 2.0], [1.0, 1.0]) == (None, "it is the same in every replication")
    assert gain([2.0, None], [1.0, 1.0]) == (None, "a replication has no number")
    assert gain([2.0], [1.0]) == (None, "one replication has no variance")


def test_the_rule_of_three():
    assert rule_of_three(100) == pytest.approx(3 / 100, rel=0.002)
    assert rule_of_three(1) == 1.0
    # It bounds the exact bound (1 - share)^n = 0.05 from above, and is close from n = 30 on.
    for n in (10, 30, 1000):
        exact = 1 - 0.05 ** (1 / n)
        assert exact < rule_of_three(n) < exact * (1.16 if n == 10 else 1.06)


def test_what_no_replication_saw_has_its_bound_told(economy, plan):
    def unseen(one):
        return dataclasses.replace(
            one, times={"tao.half_nodes_days": None}, outcomes={**one.outcomes, "tao.unmet_frac": 0.0}
        )

    runs = {cell: [unseen(one) for one in records] for cell, records in economy.runs(plan).items()}
    record = summarise(plan, runs)
    found = {one.outcome: one for one in record.outcomes if (one.policy, one.coin_price) == ("two_years", "path")}
    assert found["tao.half_nodes_days"].never_above == found["tao.unmet_frac"].never_above == rule_of_three(12)
    assert found["tao.slo_met_frac"].never_above is None
    assert found["tao.emission_coin"].never_above is None  # no share of anything
    notes = [cell.note for row in summary_table(record, 0).rows for cell in row]
    assert "came in 0 of 12 [0, 24.2] %; in at most 25.0 % of runs (rule of three)" in notes
    assert "0 in all 12; above 0 in at most 25.0 % of runs (rule of three)" in notes
