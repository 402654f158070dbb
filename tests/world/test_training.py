"""Training jobs on nodes of their own: rounds against order statistics, failures against renewal theory, and sums that add up."""

from __future__ import annotations

import dataclasses
from collections import deque
from typing import Any

import numpy as np
import pytest
from scipy import integrate, special

from sim.errors import InvariantError, ScenarioError
from sim.records.outcomes import OUTCOMES
from sim.scenario.jobs import OwnJobs
from sim.streams import Streams
from sim.units import PS_PER_S, ps
from sim.world.training import TURNS, JobRuns, Paces, Training
from tests.world.small import case, play

pytestmark = pytest.mark.long

DAY = 86_400.0
NEVER_FAIL: dict[str, Any] = {"up_time": "2000 year", "up_law": {"kind": "constant"}}
STEADY: dict[str, Any] = {**NEVER_FAIL, "straggler": {"kind": "constant"}, "restart": "0 s"}


def runs_of(seed: int = 0, horizon_s: float = 1000 * DAY, **keys: Any) -> JobRuns:
    """A class of jobs with `keys` over a job of one round of 100 s on one node a minute after another."""
    given = {"every": "1000 day", "rounds": 1, "round_time": "100 s", "workers": 1, **keys}
    return JobRuns("a", OwnJobs.model_validate(given), Streams(seed, 0), ps(horizon_s))


def played(until_s: float, **keys: Any) -> JobRuns:
    made = runs_of(**keys)
    made.advance(ps(until_s))
    return made


def scripted(turns: list[tuple[float, int, bool]], **keys: Any) -> JobRuns:
    """One group whose nodes fail and return as written: (second, node, whether it fails)."""
    made = runs_of(**{**STEADY, **keys})
    (group,) = made.groups
    made._events = [event for event in made._events if event[1] != TURNS]
    group.lives.turns = []
    group.turns = deque((ps(at), node, fails) for at, node, fails in turns)
    made._look_ahead(0, group)
    return made


def seconds(picoseconds: int) -> float:
    return picoseconds / PS_PER_S


# -- theory -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("workers", "quorum"), [(1, 1), (2, 2), (8, 8), (32, 32), (8, 6), (32, 24), (5, 1)])
def test_a_round_of_exponential_parts_lasts_as_long_as_its_order_statistic(workers: int, quorum: int) -> None:
    # Renyi 1953: the k-th of n exponentials of mean 1 is a sum of independent exponentials of means 1/n, 1/(n-1), ...,
    # 1/(n-k+1); for k = n its mean is the harmonic number H_n.
    rounds = 20_000
    count = played(
        500 * DAY, **{**STEADY, "straggler": {"kind": "exponential"}}, workers=workers, quorum=quorum, rounds=rounds
    ).count
    assert count.rounds == rounds
    steps = 1 / np.arange(workers - quorum + 1, workers + 1)
    mean, error = 100 * steps.sum(), 100 * np.sqrt((steps**2).sum() / rounds)
    if quorum == workers:
        assert mean == pytest.approx(100 * sum(1 / i for i in range(1, workers + 1)))
    assert abs(seconds(count.rounds_ps) / rounds - mean) < 4 * error


def test_a_round_of_lognormal_parts_lasts_as_long_as_the_largest_of_them() -> None:
    sigma, n, rounds = 0.5, 16, 20_000
    keys = {**STEADY, "straggler": {"kind": "lognormal", "sigma": sigma}}
    count = played(500 * DAY, **keys, workers=n, rounds=rounds).count

    def moment(power: int) -> float:
        # u^n is the distribution of the largest of n uniforms; exp(sigma z - sigma^2 / 2) has mean 1.
        def weighed(u: float) -> float:
            return float(n * u ** (n - 1) * np.exp(power * (sigma * special.ndtri(u) - sigma**2 / 2)))

        return float(integrate.quad(weighed, 0, 1, limit=500)[0])

    mean, error = 100 * moment(1), 100 * np.sqrt((moment(2) - moment(1) ** 2) / rounds)
    assert mean > 200
    assert abs(seconds(count.rounds_ps) / rounds - mean) < 4 * error


