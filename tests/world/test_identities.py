"""Nodes that are not what they are said to be: one shown as many, and worse hardware than the class says; who controls what."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.serving.tables import replica_type
from sim.world.run import World
from tests.world.small import HOME, PRICED, case, play

pytestmark = pytest.mark.compiled

NET = "networks.net"
FIXED: dict[str, Any] = {f"{HOME}.decides": "fixed", f"{HOME}.nodes": 20, "horizon": "8 week", "epoch": "1 week"}
STAKE = {"kind": "fixed", "amount": "1000 TOK", "unbonding": "21 day"}
FRACTION = {"invalid": {"kind": "fraction", "share": "1 %"}}


def sybils(share: str = "25 %", identities: int = 5) -> dict[str, Any]:
    return {f"{HOME}.strategies": {"ring": {"kind": "sybil", "share": share, "identities": identities}}}


def spec(share: str = "50 %", gpu: str = "l40s") -> dict[str, Any]:
    return {f"{HOME}.strategies": {"fake": {"kind": "spec_fraud", "share": share, "gpu": gpu}}}


def audited(every: str = "7 day", detection: float = 1.0) -> dict[str, Any]:
    verify = {"kind": "audit", "every": every, "detection": f"{100 * detection} %"}
    return {f"{NET}.verify": verify, f"{NET}.stake": STAKE, f"{NET}.slash": FRACTION}


def part_of_sybils(changes: dict[str, Any]) -> tuple[float, int]:
    """Part of the coins that the ring's nodes got, read off the ledger, and how many they are."""
    world = World(case({**FIXED, **changes}), 0, "fast")
    world.run()
    network = world.networks[0]
    ring = (network.identities.shown > 1) & network.live_mask()
    amounts = world.ledger.column(network.account("operators"), "TOK").amounts
    return float(amounts[ring].sum() / amounts.sum()), int(ring.sum())


# -- one node shown as many -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("identities", [2, 10])
def test_a_node_shown_as_many_is_paid_as_many_where_time_is_paid_for(identities: int) -> None:
    keep = {f"{NET}.settle": {"sell": "0 %"}}
    part, nodes = part_of_sybils({**sybils(identities=identities), **keep})
    assert 2 < nodes < 9
    assert part == pytest.approx(nodes * identities / (20 + nodes * (identities - 1)), rel=1e-6)


def test_a_stake_for_each_node_leaves_nothing_to_gain_from_identities() -> None:
    # A stake backs one identity: four more without one get what is paid without stake, nothing or a fifth.
    keep = {f"{NET}.settle": {"sell": "0 %"}}
    part, nodes = part_of_sybils({**sybils(), **keep, f"{NET}.stake": STAKE})
    assert part == pytest.approx(nodes / 20, rel=1e-6)
    part, nodes = part_of_sybils({**sybils(), **keep, f"{NET}.stake": {**STAKE, "free": "20 %"}})
    weight = 1 + 4 * 0.2
    assert part == pytest.approx(nodes * weight / (20 + nodes * (weight - 1)), rel=1e-6)


def test_identities_gain_nothing_where_work_is_paid_for() -> None:
    keep = {f"{NET}.settle": {"sell": "0 %"}, f"{NET}.payout": {"kind": "work"}}
    part, nodes = part_of_sybils({**sybils(), **keep})
    assert part == pytest.approx(nodes / 20, rel=1e-6)


