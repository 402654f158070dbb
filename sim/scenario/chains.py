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
from sim.tokenomics.chains.bittensor.snapshot import BLOCK, SEEN, SOURCE


def of_chains(spec: Spec) -> Iterator[Assumption]:
    """One row a rule set that is in force on a day of the run, one for the state that it begins with, one a constant.

    Nothing without a network on a chain.
    """
    for name, network in spec.networks.items():
        if network.kind != "bittensor":
            continue
        path = f"networks.{name}.chain"
        for rules in in_force(network.chain.rules, spec.start, spec.horizon):
            yield Assumption(
                f"{path} from {max(rules.since, spec.start)}", f"rule set {rules.name}, spec {rules.spec}", "borrowed", rules.source,
                str(rules.since), "share of TAO, injection, pool", "rules",
            )  # fmt: skip
        yield Assumption(
            f"{path}: state at the start", f"reserves, alpha, EMA prices and burned shares of {network.chain.simulated} subnets at block {BLOCK}",
            "borrowed", SOURCE, SEEN, "shares of TAO, prices of alpha", "snapshot",
        )  # fmt: skip
        for key, one in {**CHAIN, **MAINNET}.items():
            yield Assumption(
                f"{path}: {key}", _shown(one.value), one.kind, one.source, one.read, one.changes, "constants"
            )


def _shown(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


def in_force(name: str, start: datetime.date, horizon_s: float) -> list[Rules]:
    """Rule sets of the days from `start` on, in order: one where a name is given."""
    end = start + datetime.timedelta(seconds=horizon_s)
    first = rules_on(name, start)
    return [first, *(one for one in RULES if name == DATED and start < one.since < end)]
