"""Shocks from outside: what each target does to a run, when, and that nothing is lost by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.streams import Streams
from sim.units import ps
from sim.world.run import World
from sim.world.strikes import Strike, down_frac
from tests.world.small import CLOUD, HOME, LOGIT, POOL, PRICED, case, last, play

DAY = 86_400.0
FIXED = {"networks.net.operators.home.decides": "fixed"}


def shock(target: str, by: str = "-50 %", at: str = "10 week", lasts: str = "5 week", **more: str) -> dict[str, Any]:
    size = {} if "adds" in more else {"by": by}
    return {"shocks": [{"at": at, "target": target, "lasts": lasts, **size, **more}]}


def pair(changes: dict[str, Any], struck: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Series of a run and of its twin with shocks; both must balance to the base unit."""
    plain, hit = play(changes), play({**changes, **struck})
    assert not any(plain.residuals.values()) and not any(hit.residuals.values())
    return plain.series, hit.series


@pytest.mark.parametrize("target", ["workload", "workload.chat", "workload.chat.rate"])
def test_demand_halves_for_its_epochs_and_comes_back(target: str) -> None:
    plain, hit = pair(FIXED, shock(target))
    ratio = np.array(hit["net.demand_rps"]) / np.array(plain["net.demand_rps"])
    assert ratio == pytest.approx([1.0] * 10 + [0.5] * 5 + [1.0] * 11)


def test_a_shock_between_epochs_begins_with_the_next_and_fades_evenly() -> None:
    plain, hit = pair(FIXED, shock("workload", at="65 day", lasts="28 day", shape="decay"))
    ratio = np.array(hit["net.demand_rps"]) / np.array(plain["net.demand_rps"])
    # Day 65 lies in the tenth epoch; day 93 in the fourteenth: it is over with the fifteenth.
    assert ratio[9:15] == pytest.approx([1.0, 0.5, 0.625, 0.75, 0.875, 1.0])


def test_shocks_on_one_thing_multiply() -> None:
    two = {"shocks": [*shock("workload")["shocks"], *shock("workload.chat", lasts="2 week")["shocks"]]}
    plain, hit = pair(FIXED, two)
    ratio = np.array(hit["net.demand_rps"]) / np.array(plain["net.demand_rps"])
    assert ratio[9:16] == pytest.approx([1.0, 0.25, 0.25, 0.5, 0.5, 0.5, 1.0])


def test_the_level_of_a_path_falls_and_is_back_at_the_end() -> None:
    changes = {**FIXED, "networks.net.market": {"kind": "path", "start": "1 USD/TOK", "daily_sd": "2 %"}}
    plain, hit = pair(changes, shock("networks.net.market", by="-80 %"))
    ratio = np.array(hit["net.coin_usd"]) / np.array(plain["net.coin_usd"])
    assert ratio == pytest.approx([1.0] * 10 + [0.2] * 5 + [1.0] * 11, rel=1e-9)


def test_in_a_pool_holders_sell_what_moves_the_price_and_bring_it_back() -> None:
    changes = {**FIXED, "networks.net.market": POOL, "networks.net.price": PRICED}
    _, hit = pair(changes, shock("networks.net.market", by="-80 %"))
    coin = np.array(hit["net.coin_usd"], float)
    assert coin[9] == pytest.approx(1.0, rel=0.02)
    assert coin[10:15] == pytest.approx([0.2] * 5, rel=0.05)  # they take it to be worth a fifth, so it stays there
    assert np.all(np.diff(coin[14:]) > 0)
    # Their pull closes half of the gap in 35 days where the pool is full; with fewer dollars in it, sooner.
    gap = np.log(1.0 / coin[14:])
    assert 0.2 < gap[5] / gap[0] < 0.5
    flows = [
        row for row in play({**changes, **shock("networks.net.market", by="-80 %")}).flows if "shock" in row.reason
    ]
    sold = {row.currency: (row.source, row.target, row.amount) for row in flows}
    # By hand: from a fifth of the price, sqrt(5) times the coins: 100,000 (sqrt(5) - 1), and as many fewer dollars.
    assert sold["TOK"][:2] == ("net.holders", "net.pool") and sold["USD"][:2] == ("net.pool", "outside")
    assert sold["TOK"][2] / 1e9 == pytest.approx(100_000 * (5**0.5 - 1), rel=0.02)
    assert sold["USD"][2] / 1e9 == pytest.approx(100_000 * (1 - 5**-0.5), rel=0.02)


def test_holders_sell_at_most_what_they_have_and_the_run_says_so() -> None:
    # The pool takes 100,000 of 120,000 coins; what moves the price to a hundredth are 900,000.
    poor = {**FIXED, "networks.net.market": POOL, "networks.net.coin.supply": "120 kTOK"}
    run = play({**poor, **shock("networks.net.market", by="-99 %")})
    assert not any(run.residuals.values())
    assert any("holders had too few coins" in note for note in run.notes)