def test_concentration_is_told_by_owner_and_by_what_is_shown() -> None:
    run = play({**FIXED, **sybils()})
    _, nodes = part_of_sybils({**sybils(), f"{NET}.settle": {"sell": "0 %"}})
    shown, owners = 20 + 4 * nodes, 21 - nodes
    # Every identity gets the same: none is richer than another, though one owner has many of them.
    assert run.outcomes["net.gini"] == pytest.approx(0, abs=1e-6)
    # Half of them hold half of the income, give or take a base unit.
    assert run.outcomes["net.nakamoto"] in (shown // 2, shown // 2 + 1)
    ring = 5 * nodes / shown
    rest = (1 - ring) / (owners - 1)
    incomes = np.array([rest] * (owners - 1) + [ring])
    assert run.outcomes["net.nakamoto_owners"] == int((np.cumsum(incomes[::-1]) <= 0.5).sum()) + 1
    expected = 2 * (np.arange(1, owners + 1) * incomes).sum() / owners - (owners + 1) / owners
    assert run.outcomes["net.gini_owners"] == pytest.approx(expected, rel=1e-6)
    assert run.outcomes["net.hhi_owners"] == pytest.approx((incomes**2).sum(), rel=1e-6)
    assert run.residuals == {"TOK": 0, "USD": 0}


@pytest.mark.parametrize(("payout", "identities"), [("availability", 5), ("work", 1)])
def test_emission_to_cheats_counts_their_identities_where_time_is_paid(payout: str, identities: int) -> None:
    who = {**sybils(), f"{NET}.payout": {"kind": payout}}
    _, nodes = part_of_sybils({**sybils(), f"{NET}.settle": {"sell": "0 %"}})
    run = play({**FIXED, **who})
    expected = identities * nodes / (20 + (identities - 1) * nodes)
    assert run.outcomes["net.cheats_pay_frac"] == pytest.approx(expected, rel=1e-6)


def test_where_nobody_cheats_or_looks_nothing_is_told_of_cheats() -> None:
    run = play(FIXED)
    assert run.outcomes.get("net.cheats_pay_frac") is None
    assert run.unsupported["net.cheats_pay_frac"] == "nobody checks answers there, and nobody cheats"


def test_where_every_node_has_an_owner_of_its_own_nothing_is_told_of_owners() -> None:
    run = play(FIXED)
    assert run.outcomes.get("net.gini_owners") is None


@pytest.mark.parametrize(("who", "detection"), [(sybils("50 %"), 0.3), (spec("50 %"), 0.3), (sybils("50 %"), 1.0)])
def test_false_nodes_are_found_with_the_stated_chance(who: dict[str, Any], detection: float) -> None:
    long = {f"{HOME}.nodes": 100, f"{HOME}.max_nodes": 100, "horizon": "104 week"}
    changes = {**FIXED, **long, **who, **audited("7 day", detection)}
    run = play(changes)
    # About fifty nodes, audited with 1 - 1/e a week for two years: three thousand audits, five standard errors.
    audits = 50 * 104 * (1 - math.exp(-1))
    found = run.outcomes["net.exposed_frac"]
    assert found == pytest.approx(detection, abs=5 * math.sqrt(detection * (1 - detection) / audits) + 1e-9)
    # A hundredth of what is left of a stake of 1000 each time.
    false = int(World(case(changes), 0, "fast").networks[0].checks.pretends[:100].sum())
    offences = audits / 50 * false * detection / false
    left = 1000 * (1 - 0.99**offences)
    slashed = sum(row.amount for row in run.flows if row.reason == "slash") / 10**9 / false
    # What was taken is bought anew: every offence takes ten coins.
    assert slashed == pytest.approx(10 * offences, rel=0.1) or slashed == pytest.approx(left, rel=0.1)
    assert run.outcomes["net.wronged_frac"] == 0


# -- worse hardware than is said ------------------------------------------------------------------------------------

SERVES: dict[str, Any] = {
    "workload.chat.model": "qwen3-32b", f"{HOME}.gpu": "h100_sxm", f"{HOME}.nodes": 20, f"{HOME}.decides": "fixed",
    f"{NET}.price": PRICED, "horizon": "8 week",
}  # fmt: skip


def test_a_worse_gpu_serves_less_and_is_paid_for_its_time_all_the_same() -> None:
    crowded = {**SERVES, "workload.chat.rate": "200 /s"}
    honest, fraud = play(crowded), play({**crowded, **spec("100 %", "a100_80g")})
    served = [float(run.outcomes["net.served_mtok"] or 0.0) for run in (honest, fraud)]
    assert served[1] < 0.8 * served[0]
    assert fraud.outcomes["net.emission_coin"] == honest.outcomes["net.emission_coin"]
    assert fraud.outcomes["net.cheated_frac"] == 0  # its answers are the right ones


def test_the_bill_is_that_of_the_gpu_which_is_there() -> None:
    dear = {**SERVES, f"{HOME}.electricity": "1 USD/kWh", f"{HOME}.hosting": "0 USD/h", f"{HOME}.cost_factor": 1.0}
    worlds = [World(case({**dear, **who}), 0, "fast") for who in ({}, spec("100 %", "a100_80g"))]
    factors = [world.networks[0].owners[0].columns.cost_factor[0] for world in worlds]
    spec_, net = worlds[1].before, worlds[1].before.networks["net"]
    active = [
        replica_type(spec_.gpus[name], spec_.models["qwen3-32b"], net.serving, None).active_w
        for name in ("h100_sxm", "a100_80g")
    ]
    watts = [1.0, active[1] / active[0]]
    assert factors == pytest.approx(watts)


def test_checks_of_answers_do_not_see_a_worse_gpu_and_attestation_does() -> None:
    staked = {f"{NET}.stake": STAKE, f"{NET}.slash": FRACTION}
    for kind, keys, seen in (("sampling", {"rate": "20 %"}, False), ("fingerprint", {}, False), ("tee", {}, True)):
        run = play({**SERVES, **staked, **spec("50 %", "a100_80g"), f"{NET}.verify": {"kind": kind, **keys}})
        assert (run.outcomes["net.exposed_frac"] == 1) is seen, kind
        assert any(row.reason == "slash" for row in run.flows) is seen, kind


def test_in_windows_a_worse_gpu_really_is_slower() -> None:
    sampled = {
        **SERVES, "requests": {"mode": "sampled", "window": "5 min", "per_epoch": 1, "every": 1}, "horizon": "2 week",
        "workload.chat.rate": "4 /s", f"{HOME}.nodes": 8,
    }  # fmt: skip
    times = [play({**sampled, **who}).outcomes["net.tpot_p50_s"] for who in ({}, spec("100 %", "a100_80g"))]
    assert times[1] > 1.2 * times[0]  # type: ignore[operator]
