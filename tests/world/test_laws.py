"""Laws of the closed loop, each a test named after it; where a law stands in another file, `ELSEWHERE` says where.

Laws of numbers of nodes hold for identical operators, a coin price that nothing moves, and inelastic demand.
"""

from __future__ import annotations

import ast
import math
from pathlib import Path
from typing import Any

import pytest

from sim.records.run import RunRecord
from sim.world.run import World
from tests.world.small import CLOUD, HOME, LOGIT, POOL, PRICED, case, last, play

pytestmark = pytest.mark.compiled

NET = "networks.net"
TESTS = Path(__file__).parents[1]
ELSEWHERE = {
    "free entry converges to N* within one node": "world/test_free_entry.py::test_free_entry_of_identical_operators_at_path_price_and_inelastic_demand_ends_within_one_node",
    "with a lead of 90 days it overshoots by less than 15 %": "world/test_free_entry.py::test_a_lead_of_90_days_overshoots_by_less_than_15_percent_with_identical_operators_and_path_price",
    "a halving without fees halves the nodes": "world/test_free_entry.py::test_halving_without_fees_halves_the_nodes_of_identical_operators_at_path_price_and_inelastic_demand",
    "with fee share f it lowers them by (1 - f) / 2": "world/test_free_entry.py::test_halving_with_fee_share_f_lowers_the_nodes_of_identical_operators_at_path_price_by_half_of_1_minus_f",
    "epochs of 6 h, 1 day and 2 days agree": "world/test_coin_price.py::test_epochs_of_6_hours_1_day_and_2_days_agree_within_3_percent",
    "exchange gains and losses sum to price change x coins held": "world/test_coin_price.py::test_gains_and_losses_of_exchange_sum_to_price_change_times_coins_held",
    "the quantity equation": "tokenomics/test_market.py::test_the_quantity_equation_by_hand",
    "under it burn and mint goes to U / M, of the market alone": "tokenomics/test_market.py::test_burn_and_mint_under_the_quantity_equation_settles_where_use_over_mint_is",
    "the same for any numbers": "tokenomics/test_settle.py::test_gains_and_losses_sum_to_price_change_times_coins_held",
}  # fmt: skip


@pytest.mark.parametrize("law", ELSEWHERE)
def test_every_law_has_a_test_where_the_list_says(law: str) -> None:
    file, _, name = ELSEWHERE[law].partition("::")
    tree = ast.parse((TESTS / file).read_text())
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


# -- burn and mint --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("start", "supply"), [(0.1, "1 MTOK"), (2.0, "1 MTOK"), (0.4, "50 MTOK")])
def test_the_price_of_burn_and_mint_goes_to_u_over_m_whatever_the_initial_supply_under_pool(
    start: float, supply: str
) -> None:
    # Users buy U dollars of coins a day, all of which are burned; operators sell the M = 49 minted a day.
    nothing = {"value": "constant", "a": "0 USD/day", "b": "0 USD/day"}
    pool = {**POOL, "start": f"{start} USD/TOK", "depth": "300 USD", "holders": nothing}
    run = play({
        f"{NET}.coin": {"ticker": "TOK", "decimals": 9, "supply": supply}, f"{NET}.market": pool, f"{NET}.price": PRICED,
        f"{NET}.burnmint": {"all": {"kind": "share", "share": "100 %"}}, f"{HOME}.decides": "fixed", "epoch": "1 day",
        "horizon": "1 year",
    })  # fmt: skip
    revenue = run.outcomes["net.revenue_usd_per_day"]
    assert revenue is not None
    assert last(run, "net.coin_usd") == pytest.approx(revenue / 49, rel=0.02)


