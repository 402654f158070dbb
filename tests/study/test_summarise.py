"""What runs say together: summaries, verdicts under both kinds of coin price, bands, histograms, flows, sentences."""

import dataclasses
import datetime

import numpy as np
import pytest

from sim.errors import InvariantError, ScenarioError
from sim.records.study import StudyRecord
from sim.study import statistics
from sim.study.gather import MOST_POINTS, gather
from sim.study.plan import Cell, Zone
from sim.study.statistics import Paired
from sim.study.summarise import summarise
from sim.study.values import difference_within_range, value_of
from sim.units import DAY_S

NOT_VARIED = (
    "Uncertain parameters were not varied (no --uncertain): what is told holds at the file's values, and intervals tell the "
    "noise of the simulation alone."
)


@pytest.fixture(scope="module")
def plan(economy):
    return economy.plan()


@pytest.fixture(scope="module")
def runs(economy, plan):
    return economy.runs(plan)


@pytest.fixture(scope="module")
def record(plan, runs):
    return summarise(plan, runs)


def changed(runs, cell, **changes):
    """The runs with some fields of one cell's records replaced by functions of the record."""
    new = [dataclasses.replace(one, **{name: change(one) for name, change in changes.items()}) for one in runs[cell]]
    return {**runs, cell: new}


def verdict(record, outcome, policy, kind):
    (found,) = [v for v in record.verdicts if (v.outcome, v.policy, v.coin_price) == (outcome, policy, kind)]
    return found


def summary(record, outcome, policy, kind):
    (found,) = [s for s in record.outcomes if (s.outcome, s.policy, s.coin_price) == (outcome, policy, kind)]
    return found


def test_fewer_nodes_under_both_kinds_is_the_joint_word(record, runs):
    found = verdict(record, "tao.nodes@end", "two_years", "both")
    each = [verdict(record, "tao.nodes@end", "two_years", kind) for kind in ("pool", "path")]
    assert {one.word for one in (*each, found)} == {"lower"}
    assert found.low == min(one.low for one in each)
    assert found.high == max(one.high for one in each)
    assert found.difference == pytest.approx(-70, abs=2)  # 230 against 300 nodes, common noise taken out
    assert found.unit == "nodes"
    assert found.low <= found.difference <= found.high
    expected = statistics.paired(
        *([r.series["tao.nodes"][-1] for r in runs[Cell(policy, "pool", 0)]] for policy in ("two_years", "four_years"))
    )
    assert (each[0].difference, each[0].low, each[0].p, each[0].pairing_gain) == (
        expected.difference,
        expected.low,
        expected.p,
        expected.gain,
    )
    assert expected.gain > 20  # users are common to both policies


def test_more_under_one_kind_and_fewer_under_the_other_depends(record):
    found = verdict(record, "tao.nodes@end", "fees_only", "both")
    assert found.word == "depends on how the coin is priced"
    assert found.why == "pool: higher; path: lower"
    assert (found.difference, found.low, found.p, found.relative) == (None, None, None, None)


def test_an_equal_price_is_no_difference(record):
    found = verdict(record, "tao.price_paid_usd_per_mtok", "two_years", "both")
    assert (found.word, found.difference, found.low, found.high) == ("no difference", 0.0, 0.0, 0.0)


def test_direction_makes_a_lower_slo_attainment_worse(record):
    assert verdict(record, "tao.slo_met_frac", "two_years", "both").word == "worse"


def test_relative_numbers_are_fractions_of_the_baselines_mean(record):
    found = verdict(record, "tao.nodes@end", "two_years", "path")
    assert found.relative == found.difference / found.baseline_mean
    assert found.indifferent == pytest.approx(0.02 * found.baseline_mean, rel=1e-15)


def test_latency_of_other_requests_is_not_comparable(record):
    found = verdict(record, "tao.e2e_p95_s", "fees_only", "both")
    assert found.word == "not comparable"
    assert "unmet demand 15 % against 5.01 %, more than 2 % apart" in found.why
    assert verdict(record, "tao.e2e_p95_s", "two_years", "both").word == "worse"


def test_a_wider_zone_of_unmet_demand_makes_latency_comparable(plan, runs):
    wide = dataclasses.replace(plan, indifferent={**plan.indifferent, "tao.unmet_frac": Zone(absolute=0.2)})
    assert verdict(summarise(wide, runs), "tao.e2e_p95_s", "fees_only", "both").word == "no difference"