@pytest.mark.parametrize("fee", [0.0, 0.003, 0.3])
@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.999, 1.0, 1.5, 20.0])
def test_a_pool_moves_by_the_ratio_whatever_its_fee(fee: float, ratio: float) -> None:
    from sim.scenario.network import MARKET

    market = MARKET["pool"].model_validate(
        {**POOL, "fee": f"{fee:%}"}, context={"yaml": True, "tickers": frozenset({"TOK"})}
    )
    state = market.open(9)
    before, coins, usd = state.price_usd, state.coins, state.usd
    paid, taken = market.shift(state, ratio, 10**18)
    assert state.price_usd / before == pytest.approx(ratio, rel=1e-6)
    assert (state.usd, state.coins) == (usd + paid, coins - taken)


def test_an_outside_rent_that_rises_drives_operators_out() -> None:
    rich = {f"{HOME}.hosting": "0.05 USD/h", f"{HOME}.patience": "1 week", "networks.net.supply.initial": "40 TOK/day"}
    plain, hit = pair(rich, shock(f"{HOME}.outside_rent", adds="0.2 USD/h", lasts="30 week"))
    assert hit["net.nodes"][:10] == plain["net.nodes"][:10]
    assert hit["net.nodes"][-1] < 0.5 * plain["net.nodes"][-1]


@pytest.mark.parametrize(
    ("key", "by", "cost"), [("hosting", "100 %", 2.0), ("electricity", "200 %", 1.0), ("capex", "50 %", 1.0)]
)
def test_costs_move_bills_while_they_last(key: str, by: str, cost: float) -> None:
    plain, hit = pair(FIXED, shock(f"{HOME}.{key}", by=by))
    # Nobody pays for power or for the card here: only hosting has a price.
    surplus = "net.operator_surplus_usd_per_day"
    fall = [a - b for a, b in zip(plain[surplus], hit[surplus], strict=True)]
    assert fall == pytest.approx([0.0] * 10 + [20 * 2.4 * (cost - 1)] * 5 + [0.0] * 11)


def test_a_price_that_rises_moves_users_to_the_rival() -> None:
    two = {
        "workload.chat.demand": {**LOGIT, "start": {"net": "60 %", "cloud": "40 %"}},
        "networks.cloud": CLOUD,
        "networks.net.price": PRICED,
        **FIXED,
    }
    plain, hit = pair(two, shock("networks.net.price", by="100 %"))
    assert hit["net.price_paid_usd_per_mtok"][12] == pytest.approx(
        2 * plain["net.price_paid_usd_per_mtok"][12], rel=0.02
    )
    assert hit["cloud.share_frac"][12] > plain["cloud.share_frac"][12]
    assert hit["cloud.share_frac"][20] == pytest.approx(plain["cloud.share_frac"][20])
    central = pair(two, shock("networks.*central.price", by="-50 %"))[1]
    assert central["net.share_frac"][12] < plain["net.share_frac"][12]


# -- nodes ------------------------------------------------------------------------------------------------------


def test_a_strike_hits_its_share_of_slots_and_lets_them_go_one_by_one() -> None:
    held = Strike.of(0, "net.home", 10_000, 0.3, (ps(10 * DAY), ps(20 * DAY)), False, Streams(1, 0))
    fading = Strike.of(0, "net.home", 10_000, 0.3, (ps(10 * DAY), ps(20 * DAY)), True, Streams(1, 0))
    assert len(held.slots) == pytest.approx(3000, abs=140) and np.array_equal(held.slots, fading.slots)
    assert set(held.ends_ps) == {ps(20 * DAY)}
    for days, left in ((12, 0.8), (15, 0.5), (19, 0.1)):
        down = sum(end > ps(days * DAY) for end in fading.ends_ps)
        assert down / len(fading.slots) == pytest.approx(left, abs=0.03)
    smaller = Strike.of(0, "net.home", 10_000, 0.1, (0, 1), False, Streams(1, 0))
    assert set(smaller.slots) < set(held.slots)  # a larger shock hits the same slots and more


def test_time_under_several_strikes_counts_once() -> None:
    def strike(begin: float, over: float, *slots: int) -> Strike:
        return Strike(ps(begin), ps(over), False, np.array(slots), (ps(over),) * len(slots))

    both = (strike(5, 9, 0, 2), strike(2, 6, 0, 1))
    down = down_frac(both, 4, 0, ps(10))
    assert down is not None and down == pytest.approx([0.7, 0.4, 0.4, 0.0])
    assert down_frac(both, 4, ps(20), ps(30)) is None
    assert down_frac(both, 4, ps(6), ps(8)) == pytest.approx([1.0, 0.0, 1.0, 0.0])