@pytest.mark.parametrize("supply", ["1 kTOK", "3 kTOK", "10 kTOK"])
def test_the_price_of_burn_and_mint_goes_to_u_over_m_whatever_the_initial_supply_under_quantity(supply: str) -> None:
    # A coin is paid with 12 times a year: the supply closes to its level within some weeks. Whole epochs alone: in a part of one
    # less is minted before its price is made.
    run = play({
        f"{NET}.coin": {"ticker": "TOK", "decimals": 9, "supply": supply}, f"{NET}.price": PRICED,
        f"{NET}.market": {"kind": "quantity", "start": "1 USD/TOK", "velocity": "12 /year"},
        f"{NET}.burnmint": {"all": {"kind": "share", "share": "100 %"}}, f"{HOME}.decides": "fixed", "epoch": "1 day",
        "horizon": "364 day",
    })  # fmt: skip
    revenue = run.outcomes["net.revenue_usd_per_day"]
    assert revenue is not None
    assert last(run, "net.coin_usd") == pytest.approx(revenue / 49, rel=1e-3)
    # M V S = U: coins are as many as change hands between two burns.
    assert last(run, "net.supply_coin") == pytest.approx(49 * 365.25 / 12, rel=0.05)


# -- cheats ---------------------------------------------------------------------------------------------------------

CHEATS: dict[str, Any] = {
    "workload.chat.model": "qwen3-32b", f"{HOME}.gpu": "h100_sxm", f"{HOME}.nodes": 40, f"{HOME}.decides": "fixed",
    f"{NET}.stake": {"kind": "fixed", "amount": "10 TOK"}, f"{NET}.slash": {"invalid": {"kind": "fraction", "share": "10 %"}},
    f"{HOME}.strategies": {"some": {"share": "50 %", "model": "llama-3.1-8b"}}, "horizon": "2 week",
}  # fmt: skip


def p_star(changes: dict[str, Any]) -> float:
    """C / (R + S) of an owner at the start: what a cheaper model spares, the pay of a request, the stake lost, in USD."""
    network = World(case(changes), 0, "fast").networks[0]
    owners = network.owners[0]
    requests = 2 * 86_400 / 40
    spared = 1 - owners.machine.capacity_rps / network.checks.cheaper["home"][0][1].capacity_rps
    return float(2.4 * spared / requests / (49 / 40 / requests + 1.0))


def cheated(changes: dict[str, Any], rate: float, **more: Any) -> float:
    verify = {"kind": "sampling", "rate": f"{rate * 100:.12f} %", **more}
    run = play({**changes, f"{NET}.verify": verify})
    return float(run.series["net.cheated_frac"][0] or 0.0)


def test_cheating_vanishes_as_the_sampling_rate_crosses_p_star() -> None:
    threshold = p_star(CHEATS)
    assert 1e-5 < threshold < 1e-2
    shares = [cheated(CHEATS, threshold * factor) for factor in (0.0, 0.5, 0.98, 1.02, 2.0)]
    assert shares[0] == shares[1] == shares[2] > 0.3
    assert shares[3:] == [0.0, 0.0]


def test_with_colluding_checkers_the_threshold_is_higher_by_one_over_1_minus_r() -> None:
    ring = {**CHEATS, f"{HOME}.strategies": {"ring": {"kind": "collude", "share": "50 %", "model": "llama-3.1-8b"}}}
    members = int((World(case(ring), 0, "fast").networks[0].checks.disposed[:40] > 0).sum())
    higher = p_star(ring) / (1 - (members - 1) / 39)
    # A node with the cheaper model serves several times as many requests, so theirs are more than their part of the nodes.
    assert members / 40 < cheated(ring, 0.98 * higher) < 1
    assert cheated(ring, 1.02 * higher) == 0.0