@pytest.mark.parametrize(
    ("outcome", "share", "told"),
    [
        ("tao.network_s", "tao.unmet_frac", "other requests completed: unmet demand 15 % against 4.95 %"),
        ("world.job_time_days", "world.jobs_failed_frac", "other jobs completed: jobs failed 30 % against 0 %"),
    ],
)
def test_times_of_what_completed_are_compared_only_where_about_the_same_completed(plan, runs, outcome, share, told):
    def with_outcome(one):
        failed = {"world.jobs_failed_frac": 0.3 if one.policy == "fees_only" else 0.0}
        return {**one.outcomes, **failed, outcome: 1.0 + (one.policy == "two_years")}

    new = {
        cell: [dataclasses.replace(one, outcomes=with_outcome(one)) for one in records]
        for cell, records in runs.items()
    }
    found = summarise(dataclasses.replace(plan, outcomes=(outcome,)), new)
    refused = verdict(found, outcome, "fees_only", "path")
    assert refused.word == "not comparable" and told in refused.why
    assert verdict(found, outcome, "two_years", "path").word == "worse"


def test_a_quantile_is_of_one_run_and_then_a_mean_never_of_pooled_requests(plan, runs):
    cell = Cell("four_years", "path", 0)
    slow = {one.replication: 100.0 if one.replication == 3 else 1.0 for one in runs[cell]}
    new = changed(
        runs,
        cell,
        outcomes=lambda one: {**one.outcomes, "tao.e2e_p95_s": slow[one.replication]},
        # Most requests of all runs are in the slow one: pooled, the quantile would be its own.
        histograms=lambda one: {"tao.e2e": [[10, 5]] if slow[one.replication] == 1.0 else [[4000, 10**6]]},
    )
    record = summarise(plan, new)
    found = summary(record, "tao.e2e_p95_s", "four_years", "path")
    assert found.mean == (11 * 1.0 + 100.0) / 12
    assert "of the requests of one run" in record.method["quantiles"]


def test_holm_goes_over_every_declared_comparison(record):
    tested = [v for v in record.verdicts if v.coin_price != "both"]
    adjusted = statistics.holm([v.p for v in tested])
    assert len(tested) == 4 * 2 * 2  # outcomes x policies x kinds
    assert [v.p_holm for v in tested] == adjusted
    assert any(v.p_holm > v.p for v in tested)


def test_an_outcome_without_a_source_is_not_supported_and_says_why(plan, runs):
    found = summarise(dataclasses.replace(plan, outcomes=("tao.energy_j_per_tok",)), runs)
    one = verdict(found, "tao.energy_j_per_tok", "two_years", "both")
    assert one.word == "not supported"
    assert "no source for the power of its nodes" in one.why
    assert (one.difference, one.baseline_mean) == (None, None)
    assert summary(found, "tao.energy_j_per_tok", "two_years", "pool").reason == "no source for the power of its nodes"


def test_one_run_without_a_number_is_told_and_not_dropped(plan, runs):
    cell = Cell("two_years", "pool", 0)
    holed = changed(
        runs, cell, outcomes=lambda r: {**r.outcomes, "tao.slo_met_frac": None if r.replication == 5 else 0.5}
    )
    found = summarise(plan, holed)
    assert summary(found, "tao.slo_met_frac", "two_years", "pool").mean is None
    assert summary(found, "tao.slo_met_frac", "two_years", "pool").reason == "no number in 1 of 12 replications"
    assert verdict(found, "tao.slo_met_frac", "two_years", "both").word == "not supported"


def test_a_number_that_is_not_finite_is_an_error(plan, runs):
    bad = changed(
        runs, Cell("two_years", "pool", 0), outcomes=lambda r: {**r.outcomes, "tao.slo_met_frac": float("inf")}
    )
    with pytest.raises(InvariantError, match=r"tao.slo_met_frac: inf found"):
        summarise(plan, bad)


