"""Outcome sentences: what an economist would say aloud, as YAML, and run.

A case has `name` (the sentence), `kind` (table.kind that it is about), `scenario` (a file), `given` (values by dotted path
for both runs), `differs` (values of the second run only), `period` (`from`, `until`: the outcome's mean over the epochs
that end in it), `outcome`, `unit` (the outcome table's), and `expect`: `value`, or `times_base` (ratio to the first run),
or `plus_base` (difference from it), with `margin` (a number, or `1 %`) and `because`, the reason for number and margin.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.records.outcomes import OUTCOMES
from sim.records.run import RunRecord
from sim.scenario import load
from sim.scenario.scenario import ResolvedCase
from sim.tokenomics.burnmint import BURNMINT
from sim.tokenomics.demand import DEMAND
from sim.tokenomics.market import MARKET
from sim.tokenomics.payment import PAYMENT
from sim.tokenomics.payout import PAYOUT
from sim.tokenomics.price import PRICE
from sim.tokenomics.slash import SLASH
from sim.tokenomics.stake import STAKE
from sim.tokenomics.supply import SUPPLY
from sim.tokenomics.treasury import TREASURY
from sim.tokenomics.verify import VERIFY
from sim.units import Quantity
from sim.world import run

pytestmark = pytest.mark.compiled

FOLDER = Path(__file__).parent
TABLES = {
    "supply": SUPPLY,
    "payout": PAYOUT,
    "price": PRICE,
    "payment": PAYMENT,
    "burnmint": BURNMINT,
    "treasury": TREASURY,
    "market": MARKET,
    "demand": DEMAND,
    "stake": STAKE,
    "slash": SLASH,
    "verify": VERIFY,
}
KEYS = {"name", "kind", "scenario", "given", "differs", "period", "outcome", "unit", "expect"}
CASES = [case for file in sorted(FOLDER.glob("*.yaml")) for case in yaml.load(file.read_text(), yaml.BaseLoader)]
"""Every scalar stays the text that was written: dates, numbers and amounts go into the scenario as they stand."""


def resolved(case: dict[str, Any], differs: dict[str, Any]) -> ResolvedCase:
    """The base policy of the scenario with the case's values."""
    values = {**case.get("given", {}), **differs}
    (found,) = load(FOLDER / case["scenario"], [(path, flow(value)) for path, value in values.items()]).cases()
    return found


def flow(value: Any) -> str:
    """A value as one line of YAML, scalars as they were written."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    return str(value)


def kinds_used(found: ResolvedCase) -> set[str]:
    """table.kind of everything in the resolved scenario."""
    used = {f"demand.{block.demand.kind}" for block in found.after.workload.values()}
    for network in found.after.networks.values():
        for table in ("supply", "payout", "price", "market", "stake", "verify"):
            if (block := getattr(network, table, None)) is not None:
                used.add(f"{table}.{block.kind}")
        if network.settle.via is not None:
            used.add(f"payment.{network.settle.via.kind}")
        slash = getattr(network, "slash", None)
        for offence in ("invalid", "downtime", "termination"):
            if slash is not None and (penalty := getattr(slash, offence)) is not None:
                used.add(f"slash.{penalty.kind}")
        used |= {f"treasury.{rule.kind}" for rule in getattr(network, "treasury", {}).values()}
        used |= {f"burnmint.{rule.kind}" for rule in getattr(network, "burnmint", {}).values()}
    return used


def seconds(text: str) -> float:
    return float(Quantity("duration").read(text))


def mean_in_period(record: RunRecord, case: dict[str, Any]) -> float:
    begin, end = seconds(case["period"]["from"]), seconds(case["period"]["until"])
    pairs = zip(record.epoch_end_s, record.series[case["outcome"]], strict=True)
    values = [value for at, value in pairs if begin < at <= end]
    assert values, f"no epoch ends in {case['period']}"
    assert None not in values, f"{case['outcome']} is not known in every epoch of {case['period']}"
    return sum(value for value in values if value is not None) / len(values)


def margin_of(margin: str, expected: float) -> float:
    return float(margin[:-1]) / 100 * abs(expected) if margin.endswith("%") else float(margin)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_sentence_holds(case: dict[str, Any]) -> None:
    one = resolved(case, case["differs"])
    assert case["kind"] in kinds_used(one)
    assert case["unit"] == OUTCOMES[case["outcome"].partition(".")[2]].unit
    got = mean_in_period(run(one, 0), case)
    expect = case["expect"]
    if "value" in expect:
        expected = float(expect["value"])
    else:
        base = mean_in_period(run(resolved(case, {}), 0), case)
        expected = base * float(expect["times_base"]) if "times_base" in expect else base + float(expect["plus_base"])
    assert abs(got - expected) <= margin_of(expect["margin"], expected), f"{case['name']}: {got} {case['unit']}"


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_sentence_is_complete(case: dict[str, Any]) -> None:
    assert set(case) <= KEYS
    assert set(case) >= KEYS - {"given"}
    assert set(case["expect"]) - {"value", "times_base", "plus_base"} == {"margin", "because"}
    assert len(set(case["expect"]) & {"value", "times_base", "plus_base"}) == 1
    assert len(case["expect"]["because"]) > 20
    assert margin_of(case["expect"]["margin"], 1.0) <= 1.0


def test_no_two_sentences_are_the_same() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("table", TABLES)
def test_every_kind_has_a_sentence(table: str) -> None:
    told = {case["kind"] for case in CASES}
    silent = [kind for kind in TABLES[table] if f"{table}.{kind}" not in told]
    assert not silent, f"{table}: no outcome sentence for {', '.join(silent)}; write one in tests/outcomes/{table}.yaml"
