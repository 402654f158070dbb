"""Nothing is lost in a whole run: coins, dollars, requests, and members of aggregate accounts, epoch by epoch."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import pytest

from sim.errors import InvariantError
from sim.records.run import RunRecord
from sim.serving.contract import Fate
from sim.units import DAY_S, PS_PER_S
from sim.world.calendar import Epoch
from sim.world.run import World
from sim.world.service import Served
from tests.world.small import CLOUD, LOGIT, POOL, PRICED, case

pytestmark = pytest.mark.compiled

WEEK_PS = 7 * DAY_S * PS_PER_S
EVERYTHING: dict[str, Any] = {
    "networks.net.market": {**POOL, "daily_sd": "5 %", "fee": "0.3 %"},
    "networks.net.supply": {"kind": "inflation", "rate": "5 %/year"},
    "networks.net.split": {
        "share": "60 %",
        "operators": "40 %",
        "validators": "30 %",
        "owner": "20 %",
        "treasury": "9 %",
        "holders": "1 %",
        "remainder": "owner",
    },
    "networks.net.payout": {"kind": "mix", "work_share": "70 %"},
    "networks.net.price": PRICED,
    "networks.net.settle": {"take_rate": "10 %", "sell": "90 %", "sell_others": "50 %"},
    "networks.net.burnmint": {
        "some": {"kind": "share", "share": "15 %"},
        "rest": {"kind": "share", "of": "take", "share": "50 %"},
    },
    "networks.net.operators.farm": {
        "nodes": 3,
        "gpu": "h100_sxm",
        "per_node": 2,
        "electricity": "0.08 USD/kWh",
        "capex": "10 kUSD",
        "lead": "10 day",
        "max_nodes": 12,
    },
    "networks.cloud": CLOUD,
    "workload.chat.demand": {**LOGIT, "start": {"net": "60 %", "cloud": "40 %"}},
    "horizon": "12 week",
}
"""Every flow that this version knows, in one run: 12 weeks with entries, take, burns, trades and a cloud beside it."""
MODES = {
    "capacity": {},
    "sampled": {"requests": {"mode": "sampled", "window": "20 s", "per_epoch": 1}, "horizon": "3 week"},
    "space": {
        "requests": {"mode": "sampled", "window": "20 s", "per_epoch": 1, "replicas": "40 %"},
        "horizon": "3 week",
        "networks.net.operators.home.nodes": 250,
        "networks.net.operators.home.max_nodes": 300,
    },
    "all": {"requests": {"mode": "all"}, "epoch": "10 min", "horizon": "30 min", "workload.chat.rate": "4 /s"},
}


class Watched(World):
    """A world that notes what holds at the end of each epoch."""

    def __init__(self, changes: dict[str, Any], replication: int = 0) -> None:
        super().__init__(case(changes), replication, "fast")
        self.residuals: list[dict[str, int]] = []
        self.columns: list[int] = []
        self.services: list[Served] = []
        self.wanted_counts: list[np.ndarray] = []

    def _served(self, network: Any, epoch: Epoch, wanted: np.ndarray) -> Served:
        served = super()._served(network, epoch, wanted)
        self.services.append(served)
        self.wanted_counts.append(wanted)
        return served

    def _close(self, epoch: Epoch) -> None:
        super()._close(epoch)
        self.residuals.append(self.ledger.residuals())
        column = self.ledger.column("net.operators", "TOK")
        self.columns.append(int(column.amounts.sum()) - self.ledger.balance("net.operators", "TOK"))


def total(run: RunRecord, currency: str, source: str = "", target: str = "", reason: str = "") -> int:
    return sum(
        row.amount
        for row in run.flows
        if row.currency == currency
        and source in ("", row.source)
        and target in ("", row.target)
        and reason in ("", row.reason)
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("market", ["pool", "path"])
def test_balances_and_members_sum_at_the_end_of_every_epoch(mode: str, market: str) -> None:
    price = {} if market == "pool" else {"networks.net.market": {"kind": "path", "start": "1 USD/TOK"}}
    world = Watched({**EVERYTHING, **MODES[mode], **price})
    run = world.run()
    assert len(world.residuals) == len(run.epoch_end_s)
    assert all(found == {"TOK": 0, "USD": 0} for found in [*world.residuals, run.residuals])
    assert set(world.columns) == {0}
    if market == "pool":
        held = world.ledger.balance("net.pool", "TOK"), world.ledger.balance("net.pool", "USD")
        assert held == (world.networks[-1].market.coins, world.networks[-1].market.usd)


@pytest.mark.parametrize("mode", MODES)
def test_fates_sum_to_the_requests_that_arrived(mode: str) -> None:
    world = Watched({**EVERYTHING, **MODES[mode]})
    run = world.run()
    fates = sum(run.counts[fate.name.lower()] for fate in Fate)
    assert fates == run.counts["measured_requests"]
    assert (run.counts["measured_requests"] > 0) == (mode != "capacity")
    if mode != "all":
        # Whole requests of an epoch; what is left of each class is carried to the next one, so less than one is missing.
        for offset in (0, 1):
            arrived = sum(s.arrived for s in world.services[offset::2])
            wanted = sum(float(w.sum()) for w in world.wanted_counts[offset::2])
            assert wanted - 1 < arrived <= wanted
    for served in world.services:
        assert (served.fates >= 0).all()
        assert int(served.fates.sum()) == served.arrived


def test_supply_is_genesis_and_what_was_minted_less_what_was_burned() -> None:
    run = Watched(EVERYTHING).run()
    minted = total(run, "TOK", source="minted")
    burned = total(run, "TOK", target="burned")
    assert burned > 0
    assert run.outcomes["net.supply_coin"] == (minted - burned) / 10**9
    assert total(run, "TOK", source="minted", reason="genesis") == 10**15
    days = run.epoch_end_s[-1] / DAY_S
    assert run.outcomes["net.burn_coin"] == pytest.approx(burned / 1e9 / days, rel=1e-9)


def test_emission_is_split_as_the_file_says() -> None:
    run = Watched(EVERYTHING).run()
    parts = {row.target: row.amount for row in run.flows if row.reason == "emission"}
    minted = sum(parts.values())
    shares = {"operators": 0.24, "validators": 0.18, "owner": 0.12, "treasury": 0.054, "holders": 0.006, "others": 0.4}
    # In each of 12 epochs five shares are rounded down, and twice each member's part of the operators': to the owner.
    least = 12 * (5 + 2 * 30)
    for name, share in shares.items():
        assert parts[f"net.{name}"] == pytest.approx(share * minted, abs=least), name


def test_payments_are_take_burns_and_what_operators_get() -> None:
    run = Watched(EVERYTHING).run()
    paid = total(run, "TOK", source="users")
    take, burned = (
        total(run, "TOK", source="users", target="net.treasury"),
        total(run, "TOK", source="users", target="burned"),
    )
    operators = total(run, "TOK", source="users", target="net.operators")
    assert paid == take + burned + operators
    assert take / paid == pytest.approx(0.05, rel=1e-6)  # half of a take of 10 % is burned
    assert burned / paid == pytest.approx(0.15 + 0.05, rel=1e-6)


def plant(at_ps: int, fault: Callable[[World], None]) -> Callable[[], RunRecord]:
    """A run in which a fault happens at an instant."""
    world = World(case(EVERYTHING), 0, "fast")

    def process() -> Generator[Any, None, None]:
        yield world.env.timeout(at_ps)
        fault(world)

    world.env.process(process())
    return world.run


def past_the_books(world: World) -> None:
    world.ledger._balances["USD"]["users"] += 1


def overdraw(world: World) -> None:
    world.ledger.transfer("planted fault", "USD", 5, "net.treasury", "users")


def member(world: World) -> None:
    world.ledger.column("net.operators", "TOK").amounts[3] += 1


def reserve(world: World) -> None:
    world.networks[-1].market.usd += 1


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (past_the_books, r"epoch 2: balances of USD sum to \+1 base units beside minted - burned; last posting: \w"),
        (overdraw, "epoch 2: net.treasury holds -5 USD base units; first overdrawn by planted fault: 5 USD base units"),
        (member, r"epoch 2: members of net\.operators hold \d+ TOK base units, the account \d+; last posting: \w"),
        (reserve, r"epoch 2: net's pool counts \d+ USD base units, its account holds \d+"),
    ],
)
def test_a_broken_law_stops_the_run_at_its_epoch_and_names_a_posting(
    fault: Callable[[World], None], message: str
) -> None:
    with pytest.raises(InvariantError, match=message):
        plant(2 * WEEK_PS + WEEK_PS // 2, fault)()


def test_an_epoch_whose_service_breaks_a_law_stops_the_run() -> None:
    fates = np.zeros((1, len(Fate)), np.int64)
    fates[0, Fate.COMPLETED] = 3
    zeros = np.zeros(1, np.int64)
    served = Served(fates, zeros, zeros, np.array([4]), zeros, zeros, zeros, None, 0.0, 1.0)
    with pytest.raises(InvariantError, match=r"epoch 5, net: fates .* with \[4\] within SLO"):
        served.check("epoch 5, net")
