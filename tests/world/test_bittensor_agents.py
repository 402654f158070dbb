"""Who acts on the chain beside operators: each does what he is there for, and the books balance with him."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.world.run import World
from tests.world.small import coins
from tests.world.subnet import CHAIN, world

pytestmark = [pytest.mark.compiled, pytest.mark.long]

TWENTY = {"horizon": "20 day"}
COPIED = {
    "honest": {"kind": "honest", "count": 6, "stake": "80 %", "noise": "10 %"},
    "copier": {"kind": "copier", "count": 2, "stake": "20 %"},
}


def agent(**keys: Any) -> dict[str, Any]:
    return {f"{CHAIN}.agents": {"one": keys}, **TWENTY}


def gain(found: World) -> float:
    value = found.record().outcomes["tao.agents_gain_tao"]
    assert value is not None
    assert set(found.record().residuals.values()) == {0}
    return value


def cartel(stake: int) -> dict[str, Any]:
    return {
        "honest": {"kind": "honest", "count": 4, "stake": f"{100 - stake} %"},
        "cartel": {"kind": "cartel", "count": 2, "stake": f"{stake} %", "own": 3},
    }


def test_a_weight_copier_earns_less_where_weights_are_hidden() -> None:
    # Costs that move scores: shocks take half of the nodes down and let them come back, so that old weights are wrong ones.
    shock = [
        {"at": f"{day} day", "target": "networks.tao.operators.farm", "by": "-50 %", "lasts": "2 day"}
        for day in (4, 8, 12)
    ]
    law = {
        f"{CHAIN}.scores": {"window": "2 h"},
        f"{CHAIN}.validators": COPIED,
        "epoch": "6 h",
        "shocks": shock,
        **TWENTY,
    }
    open_, hidden = (
        world({**law, f"{CHAIN}.reveal": reveal}).record().outcomes["tao.copied_yield_frac"] for reveal in (0, 20)
    )
    assert open_ is not None
    assert hidden is not None
    assert hidden < open_


@pytest.mark.parametrize(("stake", "wins"), [(30, False), (70, True)])
def test_a_cartel_takes_all_where_it_has_the_majority(stake: int, wins: bool) -> None:
    found = world({f"{CHAIN}.validators": cartel(stake), **TWENTY}).record()
    share = found.outcomes["tao.cartel_share_frac"]
    assert share is not None
    # Clipped to the consensus of the majority, a cartel of less gets nothing for its miners and little for its stake.
    assert share > 0.95 if wins else share < 0.1
    paid = coins(found, "payout", "tao.operators")
    assert paid == 0 if wins else paid > 0


def test_a_sniper_earns_from_weights_that_are_not_masked() -> None:
    one = agent(kind="sniper", capital="100 TAO", most="1 TAO")
    masked, open_ = (world({**one, f"{CHAIN}.masks": masks}) for masks in (True, False))
    assert coins(masked.record(), "registration") > 0
    # Behind the mask a registration is money lost; without it, weights of the one before pay until they are written anew.
    assert gain(masked) < 0 < gain(open_)


def test_a_sniper_gets_nothing_for_weights_that_seldom_writers_had_given_the_one_before() -> None:
    seldom = {"honest": {"kind": "honest", "count": 4, "stake": "100 %", "every": "4 day"}}
    one = agent(kind="sniper", capital="100 TAO", most="1 TAO") | {f"{CHAIN}.validators": seldom}
    masked, open_ = (world({**one, f"{CHAIN}.masks": masks}) for masks in (True, False))
    assert gain(masked) < 0 < gain(open_)


def test_operators_take_their_uids_back() -> None:
    found = world(agent(kind="sniper", capital="100 TAO", most="1 TAO"))
    rows = {(row.reason, row.source) for row in found.record().flows}
    assert {("registration", "tao.agents"), ("registration", "tao.operators")} <= rows
    registering = found.networks[0].subnets.registering
    assert registering.taken[found.networks[0].subnets.served[0]].sum() <= 1


def test_a_pumper_moves_the_price_and_pays_for_it() -> None:
    still, pumped = world(TWENTY), world(agent(kind="pumper", capital="20000 TAO", hold="10 day", begin="3 day"))
    prices = [np.array(one.record().series["tao.alpha_tao"], float) for one in (still, pumped)]
    assert prices[1][5] > 1.15 * prices[0][5]
    # The EMA, so the share of TAO, follows slowly: half of the way in four weeks.
    shares = [np.array(one.record().series["tao.tao_share_frac"], float) for one in (still, pumped)]
    assert 1.0 < shares[1][12] / shares[0][12] < prices[1][12] / prices[0][12]
    assert gain(pumped) < 0


def test_a_pumper_who_owns_the_subnet_earns_more() -> None:
    keys = {"kind": "pumper", "capital": "20000 TAO", "hold": "10 day"}
    alone, owner = (gain(world(agent(**keys, owns=owns))) for owns in ("0 %", "100 %"))
    # 18 % of 7,200 alpha a day at 0.085 TAO is 110 TAO a day.
    assert owner - alone == pytest.approx(20 * 0.18 * 7200 * 0.085, rel=0.25)


def test_a_miner_who_sells_all_presses_the_price() -> None:
    # Stakers take up what is sold on the whole at the start; here nobody does.
    law = {f"{CHAIN}.stakers": {"drift": "none"}, **TWENTY}
    keeps, sells = (world({**law, "networks.tao.operators.farm.sell": part}) for part in ("0 %", "100 %"))
    assert sells.record().series["tao.alpha_tao"][-1] < keeps.record().series["tao.alpha_tao"][-1]
    assert coins(keeps.record(), "alpha sold", "tao.operators") == 0
    held = keeps.ledger.balance("tao.operators", "SN64")
    assert held == pytest.approx(coins(keeps.record(), "payout", "tao.operators") * 1e9, rel=1e-9)


def test_root_earns_its_part_of_dividends_where_prices_add_up_to_more_than_one() -> None:
    changes = agent(kind="root_treasury", capital="10000 TAO") | {f"{CHAIN}.simulated": 127, "horizon": "5 day"}
    found = world(changes)
    # By the chain's rule: of every alpha 41 % is validators', root's part of it R w / (R w + alpha), at the subnet's price; a
    # validator keeps 18 %.
    subnets = found.networks[0].subnets
    rows, root = subnets.chain.subnets, float(subnets.chain.row["root_tao"][0]) * 0.18
    parts = root / (root + (rows["alpha_in"] + rows["alpha_out"]).astype(float))
    day = 7200 * 0.41 * float((parts * subnets.prices()).sum())
    assert gain(found) == pytest.approx(0.82 * day * 5 * 10_000 / (root / 0.18 / 1e9), rel=0.1)


def test_an_alpha_treasury_earns_dividends_and_bears_the_price() -> None:
    found = world(agent(kind="alpha_treasury", capital="1000 TAO"))
    (hand,) = found.networks[0].subnets.agents.hands.values()
    assert hand.alpha[0] == found.ledger.balance("tao.agents", "SN64") > 0
    bought, kept = coins(found.record(), "alpha bought", "tao.agents"), coins(found.record(), "payout", "tao.agents")
    # Its part of the stake behind validators, of 41 % less root's part, less the validators' 18 %.
    validators = coins(found.record(), "payout", "tao.validators") + kept
    assert kept / validators == pytest.approx(0.82 * bought / 3_270_000, rel=0.1)


def test_an_owner_who_burns_takes_it_from_miners() -> None:
    plain, burnt = world(TWENTY), world(agent(kind="owner", does="burn", share="40 %"))
    assert burnt.record().outcomes["tao.burned_frac"] == pytest.approx(0.4, abs=0.03)
    paid = [coins(one.record(), "payout", "tao.operators") for one in (plain, burnt)]
    assert paid[1] / paid[0] == pytest.approx(0.6, abs=0.03)
    # The rule of October 2026 takes the burned part off the subnet's share of TAO.
    shares = [one.record().outcomes["tao.tao_share_frac"] for one in (plain, burnt)]
    assert shares[1] < 0.8 * shares[0]


def test_an_owner_who_leaves_sells_what_he_has() -> None:
    kept, left = world(TWENTY), world(agent(kind="owner", does="leave", begin="10 day"))
    assert kept.ledger.balance("tao.owner", "SN64") > 0
    assert left.ledger.balance("tao.owner", "SN64") == 0
    assert coins(left.record(), "alpha sold", "tao.subnets") > coins(kept.record(), "alpha sold", "tao.subnets")
    prices = [one.record().series["tao.alpha_tao"] for one in (kept, left)]
    assert prices[1][11] < prices[0][11]


def test_an_owner_registers_a_subnet_in_the_place_of_the_weakest() -> None:
    # Ten days after mainnet's last lock of 653 TAO the next costs 2 x 653 less what has decayed since.
    found = world(agent(kind="owner", does="register", capital="1500 TAO") | {"start": "2026-10-10"})
    (hand,) = found.networks[0].subnets.agents.hands.values()
    assert hand.own_row is not None
    assert coins(found.record(), "lock") == coins(found.record(), "lock", "tao.subnets") > 800
    rows = found.networks[0].subnets.chain.subnets
    # New subnets begin without TAO: the pool holds the lock and what was traded.
    assert rows["enabled"][hand.own_row] == 0
    assert coins(found.record(), "deregistration", "tao.holders") > 0
    # 18 % of an alpha a block at a median price is far from 1,000 TAO in twenty days.
    assert -1000 < gain(found) < 0
