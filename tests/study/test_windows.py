"""What windows add: found where instants differ, not where runs are noisy or a trend is slow; told apart in a verdict."""

import dataclasses

import numpy as np
import pytest

from sim.study import windows
from sim.study.gather import OLDER
from sim.study.plan import Cell
from sim.study.planning import plan_of
from sim.study.statistics import t_quantile
from sim.study.summarise import summarise
from sim.world import run as simulate
from tests.world.small import HOME, scenario

R, E = 12, 40


def simulated(rng, instants: float, noise: float, trend: float = 0.0, epochs=E):
    """Differences by replication and epoch: an effect of each instant common to all, noise of each run's own, a trend."""
    common = instants * rng.normal(size=epochs) + trend * np.arange(epochs)
    return common + noise * rng.normal(size=(R, epochs)), np.zeros((R, epochs))


def variance(half: float, epochs=E) -> float:
    return (half / t_quantile(0.975, 2 * (epochs - 1) // 3)) ** 2


def mean_variance(**kinds):
    rng = np.random.default_rng(11)
    return np.mean([variance(windows.half_width(*simulated(rng, **kinds), 0.95)) for _ in range(400)])


def test_the_variance_of_instants_is_found_beside_the_noise_of_runs():
    # The variance of a mean of 40 effects with sd 3 is 9/40; runs' own noise of sd 6 in 12 replications hides none of it.
    assert mean_variance(instants=3.0, noise=0.0) == pytest.approx(9 / E, rel=0.05)
    assert mean_variance(instants=3.0, noise=6.0) == pytest.approx(9 / E, rel=0.08)


def test_noise_of_runs_and_a_slow_trend_count_little():
    assert mean_variance(instants=0.0, noise=6.0) < 0.2 * 36 / R / E
    assert mean_variance(instants=3.0, noise=0.0, trend=0.2) == pytest.approx(9 / E, rel=0.05)
    assert variance(
        windows.half_width(*simulated(np.random.default_rng(1), 0.0, 0.0, trend=1.0), 0.95)
    ) == pytest.approx(0.5 / E)


def test_the_interval_covers_the_mean_over_all_instants():
    """With noise of runs away, the mean over the chosen instants is off by less than the half-width in 95 % of the cases."""
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(1000):
        ours, theirs = simulated(rng, instants=2.0, noise=0.0)
        hits += abs(ours.mean()) <= windows.half_width(ours, theirs, 0.95)
    assert 930 <= hits <= 980


def test_the_interval_of_one_epoch_covers_what_other_instants_of_it_would_tell():
    """The last epoch's value is off from the trend by less than the half-width in 95 % of the cases, whatever the number of epochs."""
    rng = np.random.default_rng(6)
    hits = 0
    for _ in range(1000):
        ours, theirs = simulated(rng, instants=2.0, noise=0.0)
        hits += abs(ours[:, -1].mean()) <= windows.half_width(ours, theirs, 0.95, alone=True)
    assert 930 <= hits <= 970


def sampled(economy, e2e, **changes):
    """A plan whose runs measure E2E in every second of 20 epochs: `e2e(policy, replication, epoch)`."""
    plan = economy.plan(
        policies=("four_years", "two_years"), coin_prices=("path",),
        outcomes=("tao.e2e_p95_s", "tao.nodes", "tao.e2e_p95_s@end", "tao.e2e_p95_s@max"),
        requests_mode="sampled", policies_from_s=0.0, horizon_s=20 * economy.epoch_s, **changes,
    )  # fmt: skip
    runs = {}
    for cell, records in economy.runs(plan).items():
        runs[Cell(*cell)] = [
            dataclasses.replace(
                one,
                epoch_end_s=[float(k * economy.epoch_s) for k in range(1, 21)],
                series={
                    "tao.nodes": [300.0] * 20,
                    "tao.e2e_p95_s": [None if k % 2 else e2e(cell.policy, one.replication, k) for k in range(20)],
                },
            )
            for one in records
        ]
    return summarise(plan, runs)


def test_a_verdict_tells_what_windows_add(economy):
    def by_hour(policy, replication, epoch):
        return 4.0 + (2.0 + 0.5 * (-1) ** (epoch // 2) if policy == "two_years" else 0.0)

    found = {one.outcome: one for one in sampled(economy, by_hour).verdicts}
    # Ten differences of 2.5 and 1.5 in turn: steps of 1, so a variance of 1/2 around the trend, of 1/20 for their mean.
    assert found["tao.e2e_p95_s"].window_half == pytest.approx(t_quantile(0.975, 6) * np.sqrt(1 / 20))
    assert found["tao.nodes"].window_half is None  # known in every epoch
    # One epoch's windows are one of ten; the largest of them lies beyond what any saw.
    assert found["tao.e2e_p95_s@end"].window_half == pytest.approx(t_quantile(0.975, 6) * np.sqrt(1 / 2))
    assert found["tao.e2e_p95_s@max"].window_half is None


def test_epochs_between_windows_tell_nothing_of_instants(economy):
    """Where windows are due in every second epoch, what was measured last stands in the others."""

    def held(policy, replication, epoch):
        return 4.0 + (2.0 + 0.5 * (-1) ** (epoch // 2) if policy == "two_years" else 0.0)

    plan = economy.plan(
        policies=("four_years", "two_years"), coin_prices=("path",), outcomes=("tao.e2e_p95_s",), requests_mode="sampled",
        windows_every=2, policies_from_s=0.0, horizon_s=20 * economy.epoch_s,
    )  # fmt: skip
    runs = {
        Cell(*cell): [
            dataclasses.replace(
                one,
                epoch_end_s=[float(k * economy.epoch_s) for k in range(1, 21)],
                series={"tao.e2e_p95_s": [held(Cell(*cell).policy, 0, k) for k in range(20)]},
            )
            for one in records
        ]
        for cell, records in economy.runs(plan).items()
    }
    (found,) = summarise(plan, runs).verdicts
    # Ten differences of 2.5 and 1.5 in turn, as if nothing stood between them.
    assert found.window_half == pytest.approx(t_quantile(0.975, 6) * np.sqrt(1 / 20))


@pytest.mark.compiled
@pytest.mark.long
@pytest.mark.parametrize("outcome", ["net.unmet_frac", "net.e2e_p95_s"])
def test_a_real_run_tells_of_the_epochs_in_which_windows_are_due(outcome):
    """Runs with windows in every third epoch: what `measured` takes is what windows measured, a number of its own in each."""
    changes = {
        "requests": {"mode": "sampled", "window": "2 min", "every": 3}, "epoch": "1 day", "horizon": "24 day",
        "workload.chat.rate": "12 /s", f"{HOME}.nodes": 1, f"{HOME}.max_nodes": 1, f"{HOME}.decides": "fixed",
        "seeds": {"replications": 2}, "compare": {"coin_price": ["path"], "outcomes": [outcome]},
    }  # fmt: skip
    made = scenario(changes)
    plan = plan_of(made)
    assert plan.windows_every == 3
    records = [simulate(made.cases()[0], replication) for replication in range(2)]
    rows = windows.measured(plan, records, outcome)
    whole = np.array([record.series[outcome] for record in records])
    assert rows.shape == (2, 8)
    assert (rows == whole[:, ::3]).all()
    assert len(set(rows[0].tolist())) == 8
    # The other epochs hold what was measured before them.
    assert (whole[:, 1::3] == rows).all() and (whole[:, 2::3] == rows).all()


def test_where_requests_are_not_sampled_windows_add_nothing(economy):
    plan = economy.plan()
    assert {one.window_half for one in summarise(plan, economy.runs(plan)).verdicts} == {None}


def test_windows_that_add_more_than_runs_are_warned_of(economy):
    record = sampled(economy, lambda policy, r, k: 4.0 + (0.5 * (-1) ** (k // 2) if policy == "two_years" else 0.0))
    told = [warning for warning in record.warnings if "windows" in warning]
    assert told == [
        "windows add more to the doubt than the noise of runs to: tao E2E p95 (two_years); tao E2E p95 at the end (two_years): "
        "measure more of them, not more replications"
    ]


def test_runs_that_kept_no_quantiles_by_epoch_are_told_of(economy):
    """A store from before they did: nothing is told of windows, a warning says why, and nothing is drawn of some of the runs alone."""
    plan = economy.plan(
        policies=("four_years", "two_years"), coin_prices=("path",), outcomes=("tao.e2e_p95_s",), requests_mode="sampled",
        policies_from_s=0.0, horizon_s=20 * economy.epoch_s,
    )  # fmt: skip
    whole = [4.0 + k % 3 for k in range(20)]

    def told(older):
        runs = {
            Cell(*cell): [
                dataclasses.replace(
                    one,
                    epoch_end_s=[float(k * economy.epoch_s) for k in range(1, 21)],
                    histograms={"tao.e2e": [[900, 5]]},
                    series={} if one.replication < older else {"tao.e2e_p95_s": whole},
                )
                for one in records
            ]
            for cell, records in economy.runs(plan).items()
        }
        record = summarise(plan, runs)
        drawn = any(band.outcome == "tao.e2e_p95_s" for band in record.bands)
        return OLDER in record.warnings, record.verdicts[0].window_half is not None, drawn

    assert told(older=0) == (False, True, True)
    assert told(older=1) == (True, False, False)


@pytest.mark.compiled
@pytest.mark.long
def test_a_quantile_of_all_requests_lies_among_those_of_the_epochs():
    """Each epoch tells the quantile of its own windows; that of the run, of all requests, lies between the least and the largest of them."""
    changes = {
        "requests": {"mode": "sampled", "window": "2 min"}, "epoch": "1 day", "horizon": "6 day", "workload.chat.rate": "8 /s",
        f"{HOME}.nodes": 1, f"{HOME}.max_nodes": 1, f"{HOME}.decides": "fixed",
    }  # fmt: skip
    record = simulate(scenario(changes).cases()[0], 0)
    named = ("ttft_p50_s", "ttft_p99_s", "tpot_p95_s", "e2e_p50_s", "e2e_p95_s")
    for name in named:
        series = record.series[f"net.{name}"]
        assert len(set(series)) == 6
        assert min(series) <= record.outcomes[f"net.{name}"] <= max(series)
