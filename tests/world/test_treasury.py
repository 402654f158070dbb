"""A treasury in whole runs: what it gives is there, what it burns is gone, and no coin is spent twice."""

from __future__ import annotations

from typing import Any

import pytest

from sim.records.run import RunRecord
from tests.world.small import POOL, PRICED, play

pytestmark = pytest.mark.compiled

HELD: dict[str, Any] = {
    "networks.net.coin": {"ticker": "TOK", "decimals": 9, "supply": "1 MTOK", "held": {"treasury": "30 %"}},
    "networks.net.price": PRICED,
    "networks.net.market": POOL,
    "horizon": "12 week",
}
RULES = {
    "burns": {"kind": "calendar", "every": "2 week", "share": "3 %", "to": "burn"},
    "grants": {"kind": "controller", "every": "1 week", "of": "nodes", "below": 60, "share": "2 %"},
    "stakers": {"kind": "calendar", "every": "3 week", "amount": "100 TOK", "to": "validators"},
}


def flows(run: RunRecord, reason: str) -> float:
    return sum(row.amount for row in run.flows if row.reason == reason and row.currency == "TOK") / 1e9


def test_every_rule_spends_with_a_balanced_ledger() -> None:
    run = play({**HELD, "networks.net.treasury": RULES})
    assert set(run.residuals.values()) == {0}
    assert flows(run, "burn by the treasury") > 0
    assert {row.target for row in run.flows if row.reason == "grant"} == {"net.operators", "net.validators"}
    told = sum(7 * value for value in run.series["net.burn_coin"] if value is not None)
    assert told == pytest.approx(flows(run, "burn by the treasury"), rel=1e-9)


def test_a_treasury_without_coins_does_nothing() -> None:
    poor = {**HELD, "networks.net.coin": {"ticker": "TOK", "decimals": 9, "supply": "100 kTOK"}}
    idle = play({**poor, "networks.net.treasury": RULES}).series
    runway = idle.pop("net.runway_days")
    assert idle == play(poor).series
    # All that it ever holds is what rounding leaves of splits.
    assert not runway[0]


def test_grants_keep_nodes_that_would_leave() -> None:
    # Nothing is minted: nodes cost 2.4 USD a day and leave, unless the treasury pays them.
    bare = {
        **HELD,
        "networks.net.supply": {"kind": "fixed"},
        "networks.net.market": {"kind": "path", "start": "1 USD/TOK"},
    }
    alone = play({**bare, "horizon": "40 week"})
    kept = play(
        {**bare, "horizon": "40 week", "networks.net.treasury": {"grants": {**RULES["grants"], "share": "5 %"}}}
    )
    nodes = [run.series["net.nodes"][-1] or 0.0 for run in (alone, kept)]
    assert nodes[1] > nodes[0]


def test_the_runway_is_what_is_held_over_what_flowed_out_of_late() -> None:
    # 270 kTOK are the treasury's (30 % of what is not in the pool); 2 kTOK flow out at the begin of every fortnight from the third week on.
    rule = {"kind": "calendar", "every": "2 week", "amount": "2 kTOK", "to": "validators"}
    told = play({**HELD, "networks.net.treasury": {"grants": rule}, "horizon": "20 week"}).series["net.runway_days"]
    assert told[:2] == [None, None]  # it only saves
    # The third week ends with 268 kTOK, 2 kTOK paid in 21 days; the twentieth with 252, six payments in its last thirteen weeks (91 days).
    assert told[2] == pytest.approx(268 * 21 / 2)
    assert told[19] == pytest.approx(252 * 91 / 12)


def test_an_empty_treasury_has_no_runway_and_one_without_rules_no_number() -> None:
    spender = {"kind": "calendar", "every": "1 week", "share": "100 %", "to": "validators"}
    # What rounding leaves of splits comes in every week: a few base units.
    assert play({**HELD, "networks.net.treasury": {"all": spender}}).outcomes["net.runway_days"] == pytest.approx(
        0, abs=1e-9
    )
    assert play(HELD).unsupported["net.runway_days"] == "the network's treasury has no rule to spend by"
