"""Every full network in one world with the cloud, for the same users: `scenarios/every-network.yaml`."""

from __future__ import annotations

from pathlib import Path
from statistics import mean

import pytest

from sim.records.run import RunRecord
from sim.scenario import load
from sim.world import run

FILE = Path(__file__).parents[2] / "scenarios" / "every-network.yaml"
COINS = ("asi_cloud", "singularitynet", "gensyn", "gonka", "akash", "render", "helium_2020", "helium_2026")
NOT_BUYING = 0.4
"""Default of a logit: of all would-be users at the start."""
PAGE = (FILE.parents[1] / "docs" / "every-network.md").read_text(encoding="utf-8")
TOLD = [
    [cell.strip(" `") for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| `")
]
"""Rows of the page's table."""


def world(horizon: str) -> RunRecord:
    (case,) = load(FILE, sets=[f"horizon={horizon}"]).cases()
    return run(case, 0)


def values(record: RunRecord, name: str) -> list[float]:
    return [value for value in record.series[name] if value is not None]


def held(record: RunRecord) -> None:
    """What holds of every run of this world, however long."""
    # The ledger and the adding-up of surpluses stop a run in which an epoch does not balance, or an account falls below 0.
    assert set(record.residuals.values()) == {0}
    for name in (*COINS, "cloud"):
        nodes = values(record, f"{name}.nodes")
        assert min(nodes) >= 0.2 * nodes[0], name
        # A share of all would-be users, 1.67 base demands: not all buy, and nobody is left alone.
        assert min(values(record, f"{name}.share_frac")) > 0
    shares = [sum(day) for day in zip(*(values(record, f"{n}.share_frac") for n in (*COINS, "cloud")), strict=True)]
    assert all(share < 1 / (1 - NOT_BUYING) for share in shares)
    # No network leaves what its file calls plausible, none fills its slots.
    assert record.notes == []


@pytest.mark.long
def test_sixty_days_balance_and_the_same_seed_gives_the_same_bytes() -> None:
    one, other = (world("60 day") for _ in range(2))
    held(one)
    assert one.to_json() == other.to_json()


@pytest.mark.long
def test_a_price_that_falls_where_capacity_is_idle_wins_users_of_all_others() -> None:
    record = world("60 day")
    shares = {name: values(record, f"{name}.share_frac") for name in (*COINS, "cloud")}
    prices = {name: values(record, f"{name}.price_paid_usd_per_mtok") for name in (*COINS, "cloud")}
    # Gonka's price begins at 0.062 USD/Mtok and ticks down until its hosts are busy; lists stay where they were.
    assert prices["gonka"][-1] < 0.5 * min(price[-1] for name, price in prices.items() if name != "gonka")
    assert shares["gonka"][0] > 2 * 0.10
    # At the start's prices each would have had its share of purchases; the cloud, in a nest of its own, loses least.
    begun = {"gonka": 0.10, "cloud": 0.35} | dict.fromkeys(("render", "helium_2020", "helium_2026"), 0.05)
    kept = {name: share[0] / begun.get(name, 0.10) for name, share in shares.items()}
    assert all(kept["cloud"] > kept[name] for name in COINS if name != "gonka")


@pytest.mark.slow
@pytest.mark.compiled
@pytest.mark.long
def test_two_years_balance_and_nobody_dies() -> None:
    record = world("2 year")
    assert len(record.epoch_end_s) == 731
    held(record)


@pytest.mark.slow
@pytest.mark.compiled
@pytest.mark.long
def test_the_pages_table_is_that_of_the_scenarios_runs() -> None:
    (case,) = load(FILE).cases()
    runs = [run(case, replication) for replication in range(case.before.seeds.replications)]
    assert [row[0] for row in TOLD] == ["cloud", *sorted(COINS, key=[row[0] for row in TOLD].index)]
    for name, _, day_1, share, price, first, nodes in TOLD:
        paid, there = (
            [values(one, f"{name}.{outcome}") for one in runs] for outcome in ("price_paid_usd_per_mtok", "nodes")
        )
        assert day_1 == f"{100 * mean(of_purchases(one, name, 0) for one in runs):.1f} %"
        assert share == spread([100 * of_purchases(one, name, -1) for one in runs], ".1f", " %")
        assert price == f"{mean(mean(one[366:]) for one in paid):.3f}"
        assert first == f"{mean(one[0] for one in there):.0f}"
        assert nodes == spread([one[-1] for one in there], ".0f", "")
    # Nobody dies, as the page says: half of the first nodes are the fewest that any network had.
    for one in runs:
        held(one)
        assert all(min(values(one, f"{name}.nodes")) >= 0.5 * values(one, f"{name}.nodes")[0] for name, *_ in TOLD)


def of_purchases(record: RunRecord, name: str, day: int) -> float:
    """A network's part of what all users buy on a day."""
    bought = {other: values(record, f"{other}.share_frac")[day] for other in (*COINS, "cloud")}
    return bought[name] / sum(bought.values())


def spread(found: list[float], form: str, unit: str) -> str:
    """The mean, and where runs differ as shown the lowest and highest, as the page writes them."""
    low, high = (f"{end:{form}}" for end in (min(found), max(found)))
    told = f"{mean(found):{form}}{unit}"
    return told if low == high else f"{told} ({low} to {high})"