def test_attempts_at_a_round_and_time_lost_follow_from_memoryless_failures() -> None:
    # Parts of 100 s on 4 nodes that fail at rate 1/800 s each: no failure in a round with p = exp(-4 * 100 / 800), so
    # attempts are geometric with mean 1/p, and the time until one succeeds has mean (exp(x) - 1) / rate (Young 1974, eq. 2).
    rounds, x = 20_000, 4 * 100 / 800
    keys: dict[str, Any] = {**STEADY, "up_law": {"kind": "exponential"}, "up_time": "800 s", "repair": "1 s"}
    count = played(900 * DAY, **keys, workers=4, rounds=rounds).count
    assert count.rounds == rounds
    p = np.exp(-x)
    assert abs(count.undone / rounds - (1 / p - 1)) < 4 * np.sqrt((1 - p) / p**2 / rounds)
    # The first failure ends a round for all: each of the 4 nodes has spent the same time in it.
    in_rounds = seconds(count.work_ps + count.lost_ps) / 4 / rounds
    # One attempt varies by less than 100 s, the number of attempts by sqrt(1 - p) / p.
    error = 100 * np.sqrt((1 - p) / p**2 / rounds)
    assert abs(in_rounds - (np.exp(x) - 1) / (4 / 800)) < 4 * error
    assert (count.wait_ps, count.overhead_ps) == (0, 0)


# -- by hand ------------------------------------------------------------------------------------------------------------


def test_loading_rounds_and_checkpoints_follow_each_other() -> None:
    # Load 10 s, four rounds of 100 s, 5 s of checkpoint after rounds 2 and 4: 420 s.
    keys: dict[str, Any] = {**STEADY, "restart": "10 s", "save": "5 s", "checkpoint": 2, "rounds": 4, "workers": 2}
    made = played(1000, **keys, spares=1)
    count = made.count
    assert (count.offered, count.completed, count.rounds, count.undone) == (1, 1, 4, 0)
    assert seconds(count.whole_ps) == 420
    assert [seconds(part) for part in (count.work_ps, count.wait_ps, count.lost_ps)] == [800, 0, 0]
    assert seconds(count.overhead_ps) == 2 * (10 + 2 * 5)
    # Down, idle, in rounds: two nodes for 420 s, the spare never.
    assert [seconds(part) for part in count.spent] == [0, 2 * 580 + 1000, 840]


@pytest.mark.parametrize(("deadline", "completed"), [("420 s", 1), ("419 s", 0)])
def test_a_job_that_is_done_at_its_deadline_is_done(deadline: str, completed: int) -> None:
    keys: dict[str, Any] = {**STEADY, "restart": "20 s", "rounds": 4}
    count = played(1000, **keys, deadline=deadline).count
    assert (count.completed, count.failed) == (completed, 1 - completed)
    # Of a job that failed nothing counts: three rounds, and 99 s of the fourth.
    assert seconds(count.work_ps) == 400 * completed
    assert seconds(count.lost_ps) == (0 if completed else 399)
    assert count.rounds - count.undone == (4 if completed else 2)


def test_jobs_wait_their_turn_and_some_until_it_is_too_late() -> None:
    # A job of 200 s every 100 s for one group: number n begins at 200 n and has waited 100 n.
    keys: dict[str, Any] = {**STEADY, "rounds": 2, "every": "100 s", "horizon_s": 450}
    made = played(450, **keys)
    assert (made.count.offered, made.count.completed, made.running, len(made.queue)) == (5, 2, 1, 2)
    assert seconds(made.count.whole_ps) == 200 + 300
    # With two groups nobody waits. With a deadline of 250 s number 1, begun at 200, fails at 350 in its second round; then number
    # 2 begins, and fails at 450 with its first round just made.
    assert seconds(played(450, **keys, at_once=2).count.whole_ps) == 3 * 200
    for until_s, failed, rounds in ((349, 0, 3), (449, 1, 3), (450, 2, 4)):
        late = played(until_s, **keys, deadline="250 s").count
        assert (late.completed, late.failed, late.rounds) == (1, failed, rounds)


