"""Surpluses of all parties add up to value served - resource cost + change of market value, epoch by epoch, or the run stops."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.errors import InvariantError
from sim.scenario import load
from sim.scenario.library import preset_names
from sim.units import DAY_S, PS_PER_S
from sim.world.calendar import Epoch
from sim.world.columns import Written
from sim.world.run import World
from tests.world.small import HOME, LOGIT, PRICED, case
from tests.world.test_checks import SERVES, lazy, watched
from tests.world.test_conservation import EVERYTHING

pytestmark = pytest.mark.compiled

FILE = """
format: 1
name: Three weeks of {preset}
start: 2026-11-01
horizon: 21 day
epoch: 1 day
requests: {{mode: capacity}}
initial: given
workload:
  chat: {{extends: chat_steady, model: llama-3.1-8b, rate: 120 /s, demand: {{kind: logit, elasticity: -1.2}}}}
networks:
  net: {{extends: {preset}}}
policies: {{base: {{}}}}
compare: {{baseline: base, coin_price: [{coin_price}]}}
"""


class Watched(World):
    """A world that notes each party's surplus in each epoch. It runs interpreted: the compiled economy gives the same bytes."""

    def __init__(self, resolved: Any) -> None:
        super().__init__(resolved, 0, "loop")
        self.surpluses: list[dict[str, float]] = []
        self.others_usd: list[float] = []
        """What there is of all currencies but each network's coin and dollars, at closing prices: alpha of Bittensor's subnets."""

    def _close(self, epoch: Epoch) -> None:
        super()._close(epoch)
        self.surpluses.append(self.adding_up.surplus_usd)
        chains = [network.subnets for network in self.networks if network.subnets is not None]
        prices = {ticker: pusd for chain in chains for ticker, pusd in chain.prices_pusd().items()}
        self.others_usd.append(sum(self.ledger.supply(ticker) / 1e9 * pusd / 1e12 for ticker, pusd in prices.items()))


def _cells() -> list[Any]:
    """Every preset under both kinds of coin price; Bittensor's earlier rule sets under one of them, the other is slow."""
    earlier = {name for name in preset_names("networks") if name.startswith("bittensor_")}
    return [
        pytest.param(preset, kind, marks=[pytest.mark.slow] if preset in earlier and kind == "path" else [])
        for preset in preset_names("networks")
        for kind in ("pool", "path")
    ]


@pytest.mark.parametrize(("preset", "coin_price"), _cells())
def test_every_preset_adds_up_every_epoch(tmp_path: Path, preset: str, coin_price: str) -> None:
    file = tmp_path / "weeks.yaml"
    file.write_text(FILE.format(preset=preset, coin_price=coin_price))
    (resolved,) = load(file).cases()
    world = Watched(resolved)
    # Each epoch is checked as it closes, its parties and its told figures one by one; here their sum once more, from the book.
    record = world.run()
    assert len(world.surpluses) == 21
    series = {name.removeprefix("net."): values for name, values in record.series.items()}
    for day in range(1, 21):
        value = [
            (series.get("supply_coin", [0] * 21)[d] or 0) * (series.get("coin_usd", [0] * 21)[d] or 0)
            + world.others_usd[d]
            for d in (day - 1, day)
        ]
        column = world.book.columns["net"]["resource_cost_usd_per_mtok"]
        assert isinstance(column, Written)
        used = column[day]
        assert isinstance(used, tuple)
        # Users' gas and credits are in no series: those who pay through channels pay gas, akash's hold credits.
        more = {"akash": 2_000.0, "asi_cloud": 20.0, "singularitynet": 20.0}.get(preset, 0.0)
        assert sum(world.surpluses[day].values()) == pytest.approx(value[1] - value[0] - used[0], abs=1e-3 + more)
        # With what users have of it beyond what they pay, and without what coins are worth more: total surplus.
        served = record.series["world.consumer_surplus_usd_per_day"][day] + series["revenue_usd_per_day"][day]
        gained = sum(world.surpluses[day].values()) - (value[1] - value[0])
        told = record.series["world.total_surplus_usd_per_day"][day]
        assert told == pytest.approx(served + gained, abs=1e-3 + more)