def test_where_owners_differ_cheating_fades_in_an_s_shape() -> None:
    mixed = {
        **CHEATS, f"{HOME}.cost_spread": 0.5, f"{HOME}.electricity": "0.3 USD/kWh", f"{HOME}.hosting": "0 USD/h",
        f"{HOME}.strategies": {"all": {"share": "100 %", "model": "llama-3.1-8b"}},
    }  # fmt: skip
    shares = [cheated(mixed, 10.0**power) for power in (-7, -3.6, -3.45, -3.35, -3.25, -3.15, -3.05, -2.9, -1)]
    assert shares[0] == 1.0 and shares[-1] == 0.0
    assert shares == sorted(shares, reverse=True)
    assert len({share for share in shares if 0 < share < 1}) >= 3


# -- competition ----------------------------------------------------------------------------------------------------

TWIN: dict[str, Any] = {
    "networks.cloud": CLOUD, f"{NET}.price": PRICED, f"{HOME}.decides": "fixed", "horizon": "3 week",
    "workload.chat.demand": {**LOGIT, "start": {"net": "40 %", "twin": "20 %", "cloud": "40 %"}, "nest": 0.5},
}  # fmt: skip


def with_a_twin(price: str) -> RunRecord:
    """The small network, the cloud, and a second decentralized network that asks another price after the start."""
    base = case({**TWIN, "workload.chat.demand": LOGIT}).before.networks["net"]
    assert base.price.kind == "posted"
    listed = {"2026-01-01": "0.15 USD/Mtok", "2026-01-08": price}
    twin = {
        "kind": "coin", "coin": {"ticker": "TWN", "decimals": 9, "supply": "1 MTWN"}, "supply": {"kind": "fixed"},
        "split": {"operators": "100 %", "remainder": "treasury"}, "payout": {"kind": "availability"},
        "price": {**PRICED, "output": listed}, "market": {"kind": "path", "start": "1 USD/TWN"},
        "operators": {"home": {
            "nodes": 20, "gpu": "rtx_4090", "electricity": "0 USD/kWh", "decides": "fixed", "capex": "0 USD",
        }},
    }  # fmt: skip
    return play({**TWIN, "networks.twin": twin})


def test_a_second_decentralized_network_does_not_take_pro_rata_from_the_cloud() -> None:
    same, cheaper = with_a_twin("0.15 USD/Mtok"), with_a_twin("0.05 USD/Mtok")
    lost = {
        name: 1 - last(cheaper, f"{name}.demand_rps") / last(same, f"{name}.demand_rps") for name in ("net", "cloud")
    }
    assert last(cheaper, "twin.demand_rps") > 1.2 * last(same, "twin.demand_rps")
    # Pro rata both would lose the same part; the nest takes from its own kind.
    assert lost["net"] > 1.5 * lost["cloud"] > 0


# -- the oracle -----------------------------------------------------------------------------------------------------


def gains(lag: str) -> float:
    """What users gain in a year by paying at the oracle's rate while the price walks, USD."""
    run = play({
        f"{NET}.market": {"kind": "path", "start": "1 USD/TOK", "daily_sd": "5 %"}, f"{NET}.price": PRICED,
        f"{NET}.oracle": {"lag": lag, "twap": "0 s"}, "epoch": "1 day", "horizon": "1 year", f"{HOME}.decides": "fixed",
    })  # fmt: skip
    found = [value or 0.0 for value in run.series["net.exchange_users_usd_per_day"]]
    return math.fsum(abs(value) for value in found)


def test_oracle_arbitrage_earns_nothing_at_lag_0() -> None:
    # Invoices are whole nano-dollars and base units: a year of 365 of them rounds to less than a millionth of a dollar.
    assert gains("0 s") < 1e-6
    assert gains("7 day") > 100


