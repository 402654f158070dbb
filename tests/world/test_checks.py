"""Cheats in a run: they really serve a cheaper model, are really found with the stated chance, and pay for it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sim.records.run import RunRecord
from tests.world.small import HOME, PRICED, case, last, play

pytestmark = pytest.mark.compiled

NET = "networks.net"
STAKE = {"kind": "fixed", "amount": "1000 TOK", "unbonding": "21 day"}
FRACTION = {"invalid": {"kind": "fraction", "share": "1 %"}}
SERVES: dict[str, Any] = {
    "workload.chat.model": "qwen3-32b", f"{HOME}.gpu": "h100_sxm", f"{HOME}.nodes": 20, f"{HOME}.decides": "fixed",
    f"{NET}.price": PRICED, "horizon": "8 week",
}  # fmt: skip
"""20 nodes that serve a model of 32B, of which one of 8B would be the cheaper."""


def lazy(share: str = "50 %", when: str = "always", kind: str = "lazy") -> dict[str, Any]:
    return {f"{HOME}.strategies": {"some": {"kind": kind, "share": share, "model": "llama-3.1-8b", "when": when}}}


def watched(rate: str = "5 %", **more: Any) -> dict[str, Any]:
    return {
        f"{NET}.verify": {"kind": "sampling", "rate": rate, **more},
        f"{NET}.stake": STAKE,
        f"{NET}.slash": FRACTION,
    }


def slashed(run: RunRecord) -> float:
    return sum(row.amount for row in run.flows if row.reason == "slash") / 10**9


@pytest.mark.parametrize(("rate", "detection", "colluding"), [(0.05, 1.0, 0.0), (0.2, 0.5, 0.0), (0.1, 1.0, 0.6)])
def test_frauds_are_found_with_the_stated_chance(rate: float, detection: float, colluding: float) -> None:
    # A few hundred thousand requests: five standard errors of a binomial share.
    verify = watched(f"{100 * rate} %", detection=f"{100 * detection} %")
    who = lazy(f"{100 * (colluding or 0.5)} %", kind="collude" if colluding else "lazy")
    run = play({**SERVES, **verify, **who, f"{HOME}.nodes": 100, f"{HOME}.max_nodes": 100, "horizon": "4 week"})
    found, bad = run.outcomes["net.caught_frac"], run.outcomes["net.cheated_frac"]
    assert found is not None and bad is not None and bad > 0.3
    requests = 2 * 28 * 86_400 * bad
    alike = bad_nodes(verify, who) - 1 if colluding else 0
    sides = alike / 99 if colluding else 0.0
    chance = rate * detection * (1 - sides)
    assert found == pytest.approx(chance, abs=5 * math.sqrt(chance / requests))


COMPARED: dict[str, tuple[dict[str, Any], float]] = {
    "replication": ({"repeaters": 2, "rate": "10 %", "detection": "80 %"}, 0.1 * 0.8),
    "refereed": ({"solvers": 2, "rate": "10 %"}, 0.1),
    "fingerprint": ({"rate": "20 %", "detection": "90 %"}, 0.2 * 0.9),
}
"""Ways that look at answers, and the chance that a bad one is looked at and found; nobody colludes."""


def by(kind: str, keys: dict[str, Any], nodes: int = 100) -> dict[str, Any]:
    """Half of the nodes cheat, and are checked in this way."""
    size = {f"{HOME}.nodes": nodes, f"{HOME}.max_nodes": nodes}
    return {**SERVES, **watched(), **lazy(), f"{NET}.verify": {"kind": kind, **keys}, **size}


@pytest.mark.parametrize("kind", COMPARED)
def test_whoever_compares_answers_finds_frauds_with_the_stated_chance(kind: str) -> None:
    keys, chance = COMPARED[kind]
    run = play({**by(kind, keys), "horizon": "4 week"})
    found, bad = run.outcomes["net.caught_frac"], run.outcomes["net.cheated_frac"]
    assert found is not None and bad is not None and bad > 0.3
    # Five standard errors of a binomial share of some 3 million bad answers.
    requests = 2 * 28 * 86_400 * bad
    assert found == pytest.approx(chance, abs=5 * math.sqrt(chance * (1 - chance) / requests))
    assert run.outcomes["net.wronged_frac"] == 0


def test_an_enclave_finds_every_cheat_but_the_stated_part_whose_owner_breaks_it() -> None:
    verify = by("tee", {"breach": "30 %"}, nodes=400)
    run = play({**verify, "horizon": "2 week"})
    # What decides is drawn by node: some 200 trials, and no more by serving longer.
    cheats = cheating_nodes(verify)
    assert cheats > 150
    assert run.outcomes["net.caught_frac"] == pytest.approx(0.7, abs=5 * math.sqrt(0.7 * 0.3 / cheats))
    assert run.outcomes["net.wronged_frac"] == 0


def test_audits_find_cheats_with_the_stated_chance_a_week() -> None:
    verify = by("audit", {"every": "7 day", "detection": "50 %"})
    run = play({**verify, "horizon": "104 week"})
    # At times that are exponential a node is audited at least once in its mean with 1 - 1/e; 1 % of 1,000 TOK is lost then.
    trials, chance = cheating_nodes(verify) * 104, 0.5 * (1 - math.exp(-1))
    assert slashed(run) / 10 == pytest.approx(trials * chance, abs=5 * math.sqrt(trials * chance * (1 - chance)))


def cheating_nodes(changes: dict[str, Any]) -> int:
    """Node slots whose owners cheat, by the draws of the same streams."""
    from sim.world.run import World

    return int((World(case(changes), 0, "fast").networks[0].checks.disposed > 0).sum())


def bad_nodes(verify: dict[str, Any], who: dict[str, Any]) -> int:
    """Nodes whose owners cheat, read off the draws of the same streams."""
    return cheating_nodes({**SERVES, **verify, **who, f"{HOME}.nodes": 100, f"{HOME}.max_nodes": 100})


def test_honest_nodes_are_never_found_without_false_alarms_and_as_often_as_stated_with_them() -> None:
    clean = play({**SERVES, **watched("50 %")})
    assert (clean.outcomes["net.cheated_frac"], clean.outcomes["net.wronged_frac"]) == (0, 0)
    assert slashed(clean) == 0
    noisy = play({**SERVES, **watched("50 %", false_alarms="1 %", tolerance="5 %")})
    assert noisy.outcomes["net.wronged_frac"] == pytest.approx(0.005, rel=0.05)
    assert slashed(noisy) == 0  # so many failures are tolerated


def test_frauds_lose_stake_and_the_pay_of_what_was_found() -> None:
    run = play({**SERVES, **watched("100 %"), **lazy("50 %"), f"{HOME}.stakes": "100 %"})
    assert slashed(run) > 1000
    assert run.residuals == {"TOK": 0, "USD": 0}
    assert run.outcomes["net.slashed_coin"] == pytest.approx(slashed(run) / 56, rel=1e-9)


def test_a_cheaper_model_serves_more_where_capacity_binds() -> None:
    busy = {**SERVES, "workload.chat.rate": "2000 /s", f"{HOME}.nodes": 4}
    honest, cheated = play(busy), play({**busy, **lazy("100 %")})
    assert last(cheated, "net.served_mtok") > 2 * last(honest, "net.served_mtok")
    assert cheated.outcomes["net.cheated_frac"] == 1


def test_checks_are_work_of_the_nodes_that_check() -> None:
    busy = {**SERVES, "workload.chat.rate": "2000 /s", f"{HOME}.nodes": 4}
    plain = last(play(busy), "net.served_mtok")
    twice = {"kind": "replication", "repeaters": 1}
    slow = {"kind": "refereed", "solvers": 2, "overhead": "30 %"}
    assert last(play({**busy, f"{NET}.verify": twice}), "net.served_mtok") == pytest.approx(plain / 2, rel=1e-3)
    assert last(play({**busy, f"{NET}.verify": slow}), "net.served_mtok") == pytest.approx(plain / 3 / 1.3, rel=1e-3)
    assert play({**busy, f"{NET}.verify": twice}).outcomes["net.check_load_frac"] == 1


def test_owners_who_count_cheat_only_where_it_pays() -> None:
    changes = {**SERVES, **lazy("50 %", when="pays")}
    free = play(changes)
    assert free.outcomes["net.cheated_frac"] is not None and free.outcomes["net.cheated_frac"] > 0.3
    assert play({**changes, **watched("100 %")}).outcomes["net.cheated_frac"] == 0
    public = play({**changes, **watched("100 %", seed="public")})
    assert public.outcomes["net.cheated_frac"] == free.outcomes["net.cheated_frac"]


def test_who_was_found_may_not_serve_for_a_while() -> None:
    barred = {"invalid": {"kind": "fraction", "share": "1 %", "cooldown": "30 day"}}
    run = play({**SERVES, **watched("100 %"), **lazy("50 %"), f"{NET}.slash": barred})
    cheated = run.series["net.cheated_frac"]
    assert cheated[0] > 0.3  # type: ignore[operator]
    assert cheated[1:4] == [0, 0, 0]
    assert cheated[5] > 0.2  # type: ignore[operator]
    # Found again in the week in which they were back.
    assert cheated[6:] == [0, 0]


def test_a_verdict_that_comes_after_unbonding_takes_nothing_from_who_has_left() -> None:
    # Everybody cheats and stops in the first weeks, as nothing is minted; the fraud is proven 28 days later.
    leave = {
        f"{NET}.supply": {"kind": "fixed"}, f"{HOME}.decides": "free_entry", f"{HOME}.exit_speed": "50 /week",
        f"{HOME}.patience": "0 day", f"{NET}.price": {**PRICED, "input": "0 USD/Mtok", "output": "0 USD/Mtok"},
    }  # fmt: skip
    late = {**SERVES, **watched("100 %", delay="28 day"), **lazy("100 %"), **leave}
    for unbonding, caught in (("7 day", False), ("60 day", True)):
        run = play({**late, f"{NET}.stake": {**STAKE, "unbonding": unbonding}})
        assert last(run, "net.nodes") == 0
        assert (slashed(run) > 0) is caught, unbonding


@pytest.mark.parametrize("kind", ["fingerprint", "audit", "refereed", "replication", "tee"])
def test_every_way_of_checking_finds_frauds_in_a_run(kind: str) -> None:
    keys: dict[str, Any] = {
        "audit": {"every": "7 day"}, "replication": {"repeaters": 1}, "tee": {"breach": "50 %"},
    }.get(kind, {})  # fmt: skip
    run = play({**SERVES, **watched(), **lazy("50 %"), f"{NET}.verify": {"kind": kind, **keys}})
    assert slashed(run) > 0
    assert run.outcomes["net.wronged_frac"] == 0
    assert run.residuals == {"TOK": 0, "USD": 0}


def test_a_node_earns_its_reputation_and_is_checked_less() -> None:
    known = {"reputation": {"epochs": 8}, "rate": "1 %"}
    run = play({**SERVES, **watched(), f"{NET}.verify": {"kind": "sampling", **known}, "horizon": "12 week"})
    load = [value for value in run.series["net.check_load_frac"] if value is not None]
    assert load[0] == pytest.approx(1.0)
    assert load == sorted(load, reverse=True)
    assert load[-1] == pytest.approx(0.01)


def test_the_same_seed_gives_the_same_frauds_and_a_larger_share_holds_the_smaller() -> None:
    from sim.world.run import World

    one, two = (
        World(case({**SERVES, **lazy(share)}), 0, "fast").networks[0].checks.disposed for share in ("20 %", "60 %")
    )
    assert one.any()
    assert (two[one > 0] > 0).all()
    changes = {**SERVES, **watched(), **lazy()}
    assert play(changes).series == play(changes).series


def test_in_windows_cheats_really_serve_differently() -> None:
    sampled = {
        **SERVES, "requests": {"mode": "sampled", "window": "5 min", "per_epoch": 1, "every": 1}, "horizon": "2 week",
        "workload.chat.rate": "20 /s", f"{HOME}.nodes": 8,
    }  # fmt: skip
    honest, cheated = play(sampled), play({**sampled, **lazy("100 %")})
    slowed = play({**sampled, f"{NET}.verify": {"kind": "fingerprint", "overhead": "50 %"}})
    times = [run.outcomes["net.e2e_p50_s"] for run in (cheated, honest, slowed)]
    # Passes of the model of 8B are several times shorter; those that carry a fingerprint last half as long again.
    assert times[0] < times[1] / 2  # type: ignore[operator]
    assert times[2] > times[1] * 1.4  # type: ignore[operator]
    energy = [run.outcomes["net.energy_j_per_tok"] for run in (cheated, honest)]
    assert energy[0] < energy[1]  # type: ignore[operator]
    mixed = play({**sampled, **lazy("50 %"), **watched("10 %")})
    assert times[0] < mixed.outcomes["net.e2e_p50_s"] < times[1]  # type: ignore[operator]
    assert mixed.outcomes["net.caught_frac"] == pytest.approx(0.1, rel=0.05)
