"""Checks and cheats where every request is simulated: checks are requests, cheats have nodes of their own, the barred stand still."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.errors import InvariantError, ScenarioError
from sim.records.run import RunRecord
from sim.serving.contract import FINISHED, LIMIT_PS, MINUTE_PS, NEVER, Fate
from sim.streams import Streams
from sim.world import continuous
from sim.world.rechecks import FIRST_CHECK_ID, Rechecks
from sim.world.run import World
from tests.world.small import HOME, PRICED, case, play

NET = "networks.net"
ENGINES = ("reference", "loop", "fast")
SAMPLING = {"kind": "sampling", "rate": "20 %"}
STAKE = {"kind": "fixed", "amount": "1000 TOK", "unbonding": "21 day"}
LAZY = {"some": {"kind": "lazy", "share": "50 %", "model": "llama-3.1-8b", "when": "always"}}
ALL: dict[str, Any] = {
    "requests": {"mode": "all"}, "workload.chat.model": "qwen3-32b", f"{HOME}.gpu": "h100_sxm", f"{HOME}.decides": "fixed",
    f"{HOME}.nodes": 8, f"{HOME}.max_nodes": 8, f"{NET}.price": PRICED, "epoch": "1 h", "horizon": "4 h",
    "workload.chat.rate": "4 /s", f"{HOME}.up_time": "1000 year",
}  # fmt: skip


def whole(changes: dict[str, Any], engine: str = "fast") -> tuple[World, RunRecord]:
    """A run of all requests, and the world that it leaves."""
    made = World(case({**ALL, **changes}), 0, engine)
    return made, made.run()


# -- which checks are made ------------------------------------------------------------------------------------------------


def ended(count: int, fate: Fate = Fate.COMPLETED) -> np.ndarray:
    rows = np.zeros(count, FINISHED)
    rows["id"], rows["prompt"], rows["output"], rows["fate"] = np.arange(count), 100 + np.arange(count), 7, fate
    rows["cached"] = 50
    return rows


def checker() -> Rechecks:
    return Rechecks(Streams(3, 0)["recheck"], 1)


@pytest.mark.parametrize("load", [0.0, 0.01, 0.3, 1.0, 2.25])
def test_answers_are_served_again_as_often_as_checks_are_work(load: float) -> None:
    made = checker()
    made.see(ended(40_000), np.full(40_000, load))
    rows = made.look(5 * MINUTE_PS)
    part = load - math.floor(load)
    # Five standard errors of a binomial share; a whole number of checks is made of each answer.
    assert len(rows) / 40_000 == pytest.approx(load, abs=5 * math.sqrt(part * (1 - part) / 40_000))
    times = np.bincount(rows["prompt"] - 100, minlength=40_000)
    assert set(times.tolist()) <= {math.floor(load), math.ceil(load)}
    assert (rows["id"] == FIRST_CHECK_ID + np.arange(len(rows))).all()
    assert (rows["arrival"] == 5 * MINUTE_PS).all()
    assert set(rows["klass"].tolist()) <= {1}
    assert set(rows["output"].tolist()) <= {7}
    assert not rows["cached"].any()
    assert ((rows["patience"] == NEVER) & (rows["disconnect"] == NEVER) & (rows["deadline"] == LIMIT_PS)).all()
    assert made.in_flight == len(rows)


def test_checks_wait_for_a_whole_minute_and_are_offered_once() -> None:
    made = checker()
    made.see(ended(3), np.ones(3))
    made.see(ended(2), np.ones(2))
    assert len(made.look(MINUTE_PS - 1)) == 0
    assert made.look(MINUTE_PS)["prompt"].tolist() == [100, 101, 102, 100, 101]
    assert len(made.look(2 * MINUTE_PS)) == 0
    made.see(ended(1), np.ones(1))
    assert made.look(3 * MINUTE_PS)["id"].tolist() == [FIRST_CHECK_ID + 5]


@pytest.mark.parametrize("fate", [fate for fate in Fate if fate != Fate.COMPLETED])
def test_what_was_not_completed_is_not_checked(fate: Fate) -> None:
    made = checker()
    made.see(ended(100, fate), np.ones(100))
    assert len(made.look(0)) == 0


def test_whether_an_answer_is_checked_belongs_to_its_id() -> None:
    rows, load = ended(1000), np.full(1000, 0.4)
    one, two = checker(), checker()
    one.see(rows, load)
    two.see(rows[::-1], load)
    chosen = one.look(0)["prompt"]
    assert 300 < len(chosen) < 500
    assert sorted(chosen) == sorted(two.look(0)["prompt"])
    more = checker()
    more.see(rows, np.full(1000, 0.5))
    assert set(chosen) < set(more.look(0)["prompt"])


# -- in a run -------------------------------------------------------------------------------------------------------------

WATCHED: dict[str, Any] = {
    f"{NET}.verify": SAMPLING, f"{NET}.stake": STAKE, f"{HOME}.stakes": "100 %",
    f"{NET}.slash": {"invalid": {"kind": "fraction", "share": "1 %", "cooldown": "12 min"}}, f"{HOME}.strategies": LAZY,
}  # fmt: skip
SHORT: dict[str, Any] = {
    **WATCHED, "epoch": "5 min", "horizon": "25 min", "workload.chat.rate": "0.5 /s", f"{HOME}.nodes": 4, f"{HOME}.max_nodes": 4,
    f"{HOME}.up_time": "20 min", f"{HOME}.repair": "2 min",
    "jobs": {"swarm": {"kind": "shared", "network": "net", "every": "5 min", "rounds": 4, "workers": 3, "tokens": 900, "look": "20 s"}},
}  # fmt: skip


@pytest.mark.compiled
def test_a_run_with_checks_cheats_bars_and_jobs_is_the_same_under_every_engine() -> None:
    worlds, runs = zip(*(whole(SHORT, engine) for engine in ENGINES), strict=True)
    assert runs[0].to_json() == runs[1].to_json() == runs[2].to_json()
    assert worlds[0].counts["checks_served"] > 30
    assert worlds[0].counts["jobs_completed"] >= 1
    cheated = runs[0].series["net.cheated_frac"]
    # All who cheat are found in the first epoch and barred for two and two fifths of the next.
    assert cheated[0] > 0.3  # type: ignore[operator]
    assert cheated[2] == 0
    assert cheated[3] > 0  # type: ignore[operator]
    assert runs[0].outcomes["net.slashed_coin"] > 0  # type: ignore[operator]


def _another_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rechecks, "owns", lambda self, ids: ids < 0)


def _all_doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuous.Fleet, "_change", lambda self: None)


def _never_barred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuous.Fleet, "_barred_ps", lambda self: np.zeros(len(self.there), np.int64))


def _checks_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    see = Rechecks.see
    monkeypatch.setattr(Rechecks, "see", lambda self, rows, load: see(self, rows, load + 0.1))


@pytest.mark.compiled
@pytest.mark.parametrize("fault", [_another_class, _all_doubles, _never_barred, _checks_of_all])
def test_a_planted_fault_is_seen(fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    good = whole(SHORT)[1].to_json()
    fault(monkeypatch)
    try:
        bad = whole(SHORT)[1].to_json()
    except (IndexError, ValueError, InvariantError):
        return
    assert bad != good


@pytest.mark.compiled
def test_checks_are_requests_that_nobody_pays_for() -> None:
    few = {f"{HOME}.nodes": 2, f"{HOME}.max_nodes": 2, "workload.chat.rate": "1 /s"}
    plain, (world, run) = whole(few)[1], whole({**few, f"{NET}.verify": SAMPLING})
    served = run.counts["completed"]
    assert world.counts["checks_served"] == pytest.approx(0.2 * served, abs=5 * math.sqrt(0.16 * served) + 60)
    # Users are as many, and pay as much; they share passes with checks.
    assert run.counts["measured_requests"] == plain.counts["measured_requests"]
    assert run.outcomes["net.revenue_usd_per_day"] == pytest.approx(
        plain.outcomes["net.revenue_usd_per_day"], rel=0.002
    )
    assert run.outcomes["net.e2e_p50_s"] > 1.02 * plain.outcomes["net.e2e_p50_s"]  # type: ignore[operator]
    assert run.outcomes["net.check_load_frac"] == 0.2


@pytest.mark.compiled
def test_where_capacity_binds_checks_take_their_part_of_it() -> None:
    busy = {"workload.chat.rate": "8 /s", f"{HOME}.nodes": 1, f"{HOME}.max_nodes": 1, "horizon": "2 h"}
    plain = whole(busy)[1].outcomes["net.served_mtok"]
    twice = whole({**busy, f"{NET}.verify": {"kind": "replication", "repeaters": 1}})[1].outcomes["net.served_mtok"]
    # Every answer is served twice. What waits at the end has been served once.
    assert twice == pytest.approx(plain / 2, rel=0.05)  # type: ignore[operator]


@pytest.mark.compiled
def test_cheats_really_serve_differently_and_are_found_as_often_as_stated() -> None:
    honest, cheated = whole({})[1], whole({f"{HOME}.strategies": {"some": {**LAZY["some"], "share": "100 %"}}})[1]
    assert cheated.outcomes["net.e2e_p50_s"] < honest.outcomes["net.e2e_p50_s"] / 2  # type: ignore[operator]
    assert cheated.outcomes["net.energy_j_per_tok"] < honest.outcomes["net.energy_j_per_tok"]  # type: ignore[operator]
    mixed = whole({f"{HOME}.strategies": LAZY, f"{NET}.verify": SAMPLING})[1]
    bad, found = mixed.outcomes["net.cheated_frac"], mixed.outcomes["net.caught_frac"]
    requests = bad * mixed.counts["completed"]  # type: ignore[operator]
    assert requests > 10_000
    assert found == pytest.approx(0.2, abs=5 * math.sqrt(0.16 / requests))


@pytest.mark.compiled
def test_windows_and_all_requests_tell_the_same_of_cheats() -> None:
    changes = {
        f"{HOME}.strategies": LAZY,
        f"{NET}.verify": {**SAMPLING, "rate": "4 %"},
        f"{HOME}.nodes": 6,
        "horizon": "6 h",
    }
    every = whole(changes)[1].outcomes
    windows = play(
        {**ALL, **changes, "requests": {"mode": "sampled", "window": "20 min", "per_epoch": 1, "every": 1}}
    ).outcomes
    for name, rel in (("cheated_frac", 0.05), ("caught_frac", 0.1), ("check_load_frac", 1e-12), ("e2e_p50_s", 0.05)):
        assert every[f"net.{name}"] == pytest.approx(windows[f"net.{name}"], rel=rel), name


@pytest.mark.compiled
def test_being_verifiable_slows_every_pass() -> None:
    plain, slow = whole({})[1], whole({f"{NET}.verify": {"kind": "fingerprint", "overhead": "50 %", "cost": "0 %"}})[1]
    assert slow.outcomes["net.e2e_p50_s"] > 1.4 * plain.outcomes["net.e2e_p50_s"]  # type: ignore[operator]


@pytest.mark.compiled
def test_an_overhead_that_changes_within_the_run_is_told() -> None:
    changing = {"kind": "fingerprint", "overhead": {"2026-01-01": "10 %", "2026-01-02": "20 %"}}
    days = {"horizon": "3 day", "epoch": "1 day", "workload.chat.rate": "0.01 /s"}
    with pytest.raises(
        ScenarioError, match=r"networks\.net\.verify\.overhead: 10 % and 20 % found within the run; where every"
    ):
        whole({**days, f"{NET}.verify": changing})


@pytest.mark.compiled
def test_who_is_barred_for_part_of_an_epoch_is_there_for_the_rest() -> None:
    run = whole({**WATCHED, f"{NET}.slash": {"invalid": {"kind": "fraction", "share": "1 %", "cooldown": "90 min"}}})[1]
    cheated = run.series["net.cheated_frac"]
    # Found in the first hour, away in the second and half of the third.
    assert cheated[0] > 0.5  # type: ignore[operator]
    assert cheated[1] < 0.01  # type: ignore[operator]
    assert 0.2 < cheated[2] < 0.8 * cheated[0]  # type: ignore[operator]


@pytest.mark.compiled
def test_how_often_engines_are_read_does_not_move_the_end_of_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody looks: nodes that a shock held down for long are barred for an hour of the four of the next epoch.
    changes = {
        f"{NET}.stake": STAKE, f"{HOME}.stakes": "100 %", "epoch": "4 h", "horizon": "8 h", f"{HOME}.nodes": 4, f"{HOME}.max_nodes": 4,
        f"{NET}.slash": {"downtime": {"kind": "fraction", "share": "1 %", "above": "5 %", "cooldown": "1 h"}}, "workload.chat.rate": "1 /s",
        "shocks": [{"target": f"{HOME}", "at": "1 h", "by": "-50 %", "lasts": "1 h"}],
    }  # fmt: skip
    seldom = whole(changes)[1]
    monkeypatch.setattr(continuous, "FULL", 50)
    often = whole(changes)[1]
    assert seldom.to_json() == often.to_json()
    assert seldom.outcomes["net.slashed_coin"] > 0  # type: ignore[operator]
