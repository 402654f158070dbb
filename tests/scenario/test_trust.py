"""What a file may not say of stake, checks and strategies, and how it is told."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import ScenarioError
from tests.world.small import HOME, scenario

NET = "networks.net"
LAZY = {"lazy": {"share": "60 %", "model": "llama-3.1-8b"}}
SAMPLING = {"kind": "sampling", "rate": "5 %"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {f"{NET}.slash": {"invalid": {"kind": "fraction", "share": "20 %"}}},
            r"networks\.net\.slash\.invalid: nothing is staked, so there is nothing to take \(add .*100 TOK",
        ),
        ({f"{NET}.slash": {"invlid": {"kind": "fraction", "share": "20 %"}}}, r"`invlid` is not a key.*`invalid`"),
        ({f"{NET}.stake": {"kind": "fixd", "amount": "1 TOK"}}, "did you mean `fixed`"),
        ({f"{NET}.stake": {"kind": "fixed", "amount": "1 USD"}}, "`amount` is in USD; stake is locked in coins"),
        ({f"{NET}.stake": {"kind": "fixed", "amount": "1 OTHER"}}, "OTHER"),
        ({f"{NET}.verify": {"kind": "sampling"}}, "rate"),
        (
            {f"{HOME}.strategies": {**LAZY, "more": {"share": "60 %", "model": "llama-3.1-8b"}}},
            "shares exceed 100 %; who has none is honest",
        ),
        ({f"{HOME}.strategies": {"lazy": {"share": "60 %"}}}, "`lazy` needs a cheaper model"),
        ({f"{HOME}.strategies": {"lazy": {"share": "60 %", "model": "llama-3.1-70b"}}}, "does not fit on rtx_4090"),
        ({f"{HOME}.strategies": {"lazy": {"share": "60 %", "model": "llama-3.1-9b"}}}, "did you mean `llama-3.1-8b`"),
    ],
)
def test_what_cannot_be_is_told(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        scenario(changes)


def test_strategies_are_taken_once_so_no_policy_changes_them() -> None:
    with pytest.raises(ScenarioError, match="sets up at its start"):
        scenario({"policies_from": "4 week"}, {"cheats": {f"{HOME}.strategies": LAZY}})


def test_a_file_without_trust_keeps_its_key_and_one_with_it_has_another() -> None:
    plain, said = scenario(), scenario({f"{NET}.verify": {"kind": "none"}})
    unsaid = scenario({f"{HOME}.stakes": "100 %", f"{HOME}.strategies": {}})
    keys = [one.cases()[0].case.key for one in (plain, unsaid, said)]
    assert keys[0] == keys[1] != keys[2]


def test_what_has_no_effect_is_noticed() -> None:
    told = " ".join(scenario({f"{HOME}.stakes": "50 %"}).notices)
    assert "stakes` has no effect: `net` asks for no stake" in told
    told = " ".join(scenario({
        f"{NET}.stake": {"kind": "fixed", "amount": "1 TOK"}, f"{NET}.slash": {"invalid": {"kind": "fraction", "share": "1 %"}},
    }).notices)  # fmt: skip
    assert "`networks.net.slash.invalid` has no effect: nobody checks answers there" in told
