"""Dated rule sets: which holds when, and that every number they rest on says where it is from."""

from __future__ import annotations

import datetime
import itertools

import pytest

from sim.tokenomics.chains.bittensor.constants import CHAIN, MAINNET
from sim.tokenomics.chains.bittensor.rules import CAPS, GATES, RULES, SHARES, by_date, by_name, by_spec


def test_rule_sets_follow_each_other_in_date_and_in_spec() -> None:
    for one, other in itertools.pairwise(RULES):
        assert one.since < other.since
        assert one.spec < other.spec
    assert len({rules.name for rules in RULES}) == len(RULES)


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2025-02-13", "price"),
        ("2025-11-03", "price_v3"),
        ("2025-11-04", "flow"),
        ("2026-06-24", "net_flow"),
        ("2026-06-25", "root_price"),
        ("2026-07-01", "price_unburned"),
        ("2026-08-03", "gated"),
        ("2026-10-08", "gated_again"),
    ],
)
def test_a_rule_set_holds_from_its_own_day(day: str, name: str) -> None:
    assert by_date(datetime.date.fromisoformat(day)).name == name


@pytest.mark.parametrize(
    ("spec", "name"), [(348, "flow"), (425, "price_unburned"), (441, "gated"), (475, "gated_again")]
)
def test_a_spec_version_has_the_rules_of_the_last_change(spec: int, name: str) -> None:
    assert by_spec(spec).name == name


def test_what_is_before_the_first_rule_set_is_told() -> None:
    with pytest.raises(LookupError, match="2025-01-01 found; subnets have had alpha since 2025-02-13"):
        by_date(datetime.date(2025, 1, 1))
    with pytest.raises(LookupError, match="spec 100 found"):
        by_spec(100)
    with pytest.raises(LookupError, match=r"no rule set 'netflow'.*nearest: net_flow"):
        by_name("netflow")


def test_rule_sets_use_known_rules() -> None:
    for rules in RULES:
        assert rules.share in SHARES
        assert rules.cap in CAPS
        assert rules.gate in GATES
        assert rules.source


def test_every_constant_says_where_it_is_from() -> None:
    for name, constant in [*CHAIN.items(), *MAINNET.items()]:
        assert len(constant.source) > 20, name
        assert datetime.date.fromisoformat(constant.read) <= datetime.date(2026, 11, 28), name
        assert constant.kind in ("borrowed", "fitted", "assumed"), name


def test_the_codes_of_rows_are_those_of_the_kernels() -> None:
    from sim.kernels.bittensor import layout

    assert list(range(5)) == [
        layout.PRICE,
        layout.FLOW,
        layout.NET_FLOW,
        layout.PRICE_UNBURNED,
        layout.ROOT_PRICE_UNBURNED,
    ]
    assert SHARES == ("price", "flow", "net_flow", "price_unburned", "root_price_unburned")
    assert tuple(range(len(CAPS))) == (layout.WHOLE, layout.BY_ALPHA, layout.BY_ALPHA_AND_TAO, layout.BY_ROOT)
    assert tuple(range(len(GATES))) == (layout.NO_GATE, layout.BY_RANK, layout.BY_QUANTILE)
    assert set(RULES[0].fields()) <= set(layout.CHAIN.names or ())
