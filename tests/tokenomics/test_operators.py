"""Operators: what a node costs, who stops, who comes back, who orders; speeds that do not hang on the epoch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.tokenomics.operators import IDLE, LIVE, ORDERED, OUT, Columns, OperatorClass, View, decide
from sim.tokenomics.operators.rules import avoidable_usd_per_day
from tests.policies.kinds import CONTEXT

DAY = 86_400.0
WEEK = 7 * DAY
EVERY = np.zeros(101)
"""Draws with which everybody who may act does (a draw of 0 is below any probability)."""
NOBODY = np.full(101, 1 - 2.0**-53)


def operators(**keys: Any) -> OperatorClass:
    plain = {"nodes": 20, "gpu": "rtx_4090", "electricity": "0.1 USD/kWh", "max_nodes": 100, "capex": "0 USD"}
    return OperatorClass.model_validate({**plain, **keys}, context=CONTEXT)


def columns(live: int = 20, cost_factor: Any = 1.0) -> Columns:
    made = Columns(np.broadcast_to(np.asarray(cost_factor, float), (100,)).copy())
    made.move(np.arange(live), LIVE)
    return made


def view(income: float = 2.0, entrant: float | None = None, **more: float) -> View:
    """A node whose power costs 1 USD a day."""
    return View(income, income if entrant is None else entrant, **{"power": 1.0, "fixed": 0.0, **more})


# -- costs ----------------------------------------------------------------------------------------------------------


def test_avoidable_cost_is_power_at_the_owners_own_cost_and_what_is_fixed() -> None:
    assert avoidable_usd_per_day(view(fixed=3.0), columns(cost_factor=1.5)).tolist() == [4.5] * 100


def test_capital_service_repays_price_less_resale_with_interest() -> None:
    # 10,000 USD, 30 % of it left after 4 years, 15 % a year: (10000 - 3000/1.15^4) x .15/(1 - 1.15^-4) = 2,901.86 a year.
    block = operators(capex="10 kUSD", life="4 year", resale="30 %", discount="15 %")
    assert block.capital_usd_per_day() == pytest.approx(2901.857 / 365.25, rel=1e-6)
    # The stream is worth what was paid: present value of the payments and of the resale.
    present = sum(block.capital_usd_per_day() * 365.25 / 1.15**year for year in range(1, 5)) + 3000 / 1.15**4
    assert present == pytest.approx(10_000, rel=1e-9)


def test_capital_service_without_interest_is_what_is_lost_a_year() -> None:
    block = operators(capex="8 kUSD", per_node=2, life="4 year", resale="0 %", discount="0 %")
    assert block.capital_usd_per_day() * 365.25 == pytest.approx(4000)


def test_capital_counts_at_entry_and_never_at_exit() -> None:
    dear = operators(capex="100 kUSD", patience="0 day")
    there = columns()
    decided = decide(dear, view(income=1.5), there, EVERY, WEEK)
    assert not len(decided.stops)
    assert not len(decided.orders)


# -- exit -----------------------------------------------------------------------------------------------------------


def test_owners_who_lose_stop_after_their_patience_and_not_before() -> None:
    block, there = operators(patience="4 week"), columns()
    stopped = [len(decide(block, view(income=0.5), there, EVERY, WEEK).stops) for _ in range(6)]
    assert stopped == [0, 0, 0, 0, 20, 20]


def test_one_good_week_makes_owners_patient_again() -> None:
    block, there = operators(patience="4 week"), columns()
    incomes = [0.5, 0.5, 0.5, 0.5, 1.5, 0.5, 0.5, 0.5, 0.5, 0.5]
    stopped = [len(decide(block, view(income=income), there, EVERY, WEEK).stops) for income in incomes]
    assert stopped == [0] * 9 + [20]


def test_an_owner_who_just_breaks_even_stays() -> None:
    assert not len(decide(operators(patience="0 day"), view(income=1.0), columns(), EVERY, WEEK).stops)


def test_those_with_the_dearest_power_stop_first() -> None:
    factors = np.linspace(0.5, 2.5, 100)
    decided = decide(operators(patience="0 day", nodes=100), view(income=2.0), columns(100, factors), EVERY, WEEK)
    assert decided.stops.tolist() == np.flatnonzero(factors > 2.0).tolist()


@pytest.mark.parametrize(("rent", "rate"), [("0 USD/h", 0.07), ("0.001 USD/h", 0.24)])
@pytest.mark.parametrize("epoch_s", [DAY, WEEK])
def test_the_speed_of_exit_is_a_rate(rent: str, rate: float, epoch_s: float) -> None:
    # Share that acts in an epoch: 1 - exp(-rate x epoch); with no other use for cards the slower rate.
    block = operators(patience="0 day", nodes=100, outside_rent=rent)
    share = 1 - math.exp(-rate * epoch_s / WEEK)
    draws = np.append(np.arange(100) / 100, 0.0)
    decided = decide(block, view(income=0.1), columns(100), draws, epoch_s)
    assert len(decided.stops) == math.ceil(share * 100)


# -- idle -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("entrant", "back"), [(1.49, 0), (1.5, 20), (3.0, 20)])
def test_idle_owners_start_again_at_one_and_a_half_times_what_they_stopped_at(entrant: float, back: int) -> None:
    there = columns()
    there.move(np.arange(20), IDLE)
    decided = decide(operators(), view(income=0.0, entrant=entrant), there, EVERY, WEEK)
    assert len(decided.restarts) == back


def test_idle_hardware_leaves_for_good_at_the_end_of_its_idle_life() -> None:
    block, there = operators(idle_life="3 week"), columns()
    there.move(np.arange(20), IDLE)
    left = [len(decide(block, view(income=0.0), there, NOBODY, WEEK).leaves) for _ in range(4)]
    assert left == [0, 0, 20, 20]


# -- entry ----------------------------------------------------------------------------------------------------------


def test_nobody_orders_what_does_not_pay_its_full_cost() -> None:
    # Full cost: power 1.35 at the median owner's, 0.5 fixed, 0.15 hurdle: 2.00.
    block = operators()
    assert not len(decide(block, view(entrant=2.0, fixed=0.5, hurdle=0.15), columns(), EVERY, WEEK).orders)
    assert len(decide(block, view(entrant=2.5, fixed=0.5, hurdle=0.15), columns(), EVERY, WEEK).orders)


def test_orders_close_the_gap_to_what_income_pays_at_the_speed_of_entry() -> None:
    # (2.70/1.35)^1.1 - 1 = 1.14, cut to 1: 20 nodes wanted more; 0.1 a week of them: 20 x (1 - e^-0.1) = 1.90.
    draws = np.append(np.zeros(100), 0.95)
    assert len(decide(operators(), view(entrant=2.7), columns(), draws, WEEK).orders) == 1
    draws[-1] = 0.85
    assert len(decide(operators(), view(entrant=2.7), columns(), draws, WEEK).orders) == 2


def test_orders_follow_income_with_the_elasticity_stated() -> None:
    # 10 % above full cost and an elasticity of 2: 21 % more nodes wanted, all ordered at an endless speed.
    block = operators(entry_elasticity=2.0, entry_speed="1000 /week", cost_factor=1.0, nodes=50)
    draws = np.append(np.zeros(100), 0.999)
    assert len(decide(block, view(entrant=1.1), columns(50), draws, WEEK).orders) == math.floor(50 * 0.21)


def test_orders_take_the_lowest_empty_slots_and_say_when_there_are_none() -> None:
    block = operators(entry_speed="1000 /week")
    there = columns(60)
    there.move(np.arange(10, 15), OUT)
    there.move(np.arange(60, 62), ORDERED)
    decided = decide(block, view(entrant=50.0), there, EVERY, WEEK)
    assert decided.orders.tolist() == [*range(10, 15), *range(62, 100)]
    assert decided.full  # 57 live and ordered might double; 43 slots are left


# -- planned and fixed ------------------------------------------------------------------------------------------------


def test_a_planner_orders_what_is_missing_and_counts_what_is_on_its_way() -> None:
    there = columns(5)
    there.move(np.arange(5, 7), ORDERED)
    decided = decide(operators(decides="planned"), view(wanted=9.2), there, EVERY, WEEK)
    assert decided.orders.tolist() == [7, 8, 9]


@pytest.mark.parametrize(("wanted", "stops"), [(10.0, []), (9.5, []), (9.0, []), (8.0, [9]), (0.0, list(range(1, 10)))])
def test_a_planner_gives_back_what_is_more_than_a_tenth_too_much_and_keeps_one(wanted: float, stops: list[int]) -> None:
    # 1.1 x 9 = 9.9: ten are kept.
    decided = decide(operators(decides="planned"), view(wanted=wanted), columns(10), EVERY, WEEK)
    assert decided.stops.tolist() == stops


def test_a_planner_that_wants_more_than_its_slots_says_so() -> None:
    decided = decide(operators(decides="planned"), view(wanted=150.0), columns(10), EVERY, WEEK)
    assert (len(decided.orders), decided.full) == (90, True)


def test_a_fixed_class_never_decides() -> None:
    decided = decide(
        operators(decides="fixed", patience="0 day"), view(income=0.0, entrant=99.0), columns(), EVERY, WEEK
    )
    assert not any(len(slots) for slots in (decided.stops, decided.restarts, decided.leaves, decided.orders))


def test_a_slot_that_moves_begins_its_clocks_anew() -> None:
    there = columns()
    decide(operators(), view(income=0.5), there, NOBODY, WEEK)
    assert there.below_s[:20].tolist() == [WEEK] * 20
    there.move(np.arange(5), IDLE)
    assert there.below_s[:6].tolist() == [0.0] * 5 + [WEEK]
    assert (there.count(LIVE), there.count(IDLE), there.count(OUT)) == (15, 5, 80)