def test_parts_that_come_too_late_are_lost_and_others_wait() -> None:
    made = played(DAY, **{**STEADY, "straggler": {"kind": "exponential"}}, workers=3, quorum=2)
    draws = np.sort(100 * Paces(Streams(0, 0)["jobs_pace.a"], 3).of(0, 0))
    count = made.count
    assert seconds(count.rounds_ps) == pytest.approx(draws[1], abs=1e-9)
    assert seconds(count.work_ps) == pytest.approx(draws[0] + draws[1], abs=1e-9)
    assert seconds(count.wait_ps) == pytest.approx(draws[1] - draws[0], abs=1e-9)
    assert seconds(count.lost_ps) == pytest.approx(draws[1], abs=1e-9)


def test_a_round_goes_on_without_who_failed_while_enough_are_left() -> None:
    made = scripted([(50, 0, True), (150, 0, False)], workers=3, quorum=2, rounds=3)
    made.advance(ps(1000))
    count = made.count
    assert (count.completed, count.rounds, count.undone) == (1, 3, 0)
    assert seconds(count.whole_ps) == 300
    # Nodes 1 and 2 in all three rounds, node 0 in the third; 50 s of its first part are lost, and it is down for 100 s.
    assert [seconds(part) for part in (count.work_ps, count.lost_ps)] == [700, 50]
    assert seconds(count.spent[0]) == 100


def test_a_round_that_cannot_be_made_goes_back_to_the_checkpoint() -> None:
    # Loaded at 10 s, rounds end at 110 and 210; the third breaks at 250. Node 0 is back at 260, all is loaded at 270.
    script = [(250.0, 0, True), (260.0, 0, False)]
    keys: dict[str, Any] = {"workers": 2, "rounds": 4, "checkpoint": 3, "restart": "10 s"}
    made = scripted(script, **keys)
    made.advance(ps(1000))
    count = made.count
    assert (count.completed, count.rounds, count.undone) == (1, 6, 3)
    assert seconds(count.whole_ps) == 270 + 400
    assert [seconds(part) for part in (count.work_ps, count.lost_ps, count.overhead_ps)] == [800, 2 * 240, 2 * 20]
    # A checkpoint each round loses 40 s; one attempt only loses the job; a spare does not wait for node 0.
    each = scripted(script, **{**keys, "checkpoint": 1})
    each.advance(ps(1000))
    assert (each.count.undone, seconds(each.count.whole_ps), seconds(each.count.lost_ps)) == (1, 270 + 200, 80)
    once = scripted(script, **keys, attempts=1)
    once.advance(ps(1000))
    assert (once.count.failed, once.count.work_ps, seconds(once.count.lost_ps)) == (1, 0, 480)
    spare = scripted(script, **keys, spares=1)
    spare.advance(ps(1000))
    assert seconds(spare.count.whole_ps) == 260 + 400


def test_what_was_delivered_before_a_failure_counts() -> None:
    # Parts of both workers end at 100 s together with the round; node 0 fails at that instant, after the round.
    made = scripted([(100, 0, True), (200, 0, False)], workers=2, rounds=2)
    made.advance(ps(1000))
    assert (made.count.undone, seconds(made.count.whole_ps)) == (0, 300)
    # While the checkpoint is written the round is made already.
    saved = scripted([(105, 0, True), (200, 0, False)], workers=2, rounds=2, save="10 s")
    saved.advance(ps(1000))
    assert (saved.count.undone, seconds(saved.count.whole_ps)) == (0, 200 + 110)
    assert seconds(saved.count.overhead_ps) == 5 + 10 + 2 * 10


# -- laws ---------------------------------------------------------------------------------------------------------------