def test_times_that_never_came_have_a_share_and_a_restricted_mean(plan, runs):
    record = summarise(dataclasses.replace(plan, outcomes=("tao.half_nodes_days",)), runs)
    found = summary(record, "tao.half_nodes_days", "two_years", "pool")
    horizon = 8 * 7  # ten weeks less two of common run-in, in days
    assert (found.reached, found.n, found.unit) == (6, 12, "days")
    assert found.mean == pytest.approx((6 * 20 + 6 * horizon) / 12)
    assert (found.reached_low, found.reached_high) == statistics.wilson(6, 12)
    never = summary(record, "tao.half_nodes_days", "four_years", "pool")
    assert (never.reached, never.mean, never.low, never.reached_low) == (0, horizon, horizon, 0.0)
    difference = verdict(record, "tao.half_nodes_days", "two_years", "pool")
    assert difference.difference == pytest.approx(found.mean - horizon)
    assert difference.word == "worse"  # a later half-life is better


def test_times_that_the_runs_do_not_carry_are_not_supported(plan, runs):
    record = summarise(dataclasses.replace(plan, outcomes=("tao.fees_cover_days",)), runs)
    assert verdict(record, "tao.fees_cover_days", "two_years", "both").word == "not supported"


def test_references_read_the_series(economy, plan, runs):
    run = runs[Cell("two_years", "path", 0)][0]
    nodes = run.series["tao.nodes"]
    assert value_of(plan, run, "tao.nodes@end") == nodes[-1]
    assert value_of(plan, run, "tao.nodes") == run.outcomes["tao.nodes"]
    # The two epochs before policies_from are common to all policies: no extreme of theirs counts.
    assert value_of(plan, run, "tao.nodes@max") == nodes[2] == max(nodes[2:])
    assert value_of(plan, run, "tao.nodes@min") == nodes[-1]
    # 2026-01-10 lies in the second week; the last instant of a week belongs to it.
    assert value_of(plan, run, "tao.nodes@2026-01-10") == nodes[1]
    assert value_of(plan, run, "tao.nodes@2026-01-08") == nodes[0]
    assert value_of(plan, run, "tao.nodes@2026-03-12") == nodes[-1]
    # Measured in weeks 1, 5 and 9 only: the last one measured stands.
    assert value_of(plan, run, "tao.e2e_p95_s@2026-02-20") == 4.0
    assert value_of(plan, run, "world.consumer_surplus_usd_per_day") == value_of(
        plan, run, "consumer_surplus_usd_per_day"
    )


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("tao.nods", "nods is not in the outcome table; did you mean nodes?"),
        ("tau.nodes", "no network tau; did you mean tao?"),
        ("tao.nodes@last", "'last' found after @; must be end, min, max or a date"),
        ("tao.nodes@2031-01-01", "2031-01-01 lies outside the run, which goes from 2026-01-01 to 2026-03-12"),
    ],
)
def test_references_that_cannot_be_are_told(plan, runs, reference, text):
    with pytest.raises(ScenarioError, match="outcome") as caught:
        summarise(dataclasses.replace(plan, outcomes=(reference,)), runs)
    assert text in str(caught.value)


def test_units_name_the_coin(record):
    assert summary(record, "tao.emission_coin", "four_years", "pool").unit == "TAO/day"


def test_without_declared_outcomes_the_default_list_is_compared_as_far_as_runs_carry_it(plan, runs):
    record = summarise(dataclasses.replace(plan, outcomes=(), networks={"tao": "TAO", "cloud": ""}), runs)
    assert list(dict.fromkeys(v.outcome for v in record.verdicts)) == [
        "tao.price_paid_usd_per_mtok",
        "tao.slo_met_frac",
        "tao.nodes@end",
    ]
    # What no run knows of is not listed either; what has no number for a reason is.
    listed = {s.outcome for s in record.outcomes}
    assert "cloud.share_frac" not in listed
    assert "tao.energy_j_per_tok" in listed


def test_bands_are_quantiles_over_replications(record, runs):
    (band,) = [b for b in record.bands if (b.outcome, b.policy, b.coin_price) == ("tao.nodes", "two_years", "path")]
    ends = [run.series["tao.nodes"][-1] for run in runs[Cell("two_years", "path", 0)]]
    assert band.q50[-1] == pytest.approx(np.quantile(ends, 0.5), rel=1e-8)
    assert band.q05[-1] == pytest.approx(np.quantile(ends, 0.05), rel=1e-8)
    assert band.time_s == runs[Cell("two_years", "path", 0)][0].epoch_end_s
    (latency,) = [
        b for b in record.bands if (b.outcome, b.policy, b.coin_price) == ("tao.e2e_p95_s", "two_years", "path")
    ]
    assert len(latency.time_s) == 3  # measured epochs only


