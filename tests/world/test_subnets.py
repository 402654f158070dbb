"""An inference subnet of Bittensor in the world: books balance, alpha follows what was served, trades move its price."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import InvariantError, ScenarioError
from sim.world.run import World
from tests.world.small import coins
from tests.world.subnet import CHAIN, case, scenario, world

pytestmark = [pytest.mark.compiled, pytest.mark.long]


@pytest.fixture(scope="module")
def sixty() -> World:
    return world()


def test_sixty_days_keep_the_books(sixty: World) -> None:
    record = sixty.record()
    assert record.residuals == {"TAO": 0, "SN64": 0, "USD": 0}
    chain, ledger = sixty.networks[0].subnets.chain, sixty.ledger
    assert ledger.supply("TAO") == int(chain.row["issued"][0])
    # 432,000 blocks of half a TAO, less the rao that no subnet could take.
    assert int(chain.row["block"][0]) % 7200 == 9_407_387 % 7200
    assert coins(record, "emission", "tao.subnets") == pytest.approx(216_000, abs=1)
    assert coins(record, "payout") == pytest.approx(432_000, rel=0.06)  # less root's part, and tempos still to come


def test_alpha_splits_as_the_chain_says(sixty: World) -> None:
    record = sixty.record()
    paid = {party: coins(record, "payout", f"tao.{party}") for party in ("operators", "validators", "owner")}
    # Owner 11796/65535, then half to miners, half to validators less root's part, which is recycled: EMA prices sum to less than 1.
    cut = 11796 / 65535
    assert paid["owner"] / paid["operators"] == pytest.approx(cut / ((1 - cut) / 2), rel=1e-6)
    assert coins(record, "root dividends") == 0
    root = 0.18 * 5_454_229.64
    assert paid["validators"] / paid["operators"] == pytest.approx(1 - root / (root + 5_832_681 + 30_000), rel=0.01)


def test_operators_sell_alpha_and_then_the_coin(sixty: World) -> None:
    record = sixty.record()
    assert coins(record, "alpha sold", "tao.operators") > 0
    rows = {(row.currency, row.reason, row.source): row.amount for row in record.flows}
    assert rows["SN64", "alpha sold", "tao.operators"] == coins(record, "payout", "tao.operators") * 10**9
    assert rows["TAO", "coins sold", "tao.operators"] > 0


def test_the_price_of_alpha_has_no_drift_at_the_start(sixty: World) -> None:
    subnets = sixty.networks[0].subnets
    row = subnets.served[0]
    assert subnets.price(row) == pytest.approx(subnets.first_price[row], rel=0.02)


def test_a_slot_that_serves_more_earns_more() -> None:
    two = {"fast": {"nodes": 10, "gpu": "h100_sxm"}, "slow": {"nodes": 10, "gpu": "rtx_4090"}}
    costs = {"electricity": "0.1 USD/kWh", "decides": "fixed"}
    found = world(
        {"networks.tao.operators": {name: {**one, **costs} for name, one in two.items()}, "horizon": "20 day"}
    )
    network = found.networks[0]
    alpha = network.ledger.column("tao.operators", "SN64").amounts
    tao = network.ledger.column("tao.operators", "TAO").amounts
    assert alpha.sum() == 0  # all of it is sold
    fast, slow = network.owners
    each = [owners.coin_usd_per_node_day for owners in (fast, slow)]
    assert each[0] / each[1] == pytest.approx(fast.machine.capacity_rps / slow.machine.capacity_rps, rel=0.1)
    assert tao.sum() == network.to_sell.sum()


def test_what_is_kept_stays_staked_behind_the_miners() -> None:
    found = world({"networks.tao.settle.sell": "25 %", "horizon": "10 day"})
    subnets, ledger = found.networks[0].subnets, found.ledger
    held = ledger.column("tao.operators", "SN64").amounts.sum()
    assert held == subnets.chain.who.stake[subnets.served[0], subnets.uids.miners].sum()
    earned = coins(found.record(), "payout", "tao.operators") * 1e9
    assert held / earned == pytest.approx(0.75, rel=1e-6)


def test_an_owner_who_buys_alpha_lifts_its_price() -> None:
    plain = {
        "networks.tao.settle.take_rate": "100 %",
        "networks.tao.settle.take_to": "owner",
        f"{CHAIN}.stakers": {"drift": "none"},
    }
    kept, spent = world(plain), world({**plain, f"{CHAIN}.buys": "100 %"})
    prices = [one.networks[0].subnets.price(one.networks[0].subnets.served[0]) for one in (kept, spent)]
    assert prices[1] > prices[0]
    assert coins(spent.record(), "alpha bought", "tao.owner") > 0
    assert coins(kept.record(), "alpha bought", "tao.owner") == 0


def test_operators_of_two_subnets_earn_each_subnets_alpha() -> None:
    both = {
        "large": {"nodes": 6, "gpu": "h100_sxm", "electricity": "0.1 USD/kWh", "netuid": 64},
        "small": {"nodes": 6, "gpu": "h100_sxm", "electricity": "0.1 USD/kWh", "netuid": 4},
    }
    found = world({f"{CHAIN}.serves": [64, 4], "networks.tao.operators": both, "horizon": "10 day"})
    record = found.record()
    assert record.residuals == {"TAO": 0, "SN64": 0, "SN4": 0, "USD": 0}
    each = [owners.coin_usd_per_node_day for owners in found.networks[0].owners]
    # An alpha a block in both, worth 0.085 and 0.0585 TAO.
    assert each[0] / each[1] == pytest.approx(0.08499 / 0.05851, rel=0.05)


def test_the_same_seed_gives_the_same_bytes() -> None:
    one, other = (world({"horizon": "10 day"}).record().to_json() for _ in range(2))
    assert one == other


def test_epochs_of_six_hours_and_of_a_day_agree() -> None:
    days = [world({"epoch": length, "horizon": "30 day"}) for length in ("6 h", "1 day")]
    prices = [one.networks[0].subnets.price(one.networks[0].subnets.served[0]) for one in days]
    assert prices[0] == pytest.approx(prices[1], rel=0.01)
    assert days[0].networks[0].nodes == pytest.approx(days[1].networks[0].nodes, rel=0.03)


def test_a_rao_that_the_chain_does_not_know_of_stops_the_run() -> None:
    broken = World(case(), 0, "fast")
    broken.start()
    broken.ledger.transfer("theft", "TAO", 1, "tao.subnets", "tao.holders")
    with pytest.raises(InvariantError, match=r"tao\.subnets holds .* rao of TAO, on the chain"):
        broken.env.run(until=broken.env.process(broken._walk()))


@pytest.mark.parametrize("row", ["served", "others"])
@pytest.mark.parametrize("rao", [1, -1])
def test_alpha_in_a_pool_that_nobody_created_stops_the_run(row: str, rao: int) -> None:
    broken = World(case(), 0, "fast")
    broken.start()
    subnets = broken.networks[0].subnets
    subnets.chain.subnets["alpha_in"][getattr(subnets, row)[0]] += rao
    with pytest.raises(InvariantError, match=r"alpha of subnet \d+ is not what its parts hold"):
        broken.env.run(until=broken.env.process(broken._walk()))


def test_alpha_that_nobody_staked_stops_the_run() -> None:
    broken = World(case(), 0, "fast")
    broken.start()
    broken.networks[0].subnets.chain.subnets["staked"][broken.networks[0].subnets.served[0]] += 1
    with pytest.raises(InvariantError, match="subnet 64"):
        broken.env.run(until=broken.env.process(broken._walk()))


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (f"{CHAIN}.rules", "gatet", "no rule set 'gatet'.*nearest: gated"),
        (f"{CHAIN}.rules", 100, "spec 100 found; the first with alpha is 233"),
        (f"{CHAIN}.rules", 4.5, "must be text"),
        (f"{CHAIN}.serves", [999], "no subnet 999"),
        (f"{CHAIN}.validators", {"honest": {"kind": "honest", "count": 4, "stake": "90 %"}}, "hold 90 %"),
        (f"{CHAIN}.validators", {"honest": {"kind": "honset", "count": 4, "stake": "100 %"}}, "did you mean `honest`"),
        (f"{CHAIN}.adjustments", [{"day": "2026-11-03", "amount": "5 USD"}], "USD found; the chain's coin is TAO"),
        ("networks.tao.coin.ticker", "FET", "chain's coin is TAO"),
        ("networks.tao.split", {"operators": "100 %"}, "split"),
        ("networks.tao.operators.farm.netuid", 4, "subnet 4, which is not among"),
    ],
)
def test_mistakes_are_told(path: str, value: object, told: str) -> None:
    changes = {path: value}
    if path.endswith("ticker"):
        changes |= {"networks.tao.coin.supply": "11 MFET", "networks.tao.market.start": "1 USD/FET"}
    with pytest.raises(ScenarioError, match=f"(?s){told}"):
        scenario(changes)


def test_rules_follow_the_calendar() -> None:
    found = world({"start": "2026-07-20", "horizon": "10 day"})
    # The gate came on 2026-07-27; before it everybody passed.
    assert found.networks[0].subnets.chain.row["gate_rule"][0] == 1
    early = World(case({"start": "2026-07-20"}), 0, "fast")
    assert early.networks[0].subnets.chain.row["gate_rule"][0] == 0


def test_rules_may_be_named_by_a_spec_version() -> None:
    # Spec 441 is newer than the gate (440) and older than the burn-free rule (444).
    numbered, named = (scenario({f"{CHAIN}.rules": rules}).spec.networks["tao"].chain.rules for rules in (441, "gated"))
    assert numbered == named == "gated"
    with_source = {"value": 425, "source": "opentensor/subtensor @14bc6f9f9", "date": "2026-06-30"}
    found = scenario({f"{CHAIN}.rules": with_source})
    assert found.spec.networks["tao"].chain.rules == "price_unburned"
    told = {row.path: row for row in found.assumptions}
    assert told[f"{CHAIN} from 2026-11-01"].value == "rule set price_unburned, spec 425"


def test_validators_noise_is_drawn_from_named_streams() -> None:
    quiet, loud = (
        world(
            {
                f"{CHAIN}.validators": {"honest": {"kind": "honest", "count": 4, "stake": "100 %", "noise": noise}},
                "horizon": "5 day",
            }
        )
        for noise in ("0 %", "50 %")
    )
    row = quiet.networks[0].subnets.served[0]
    spread = [np.ptp(one.networks[0].subnets.chain.who.weights[row][:, 5].astype(float)) for one in (quiet, loud)]
    assert spread[0] == 0 < spread[1]


def test_validators_score_speed_where_requests_are_served_one_by_one() -> None:
    # A target that a fast card meets and a slow one cannot.
    two = {"fast": {"nodes": 4, "gpu": "h100_sxm"}, "slow": {"nodes": 4, "gpu": "rtx_3090"}}
    costs = {"electricity": "0.1 USD/kWh", "decides": "fixed"}
    law = {
        "networks.tao.operators": {name: {**one, **costs} for name, one in two.items()},
        "workload.chat.rate": "6 /s",
        "workload.chat.slo": {"ttft": "5 s", "tpot": "12 ms"},
        "requests": {"mode": "sampled", "window": "2 min", "per_epoch": 1, "every": 1},
        "horizon": "3 day",
    }
    found = world({**law, f"{CHAIN}.scores": {"work": "0 %", "speed": "100 %", "uptime": "0 %", "window": "1 h"}})
    network = found.networks[0]
    live, slow = network.live_mask(), np.arange(network.slots) >= network.offset[1]
    assert network.on_time[live & ~slow].min() > 0.9
    assert network.on_time[live & slow].max() < 0.5
    each = [owners.coin_usd_per_node_day for owners in network.owners]
    assert each[1] < 0.5 * each[0] * network.owners[1].machine.capacity_rps / network.owners[0].machine.capacity_rps


def test_validators_score_correctness_as_far_as_checks_find_what_is_wrong() -> None:
    # Two classes alike, one of which serves a model of 8B where one of 32B is asked for.
    one = {"nodes": 8, "gpu": "h100_sxm", "electricity": "0.1 USD/kWh", "decides": "fixed"}
    lazy = {"some": {"kind": "lazy", "share": "100 %", "model": "llama-3.1-8b", "when": "always"}}
    law = {
        "workload.chat.model": "qwen3-32b",
        "networks.tao.operators": {"good": one, "lazy": {**one, "strategies": lazy}},
        f"{CHAIN}.scores": {"work": "100 %", "speed": "0 %", "uptime": "0 %", "window": "1 h"},
        "horizon": "5 day",
    }
    open_, watched = (
        world({**law, "networks.tao.verify": {"kind": "sampling", "rate": rate}}) for rate in ("0 %", "50 %")
    )
    ratios = []
    for found in (open_, watched):
        good, bad = (owners.coin_usd_per_node_day for owners in found.networks[0].owners)
        ratios.append(bad / good)
    assert watched.record().outcomes["tao.caught_frac"] == pytest.approx(0.5, abs=0.01)
    # Half of its answers are found wrong: so much less of the subnet's alpha is its.
    assert ratios[1] / ratios[0] == pytest.approx(0.5, rel=0.05)
    # The alpha that one does not get the other gets: none is lost.
    paid = [coins(found.record(), "payout", "tao.operators") for found in (open_, watched)]
    assert paid[0] == pytest.approx(paid[1], rel=1e-3)


SLOW = {
    "honest": {"kind": "honest", "count": 3, "stake": "80 %"},
    "idle": {"kind": "honest", "count": 1, "stake": "20 %", "every": "3 day"},
}


def test_a_validator_that_seldom_writes_votes_and_earns_less_where_permits_are_asked_for() -> None:
    law = {f"{CHAIN}.validators": SLOW, "networks.tao.settle.sell_others": "0 %", "horizon": "12 day"}
    law[f"{CHAIN}.stakers"] = {"drift": "none", "pull": "0 /day"}
    free, asked = world(law), world({**law, f"{CHAIN}.permits": {}})
    shares = []
    for found in (free, asked):
        subnets = found.networks[0].subnets
        row, voters = subnets.served[0], subnets.uids.voters
        first = world({**law, "horizon": "1 day"}).networks[0].subnets.chain.who.stake[row, voters]
        earned = subnets.chain.who.stake[row, voters] - first
        shares.append(earned[3] / earned.sum())
        assert set(found.record().residuals.values()) == {0}
    assert shares[0] == pytest.approx(0.2, abs=0.03)
    # Inactive 5,000 blocks after it wrote, 16.7 h of 72; bonds that it built while it wrote pay on for a while.
    assert shares[1] < 0.7 * shares[0]
    # Weights that it wrote stand until it writes again.
    voting = asked.networks[0].subnets.chain.who.voting[row]
    assert voting.tolist()[:3] == [1, 1, 1]


def test_permits_that_shut_nobody_out_change_nothing() -> None:
    law = {"places": 256, "least": "0 TAO", "cutoff": 1_000_000}
    plain, ruled = (world({"horizon": "5 day", **more}).record() for more in ({}, {f"{CHAIN}.permits": law}))
    assert plain.outcomes == ruled.outcomes
    assert plain.series == ruled.series


# Around the first halving, at 10.5M: a block creates a TAO below it, half of one from it on.
@pytest.mark.parametrize(
    ("kind", "supply", "before", "after"),
    [("mint", 10_470_000, 1, 0.5), ("recycle", 10_501_000, 0.5, 1), ("burn", 10_501_000, 0.5, 0.5)],
)
def test_an_adjustment_moves_the_issuance_on_its_day(kind: str, supply: int, before: float, after: float) -> None:
    law = {"networks.tao.coin.supply": f"{supply} TAO", "horizon": "6 day"}
    given = [
        {"day": "2026-10-01", "amount": "9000 TAO", "kind": kind},  # before the run: it is in the supply
        {"day": "2026-11-04", "amount": "50000 TAO", "kind": kind},
    ]
    found = world({**law, f"{CHAIN}.adjustments": given})
    record, chain, ledger = found.record(), found.networks[0].subnets.chain, found.ledger
    emitted = record.series["tao.emission_coin"]
    assert emitted == pytest.approx([7200 * before] * 3 + [7200 * after] * 3, abs=1)
    assert record.residuals == {"TAO": 0, "SN64": 0, "USD": 0}
    sign = {"mint": 1, "recycle": -1, "burn": 0}[kind]
    assert ledger.supply("TAO") == int(chain.row["issued"][0])
    created = 3 * 7200 * (before + after)
    assert ledger.supply("TAO") / 1e9 == pytest.approx(supply + sign * 50_000 + created, abs=1)
    (moved,) = [row.amount for row in record.flows if row.reason == "adjustment"]
    assert moved == 50_000 * 10**9
    # What is burned stands where nobody can spend it, and stays counted.
    assert (int(chain.row["stranded"][0]) >= moved) == (kind == "burn")


@pytest.mark.parametrize(("kind", "told"), [("recycle", "holders have"), ("mint", "are left to the cap")])
def test_an_adjustment_of_more_than_there_is_is_told(kind: str, told: str) -> None:
    given = [{"day": "2026-11-01", "amount": "10000000 TAO", "kind": kind}]
    with pytest.raises(ScenarioError, match=rf"adjustments: 10,000,000 TAO to {kind} on 2026-11-01 found; .*{told}"):
        world({f"{CHAIN}.adjustments": given, "horizon": "2 day"})