ROUGH: dict[str, Any] = {
    "every": "7 h",
    "between": {"kind": "exponential"},
    "rounds": 30,
    "round_time": "10 min",
    "straggler": {"kind": "lognormal", "sigma": 0.8},
    "workers": 6,
    "quorum": 5,
    "spares": 1,
    "at_once": 2,
    "up_time": "5 h",
    "repair": "2 h",
    "checkpoint": 7,
    "save": "30 s",
    "restart": "200 s",
    "deadline": "20 h",
    "attempts": 6,
}


@pytest.mark.parametrize("seed", range(6))
def test_when_somebody_looks_changes_nothing_and_all_sums_hold(seed: int) -> None:
    # `advance` itself stops a run whose jobs or node-times do not add up, to the picosecond.
    once, often = runs_of(seed, **ROUGH), runs_of(seed, **ROUGH)
    once.advance(ps(60 * DAY))
    rng = np.random.default_rng(seed)
    ends = [event[0] for event in often._events]
    for at in sorted([*rng.integers(0, ps(60 * DAY), 300).tolist(), *ends, ps(60 * DAY)]):
        if at <= ps(60 * DAY):
            often.advance(at)
    assert once.count == often.count
    count = once.count
    assert min(count.completed, count.failed, count.undone, count.lost_ps, count.wait_ps, count.overhead_ps) > 0
    assert count.work_ps >= 0


def test_a_sum_that_does_not_hold_stops_the_run() -> None:
    for field in ("completed", "work_ps", "wait_ps"):
        made = runs_of(**ROUGH)
        made.advance(ps(DAY))
        setattr(made.count, field, getattr(made.count, field) + 1)
        with pytest.raises(InvariantError, match=r"jobs\.a: "):
            made.advance(ps(2 * DAY))


def test_a_draw_belongs_to_job_round_and_worker_alone() -> None:
    stream = Streams(3, 1)["jobs_pace.a"]
    few, many = Paces(stream, 4), Paces(stream, 9)
    asked = [(job, number) for job in (0, 1, 70_000) for number in (0, 63, 64, 999_999)]
    backwards = {key: many.of(*key).copy() for key in reversed(asked)}
    for key in asked:
        assert np.array_equal(few.of(*key), backwards[key][:4])
    flat = np.concatenate([backwards[key] for key in asked])
    assert len(set(flat.tolist())) == len(flat)


def test_another_law_of_stragglers_keeps_who_is_slow() -> None:
    draws = Paces(Streams(0, 0)["jobs_pace.a"], 7).of(2, 5)
    laws = [OwnJobs.model_validate({"every": "1 day", "rounds": 1, "round_time": "1 s", "workers": 1, "straggler": law}).straggler
            for law in ({"kind": "exponential"}, {"kind": "lognormal", "sigma": 0.3})]  # fmt: skip
    orders = [np.argsort(law.length(1.0, draws)).tolist() for law in laws]
    assert orders[0] == orders[1]


# -- in a run -----------------------------------------------------------------------------------------------------------

SHORT: dict[str, Any] = {"horizon": "8 week"}
JOBS = {"jobs": {"tune": {**ROUGH, "rent": "2 USD/h", "per_node": 8}}}


def test_a_run_tells_of_its_jobs_and_nothing_else_moves() -> None:
    plain, with_jobs = play(SHORT), play({**SHORT, **JOBS})
    names = [name for name, outcome in OUTCOMES.items() if "jobs" in outcome.needs]
    assert len(names) == 9
    for name in names:
        assert with_jobs.outcomes[f"world.{name}"] is not None
        assert plain.unsupported[f"world.{name}"] == "the scenario has no jobs"
        assert f"world.{name}" not in plain.outcomes
    assert {key: value for key, value in with_jobs.outcomes.items() if key[6:] not in names} == plain.outcomes
    assert with_jobs.flows == plain.flows
    counts = with_jobs.counts
    ended = [counts[f"jobs_{name}"] for name in ("completed", "failed", "running", "waiting")]
    assert counts["jobs_offered"] == sum(ended) > 100