def test_long_series_are_thinned_and_keep_their_ends(plan, runs):
    epochs = 1000
    long = {
        cell: [
            dataclasses.replace(
                r,
                epoch_end_s=[float(k) for k in range(epochs)],
                series={"tao.nodes": [float(k) for k in range(epochs)]},
            )
            for r in records
        ]
        for cell, records in runs.items()
    }
    for band in summarise(dataclasses.replace(plan, outcomes=("tao.nodes",)), long).bands:
        assert len(band.time_s) == MOST_POINTS
        assert (band.time_s[0], band.time_s[-1]) == (0.0, 999.0)
        assert band.q50 == band.time_s


def test_an_epoch_that_some_replications_missed_takes_the_others(plan, runs):
    cell = Cell("two_years", "path", 0)
    holed = changed(
        runs,
        cell,
        series=lambda r: {
            "tao.nodes": [None if r.replication < 9 and k == 3 else float(r.replication) for k in range(10)]
        },
    )
    (band,) = [b for b in summarise(plan, holed).bands if (b.policy, b.coin_price) == ("two_years", "path")]
    assert len(band.time_s) == 10
    assert (band.q50[2], band.q50[3]) == (5.5, 10.0)  # replications 0 .. 11, and 9, 10, 11


def test_an_interval_does_not_leave_what_can_be(plan, runs):
    wide = {
        cell: [
            dataclasses.replace(
                r,
                outcomes={"tao.slo_met_frac": 1.0 - 0.5 * (r.replication == 0), "tao.nodes": float(r.replication == 0)},
            )
            for r in records
        ]
        for cell, records in runs.items()
    }
    record = summarise(dataclasses.replace(plan, outcomes=("tao.slo_met_frac",)), wide)
    share, nodes = (summary(record, name, "two_years", "pool") for name in ("tao.slo_met_frac", "tao.nodes"))
    assert share.high == 1.0
    assert share.low == statistics.mean_interval(share.values).low
    assert nodes.low == 0.0
    difference = verdict(record, "tao.slo_met_frac", "two_years", "pool")
    assert difference.word == "no difference"


def test_histograms_are_summed_over_replications(plan, runs):
    record = summarise(dataclasses.replace(plan, slo_s={"ttft": 2.0}), runs)
    histogram = record.histograms[0]
    assert (histogram.network, histogram.metric, histogram.slo_s) == ("tao", "ttft", 2.0)
    assert [row[2] for row in histogram.bins] == [5 * 12, sum(range(1, 13))]
    assert all(low < high for low, high, _ in histogram.bins)
    assert histogram.bins[0][:2] == [10e-12, 11e-12]


def test_operators_are_means_and_flows_are_the_first_replications(record, runs):
    row = record.operators[0]
    assert (row["policy"], row["coin_price"], row["network"], row["class"], row["replications"]) == (
        "four_years",
        "pool",
        "tao",
        "home",
        12,
    )
    assert row["nodes"] == pytest.approx(
        np.mean([r.operators[0]["nodes"] for r in runs[Cell("four_years", "pool", 0)]])
    )
    assert [flow.rows[0].amount for flow in record.flows] == [5] * 6
    assert record.flows[0].residuals == {"USD": 0, "TAO": 0}


def test_counts_and_warnings(record, plan, runs):
    assert record.counts == {"requests.arrived": 105 * 72, "requests.completed": 7200, "runs": 72}
    assert "four_years: drift 0.1 % over 90 days" in record.warnings
    few = summarise(dataclasses.replace(plan, replications=3), {cell: records[:3] for cell, records in runs.items()})
    assert "3 replications only: intervals are rough below 10" in few.warnings


def test_the_order_in_which_cells_come_changes_no_byte(plan, runs, record):
    assert summarise(plan, dict(reversed(runs.items()))).to_json() == record.to_json()
    assert StudyRecord.from_json(record.to_json()) == record


def test_without_the_baseline_nothing_is_compared(plan, runs):
    record = summarise(dataclasses.replace(plan, policies=("two_years",)), runs)
    assert record.verdicts == []
    assert "the baseline four_years is not among the policies that ran: no differences are told" in record.warnings
    assert record.sentences == [
        "Uncertain parameters were not varied (no --uncertain): intervals tell the noise of the simulation alone.",
        "Two years (coin price: pool): price paid 0.201 USD/Mtok [0.196, 0.206]; nodes at the end 231 [226, 236]; "
        "SLO attainment 85.0 % [85.0, 85.1]; E2E p95 6.01 s [5.96, 6.06].",
    ]


