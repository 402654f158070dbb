"""What owners do in place of serving honestly: each reply is the best one, and a strategy that cannot be is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.optimize import minimize_scalar

from sim.tokenomics.operators import LIVE, Columns, OperatorClass, View, decide
from sim.tokenomics.operators.contest import best_reply
from sim.tokenomics.operators.strategies import Strategy, dealt
from tests.policies.kinds import CONTEXT

SIZES = st.floats(0.1, 1000)


@settings(max_examples=100, deadline=None)
@given(SIZES, SIZES, st.floats(0.01, 1.0), st.floats(0, 100))
def test_use_bought_of_oneself_earns_most(pool: float, others: float, leakage: float, own: float) -> None:
    def earns(use: float) -> float:
        return pool * (own + use) / (others + own + use) - leakage * use

    use = dealt(pool, others, leakage, own)
    most = minimize_scalar(lambda w: -earns(w), bounds=(0, 1e5), method="bounded", options={"xatol": 1e-6})
    assert earns(use) >= -most.fun - 1e-6 * pool
    if own == 0:
        # None iff E / W <= l; at equality up to rounding.
        assert (use > 1e-9 * others) is (pool / others > leakage * (1 + 1e-8)) or use < 1e-6 * others


def test_who_loses_nothing_of_a_payment_has_no_best_use() -> None:
    assert dealt(10.0, 10.0, 0.0) == 0.0


@settings(max_examples=100, deadline=None)
@given(SIZES, SIZES, SIZES)
def test_a_best_reply_earns_most(value: float, others: float, cost: float) -> None:
    def earns(effort: float) -> float:
        return value * effort / (effort + others) - cost * effort

    most = minimize_scalar(lambda x: -earns(x), bounds=(0, value / cost), method="bounded")
    assert earns(best_reply(value, others, cost)) >= -most.fun - 1e-6 * value


def contest(nodes: int, others: float, draw: float = 0.0) -> tuple[int, int]:
    """Orders and stops of an owner of `nodes`, 100 USD a day for all, a node at 1 USD."""
    block = OperatorClass.model_validate(
        {
            "nodes": nodes, "gpu": "any", "electricity": "0 USD/kWh", "capex": "0 USD", "max_nodes": 200,
            "decides": "contest", "entry_speed": "1 /day", "exit_speed": "1 /day",
        },
        context=CONTEXT,
    )  # fmt: skip
    there = Columns(np.ones(200))
    there.move(np.arange(nodes), LIVE)
    view = View(income=1.0, income_entrant=1.0, power=0.0, fixed=1.0, pool=100.0, others=others)
    decided = decide(block, view, there, np.full(201, draw), 100 * 86_400.0)
    return len(decided.orders), len(decided.stops)


def test_an_owner_in_a_contest_goes_to_his_best_reply_and_stays_there() -> None:
    # Against 25 nodes of others sqrt(100 x 25) - 25 = 25 are best.
    assert contest(10, 25) == (15, 0)
    assert contest(40, 25) == (0, 15)
    assert contest(25, 25) == (0, 0)
    assert contest(10, 0) == (0, 0)  # nobody to reply to
    assert contest(10, 400) == (0, 10)  # nothing is best where others crowd him out


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"share": "20 %"}, "`lazy` needs a cheaper model"),
        ({"kind": "collude", "share": "20 %"}, "`collude` needs a cheaper model"),
        ({"kind": "self_dealing", "share": "20 %", "model": "x"}, "`self_dealing` serves what is paid for"),
        ({"share": "120 %", "model": "x"}, "share"),
    ],
)
def test_a_strategy_that_cannot_be_is_refused(keys: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Strategy.model_validate(keys, context=CONTEXT)
