"""Training jobs on a network's replicas: parts are requests like any other, the same under every engine, and they are paid for."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from sim.errors import InvariantError, ScenarioError
from sim.records.run import RunRecord
from sim.scenario.jobs import SharedJobs
from sim.serving.contract import NEVER, REQUEST, Fate, Fleet, LinearCost, ReplicaType, Requests, Routing, make
from sim.streams import Streams
from sim.units import PS_PER_S, ps
from sim.world.run import World
from sim.world.shared_jobs import FIRST_ID, Coordinators, Part, Round, SharedRuns, longest_prompt
from sim.world.training import IN_ROUND, Job
from tests.world.small import HOME, PRICED, case

DAY = 86_400.0
PLAIN: dict[str, Any] = {
    "kind": "shared",
    "network": "net",
    "every": "1000 day",
    "rounds": 1,
    "workers": 1,
    "tokens": 100,
    "straggler": {"kind": "constant"},
    "look": "1 s",
}
ENGINES = ("reference", "loop", "fast")


def runs_of(seed: int = 0, number: int = 0, **keys: Any) -> SharedRuns:
    """A class of jobs with `keys` over a job of one part of 100 tokens; prompts of 400 tokens at most."""
    block = SharedJobs.model_validate({**PLAIN, **keys})
    return SharedRuns("a", block, Streams(seed, 0), ps(1000 * DAY), number, 1, 400)


def ended(runs: SharedRuns, rows: np.ndarray, *ends_s: float, fates: tuple[Fate, ...] = ()) -> list[Part]:
    """Parts of offered rows that end at these seconds, each token 1 ms of GPU-time; completed unless told otherwise."""
    told = zip(rows, ends_s, fates or (Fate.COMPLETED,) * len(rows), strict=False)
    return [Part(int(r["id"]), ps(s), fate, int(r["prompt"]), int(r["prompt"]) * 10**9) for r, s, fate in told]


def seconds(picoseconds: int) -> float:
    return picoseconds / PS_PER_S


# -- by hand ------------------------------------------------------------------------------------------------------------


def test_a_round_is_closed_at_a_look_and_lasts_until_its_last_part_needed() -> None:
    runs = runs_of(workers=3, quorum=2, rounds=2)
    rows = runs.look(0)
    assert rows["id"].tolist() == [FIRST_ID, FIRST_ID + 1, FIRST_ID + 2]
    assert {name: set(rows[name].tolist()) for name in ("arrival", "klass", "prompt", "output", "patience")} == {
        "arrival": {0},
        "klass": {1},
        "prompt": {100},
        "output": {1},
        "patience": {NEVER},
    }
    assert len(runs.look(ps(1))) == 0
    runs.take(ended(runs, rows, 1.5, 1.25))
    # Closed at 1.5 s, told at 2 s: there the next three begin, while the third part of the first round still runs.
    following = runs.look(ps(2))
    assert (runs.count.rounds, seconds(runs.count.rounds_ps)) == (1, 1.5)
    assert set(following["arrival"].tolist()) == {ps(2)}
    assert (runs.in_flight, seconds(runs.count.work_ps), seconds(runs.count.wait_ps)) == (4, 2.75, 0.25)
    # The late part is lost, in GPU-time; so is a part that was done between the last one needed and the look.
    runs.take([*ended(runs, rows[2:], 2.5), *ended(runs, following, 3.25, 3.75, 3.5)])
    assert len(runs.look(ps(4))) == 0
    count = runs.count
    assert (count.completed, count.rounds, runs.in_flight) == (1, 2, 0)
    assert seconds(count.whole_ps) == 3.5
    assert [seconds(part) for part in (count.lost_ps, count.spent[IN_ROUND])] == [0.2, 0.6]
    assert runs.tokens == 600


def test_a_round_that_cannot_be_made_goes_back_to_the_checkpoint() -> None:
    runs = runs_of(workers=2, rounds=4, checkpoint=2)
    for second in (0, 1, 2):
        runs.take(ended(runs, runs.look(ps(second)), second + 0.5, second + 0.5))
    rows = runs.look(ps(3))
    assert runs.count.rounds == 3
    runs.take(ended(runs, rows, 3.5, 3.75, fates=(Fate.COMPLETED, Fate.FAILED)))
    # The third round is undone with the fourth: 2 parts of it, and the one of the fourth that was done.
    again = runs.look(ps(4))
    assert (runs.count.undone, seconds(runs.count.lost_ps), len(again)) == (2, 0.3, 2)
    runs.take(ended(runs, again, 4.5, 4.5))
    runs.take(ended(runs, runs.look(ps(5)), 5.5, 5.5))
    runs.look(ps(6))
    assert (runs.count.completed, runs.count.rounds, seconds(runs.count.whole_ps)) == (1, 5, 5.5)


@pytest.mark.parametrize(("deadline", "completed"), [("1500 ms", 1), ("1499 ms", 0)])
def test_the_last_part_needed_decides_whether_a_job_is_in_time(deadline: str, completed: int) -> None:
    runs = runs_of(workers=1, rounds=1, deadline=deadline)
    runs.take(ended(runs, runs.look(0), 1.5))
    runs.look(ps(2))
    assert (runs.count.completed, runs.count.failed) == (completed, 1 - completed)
    assert seconds(runs.count.lost_ps) == (0 if completed else 0.1)


def test_jobs_wait_their_turn() -> None:
    runs = runs_of(every="60 s", look="60 s", rounds=2, deadline="200 s")
    parts = runs.look(0)
    for minute in range(1, 7):
        runs.take(ended(runs, parts, 60 * minute - 30))
        parts = runs.look(ps(60 * minute))
    # Two minutes a job, one a minute comes: number 1 is done after 210 - 60 s; number 2 would be after 330 - 120 s, too late.
    assert (runs.count.offered, runs.count.completed, runs.count.failed) == (7, 2, 1)
    assert seconds(runs.count.whole_ps) == 90 + 150


def test_tokens_scatter_by_the_law_and_stay_within_what_a_replica_takes() -> None:
    rows = runs_of(workers=4000, straggler={"kind": "lognormal", "sigma": 0.5}).look(0)
    inside = rows["prompt"][rows["prompt"] < 400]
    # ln(prompt) is normal about ln(100) - 0.125; cut at 400, 3 sigma above. Standard error 0.5 / sqrt(4000) = 0.008.
    assert abs(np.log(inside).mean() - (np.log(100) - 0.125)) < 0.04
    assert rows["prompt"].max() == 400


def test_a_sum_that_does_not_hold_stops_the_run() -> None:
    for change in ({"completed": 1}, {"lost_ps": 1}):
        runs = runs_of()
        runs.look(0)
        for name, more in change.items():
            setattr(runs.count, name, getattr(runs.count, name) + more)
        with pytest.raises(InvariantError, match=r"jobs\.a: "):
            runs.look(ps(1))


# -- on engines ---------------------------------------------------------------------------------------------------------


def fleet() -> Fleet:
    """Three nodes of one replica; a pass lasts 0.2 s and a millisecond a token."""
    cost = LinearCost((200 + np.arange(65)) * 10**9, np.zeros(5, np.int64), *[0] * 9)
    kind = ReplicaType("t", cost, 60, 4, 64, 900, work_ps=(10**9, 10**9))
    three = np.ones(3, np.int64)
    return Fleet((kind,), 0 * three, three, 2, Routing("least_outstanding"), 5, detect_ps=ps(2), max_attempts=1)


def together(engine: str, seed: int) -> tuple[Any, ...]:
    """Users and a class of jobs for ten minutes while nodes fail and return; all that coordinators and engine tell."""
    made, rng = make(engine, fleet(), -1), np.random.default_rng(seed)  # type: ignore[arg-type]
    keys = {
        "every": "60 s",
        "between": {"kind": "exponential"},
        "rounds": 20,
        "workers": 3,
        "quorum": 3,
        "tokens": 150,
        "checkpoint": 3,
        "deadline": "70 s",
    }
    block = SharedJobs.model_validate({**PLAIN, **keys, "at_once": 2, "straggler": {"kind": "lognormal", "sigma": 0.7}})
    runs = SharedRuns("a", block, Streams(seed, 0), ps(600), 0, 1, longest_prompt(fleet().types[0]))
    jobs = Coordinators([runs], np.array([10**9]))
    users = np.zeros(500, REQUEST)
    users["arrival"] = np.sort(rng.integers(0, ps(600), 500))
    users["id"], users["prompt"], users["output"] = np.arange(500), rng.integers(1, 90, 500), rng.integers(1, 12, 500)
    users["patience"] = users["disconnect"] = NEVER
    users["deadline"] = ps(300)
    for node in range(3):
        made.join(node)
    down: dict[int, bool] = dict.fromkeys(range(3), False)
    told, at_ps = [], 0
    while at_ps < ps(600):
        end_ps = jobs.next_look_ps(at_ps)
        rows = users[(users["arrival"] >= at_ps) & (users["arrival"] < end_ps)]
        parts = jobs.look(at_ps)
        rows = np.concatenate([rows[rows["arrival"] == at_ps], parts, rows[rows["arrival"] > at_ps]])
        rows["arrival"] -= at_ps
        made.offer(Requests(at_ps, rows))
        if at_ps % ps(11) == ps(5):
            node = int(rng.integers(0, 3))
            made.advance(at_ps)
            if down[node]:
                made.join(node)
            else:
                made.leave(node, "fail")
            down[node] = not down[node]
        made.advance(end_ps - 1)
        reading = made.read()
        ours = reading.finished[reading.finished["klass"] == 1]
        jobs.take(ours, np.where(ours["replica"] >= 0, 0, -1), reading.origin_ps)
        assert reading.in_flight >= jobs.in_flight
        told.append((reading.finished.tolist(), reading.in_flight, runs.count.rounds, runs.count.lost_ps))
        at_ps = end_ps
    return told, runs.count, runs.tokens, runs.in_flight


@pytest.mark.compiled
@pytest.mark.parametrize("seed", range(4))
def test_every_round_is_the_same_under_every_engine(seed: int) -> None:
    reference = together("reference", seed)
    count = reference[1]
    assert min(count.completed, count.failed, count.undone, count.lost_ps, count.wait_ps) > 0
    for engine in ("loop", "fast"):
        assert together(engine, seed) == reference


def _too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    close_ps = Round.close_ps
    monkeypatch.setattr(Round, "close_ps", lambda self, needed: close_ps(self, needed - 1))


def _late(monkeypatch: pytest.MonkeyPatch) -> None:
    look = SharedRuns.look

    def later(self: SharedRuns, at_ps: int) -> np.ndarray:
        rows = look(self, at_ps)
        rows["arrival"] += 1
        return rows

    monkeypatch.setattr(SharedRuns, "look", later)


def _failed_as_done(monkeypatch: pytest.MonkeyPatch) -> None:
    take = SharedRuns.take
    done = lambda part: dataclasses.replace(part, fate=Fate.COMPLETED)  # noqa: E731
    monkeypatch.setattr(SharedRuns, "take", lambda self, parts: take(self, [done(part) for part in parts]))


def _kept_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def kept(self: SharedRuns, job: Job) -> None:
        del self._rounds[job.number]

    monkeypatch.setattr(SharedRuns, "_drop", kept)


@pytest.mark.compiled
@pytest.mark.parametrize("fault", [_too_early, _late, _failed_as_done, _kept_after_a_failure])
def test_a_planted_fault_of_one_engines_coordinator_is_seen(fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = together("fast", 0)
    fault(monkeypatch)
    assert together("fast", 0) != reference


@pytest.mark.compiled
@pytest.mark.parametrize("engine", ENGINES)
def test_a_part_alone_lasts_as_long_as_its_passes(engine: str) -> None:
    made = make(engine, fleet(), -1)  # type: ignore[arg-type]
    made.join(0)
    runs = runs_of(tokens=150, rounds=3)
    jobs = Coordinators([runs], np.array([10**9]))
    for second in range(5):
        made.offer(Requests(ps(second), _from(jobs.look(ps(second)), second)))
        made.advance(ps(second + 1) - 1)
        reading = made.read()
        jobs.take(reading.finished, np.zeros(len(reading.finished), int), reading.origin_ps)
    # 150 tokens in passes of 64, 64 and 22: 3 x 0.2 s and 0.15 s. Three rounds begin at 0, 1 and 2 s.
    assert (runs.count.rounds, seconds(runs.count.rounds_ps)) == (3, pytest.approx(3 * 0.75))
    assert seconds(runs.count.whole_ps) == pytest.approx(2.75)


def _from(rows: np.ndarray, second: int) -> np.ndarray:
    rows["arrival"] -= ps(second)
    return rows


# -- in a run -----------------------------------------------------------------------------------------------------------

ALL: dict[str, Any] = {
    "requests": {"mode": "all"},
    "epoch": "10 min",
    "horizon": "30 min",
    "workload.chat.rate": "2 /s",
    "networks.net.price": PRICED,
    f"{HOME}.nodes": 4,
    f"{HOME}.max_nodes": 4,
    f"{HOME}.up_time": "1000 year",
}
SWARM = {"kind": "shared", "network": "net", "every": "7 min", "rounds": 5, "workers": 4, "quorum": 3, "tokens": 5000, "look": "20 s"}  # fmt: skip


def world(changes: dict[str, Any], engine: str = "fast") -> tuple[World, RunRecord]:
    made = World(case({**ALL, **changes}), 0, engine)
    return made, made.run()


@pytest.mark.compiled
def test_a_run_with_shared_jobs_is_the_same_under_every_engine() -> None:
    short = {"horizon": "10 min", "epoch": "5 min", f"{HOME}.up_time": "20 min", f"{HOME}.repair": "2 min"}
    changes = {**short, "workload.chat.rate": "1 /s", "jobs": {"swarm": {**SWARM, "every": "2 min"}}}
    told = [world(changes, engine)[1] for engine in ENGINES]
    assert told[0].to_json() == told[1].to_json() == told[2].to_json()
    assert told[0].counts["jobs_completed"] >= 3


@pytest.mark.compiled
def test_parts_are_paid_for_at_the_price_of_prompts_and_users_are_counted_without_them() -> None:
    _, plain = world({})
    made, run = world({"jobs": {"swarm": SWARM}})
    assert made.training is not None
    runs = made.training.runs[0]
    # Five epochs' worth: 0.05 USD a million tokens, of which operators get all, per job completed.
    days = 30 / 1440
    paid = made.training.runs[0].tokens * 0.05 / 1e6  # type: ignore[attr-defined]
    assert run.outcomes["world.job_cost_usd"] == pytest.approx(paid / runs.count.completed, rel=1e-6)
    users = run.outcomes["net.revenue_usd_per_day"] * days - paid
    assert users == pytest.approx(plain.outcomes["net.revenue_usd_per_day"] * days, rel=0.01)
    assert paid > 0.05 * users
    assert run.outcomes["net.price_paid_usd_per_mtok"] == pytest.approx(
        plain.outcomes["net.price_paid_usd_per_mtok"], rel=0.01
    )
    assert run.residuals == {"TOK": 0, "USD": 0}
    # The same users came, and each has one fate.
    fates = ("completed", "rejected", "abandoned", "deadline", "disconnected", "failed", "in_flight")
    assert (
        sum(run.counts[fate] for fate in fates) == run.counts["measured_requests"] == plain.counts["measured_requests"]
    )
    assert (
        run.counts["jobs_offered"]
        == 5
        == sum(run.counts[f"jobs_{n}"] for n in ("completed", "failed", "running", "waiting"))
    )


@pytest.mark.compiled
def test_training_and_inference_slow_each_other_down() -> None:
    heavy = {"swarm": {**SWARM, "every": "1 min", "at_once": 8, "workers": 8, "quorum": 8, "tokens": 8000}}
    _, alone = world({})
    _, both = world({"jobs": heavy})
    _, quiet = world({"jobs": heavy, "workload.chat.rate": "0.05 /s"})
    assert both.outcomes["net.e2e_p95_s"] > 1.02 * alone.outcomes["net.e2e_p95_s"]
    assert both.outcomes["world.job_round_s"] > 1.05 * quiet.outcomes["world.job_round_s"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"requests": {"mode": "capacity"}},
            "`requests.mode: capacity` found; jobs on shared nodes need every request",
        ),
        ({"jobs": {"swarm": {**SWARM, "network": "nett"}}}, r"there is no network `nett` (did you mean `net`"),
        ({"jobs": {"swarm": {**SWARM, "model": "qwen3-32b"}}}, "`net` does not serve `qwen3-32b`"),
        ({"jobs": {"swarm": {**SWARM, "look": "0.5 s"}}}, "jobs.swarm.look"),
        ({"jobs": {"swarm": {**SWARM, "round_time": "1 min"}}}, "`round_time` is not a key here"),
        ({"jobs": {"swarm": {**SWARM, "kind": "sharing"}}}, "'sharing' is not one of own, shared"),
    ],
)
def test_what_cannot_be_is_told(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        case({**ALL, "jobs": {"swarm": SWARM}, **changes})
    assert told in str(caught.value)


@pytest.mark.compiled
def test_a_part_that_no_replica_takes_is_told_before_anything_is_served() -> None:
    with pytest.raises(
        ScenarioError, match=r"jobs.swarm.tokens: 500000 found; a replica of net takes prompts of \d+ tokens at most"
    ):
        world({"jobs": {"swarm": {**SWARM, "tokens": 500_000}}})