def test_sentences_say_what_the_verdicts_say(record):
    assert record.sentences == [
        NOT_VARIED,
        "Two years: 23.2 % fewer nodes at the end [-23.5, -22.9]; SLO attainment 4.97 pp lower [-5.05, -4.88], worse; "
        "E2E p95 49.9 % higher [49.9, 49.9], worse; price paid: no difference.",
        "Fees only: price paid and SLO attainment: no difference; nodes at the end: depends on how the coin is priced; E2E p95: not comparable.",
        "What is said holds under each kind of coin price (pool and path) unless it says otherwise.",
    ]


def test_points_of_a_sweep_are_told_apart(economy):
    path = "networks.tao.operators.home.electricity"
    plan = economy.plan(
        points=({path: "0.08 USD/kWh"}, {path: "0.15 USD/kWh"}),
        coin_prices=("path",),
        policies=("four_years", "two_years"),
        outcomes=("tao.nodes@end",),
    )
    record = summarise(plan, economy.runs(plan))
    assert [v.point for v in record.verdicts] == [0, 1]
    assert record.sentences[1].startswith("Two years (electricity 0.08 USD/kWh): 23.2 % fewer nodes at the end [")
    many = economy.plan(
        points=tuple({path: f"0.{k} USD/kWh"} for k in range(1, 6)),
        coin_prices=("path",),
        policies=("four_years", "two_years"),
        outcomes=("tao.nodes@end",),
    )
    assert summarise(many, economy.runs(many)).sentences == [
        NOT_VARIED,
        "Two years: nodes at the end: lower in 5 of 5 points.",
    ]


def test_dates_count_from_the_start(plan):
    assert plan.start + datetime.timedelta(seconds=plan.horizon_s) == datetime.date(2026, 3, 12)
    assert plan.horizon_s == 70 * DAY_S


def test_the_method_tells_how_far_the_start_was_from_rest(plan, runs):
    # Ten weeks only: there are no 90 days to tell of.
    assert "drift in the first 90 days under the baseline" not in summarise(plan, runs).method
    longer = dataclasses.replace(plan, horizon_s=100 * 86_400.0)
    told = summarise(longer, runs).method["drift in the first 90 days under the baseline"]
    first, last = (
        np.median([run.series["tao.nodes"][k] for run in runs[Cell("four_years", "pool", 0)]]) for k in (0, -1)
    )
    assert f"tao (pool): nodes {100 * (last / first - 1):+.1f} %" in told


def test_a_difference_is_cut_to_what_can_be():
    wide = Paired(3, 20.0, 5.0, -15.0, -33.0, 3.0, 7.0, 0.02, 1.0)
    assert difference_within_range("tao.nodes@end", wide).low == -20.0  # not fewer nodes than none
    assert difference_within_range("tao.operator_margin_frac", wide) == wide
    share = Paired(3, 0.9, 0.95, 0.05, -0.1, 0.2, 0.1, 0.2, 1.0)
    assert difference_within_range("tao.slo_met_frac", share).high == pytest.approx(0.1)


def test_curves_of_operators_are_means_over_replications(plan, runs):
    cell, records = next(iter(runs.items()))
    records = list(records)
    known = [
        ([0.0] + [0.2] * 19 + [1.0], {"tao.home": [[-288, 3], [32, 2]]}),
        ([0.0] + [0.4] * 19 + [1.0], {"tao.home": [[32, 1], [289, 4]]}),
    ]
    for place, (curve, counts) in enumerate(known):
        records[place] = dataclasses.replace(records[place], lorenz={"tao": curve}, break_evens=counts)
    found = gather(plan, cell, records, [])
    (curve,), (steps,) = found.lorenz, found.break_evens
    assert (curve.network, curve.policy, curve.share_frac[1]) == ("tao", cell.policy, pytest.approx(0.3))
    # Nodes a replication: fees alone pay for 3, 3 stand at 10 USD, no price is enough for 4; the others have none.
    n = len(records)
    assert (steps.operators, steps.steps) == ("home", [[0.0, 3 / n], [10.0, 3 / n], [None, 4 / n]])
