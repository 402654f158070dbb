"""How many nodes a network keeps: laws for identical operators, a coin price that nothing moves, and inelastic demand.

A node costs 2.4 USD a day and 49 TOK a day at one dollar are shared by time live: N* = 20.4. The last node that pays is
the 20th. Operators act at random times, so laws of the end state are read off the last quarter of the run.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.world.small import HOME, NODE_USD_PER_DAY, PRICED, last, play

pytestmark = pytest.mark.compiled

N_STAR = 49 / NODE_USD_PER_DAY
HALVING = {"kind": "halving", "initial": "49 TOK/day", "first": "2026-07-01"}


def tail(nodes: list[float | None]) -> list[float]:
    return [n for n in nodes[-len(nodes) // 4 :] if n is not None]


@pytest.mark.parametrize("nodes", [5, 40])
@pytest.mark.parametrize("lead", ["0 day", "90 day"])
def test_free_entry_of_identical_operators_at_path_price_and_inelastic_demand_ends_within_one_node(
    nodes: int, lead: str
) -> None:
    run = play({f"{HOME}.nodes": nodes, f"{HOME}.lead": lead, "horizon": "3 year"})
    assert all(N_STAR - 1 <= n <= N_STAR for n in tail(run.series["net.nodes"]))


@pytest.mark.parametrize("speed", ["0.1 /week", "0.9 /week"])
def test_a_lead_of_90_days_overshoots_by_less_than_15_percent_with_identical_operators_and_path_price(
    speed: str,
) -> None:
    # Entrants count what is ordered: the first three months of orders come in blind otherwise.
    run = play({f"{HOME}.nodes": 5, f"{HOME}.lead": "90 day", f"{HOME}.entry_speed": speed, "horizon": "3 year"})
    nodes = [n for n in run.series["net.nodes"] if n is not None]
    assert nodes[11] == 5  # nothing comes before its lead time
    assert max(nodes) < 1.15 * N_STAR


def test_sixteen_nodes_and_more_earn_what_they_earn() -> None:
    # 16 nodes x a week in picoseconds exceed 64 bits: beliefs must not wrap.
    run = play({f"{HOME}.nodes": 40, "horizon": "3 week"})
    assert run.operators[0]["coins_usd_per_node_day"] == pytest.approx(49 / 40, rel=1e-6)


@pytest.mark.parametrize("replication", [0, 1])
def test_halving_without_fees_halves_the_nodes_of_identical_operators_at_path_price_and_inelastic_demand(
    replication: int,
) -> None:
    run = play({"networks.net.supply": HALVING, "horizon": "2 year"}, replication=replication)
    assert run.series["net.nodes"][20] == 20
    assert all(N_STAR / 2 - 1 <= n <= N_STAR / 2 for n in tail(run.series["net.nodes"]))


def test_halving_with_fee_share_f_lowers_the_nodes_of_identical_operators_at_path_price_by_half_of_1_minus_f() -> None:
    # Fees: 2 requests/s of the class's mean tokens at the price list; they are a share f of income before the halving.
    run = play({"networks.net.supply": HALVING, "networks.net.price": PRICED, "horizon": "3 year", f"{HOME}.nodes": 29})
    fees = run.outcomes["net.revenue_usd_per_day"]
    assert fees is not None
    before = (49 + fees) / NODE_USD_PER_DAY
    f = fees / (49 + fees)
    assert 0.25 < f < 0.35
    after = before * (1 - (1 - f) / 2)
    assert run.series["net.nodes"][20] == pytest.approx(before, abs=1)
    assert all(after - 1 <= n <= after for n in tail(run.series["net.nodes"]))


def test_nobody_enters_or_leaves_where_the_number_of_nodes_is_fixed() -> None:
    run = play({f"{HOME}.decides": "fixed", f"{HOME}.nodes": 50})
    assert set(run.series["net.nodes"]) == {50.0}
    assert (run.outcomes["net.entries"], run.outcomes["net.exits"]) == (0, 0)


def test_a_stopped_owner_waits_idle_and_starts_again_at_one_and_a_half_times_what_he_stopped_at() -> None:
    # 20 nodes, then no emission for half a year, then three times as much as a node needs to start again.
    dated: dict[str, Any] = {
        "2026-01-01": "100 %",
        "2026-02-01": "0 %",
        "2026-05-01": "100 %",
    }
    rest = {"2026-01-01": "0 %", "2026-02-01": "100 %", "2026-05-01": "0 %"}
    run = play(
        {
            "networks.net.split": {"operators": dated, "treasury": rest, "remainder": "treasury"},
            "horizon": "1 year",
            f"{HOME}.exit_speed": "1 /week",
            f"{HOME}.entry_speed": "0 /week",
        }
    )
    nodes = [n for n in run.series["net.nodes"] if n is not None]
    assert nodes[3] == 20
    assert min(nodes) < 5  # four weeks of patience, then nearly all stop within a month
    # Entry is switched off: whoever serves at the end was idle in between. 49/1.5/2.4 = 13.6 pay a restart.
    assert 10 <= nodes[-1] <= 20
    assert run.outcomes["net.entries"] > 0


def test_an_idle_owner_gives_his_hardware_away_after_its_idle_life() -> None:
    changes = {
        "networks.net.supply": {"kind": "fixed"},
        "horizon": "1 year",
        f"{HOME}.exit_speed": "1 /week",
    }
    kept = play(changes).operators[0]
    gone = play({**changes, f"{HOME}.idle_life": "60 day"}).operators[0]
    assert (kept["nodes"], kept["idle_nodes"]) == (0, 20)
    assert (gone["nodes"], gone["idle_nodes"]) == (0, 0)


def test_owners_with_another_use_for_their_cards_leave_faster() -> None:
    # switch_speed .24 a week against exit_speed .07: after 4 weeks of patience and 8 more, 15 % against 57 % are there.
    changes = {"networks.net.supply": {"kind": "fixed"}, f"{HOME}.nodes": 90, "horizon": "13 week"}
    here = last(play(changes), "net.nodes")
    away = last(play({**changes, f"{HOME}.outside_rent": "0.05 USD/h"}), "net.nodes")
    # Binomial of 90: 4 standard errors are 0.18 and 0.15.
    assert here / 90 == pytest.approx(2.718281828 ** (-0.07 * 8), abs=0.21)
    assert away / 90 == pytest.approx(2.718281828 ** (-0.24 * 8), abs=0.15)
