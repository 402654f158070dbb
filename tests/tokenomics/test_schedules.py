"""Schedules of other chains: the traps in their arithmetic, what they react to, and what they refuse."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pytest
from pydantic import ValidationError

from sim.tokenomics.supply import SEEN, SUPPLY
from tests.conformance.supply import DAY_PS, START, gonka, issued, kind
from tests.policies.kinds import block


def seen(**columns: int) -> np.ndarray:
    return np.array([columns.get(name, 0) for name in SEEN], dtype=np.int64)


def test_expm1_a_tick_of_thirty_seconds_keeps_its_digits() -> None:
    # Filecoin, epoch 0 of 330e6 FIL: 36.266264293777134739 FIL by its golden file. exp(x) - 1 in doubles is 7e-10 off.
    decay = math.log(2) / (6 * 1_051_200)
    total = 330e6 * math.exp(decay)
    schedule = kind(SUPPLY, "exp_decay", total=f"{total!r} FIL", half_life="2190 day", tick="30 s")
    paid = schedule.issued(0, 30 * 10**12, 0, START, 17)
    assert paid == pytest.approx(3_626_626_429_377_713_473, rel=1e-15)
    naive = 330e6 * (math.exp(decay) - 1) * 1e17
    assert abs(naive / paid - 1) > 1e-10


def test_gonkas_ticks_would_pay_142511_coins_more_than_its_cap() -> None:
    free = kind(SUPPLY, "exp_decay", initial="285000 GNK/day", rate="0.0475 %/day", tick="1 day")
    # After 100,000 days not a base unit a day is left.
    assert issued(free, 0, 100_000) // 10**9 == 600_142_511
    assert issued(gonka(), 0, 100_000) == 600_000_000 * 10**9


def test_what_a_schedule_may_pay_counts_what_it_paid_before_the_start() -> None:
    late = gonka(began="2010-01-01")
    assert issued(late, 0, 100_000) + int(late.begin(START, 9)[0]) == 600_000_000 * 10**9
    # Burned coins do not come back: the schedule counts its own, whatever exists.
    assert issued(late, 0, 100_000, held=10**15) == issued(late, 0, 100_000)


def test_helium_rounds_down_twice() -> None:
    # floor(6 x 1644 / 7) + floor(1644 / 7) = 1409 + 234; once would be 1644.
    net = kind(SUPPLY, "reemit", most="1644 HNT/day")
    state = np.array([1644])
    assert net.issued(0, DAY_PS, 0, START, 0, seen(burned_a_day=1644), state) == 1643
    assert state.tolist() == [1643]


def test_what_is_burned_comes_back_up_to_its_cap() -> None:
    net = kind(SUPPLY, "reemit", most="1644 HNT/day")
    state = net.begin(START, 9)
    burns = seen(burned_a_day=1000 * 10**9)
    first = net.issued(0, DAY_PS, 0, START, 9, burns, state)
    assert first == 1000 * 10**9 // 7
    later = net.issued(DAY_PS, 101 * DAY_PS, 0, START, 9, burns, state) / 100
    # 1000 (1 - (6/7)^k) over days 2 to 101.
    assert later / 10**9 == pytest.approx(sum(1000 * (1 - (6 / 7) ** k) for k in range(2, 102)) / 100, rel=1e-9)
    most = net.issued(101 * DAY_PS, 102 * DAY_PS, 0, START, 9, seen(burned_a_day=10**15), state)
    assert most == 1644 * 10**9


def test_inflation_rises_while_too_little_is_staked() -> None:
    livepeer = kind(SUPPLY, "feedback", initial="0.02185 %", step="0.00005 %", target="50 %", round="1 day")
    supply, state = 25 * 10**15, livepeer.begin(START, 9)
    livepeer.issued(0, 10 * DAY_PS, supply, START, 9, seen(staked=supply // 4), state)
    assert state.tolist() == [218_500 + 10 * 500]
    livepeer.issued(10 * DAY_PS, 30 * DAY_PS, supply, START, 9, seen(staked=supply), state)
    assert state.tolist() == [218_500 - 10 * 500]
    # 437 rounds above the target bring it to 0, and no further.
    livepeer.issued(30 * DAY_PS, 500 * DAY_PS, supply, START, 9, seen(staked=supply), state)
    assert state.tolist() == [0]


BASELINE = {"total": "770 MFIL", "half_life": "2190 day", "baseline": 100.0, "doubles": "365 day", "tick": "1 h"}


def test_a_network_at_its_baseline_is_paid_by_the_calendar() -> None:
    schedule = kind(SUPPLY, "baseline", **BASELINE)
    paid = schedule.issued(0, 365 * DAY_PS, 0, START, 9, seen(power=10**12)) / 10**9
    assert paid == pytest.approx(770e6 * (1 - 2 ** (-1 / 6)), rel=2e-4)


def test_a_network_below_its_baseline_is_paid_later() -> None:
    schedule = kind(SUPPLY, "baseline", **BASELINE)
    halves = [schedule.issued(0, 365 * DAY_PS, 0, START, 9, seen(power=power * 10**6)) for power in (0, 50, 100, 200)]
    assert halves[0] == 0
    assert halves == sorted(halves)
    # 100 GPUs through a year in which the baseline doubles: theta where 100 x year / ln 2 x (2^theta - 1) = 100 x year.
    theta = math.log2(1 + math.log(2))
    assert halves[2] / 10**9 == pytest.approx(770e6 * (1 - 2 ** (-theta / 6)), rel=1e-3)


def test_a_baseline_that_began_before_the_start_knows_its_time() -> None:
    schedule = kind(SUPPLY, "baseline", began="2024-01-01", **BASELINE)
    e, realized, reached, lack = schedule.begin(START, 9).tolist()
    # 731 days of which all power counted: network time is the calendar's.
    assert e - lack / 1e15 == pytest.approx(731 * 24 - 1, rel=1e-9)
    half = kind(SUPPLY, "baseline", began="2024-01-01", met=0.5, **BASELINE)
    e, realized, reached, lack = half.begin(START, 9).tolist()
    assert reached - realized == pytest.approx(lack / 1e15 * 100e6 * 2 ** (e / 24 / 365), rel=1e-6)
    assert e < 731 * 24 - 1


def test_a_controller_moves_one_step_and_only_outside_its_band() -> None:
    # 100 a day minted, 10 burned: ten times the burns is outside 1 to 3 times; a tenth less a quarter.
    render = kind(SUPPLY, "rebalance", initial="100 RENDER/day", period="91 day")
    state, little = render.begin(START, 9), seen(burned_a_day=10 * 10**9, power=10**9)
    for quarter in range(4):
        render.issued(quarter * 91 * DAY_PS, (quarter + 1) * 91 * DAY_PS, 0, START, 9, little, state)
    # Nothing to compare with after the first quarter; then 90, 81, 72.9.
    assert state[0] == 72_900_000_000
    within = seen(burned_a_day=50 * 10**9, power=10**9)
    for quarter in range(4, 8):
        render.issued(quarter * 91 * DAY_PS, (quarter + 1) * 91 * DAY_PS, 0, START, 9, within, state)
    assert state[0] == 72_900_000_000


def test_a_merger_mints_once_on_its_day() -> None:
    merger = kind(SUPPLY, "conversion", on="2026-01-11", units=1e6, ratio=0.5)
    assert issued(merger, 0, 10) == 0
    assert issued(merger, 10, 11) == issued(merger, 0, 3650) == 500_000 * 10**9
    assert issued(merger, 11, 3650) == 0


def test_a_sum_pays_what_its_parts_pay_under_one_cap() -> None:
    parts = {
        "steady": {"kind": "flow", "initial": "10 HNT/day"},
        "window": {"kind": "window", "initial": "5 HNT/day", "flat": "2 day"},
    }
    both = kind(SUPPLY, "sum", parts=parts, cap="1000 HNT")
    assert issued(both, 0, 4) == (40 + 10) * 10**9
    assert issued(both, 0, 4, held=990 * 10**9) == 10 * 10**9


def test_a_sum_hands_each_part_its_own_state() -> None:
    parts = {
        "b": {"kind": "reemit", "most": "1644 HNT/day"},
        "a": {"kind": "feedback", "initial": "0.02 %", "step": "0.001 %", "target": "50 %", "round": "1 day"},
    }
    both = kind(SUPPLY, "sum", parts=parts)
    state = both.begin(START, 9)
    both.issued(0, DAY_PS, 10**15, START, 9, seen(burned_a_day=7000), state)
    assert state.tolist() == [210_000, 1000]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "exp_decay", "tick": "1 day", "rate": "1 %/day"}, "none given; exactly one of initial, total"),
        (
            {"kind": "exp_decay", "tick": "1 day", "initial": "1 TAO/day", "total": "5 TAO", "falls": "1 %"},
            "`initial` and `total` given; exactly one",
        ),
        ({"kind": "exp_decay", "tick": "1 day", "initial": "1 TAO/day"}, "exactly one of half_life, rate, falls"),
        ({"kind": "exp_decay", "tick": "1 day", "initial": "1 TAO/day", "falls": "100 %"}, "between 0 and 100 %"),
        ({"kind": "exp_decay", "initial": "1 USD/day", "falls": "1 %", "tick": "1 day"}, "coins are issued in coins"),
        ({"kind": "exp_decay", "initial": "1 TAO/day", "falls": "1 %", "tick": "0.1 us"}, "must be 1 us or more"),
        (
            {"kind": "polynomial", "constant": 1.0, "year": "1 year", "until": 2, "tick": "7 h"},
            "whole number must make",
        ),
        (
            {"kind": "polynomial", "constant": 1.0, "year": "1 year", "until": 2, "at_start": 3, "tick": "1 h"},
            "must be above at_start, 3",
        ),
        ({"kind": "window", "initial": "1 TAO/day", "flat": "0 day"}, "must be above 0"),
        ({"kind": "feedback", "initial": "1 %", "step": "1 %", "target": "101 %", "round": "1 day"}, "at most 100 %"),
        ({"kind": "baseline", **BASELINE, "total": "7 TAO", "baseline": 0.0}, "greater than 0"),
        ({"kind": "reemit", "most": "1 TAO/day", "window": 0}, "greater than or equal to 1"),
        ({"kind": "rebalance", "initial": "1 TAO/day", "period": "1 day", "low": 4.0}, "must be at least low, 4"),
        ({"kind": "conversion", "on": "2026-02-30", "units": 1.0}, "is not a date"),
        ({"kind": "sum", "parts": {}}, "at least 1"),
        ({"kind": "sum", "parts": {"a": {"kind": "sum", "parts": {}}}}, "'sum' is not one of fixed, halving, "),
    ],
)
def test_nonsense_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        block(SUPPLY, **keys)


def test_a_schedule_that_is_to_come_pays_nothing_before() -> None:
    later = gonka(began="2026-01-11")
    assert issued(later, 0, 10) == 0
    assert issued(later, 10, 11) == 285_000 * 10**9
    assert datetime.date(2026, 1, 11) - START == datetime.timedelta(days=10)
