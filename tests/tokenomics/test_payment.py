"""Ways of collecting, epoch by epoch: what users lock, what payees get, and what a default costs whom."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.tokenomics.payment import PAYMENT, Held, Moment, Plan
from sim.tokenomics.settle import Settle, fees_of
from tests.policies.kinds import CONTEXT, PAYMENTS, block

WEEK = 7 * 86_400.0
LIVE = np.ones(3, bool)


def moment(epoch: int, live: np.ndarray = LIVE, unit_usd: float = 1e-9, marks: list[float] | None = None) -> Moment:
    """A week of a run; draws differ from epoch to epoch and are the same whenever they are asked for."""

    def draws(count: int) -> np.ndarray:
        given = np.random.default_rng([7, epoch]).random(count)
        return given if marks is None else np.array(marks)

    return Moment(epoch * WEEK, (epoch + 1) * WEEK, unit_usd, draws, live)


def run(name: str, dues: list[list[int]]) -> tuple[list[Plan], Held]:
    """Epochs one after the other; every one checked for what must hold of any way."""
    kind, held, plans = PAYMENTS[name], Held.nothing(len(dues[0])), []
    for epoch, each in enumerate(dues):
        due = np.array(each, np.int64)
        before = (held.pots.tolist(), held.rest.tolist(), held.locked)
        plan, after = kind.plan(held, due, moment(epoch))
        again, _ = kind.plan(held, due, moment(epoch))
        assert (held.pots.tolist(), held.rest.tolist(), held.locked) == before, "a plan changed what it was given"
        assert again.paid.tolist() == plan.paid.tolist(), "the same plan twice differs"
        assert after.locked == held.locked + plan.brought - plan.total - plan.back, "a unit has no owner"
        assert min([plan.brought, plan.lost, plan.back, after.locked, *plan.paid.tolist()]) >= 0
        if kind.kind != "ticket":  # whose payments equal what is owed on average only
            claims = int(held.rest.sum()) + sum(each)
            assert plan.total + plan.lost + int(after.rest.sum()) == claims, "what was owed is not told"
        held, plans = after, [*plans, plan]
    return plans, held


@pytest.mark.parametrize("name", PAYMENTS)
@settings(max_examples=40, deadline=None)
@given(dues=st.lists(st.lists(st.integers(0, 10**12), min_size=3, max_size=3), min_size=1, max_size=8))
def test_every_unit_that_is_brought_is_paid_given_back_or_locked(name: str, dues: list[list[int]]) -> None:
    run(name, dues)


def totals(plans: list[Plan]) -> list[tuple[int, int, int]]:
    return [(plan.brought, plan.total, plan.lost) for plan in plans]


def test_a_stream_is_filled_to_twice_the_use_and_overdrawn_by_a_jump() -> None:
    # 100 known beforehand and 200 more; 100 used; then 350 of which 300 are there.
    plans, held = run("stream", [[60, 40, 0], [60, 40, 0], [150, 150, 50]])
    assert totals(plans) == [(300, 100, 0), (100, 100, 0), (700, 200, 150)]
    assert plans[2].paid.tolist() == [150, 50, 0]
    assert held.locked == 700


def test_an_overdraft_hits_the_last_payees_or_all() -> None:
    due = np.array([100, 100, 100], np.int64)
    last, every = (block(PAYMENT, kind="stream", short=short) for short in ("last", "all"))
    for kind, paid in ((last, [100, 50, 0]), (every, [50, 50, 50])):
        held = Held.nothing(3)
        held.pots[0] = 150
        got, unpaid = kind.paid_by_rule(held, due)
        assert (got.tolist(), unpaid, held.locked) == (paid, 150, 0)


def test_credits_are_bought_when_few_are_left() -> None:
    # low 50 %, fill 200 %: 100 used and 200 bought; then 200 - 100 are enough; then none are left.
    plans, _ = run("prepaid", [[100, 0, 0]] * 3)
    assert totals(plans) == [(300, 100, 0), (0, 100, 0), (200, 100, 0)]


def test_an_escrow_gives_back_what_was_not_used() -> None:
    plans, held = run("escrow", [[10, 20, 30]])
    assert (plans[0].brought, plans[0].paid.tolist(), plans[0].back, held.locked) == (120, [10, 20, 30], 60, 0)


def test_work_is_shared_with_those_who_check_it() -> None:
    # Each keeps a third (the rest of the division too) and gets a third from the two before it.
    plans, _ = run("shared", [[100, 0, 31]])
    assert plans[0].paid.tolist() == [34 + 10, 33 + 10, 33 + 11]


def test_a_payee_that_is_not_there_checks_nothing() -> None:
    live = np.array([True, False, True])
    plan, _ = PAYMENTS["shared"].plan(Held.nothing(3), np.array([100, 0, 0], np.int64), moment(0, live))
    assert plan.paid.tolist() == [50, 0, 50]


def test_a_bad_debt_is_lost_and_not_brought() -> None:
    plans, _ = run("bad_debts", [[1000, 0, 50]])
    assert totals(plans) == [(977, 977, 73)]
    assert plans[0].paid.tolist() == [930, 0, 47]


def test_a_reserve_pays_each_payee_its_part_and_loses_the_rest() -> None:
    # All tickets win; no deposit, a reserve of 30 % for three: each may have 100 of its 400, 300 or 300.
    plans, held = run("small_reserve", [[400, 300, 300]])
    paid = plans[0].paid.tolist()
    assert max(paid) == 100
    assert plans[0].lost > 0
    assert held.locked == 300


def test_tickets_pay_what_is_owed_in_the_long_run() -> None:
    plans, held = run("ticket", [[10**9, 2 * 10**9, 3 * 10**9]] * 400)
    owed, paid = 400 * 6 * 10**9, sum(plan.total for plan in plans)
    # A ticket's face is 2e9 (the mean income) and one in ten wins: 1,200 winners, standard error sqrt(0.9 / 1200) = 2.7 %.
    assert paid + sum(plan.lost for plan in plans) == pytest.approx(owed, rel=0.1)
    assert held.rest.max() < 2 * 10**8


def channel(**keys: Any) -> Any:
    return block(PAYMENT, kind="channel", **keys)


def live_through(kind: Any, weeks: int, marks: list[float], due: int = 100) -> list[Plan]:
    """One payee that earns the same every week."""
    held, plans = Held.nothing(1), []
    for week in range(weeks):
        plan, held = kind.plan(held, np.array([due], np.int64), moment(week, np.ones(1, bool), marks=marks))
        plans.append(plan)
    return plans


def test_a_claim_waits_until_half_of_the_channel_is_on_vouchers() -> None:
    # 200 brought at first; 100 of 200 on vouchers is half: claimed. Then topped up as need be.
    plans = live_through(channel(cover="100 %", claim_at="50 %"), 4, [0.9])
    assert [plan.total for plan in plans] == [100, 100, 100, 100]
    patient = live_through(channel(cover="300 %", claim_at="75 %"), 4, [0.9])
    # 400 brought: 300 of them claimed in the third week, then 100 of the 100 that are left.
    assert [plan.total for plan in patient] == [0, 0, 300, 100]


def test_a_claim_that_is_worth_less_than_its_gas_waits_for_the_end() -> None:
    # A base unit is a nano-dollar here: no claim is ever worth ten times 0.4 USD, so the channel's end brings them.
    dear = channel(gas="0.4 USD", expiry="20 day", renew=False, claim_at="1 %")
    plans = live_through(dear, 4, [0.9])
    # It ends 20 days after the first week, six sevenths into the fourth.
    assert [plan.total for plan in plans] == [0, 0, 0, 385]
    assert plans[3].gas_usd == pytest.approx(0.4)
    assert sum(plan.lost for plan in plans) == 0


def test_who_sleeps_through_the_expiration_loses_his_vouchers() -> None:
    kind = channel(expiry="20 day", renew=False, claim_at="100 %", cover="900 %", asleep="50 %")
    awake, asleep = live_through(kind, 4, [0.9]), live_through(kind, 4, [0.1])
    # The channel opened in the first week ends 20 days after its end: in the fourth week, with six sevenths of its use.
    assert [plan.lost for plan in awake] == [0, 0, 0, 0]
    assert [plan.lost for plan in asleep] == [0, 0, 0, 385]
    assert awake[3].total == 385
    assert [plan.total for plan in asleep] == [0, 0, 0, 0]
    # The sender gets all of what the channel held.
    assert asleep[3].back == 1000


def test_a_channel_that_is_extended_never_times_out() -> None:
    plans = live_through(channel(expiry="20 day", claim_at="100 %", cover="900 %", asleep="100 %"), 12, [0.0])
    assert sum(plan.lost for plan in plans) == 0


def test_take_and_make_fee_by_hand() -> None:
    fees = {"take_rate": "10 %", "make_rate": "5 %", "fee_discount": "50 %"}
    assert fees_of(999, Settle.model_validate(fees, context=CONTEXT)) == (49, 24)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "stream", "cover": "-1 %"}, "at least 0 %"),
        ({"kind": "stream", "short": "first"}, "'last' or 'all'"),
        ({"kind": "escrow", "reserve": "90 %"}, "at least 100 %"),
        ({"kind": "escrow", "validators": -1}, "greater than or equal to 0"),
        ({"kind": "ticket", "chance": "0 %"}, "above 0 %"),
        ({"kind": "channel", "gas": "1 TAO"}, "`gas` is in TAO; must be in USD"),
        ({"kind": "channel", "expiry": "0 day"}, "must be above 0"),
        ({"kind": "batch", "unpaid": "101 %"}, "at most 100 %"),
    ],
)
def test_a_way_that_is_none_is_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        block(PAYMENT, **keys)


@pytest.mark.parametrize("name", PAYMENTS)
def test_a_way_can_be_written_again_as_it_was_read(name: str) -> None:
    assert block(PAYMENT, **PAYMENTS[name].model_dump(mode="json")) == PAYMENTS[name]


def test_a_kind_of_way_that_does_not_exist_is_told_with_its_neighbour() -> None:
    with pytest.raises(ValidationError) as told:
        Settle.model_validate({"via": {"kind": "chanel"}}, context=CONTEXT)
    assert "'chanel' is not one of batch, stream, prepaid, escrow, ticket, channel" in str(told.value)