def test_without_requests_what_is_down_serves_nothing_and_earns_nothing() -> None:
    busy = {**FIXED, "workload.chat.rate": "20 /s", "networks.net.price": PRICED}
    plain, hit = pair(busy, shock(HOME, by="-100 %", at="75 day", lasts="14 day"))
    # Day 75 is in the middle of the eleventh week, day 89 in the middle of the thirteenth.
    served = np.array(hit["net.served_mtok"]) / np.array(plain["net.served_mtok"])
    assert served[9:14] == pytest.approx([1.0, 5 / 7, 0.0, 2 / 7, 1.0], abs=1e-6)
    assert hit["net.nodes"][9:14] == [20.0, 0.0, 0.0, 20.0, 20.0]


def test_those_who_stay_share_what_is_paid_out() -> None:
    both = {
        f"{HOME}.decides": "fixed",
        "networks.net.operators.farm": {"nodes": 20, "gpu": "rtx_4090", "electricity": "0 USD/kWh", "decides": "fixed"},
    }
    run = play({**both, **shock(HOME, by="-100 %", at="20 week", lasts="6 week")})
    rows = {row["operators"]: row["coins_usd_per_node_day"] for row in run.operators}
    assert rows["home"] == 0.0 and rows["farm"] == pytest.approx(49 / 20)


def test_a_region_takes_the_nodes_that_are_in_it() -> None:
    both = {
        f"{HOME}.decides": "fixed",
        f"{HOME}.region": "eu",
        "networks.net.operators.farm": {
            "nodes": 20, "gpu": "rtx_4090", "electricity": "0 USD/kWh", "decides": "fixed", "region": "us",
        },
    }  # fmt: skip
    _, hit = pair(both, shock("regions.eu", by="-100 %"))
    assert hit["net.nodes"][9:16] == [40.0, 20.0, 20.0, 20.0, 20.0, 20.0, 40.0]


SHORT = {
    "horizon": "2 h",
    "epoch": "20 min",
    "workload.chat.rate": "1 /s",
    "networks.net.operators.home.nodes": 2,
    "networks.net.operators.home.max_nodes": 4,
    **FIXED,
}


@pytest.mark.compiled
@pytest.mark.parametrize(
    ("mode", "struck"),
    [
        ({"mode": "all"}, shock(HOME, by="-100 %", at="22 min", lasts="5 min")),
        pytest.param({"mode": "all"}, shock("workload", at="20 min", lasts="10 min"), marks=pytest.mark.slow),
        (
            {"mode": "sampled", "window": "1 min", "lives": "continued"},
            shock(HOME, by="-60 %", at="41 min", lasts="30 min"),
        ),
    ],
)
def test_engines_agree_under_shocks(mode: dict[str, Any], struck: dict[str, Any]) -> None:
    changes = {**SHORT, "horizon": "60 min", "epoch": "10 min", "requests": mode, **struck}
    if mode["mode"] == "sampled":
        changes |= {"horizon": "8 h", "epoch": "2 h", "workload.chat.deadline": "5 min"}
        changes["workload.chat.patience"] = {"kind": "exponential", "mean": "10 s"}
        changes["requests"] = {**mode, "per_epoch": 1}
    texts = {World(case(changes), 0, engine).run().to_json() for engine in ("reference", "loop", "fast")}
    assert len(texts) == 1


@pytest.mark.compiled
def test_served_one_by_one_nobody_is_served_while_all_nodes_are_down() -> None:
    every = {**SHORT, "requests": {"mode": "all"}}
    plain, hit = pair(every, shock(HOME, by="-100 %", at="40 min", lasts="20 min"))
    assert plain["net.unmet_frac"][2] == pytest.approx(0.0, abs=0.05)
    assert hit["net.unmet_frac"][2] > 0.9 and hit["net.unmet_frac"][5] < 0.1
    fewer = pair(every, shock("workload", at="40 min", lasts="20 min"))[1]
    assert fewer["net.served_mtok"][2] == pytest.approx(0.5 * plain["net.served_mtok"][2], rel=0.15)
    # Before the shock everything is the same to the last request.
    assert fewer["net.served_mtok"][:2] == plain["net.served_mtok"][:2]


def test_shocks_move_nothing_before_they_come() -> None:
    plain, hit = pair({}, shock("networks.net.market", by="-90 %"))
    assert {name: values[:10] for name, values in plain.items()} == {name: values[:10] for name, values in hit.items()}
    assert last(play(), "net.nodes") != last(
        play(shock("networks.net.market", by="-90 %", lasts="30 week")), "net.nodes"
    )
