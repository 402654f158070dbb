"""What a scenario on a chain rests on beside its own keys: the rule sets in force, and every constant of the chain."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from sim.records.study import Assumption
from sim.scenario.spec import Spec
from sim.tokenomics.chains.bittensor.block import DATED
from sim.tokenomics.chains.bittensor.constants import CHAIN, MAINNET
from sim.tokenomics.chains.bittensor.genesis import rules_on
from sim.tokenomics.chains.bittensor.rules import RULES, Rules


def of_chains(spec: Spec) -> Iterator[Assumption]:
    """One row a rule set that is in force on a day of the run, one a constant; nothing without a network on a chain."""
    for name, network in spec.networks.items():
        if network.kind != "bittensor":
            continue
        path = f"networks.{name}.chain"
        for rules in in_force(network.chain.rules, spec.start, spec.horizon):
            yield Assumption(
                f"{path} from {max(rules.since, spec.start)}", f"rule set {rules.name}, spec {rules.spec}", "borrowed", rules.source,
                str(rules.since), "share of TAO, injection, pool", "rules",
            )  # fmt: skip
        for key, one in {**CHAIN, **MAINNET}.items():
            yield Assumption(f"{path}: {key}", f"{one.value:g}", one.kind, one.source, one.read, "", "constants")


def in_force(name: str, start: datetime.date, horizon_s: float) -> list[Rules]:
    """Rule sets of the days from `start` on, in order: one where a name is given."""
    end = start + datetime.timedelta(seconds=horizon_s)
    first = rules_on(name, start)
    return [first, *(one for one in RULES if name == DATED and start < one.since < end)]
