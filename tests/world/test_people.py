"""Operators in a run: what they expect to earn, what entrants see, and when ordered nodes serve."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.tokenomics.operators import IDLE, LIVE, ORDERED
from sim.units import DAY_S, PS_PER_S
from sim.world.calendar import Epoch
from sim.world.people import Beliefs, Owners, views
from sim.world.run import World
from tests.world.small import HOME, case, play

pytestmark = pytest.mark.compiled

WEEK_PS = 7 * DAY_S * PS_PER_S
NONE = Beliefs(0.0, 0.0)


def owners(changes: dict[str, Any] | None = None) -> list[Owners]:
    return World(case(changes), 0, "fast").networks[0].owners


def test_an_entrant_shares_with_those_there_those_coming_and_itself() -> None:
    (home,) = owners()
    home.columns.move(np.arange(10), LIVE)
    home.columns.move(np.arange(10, 14), ORDERED)
    home.coin_usd_per_node_day = 3.0
    (view,) = views([home], NONE)
    # 30 USD a day for 10 nodes now, for 15 once the four that are ordered and one more are there.
    assert (view.income, view.income_entrant) == (3.0, pytest.approx(2.0))


def test_idle_nodes_share_nothing_and_crowd_nobody() -> None:
    (home,) = owners()
    home.columns.move(np.arange(9), LIVE)
    home.columns.move(np.arange(20, 40), IDLE)
    home.coin_usd_per_node_day = 2.0
    (view,) = views([home], NONE)
    assert view.income_entrant == pytest.approx(1.8)


def test_a_class_without_nodes_expects_by_its_capacity() -> None:
    farm = {"nodes": 0, "gpu": "h100_sxm", "electricity": "0 USD/kWh", "max_nodes": 5}
    home, big = sorted(owners({"networks.net.operators.zfarm": farm}), key=lambda o: o.name)
    home.columns.move(np.arange(10), LIVE)
    home.fee_usd_per_node_day = 2.0
    view = views([home, big], NONE)[1]
    ratio = big.machine.capacity_rps / home.machine.capacity_rps
    assert view.income == pytest.approx(2.0 * ratio)
    assert view.income_entrant == pytest.approx(2.0 * ratio * 10 / (10 + ratio))


def test_in_an_empty_network_whoever_comes_first_expects_all_that_is_announced() -> None:
    (home,) = owners()
    (view,) = views([home], Beliefs(49.0, 0.0))
    assert view.income_entrant == pytest.approx(49.0)


def test_a_network_that_everybody_left_fills_again_when_coins_are_minted_again() -> None:
    nothing, all_of_it = {"2026-01-01": "0 %", "2026-09-01": "100 %"}, {"2026-01-01": "100 %", "2026-09-01": "0 %"}
    run = play(
        {
            "networks.net.split": {"operators": nothing, "treasury": all_of_it, "remainder": "treasury"},
            f"{HOME}.exit_speed": "1 /week",
            f"{HOME}.idle_life": "30 day",
            "horizon": "104 week",
        }
    )
    nodes = run.series["net.nodes"]
    assert min(nodes) == 0
    assert nodes[-1] > 10


def test_ordered_nodes_serve_after_their_lead_and_the_load_of_the_model() -> None:
    # Seven nodes of ten missing under a planner: ordered in the second epoch, on day 7, there 10 days later.
    run = play(
        {
            f"{HOME}.decides": "planned",
            f"{HOME}.nodes": 3,
            f"{HOME}.utilization": "50 %",
            f"{HOME}.lead": "10 day",
            "workload.chat.rate": "12 /s",
            "epoch": "1 day",
            "horizon": "30 day",
        }
    )
    nodes = run.series["net.nodes"]
    wanted = 12 / (0.5 * run.operators[0]["capacity_rps_per_node"])
    assert nodes[:11] == [3.0] * 11  # ordered at the start of the second day, there on the twelfth
    assert nodes[11] == np.ceil(wanted)
    assert nodes[-1] == np.ceil(wanted)
    # Live time of a node that came within the epoch counts from when its model was loaded.
    assert run.series["net.energy_j_per_tok"][11] is not None


def test_time_live_counts_from_where_a_node_came() -> None:
    (home,) = owners()
    home.columns.move(np.arange(3), LIVE)
    home.came_ps = {1: WEEK_PS + WEEK_PS // 4, 2: 5}
    epoch = Epoch(1, WEEK_PS, 2 * WEEK_PS)
    assert home.live_ps(epoch)[:4].tolist() == [WEEK_PS, WEEK_PS - WEEK_PS // 4, WEEK_PS, 0]


def test_fees_are_believed_slowly_and_coins_at_once() -> None:
    (home,) = owners()
    home.believe(10.0, 4.0, 1.0, 5.0)
    assert (home.fee_usd_per_node_day, home.coin_usd_per_node_day) == (10.0, 4.0)
    home.believe(20.0, 8.0, 28 * DAY_S, 5.0)  # the half-life of four weeks
    assert (home.fee_usd_per_node_day, home.coin_usd_per_node_day) == (pytest.approx(15.0), 8.0)


def test_fees_shared_by_fewer_nodes_are_believed_at_once() -> None:
    (home,) = owners()
    home.believe(10.0, 0.0, 1.0, 8.0)
    # Three quarters of the capacity have left, users spend what they spent: four times as much for each that stays.
    home.believe(40.0, 0.0, 7 * DAY_S, 2.0)
    assert home.fee_usd_per_node_day == pytest.approx(40.0)
    # Users spend half: learned slowly, a quarter-life of the half-life in one week.
    home.believe(20.0, 0.0, 7 * DAY_S, 2.0)
    assert home.fee_usd_per_node_day == pytest.approx(20 + 20 * 0.5**0.25)


def test_an_announced_halving_is_believed_before_it_comes() -> None:
    # Owners know the schedule: those who lose at half are there until it comes, and their patience runs from then on.
    supply = {"kind": "halving", "initial": "49 TOK/day", "first": "2026-03-05"}  # the first day of week 10
    run = play({"networks.net.supply": supply, "horizon": "9 week"})
    assert run.operators[0]["coins_usd_per_node_day"] == pytest.approx(49 / 20 / 2, rel=1e-6)
    assert run.series["net.nodes"][-1] == 20
