"""What a run is made of: epochs to the horizon, dated values, policies that begin together, seeds, and modes."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.records.outcomes import OUTCOMES
from sim.records.run import RunRecord
from sim.units import DAY_S, PS_PER_S
from sim.world import run as run_case
from sim.world.calendar import Calendar, Epoch, Sampling
from sim.world.run import World
from sim.world.serving import Windows
from tests.world.small import CLOUD, HOME, LOGIT, POOL, PRICED, case, play

pytestmark = pytest.mark.compiled

DAY_PS = DAY_S * PS_PER_S
START = datetime.date(2026, 1, 1)
SAMPLED = {"mode": "sampled", "window": "20 s", "per_epoch": 1}
TWO = {
    "networks.cloud": CLOUD,
    "networks.net.price": PRICED,
    "networks.net.market": {**POOL, "daily_sd": "2 %"},
    "workload.chat.demand": LOGIT,
}


# -- epochs ---------------------------------------------------------------------------------------------------


def test_an_epoch_that_ends_at_the_horizon_is_closed() -> None:
    run = play({"horizon": "4 week"})
    assert run.epoch_end_s == [7 * DAY_S * n for n in (1, 2, 3, 4)]
    # Its coins are minted: 28 days of 49.
    assert run.outcomes["net.supply_coin"] == 10**6 + 28 * 49


def test_the_last_epoch_ends_at_the_horizon_however_short_it_is() -> None:
    run = play({"horizon": "17 day"})
    assert [end / DAY_S for end in run.epoch_end_s] == [7, 14, 17]
    assert run.outcomes["net.supply_coin"] == 10**6 + 17 * 49
    assert set(run.series["net.emission_coin"]) == {49.0}


def test_a_run_shorter_than_its_epoch_has_one() -> None:
    assert Calendar(START, DAY_PS, 7 * DAY_PS).epochs() == [Epoch(0, 0, DAY_PS)]


def test_days_of_the_calendar_begin_at_midnight() -> None:
    calendar = Calendar(START, 30 * DAY_PS, DAY_PS)
    assert calendar.day(0) == START
    assert calendar.day(DAY_PS - 1) == START
    assert calendar.day(31 * DAY_PS) == datetime.date(2026, 2, 1)


def test_windows_lie_inside_their_epochs_and_visit_every_hour() -> None:
    sampling = Sampling(300 * PS_PER_S, 2, 1, 600 * PS_PER_S, 120 * PS_PER_S)
    hours = set()
    for epoch in Calendar(START, 26 * 7 * DAY_PS, 7 * DAY_PS).epochs():
        ends = epoch.start_ps
        for window in sampling.windows(epoch, 0):
            assert ends <= window.warm_ps < window.start_ps < window.end_ps < window.limit_ps <= epoch.end_ps
            ends = window.limit_ps
            hours.add(window.start_ps % DAY_PS // (3600 * PS_PER_S))
    assert len(hours) == 24


# -- dated values -----------------------------------------------------------------------------------------------


def test_a_dated_price_holds_from_the_first_epoch_that_begins_on_its_day() -> None:
    # Weeks begin on 2026-01-01, 8, 15, 22: a change on the 8th holds at once, one on the 16th from the 22nd.
    dated = {"2026-01-01": "0.05 USD/Mtok", "2026-01-08": "0.10 USD/Mtok", "2026-01-16": "0.20 USD/Mtok"}
    run = play({"networks.net.price": {**PRICED, "input": dated, "output": dated}, "horizon": "4 week"})
    assert run.series["net.price_paid_usd_per_mtok"] == pytest.approx([0.05, 0.10, 0.10, 0.20], rel=1e-6)


def test_a_halving_by_date_is_exact_to_its_day_inside_an_epoch() -> None:
    # Three days of the third week at 49, four at 24.5.
    supply = {"kind": "halving", "initial": "49 TOK/day", "first": "2026-01-18"}
    run = play({"networks.net.supply": supply, "horizon": "4 week"})
    assert run.series["net.emission_coin"] == pytest.approx([49, 49, (3 * 49 + 4 * 24.5) / 7, 24.5], abs=1e-9)


# -- policies ---------------------------------------------------------------------------------------------------

POLICIES: dict[str, Any] = {
    "dearer": {"networks.net.price": {"output": "0.60 USD/Mtok"}},
    "fees_only": {"networks.net.supply": {"kind": "fixed"}},
    "other_payout": {"networks.net.payout": {"kind": "work"}, "networks.net.split": {"operators": "50 %", "treasury": "50 %"}},
}  # fmt: skip


@pytest.mark.parametrize("mode", ["capacity", "sampled"])
def test_all_policies_are_the_same_to_the_byte_until_they_begin(mode: str) -> None:
    changes = {
        **TWO,
        "policies_from": "5 week",
        "horizon": "9 week",
        "compare": {"baseline": "base", "coin_price": ["pool"]},
    }
    if mode == "sampled":
        changes["requests"] = SAMPLED
    runs = {name: play(changes, POLICIES, name) for name in ("base", *POLICIES)}
    base = runs["base"].series
    for name, run in runs.items():
        assert {key: values[:5] for key, values in run.series.items()} == {
            key: values[:5] for key, values in base.items()
        }, name
    for name in POLICIES:
        assert runs[name].series != base, name


def test_outcomes_count_from_where_policies_begin() -> None:
    dated = {"2026-01-01": "0.05 USD/Mtok", "2026-02-05": "0.10 USD/Mtok"}
    run = play(
        {"networks.net.price": {**PRICED, "input": dated, "output": dated}, "horizon": "8 week", "policies_from": "35 day"}
    )  # fmt: skip
    assert run.outcomes["net.price_paid_usd_per_mtok"] == pytest.approx(0.10, rel=1e-6)
    assert run.series["net.price_paid_usd_per_mtok"][0] == pytest.approx(0.05, rel=1e-6)


def test_what_policies_are_judged_by_begins_with_the_first_epoch_that_they_hold_in() -> None:
    # Day 10 lies in the second week: the third is the first with the policy, and the first that counts.
    changes = {"networks.net.price": PRICED, "policies_from": "10 day", "horizon": "4 week"}
    run = play(changes, {"dearer": {"networks.net.price": {"output": "0.60 USD/Mtok"}}}, "dearer")
    prices = run.series["net.price_paid_usd_per_mtok"]
    assert prices[0] == prices[1] < prices[2] == prices[3]
    assert run.outcomes["net.price_paid_usd_per_mtok"] == pytest.approx(prices[3], rel=1e-9)


# -- seeds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("requests", [{"mode": "capacity"}, SAMPLED])
def test_the_same_seed_gives_the_same_record_and_another_replication_another(requests: dict[str, Any]) -> None:
    changes = {**TWO, "requests": requests, "horizon": "4 week"}
    first = play(changes)
    assert play(changes).to_json() == first.to_json()
    assert play(changes, replication=1).series != first.series
    assert play({**changes, "seeds": {"root": 8, "replications": 2}}).series != first.series


def test_a_record_reads_back_as_it_was_written() -> None:
    first = play({**TWO, "requests": SAMPLED, "horizon": "2 week"})
    assert RunRecord.from_json(first.to_json()) == first


def test_a_run_says_the_same_on_every_engine() -> None:
    few = {
        "requests": {**SAMPLED, "window": "5 s"},
        "horizon": "1 week",
        f"{HOME}.nodes": 2,
        "workload.chat.rate": "0.1 /s",
    }
    one = case({**TWO, **few})
    fast = run_case(one, 0, "fast").to_json()
    assert run_case(one, 0, "reference").to_json() == fast
    assert run_case(one, 0, "loop").to_json() == fast


# -- modes --------------------------------------------------------------------------------------------------------

MODES: dict[str, dict[str, Any]] = {
    "all": {"requests": {"mode": "all"}, "epoch": "10 min", "horizon": "20 min"},
    "sampled": {"requests": SAMPLED, "horizon": "2 week"},
    "capacity": {"horizon": "2 week"},
}
MEASURED = [name for name, outcome in OUTCOMES.items() if "requests" in outcome.needs and "slo" not in outcome.needs]


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_serves_the_demand_of_a_network_with_room(mode: str) -> None:
    placed = {"latency": {"eu": {"eu": "20 ms"}}, "workload.chat.region": "eu", f"{HOME}.region": "eu"}
    run = play({**MODES[mode], **placed, "networks.net.price": PRICED})
    assert run.outcomes["net.demand_rps"] == pytest.approx(2.0, rel=1e-9)
    if mode == "capacity":
        assert not [name for name in MEASURED if f"net.{name}" in run.outcomes]
    else:
        assert all(isinstance(run.outcomes[f"net.{name}"], float) for name in MEASURED)
        assert run.outcomes["net.unmet_frac"] < 0.01


def test_capacity_refuses_latency_outcomes_by_name() -> None:
    run = play(MODES["capacity"])
    assert "ttft_p95_s" in MEASURED
    for name in MEASURED:
        assert run.unsupported[f"net.{name}"] == "requests.mode capacity simulates no request"
        assert f"net.{name}" not in run.series
    assert run.counts["measured_requests"] == 0


def test_in_capacity_what_exceeds_the_nodes_is_not_served() -> None:
    # One node serves 2.4 requests a second of the class's mean: of 12 a fifth.
    run = play({f"{HOME}.nodes": 1, f"{HOME}.decides": "fixed", "workload.chat.rate": "12 /s", "horizon": "2 week"})
    capacity = run.operators[0]["capacity_rps_per_node"]
    served = play({f"{HOME}.nodes": 20, "workload.chat.rate": "12 /s", "horizon": "2 week"}).outcomes["net.served_mtok"]
    assert 2 < capacity < 3
    assert run.outcomes["net.served_mtok"] / served == pytest.approx(capacity / 12, rel=1e-4)
    assert run.outcomes["net.utilization_frac"] == 1.0


def test_a_central_network_has_no_outcome_of_a_coin() -> None:
    run = play({**TWO, "horizon": "2 week"})
    for name, outcome in OUTCOMES.items():
        if "coin" in outcome.needs and outcome.scope == "network":
            assert run.unsupported[f"cloud.{name}"] == "the network has no coin"
            assert f"cloud.{name}" not in run.outcomes


def test_windows_that_do_not_fit_an_epoch_are_refused() -> None:
    with pytest.raises(ScenarioError, match="more than an epoch of 600 s; take a longer epoch, fewer windows"):
        play({"requests": {"mode": "sampled", "window": "5 min"}, "epoch": "10 min", "horizon": "20 min"})


# -- demand -------------------------------------------------------------------------------------------------------


def test_demand_beyond_the_headroom_stops_the_run_and_says_what_to_do() -> None:
    changes = {
        "networks.net.price": PRICED,
        "workload.chat.demand": {"kind": "isoelastic", "elasticity": -2.0, "choke": "5 USD/Mtok"},
        "horizon": "3 week",
        "policies_from": "1 week",
    }
    cheap = {"cheap": {"networks.net.price": {"input": "0.01 USD/Mtok", "output": "0.03 USD/Mtok"}}}
    message = r"workload.chat: users want 25.00 times the base demand, more than requests.headroom 2; raise it"
    with pytest.raises(ScenarioError, match=message):
        play(changes, cheap, "cheap")


def test_demand_grows_with_its_class() -> None:
    growth = {"kind": "exponential", "rate": "100 % /year"}
    run = play({"workload.chat.growth": growth, "horizon": "52 week"})
    ratio = run.series["net.demand_rps"][-1] / run.series["net.demand_rps"][0]
    assert ratio == pytest.approx(2 ** (51 * 7 / 365.25), rel=1e-9)


def test_all_windows_of_an_epoch_speak_for_it() -> None:
    # One class: the epoch's share of unmet requests is that of all requests measured in it, to one request.
    crowded = {
        f"{HOME}.nodes": 2,
        f"{HOME}.decides": "fixed",
        "workload.chat.rate": "4.6 /s",
        "networks.net.price": PRICED,
    }
    windows = {"mode": "sampled", "window": "60 s", "per_epoch": 6}
    run = play({**crowded, "requests": windows, "epoch": "1 day", "horizon": "1 day"})
    assert run.counts["windows"] == 6
    measured, completed = run.counts["measured_requests"], run.counts["completed"]
    assert 0 < completed < measured
    requests = 4.6 * DAY_S
    assert run.outcomes["net.unmet_frac"] == pytest.approx(1 - completed / measured, abs=2 / requests)


# -- warm-ups -------------------------------------------------------------------------------------------------

LONG = {
    "workload.chat.output": {"kind": "constant", "tokens": 12_000},
    "workload.chat.rate": "0.05 /s",
    "workload.chat.deadline": "1 h",
    "horizon": "2 day",
    "epoch": "1 day",
}
"""Answers that take minutes, on nodes with little to do."""


def warm_s(changes: dict[str, Any]) -> tuple[World, float]:
    """A world that has run, and the warm-up of its windows."""
    world = World(case({**LONG, **changes}), 0, "fast")
    world.run()
    assert isinstance(world.serving, Windows)
    return world, world.serving.sampling.warm_ps / PS_PER_S


def test_a_warm_up_lasts_three_times_the_mean_e2e() -> None:
    world, warm = warm_s({"requests": {**SAMPLED, "window": "10 min"}})
    tally = world.networks[0].tally
    assert tally is not None
    mean_s = float(tally.e2e_us.sum()) / 1e6 / int(tally.completed.sum())
    assert mean_s > 110
    # Requests differ in how many they meet: the first window's mean is not that of the last.
    assert warm == pytest.approx(3 * mean_s, rel=0.1)
    assert not any("warm-up" in note for note in world.notes)


def test_a_warm_up_that_does_not_fit_is_told() -> None:
    crowded, warm = warm_s({"requests": {**SAMPLED, "window": "5 min", "per_epoch": 20}})
    # 72 minutes each: 5 of window and 60 of tail leave 7, longer than 5 and 10 patiences, shorter than three E2E.
    assert warm == 7 * 60
    assert any("windows have room for a warm-up of 420 s only" in note for note in crowded.notes)