# -- contests -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("costs", [(0.5, 1.0, 1.2), (0.8, 1.0, 1.0), (0.5, 1.0, 3.0)])
def test_owners_who_see_their_own_weight_reach_the_contests_closed_form_shares(costs: tuple[float, ...]) -> None:
    # 49 USD a day; a node costs .12 USD a day times the owner's own factor: hundreds of nodes, so that whole ones hardly matter.
    home = {
        "nodes": 20, "gpu": "rtx_4090", "electricity": "0 USD/kWh", "capex": "0 USD", "cost_spread": 0, "lead": "0 day",
        "max_nodes": 600, "decides": "contest", "entry_speed": "0.5 /week", "exit_speed": "0.5 /week",
    }  # fmt: skip
    owners = {f"o{i}": {**home, "hosting": f"{0.005 * cost:.6f} USD/h"} for i, cost in enumerate(costs)}
    run = play({f"{NET}.operators": owners, "horizon": "2 year"})
    nodes = [float(row["nodes"]) for row in run.operators]
    # Dimitri 2017: X = V (n - 1) / sum of c over those who are in, x_i = X (1 - c_i X / V).
    unit = 0.12
    active = [cost * unit for cost in costs]
    while True:
        total = 49 * (len(active) - 1) / sum(active)
        staying = [cost for cost in active if cost * total < 49]
        if staying == active:
            break
        active = staying
    expected = [max(total * (1 - cost * unit * total / 49), 0.0) for cost in costs]
    assert nodes == pytest.approx(expected, abs=2)
    shares = [count / sum(nodes) for count in nodes]
    # Whoever is a fifth cheaper than one who is in holds a fifth at least (Arnosti and Weinberg 2018).
    for cheap, mine in zip(costs, shares, strict=True):
        for dear, other in zip(costs, shares, strict=True):
            if other > 0.01:
                assert mine >= 1 - cheap / dear - 0.01


# -- self-dealing ---------------------------------------------------------------------------------------------------


def dealing(take: str, price: str = "0.05 USD/Mtok", **more: Any) -> RunRecord:
    """One owner in five buys his own service; emission is shared by work, and `take` leaks of each payment."""
    return play({
        f"{NET}.payout": {"kind": "work"}, f"{HOME}.decides": "fixed", f"{HOME}.nodes": 20, "horizon": "4 week",
        f"{NET}.price": {**PRICED, "input": price, "output": price}, f"{NET}.settle": {"take_rate": take},
        f"{HOME}.strategies": {"ring": {"kind": "self_dealing", "share": "20 %"}}, **more,
    })  # fmt: skip


@pytest.mark.parametrize("take", ["5 %", "20 %", "60 %"])
def test_self_dealing_is_the_square_root_of_e_w_over_l_less_w_under_a_pro_rata_pool(take: str) -> None:
    honest = dealing(take, **{f"{HOME}.strategies": {}})
    use = float(honest.outcomes["net.revenue_usd_per_day"] or 0.0)
    run = dealing(take)
    found = float(run.outcomes["net.dealt_frac"] or 0.0) * float(run.outcomes["net.revenue_usd_per_day"] or 0.0)
    network = World(case({
        f"{HOME}.strategies": {"ring": {"kind": "self_dealing", "share": "20 %"}}, f"{HOME}.nodes": 20,
    }), 0, "fast").networks[0]  # fmt: skip
    own = use * int(network.checks.dealing[:20].sum()) / 20
    leak = float(take.split()[0]) / 100
    # Who has customers too bought less: his share of the pool is their use and his own.
    best = max(0.0, math.sqrt(49 * (use - own) / leak) - (use - own) - own)
    assert found == pytest.approx(best, rel=1e-3)
    assert run.residuals == {"TOK": 0, "USD": 0}


def test_nobody_deals_with_himself_iff_the_pool_is_at_most_the_leak_of_others_use() -> None:
    # 2 requests/s of the class bring more than 49 USD a day at ten times the price, so that E / W < 20 %.
    dear = dealing("20 %", price="2 USD/Mtok")
    assert 49 / float(dear.outcomes["net.revenue_usd_per_day"] or 0.0) < 0.2
    assert dear.outcomes["net.dealt_frac"] == 0
    assert float(dealing("20 %").outcomes["net.dealt_frac"] or 0.0) > 0.3
