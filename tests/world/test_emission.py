"""Whole runs in which emission is locked, scored, divided otherwise or steered: what who gets, with the ledger balanced."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.records.run import RunRecord
from tests.world.small import HOME, POOL, PRICED, last, play, scenario

NET = "networks.net"
DAILY = {"horizon": "40 day", "epoch": "1 day"}
FIXED = {f"{HOME}.decides": "fixed"}
EACH = 49 * 10**9
"""Base units that the small world mints a day."""


def flow(record: RunRecord, reason: str, target: str = "") -> int:
    """Base units of all postings with a reason, to `target` where it is named."""
    rows = [row for row in record.flows if (row.currency, row.reason) == ("TOK", reason) and target in ("", row.target)]
    return sum(row.amount for row in rows)


def balanced(record: RunRecord) -> RunRecord:
    assert set(record.residuals.values()) == {0}
    return record


def test_what_is_locked_comes_free_by_its_terms() -> None:
    terms = {"kind": "linear", "over": "10 day", "now": "20 %"}
    record = balanced(play({**DAILY, **FIXED, f"{NET}.vesting": {"operators": terms}}))
    granted, freed = flow(record, "emission", "net.vesting.operators"), flow(record, "vested", "net.operators")
    assert granted == 40 * EACH
    # Days 31 to 39 before the end are free in part: 0.2 + 0.8 x age / 10 for the last ten.
    expected = sum(min(1, 0.2 + 0.08 * age) for age in range(40)) * EACH
    assert freed == pytest.approx(expected, abs=40 * 20)
    assert flow(record, "coins sold") == pytest.approx(freed, rel=0.04)


def test_locked_coins_count_as_earned_and_are_not_sold() -> None:
    locked, free = (
        balanced(play({**DAILY, **FIXED, f"{NET}.vesting": vesting}))
        for vesting in ({"operators": {"kind": "cliff", "after": "1 year"}}, {})
    )
    assert last(locked, "net.emission_coin") == last(free, "net.emission_coin") == 49
    assert flow(locked, "coins sold") == 0
    assert last(locked, "net.operator_margin_frac") == last(free, "net.operator_margin_frac")
    assert last(locked, "net.supply_coin") == last(free, "net.supply_coin")


def test_other_recipients_are_locked_too() -> None:
    split = {"operators": "50 %", "validators": "30 %", "treasury": "20 %", "remainder": "treasury"}
    vesting = {"validators": {"kind": "epochs", "count": 7}, "treasury": {"kind": "cliff", "after": "30 day"}}
    record = balanced(play({**DAILY, **FIXED, f"{NET}.split": split, f"{NET}.vesting": vesting}))
    assert flow(record, "emission", "net.vesting.treasury") == 40 * EACH * 20 // 100
    # Granted at the ends of days 1 to 10, free 30 days later.
    assert flow(record, "vested", "net.treasury") == 10 * EACH * 20 // 100
    whole, parts = EACH * 30 // 100, EACH * 30 // 100 // 7
    assert flow(record, "vested", "net.validators") == pytest.approx(33 * whole + sum(range(7)) * parts, abs=7 * 7)


def test_only_recipients_of_emission_can_be_locked() -> None:
    told = r"networks\.net\.vesting\.operator: `operator` is not one of operators, validators, owner, treasury, holders \(did you mean"
    with pytest.raises(ScenarioError, match=told):
        scenario({f"{NET}.vesting": {"operator": {"kind": "cliff", "after": "1 year"}}})


def test_a_policy_may_lock_what_was_free() -> None:
    changes = {**DAILY, **FIXED, "policies_from": "20 day", "compare.coin_price": ["path"]}
    locks = {"locks": {f"{NET}.vesting": {"operators": {"kind": "cliff", "after": "1 year"}}}}
    record = balanced(play(changes, locks, policy="locks"))
    assert flow(record, "emission", "net.operators") == 20 * EACH
    assert flow(record, "emission", "net.vesting.operators") == 20 * EACH


@pytest.mark.parametrize(
    "payout",
    [
        {"kind": "compute"},
        {"kind": "compute", "remainder": "first"},
        {"kind": "scored", "base": "10 %"},
        {"kind": "several", "parts": {"a": {"share": "30 %", "by": {"kind": "work"}}}},
        {"kind": "per_node", "each": "7 TOK", "every": "1 week"},
        {"kind": "stake"},
    ],
    ids=lambda payout: payout["kind"],
)
def test_every_coin_of_a_payout_has_an_owner(payout: dict[str, object]) -> None:
    record = balanced(play({**DAILY, **FIXED, f"{NET}.payout": payout}))
    assert flow(record, "emission") == 40 * EACH
    operators = flow(record, "emission", "net.operators")
    # 20 nodes at one coin a day; 30 % of the pool; nobody has staked.
    part = {"several": 0.3, "per_node": 20 / 49, "stake": 0}.get(str(payout["kind"]), 1)
    assert operators == pytest.approx(40 * EACH * part, abs=40 * 20)


def test_pay_by_fees_follows_what_users_paid() -> None:
    record = balanced(play({**DAILY, **FIXED, f"{NET}.payout": {"kind": "fees"}, f"{NET}.price": PRICED}))
    # In the first epoch nobody had been paid yet.
    assert flow(record, "emission", "net.operators") == pytest.approx(39 * EACH, abs=40 * 20)


def test_a_score_decides_what_a_network_gets_beside_its_rivals() -> None:
    score = {
        "kind": "pro_rata",
        "of": "onboarded_usd",
        "onboarding": 100.0,
        "rivals": {"other": {"onboarded_usd": 6000.0}},
    }
    split = {"score": score, "operators": "100 %", "remainder": "treasury"}
    record = balanced(play({**DAILY, **FIXED, f"{NET}.split": split}))
    # 20 nodes that paid 100 USD each, against 6,000: a quarter.
    assert flow(record, "emission", "net.operators") == pytest.approx(40 * EACH / 4, abs=40)
    assert flow(record, "emission", "net.others") == pytest.approx(40 * EACH * 3 / 4, abs=40)


def test_allocations_of_the_start_come_free_by_their_terms() -> None:
    # Nosana: the team's 20 % over 48 months; here besides 5 % for investors after a cliff of 30 days.
    locked = {
        "team": {"share": "20 %", "to": "owner", "vesting": {"kind": "linear", "over": "1461 day"}},
        "investors": {"share": "5 %", "to": "owner", "vesting": {"kind": "cliff", "after": "30 day"}},
    }
    record = balanced(play({**DAILY, **FIXED, f"{NET}.coin.locked": locked}))
    assert flow(record, "genesis", "net.vesting.owner") == 250_000 * 10**9
    assert flow(record, "vested", "net.owner") == pytest.approx((200_000 * 40 / 1461 + 50_000) * 10**9, abs=1)


def test_more_than_everything_cannot_be_locked() -> None:
    locked = {"team": {"share": "80 %", "to": "owner", "vesting": {"kind": "cliff", "after": "1 year"}}}
    with pytest.raises(ScenarioError, match="shares held and locked exceed 100 %"):
        scenario({f"{NET}.coin.locked": locked, f"{NET}.coin.held": {"treasury": "30 %"}})


BAND = {"kind": "band", "floor": 1.0, "net": "0 TOK/day", "window": 2}
BURNS = {f"{NET}.price": PRICED, f"{NET}.burnmint": {"all": {"kind": "share", "share": "100 %"}}}


def test_a_floor_mints_what_operators_lack_out_of_what_was_burned() -> None:
    little = {"kind": "flow", "initial": "1 TOK/day"}
    record = balanced(play({**DAILY, **FIXED, **BURNS, f"{NET}.supply": little, f"{NET}.target": BAND}))
    paid, emission = record.series["net.revenue_usd_per_day"], record.series["net.emission_coin"]
    burn = record.series["net.burn_coin"]
    assert emission[0] == 1.0
    smoothed = 0.0
    for day in range(1, 40):
        smoothed = smoothed / 2 + burn[day - 1] / 2
        # At one dollar a coin: yesterday's payments, but at most what was burned and smoothed.
        assert emission[day] == pytest.approx(max(1, min(paid[day - 1], 1 + smoothed)), abs=1e-6)
    assert emission[-1] > 10


def test_a_cap_gives_what_is_above_to_validators() -> None:
    band = {**BAND, "floor": 0.0, "cap": 2.0}
    paid_by_coin = {f"{NET}.price": PRICED}
    record = balanced(play({**DAILY, **FIXED, **paid_by_coin, f"{NET}.target": band}))
    paid = record.series["net.revenue_usd_per_day"]
    # On the first day nobody knows what users pay.
    within = 49 + sum(min(49.0, 2 * paid[day - 1]) for day in range(1, 40))
    assert flow(record, "emission", "net.operators") / 10**9 == pytest.approx(within, rel=1e-6)
    assert flow(record, "emission", "net.validators") / 10**9 == pytest.approx(40 * 49 - within, rel=1e-6)


VAULT = {
    **DAILY,
    **FIXED,
    f"{NET}.price": PRICED,
    f"{NET}.supply": {"kind": "fixed"},
    f"{NET}.coin.held": {"vault": "10 %"},
    f"{NET}.target": {"kind": "usd", "per_gpu": "0.1 USD/h"},
}


def test_operators_get_their_dollars_whatever_the_coin_is_worth() -> None:
    cheap, dear = (
        balanced(play({**VAULT, f"{NET}.market": {"kind": "path", "start": f"{price} USD/TOK"}})) for price in (0.5, 2)
    )
    # 20 GPUs x 24 h x 0.10 USD = 48 USD a day, 2.4 a node.
    for record, price in ((cheap, 0.5), (dear, 2)):
        assert flow(record, "paid from vaults") / 10**9 == pytest.approx(40 * 48 / price, rel=1e-6)
        assert record.operators[0]["coins_usd_per_node_day"] == pytest.approx(2.4, rel=1e-6)
        assert flow(record, "emission") == 0
    # Half of the fees that the vault leaves over is burned each day.
    assert flow(cheap, "burn of fees") > 0
    assert last(cheap, "net.net_issuance_coin") < 0


def test_fees_pay_once_the_vault_is_empty_and_the_target_falls() -> None:
    record = balanced(play({**VAULT, f"{NET}.coin.held": {"vault": "0.01 %"}}))
    # 100 coins last two days; then fees of a day before pay, less than 48 USD a day.
    paid = flow(record, "payment", "net.fees")
    assert flow(record, "fees for operators") + flow(record, "burn of fees") <= paid
    assert flow(record, "paid from vaults") == 100 * 10**9 + flow(record, "fees for operators")
    fees = record.series["net.fee_coverage_frac"]
    assert fees[0] == 0
    assert fees[-1] > 0.3


def test_what_a_schedule_mints_for_operators_fills_the_vault() -> None:
    record = balanced(
        play({**VAULT, f"{NET}.coin.held": {}, f"{NET}.supply": {"kind": "flow", "initial": "30 TOK/day"}})
    )
    assert flow(record, "emission", "net.vault") == 40 * 30 * 10**9
    assert flow(record, "paid from vaults") >= 40 * 30 * 10**9


def test_vaults_need_what_users_pay_in_coins() -> None:
    with pytest.raises(ScenarioError, match=r"networks\.net\.target: a target that pays out of vaults needs"):
        scenario({**VAULT, f"{NET}.price": {**PRICED, "pay": "usd"}})


@pytest.mark.parametrize("market", [{"kind": "path", "start": "1 USD/TOK"}, POOL], ids=["path", "pool"])
def test_all_of_it_together_loses_nothing(market: dict[str, str]) -> None:
    parts = {
        "decay": {"kind": "exp_decay", "initial": "49 TOK/day", "half_life": "90 day", "tick": "1 day"},
        "net": {"kind": "reemit", "most": "10 TOK/day"},
    }
    changes = {
        **DAILY,
        **BURNS,
        f"{NET}.burnmint": {"part": {"kind": "share", "share": "30 %"}},
        f"{NET}.supply": {"kind": "sum", "parts": parts, "cap": "1002 kTOK"},
        f"{NET}.split": {"operators": "70 %", "validators": "24 %", "owner": "6 %", "remainder": "owner"},
        f"{NET}.payout": {"kind": "compute", "remainder": "first"},
        f"{NET}.vesting": {"operators": {"kind": "epochs", "count": 18}, "owner": {"kind": "cliff", "after": "9 day"}},
        f"{NET}.target": {"kind": "band", "floor": 0.5, "cap": 3.0, "net": "10 TOK/day"},
        f"{NET}.market": market,
    }
    one, again = (balanced(play(changes)) for _ in range(2))
    assert one.to_json() == again.to_json()
    coins = np.array([row.amount for row in one.flows if row.currency == "TOK" and row.reason == "emission"])
    assert coins.sum() / 10**9 == pytest.approx(sum(one.series["net.emission_coin"]), rel=1e-9)
    assert last(one, "net.supply_coin") <= 1_002_000