def test_total_surplus_is_not_told_where_the_value_of_what_was_served_is_not_known() -> None:
    name = "world.total_surplus_usd_per_day"
    served = {"workload.chat.demand": LOGIT, "networks.net.price": PRICED}
    assert World(case({**served, "horizon": "2 week"}), 0, "loop").run().outcomes[name] is not None
    unbounded = World(case({"horizon": "2 week"}), 0, "loop").run()
    assert name not in unbounded.outcomes and "fixed demand" in unbounded.unsupported[name]
    dealer = {f"{HOME}.strategies": {"dealer": {"kind": "self_dealing", "share": "10 %"}}}
    dealing = World(case({**served, **dealer, "horizon": "2 week"}), 0, "loop").run()
    assert name not in dealing.outcomes and "dealers buy of themselves" in dealing.unsupported[name]


def test_what_each_party_gains_in_a_world_done_in_the_head() -> None:
    # 20 nodes at 2.4 USD a day, 49 TOK of a dollar a day, all for operators; use is free, nothing else moves.
    world = Watched(case({"horizon": "3 week"}))
    world.run()
    for surplus in world.surpluses:
        assert surplus == pytest.approx(
            {"users": 0, "operators": 7 * (49 - 20 * 2.4), "stakers": 0, "treasury": 0, "holders": 0, "outside": 0},
            abs=1e-5,
        )


def test_parties_share_a_rise_of_the_price_by_what_they_hold() -> None:
    shock = [{"at": "1 week", "target": "networks.net.market", "by": "+50%", "lasts": "1000 day", "shape": "step"}]
    held = {
        "networks.net.coin": {
            "ticker": "TOK",
            "decimals": 9,
            "supply": "1 MTOK",
            "held": {"treasury": "40 %", "validators": "10 %"},
        }
    }
    world = Watched(case({"horizon": "3 week", "shocks": shock, **held, "networks.net.settle": {"sell": "0 %"}}))
    world.run()
    second = world.surpluses[1]
    assert [second[party] for party in ("treasury", "stakers", "holders")] == pytest.approx([200e3, 50e3, 250e3])
    # Operators kept 343 coins of week 1, and get as many at 1.5 USD.
    assert second["operators"] == pytest.approx(343 * 0.5 + 343 * 1.5 - 7 * 48)


def test_rewards_of_checkers_are_income_of_operators() -> None:
    watch = watched("5 %", tolerance="1 %")
    slash = {"networks.net.slash": {"invalid": {"kind": "fraction", "share": "10 %", "to": "checkers"}}}
    world = Watched(case({**SERVES, **watch, **slash, **lazy(), "horizon": "4 week"}))
    record = world.run()
    taken = {row.target: row.amount for row in record.flows if row.reason == "slash"}
    assert set(taken) == {"net.operators"} and taken["net.operators"] > 0
    # What one loses another has: together they gain what they did, week by week, where nothing is taken.
    untouched = Watched(case({**SERVES, **watch, **lazy(), "networks.net.slash": {}, "horizon": "4 week"}))
    untouched.run()
    for one, other in zip(world.surpluses, untouched.surpluses, strict=True):
        assert one["operators"] == pytest.approx(other["operators"], rel=0.02)


def gift(world: World) -> None:
    amounts = np.zeros(world.networks[-1].slots, np.int64)
    amounts[0] = 10**9
    ledger = world.ledger
    ledger.post_column("planted fault", "TOK", "net.treasury", amounts, ledger.column("net.operators", "TOK"))


def refund(world: World) -> None:
    world.ledger.transfer("planted fault", "TOK", 10**9, "net.treasury", "users")


def bill(world: World) -> None:
    world.ledger.transfer("owners' funds", "USD", 10**9, "outside", "net.operators")
    world.ledger.transfer("power and hosting", "USD", 10**9, "net.operators", "outside")


def secret(world: World) -> None:
    world.ledger.transfer("planted fault", "USD", 10**9, "outside", "net.secret")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (gift, r"epoch 2: surpluses do not add up: net's line tells \S+ USD for operators, its postings \S+"),
        (refund, r"epoch 2: surpluses do not add up: net's line tells \S+ USD for users, its postings \S+"),
        (bill, r"epoch 2: surpluses do not add up: net's line tells \S+ USD for resources, its postings \S+"),
        (
            secret,
            r"epoch 2: surpluses do not add up: account net\.secret of 1000000000 USD base units belongs to no party",
        ),
    ],
)
def test_a_planted_fault_stops_the_run_at_its_epoch(fault: Callable[[World], None], message: str) -> None:
    world = World(case(EVERYTHING), 0, "fast")

    def process() -> Generator[Any, None, None]:
        yield world.env.timeout(int(2.5 * 7 * DAY_S) * PS_PER_S)
        fault(world)

    world.env.process(process())
    with pytest.raises(InvariantError, match=message) as caught:
        world.run()
    assert caught.value.exit_code == 3