def test_outcomes_of_jobs_are_those_of_the_class_alone() -> None:
    run = play({**SHORT, **JOBS})
    alone = JobRuns("tune", OwnJobs.model_validate(JOBS["jobs"]["tune"]), Streams(0, 0), ps(56 * DAY))
    root = case({**SHORT, **JOBS}).before.seeds.root
    alone = JobRuns("tune", OwnJobs.model_validate(JOBS["jobs"]["tune"]), Streams(root, 0), ps(56 * DAY))
    alone.advance(ps(56 * DAY))
    count, found = alone.count, {name.removeprefix("world."): value for name, value in run.outcomes.items()}
    assert found["jobs_completed_per_day"] == pytest.approx(count.completed / 56)
    assert found["jobs_failed_frac"] == pytest.approx(count.failed / (count.completed + count.failed))
    assert found["job_round_s"] == pytest.approx(seconds(count.rounds_ps) / count.rounds)
    assert found["job_wait_frac"] == pytest.approx(count.wait_ps / (count.wait_ps + count.work_ps))
    assert found["job_lost_frac"] == pytest.approx(count.lost_ps / count.spent[2])
    assert found["job_gpu_hours_per_day"] == pytest.approx(8 * seconds(count.spent[2]) / 3600 / 56)
    # 2 groups of 7 nodes of 8 GPUs, all hours, at 2 USD.
    assert found["job_cost_usd"] == pytest.approx(2 * 7 * 8 * 24 * 56 * 2 / count.completed)


def test_an_epoch_without_a_job_has_no_ratio_of_jobs() -> None:
    quiet = {"tune": {"every": "1 day", "first": "3 week", "rounds": 1, "round_time": "1 h", "workers": 2}}
    run = play({**SHORT, "jobs": quiet})
    assert run.series["world.job_round_s"][0] is None
    assert run.series["world.job_round_s"][-1] is not None
    assert run.series["world.job_rounds_per_day"][0] == 0.0


def test_several_classes_are_told_together() -> None:
    blocks = {name: OwnJobs.model_validate({**STEADY, "every": "1 day", "rounds": 2, "round_time": "1 h", "workers": n})
              for name, n in (("a", 1), ("b", 3))}  # fmt: skip
    training = Training(blocks, Streams(0, 0), ps(10 * DAY))
    told = training.close(ps(10 * DAY))
    assert told["jobs_completed_per_day"] == 2.0
    assert told["job_rounds_per_day"] == 4.0
    # 2 h on 1 and 3 nodes of 8 GPUs a day.
    assert told["job_gpu_hours_per_day"] == pytest.approx(2 * 4 * 8)
    assert dataclasses.asdict(training.runs[0].count)["completed"] == 10


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"quorum": 7}, "`jobs.tune.quorum`: 7 found; at most the 6 workers of a round"),
        ({"checkpoint": 31}, "`jobs.tune.checkpoint`: 31 found; at most the 30 rounds of a job"),
        ({"first": "9 week"}, "`jobs.tune.first`: the first job comes at or after the horizon"),
        ({"rounds": 900_000, "round_time": "1 s", "every": "1 h"}, "`jobs.tune`: about 1,345 jobs and 9,676,800 rounds of 6 workers"),
        ({"straggler": {"kind": "lognorml"}}, "'lognorml' is not one of exponential, lognormal, constant"),
        ({"workers": 0}, "`jobs.tune.workers`"),
        ({"round_time": "0 s"}, "`jobs.tune.round_time`"),
        ({"up_lw": {"kind": "constant"}}, "did you mean `up_law`"),
        ({"rent": "2 USD"}, "`jobs.tune.rent`"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_its_place(keys: dict[str, Any], told: str, tmp_path) -> None:
    from sim.scenario.render import render

    with pytest.raises(ScenarioError) as caught:
        case({**SHORT, "jobs": {"tune": {**ROUGH, **keys}}})
    assert told in render(caught.value.problems)


def test_policies_cannot_change_jobs_but_sweeps_can() -> None:
    with pytest.raises(ScenarioError, match="jobs are the same for all policies"):
        play({**SHORT, **JOBS}, {"more": {"jobs.tune.workers": 7}}, "more")
