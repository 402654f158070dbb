"""Owners who buy their own service, for a share of a pool that is paid by use.

They buy the token that is cheapest, as emission counts tokens; nobody computes it. What they pay goes where every payment goes:
take and burns leak, the rest comes back to them as fees. Doing so on a day is found out with the strategy's chance; that is an
offence (`slash.invalid`), and nobody deals at a slot that is barred.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from sim.streams import Streams
from sim.tokenomics.operators.strategies import dealt, slots_of
from sim.world.calendar import Epoch
from sim.world.service import Served, share_out

if TYPE_CHECKING:
    from sim.world.network import NetworkState
    from sim.world.people import Owners


@dataclasses.dataclass(frozen=True)
class Dealt:
    """Tokens that dealers buy of each slot, int64, of one `column` (0 prompt, 1 output), and their price in USD."""

    tokens: np.ndarray
    column: int
    usd_per_token: float

    @property
    def usd(self) -> float:
        """What they pay at the price list."""
        return float(self.tokens.sum()) * self.usd_per_token


def dealers(network: NetworkState, streams: Streams) -> np.ndarray:
    """Bool[slots]: slots whose strategy is to buy their own service, by the draws of `strategies`."""
    mask = np.zeros(network.slots, bool)
    for owners, span in zip(network.owners, network.spans, strict=True):
        strategies = network.block.operators[owners.name].strategies
        for name, mine in disposed(network, owners, streams).items():
            if strategies[name].kind == "self_dealing":
                mask[span] |= mine
    return mask


def disposed(network: NetworkState, owners: Owners, streams: Streams) -> dict[str, np.ndarray]:
    """Bool[slots of the class] of each strategy by name, by draws that belong to slots."""
    strategies = network.block.operators[owners.name].strategies
    if not strategies:
        return {}
    return slots_of(strategies, streams[f"strategies.{network.name}.{owners.name}"].uniforms(0, owners.block.slots))


def by_work(network: NetworkState) -> float:
    """Part of what operators are paid in coins that is shared by work; the rest goes by time, stake or what else."""
    payout = getattr(network.block, "payout", None)
    return float(getattr(payout, "work_share", 1.0 if payout is not None and payout.kind == "work" else 0.0))


def leakage(network: NetworkState) -> float:
    """Part of a payment that does not come back to who paid himself: take, make fee and burns."""
    settle = network.block.settle
    lost = (settle.take_rate + settle.make_rate) * (1 - settle.fee_discount)
    if network.terms.pay == "coin":
        lost += sum(rule.share for rule in network.block.burnmint.values() if getattr(rule, "of", "") == "payments")
    return float(min(lost, 1.0))


def deal(network: NetworkState, epoch: Epoch, served: Served, weights: np.ndarray) -> Dealt | None:
    """What dealers buy in an epoch: the best reply to the use of others; None where nobody deals or nothing is paid by use."""
    mine = network.checks.dealing & network.live_mask()
    mine[[slot for slot, until in network.checks.barred_before.items() if until > epoch.start_ps]] = False
    asked = network.prices_usd(epoch.start_ps)
    column = 0 if asked.input <= asked.output else 1
    price = (asked.input, asked.output)[column] / 1e6
    if network.coin is None or not mine.any() or not weights.any() or price <= 0:
        return None
    use = (int(served.prompt.sum()) + int(served.output.sum())) * price * weights.sum(axis=1) / weights.sum()
    emission = network.emission_coin_per_day(epoch).get("operators", 0.0) * epoch.days * network.coin_usd
    own = float(use[mine].sum())
    usd = dealt(emission * by_work(network), float(use.sum()) - own, leakage(network), own)
    if usd > 0:
        for scheme, slot in network.schemes.able("self_dealing", epoch):
            network.schemes.act(scheme, slot, epoch)
    return Dealt(share_out(int(usd / price), mine.astype(float)), column, price)


def with_dealt(weights: np.ndarray, served: Served, bought: Dealt | None) -> np.ndarray:
    """By what emission is shared: tokens that dealers bought count like all others."""
    if bought is None:
        return weights
    more = np.zeros_like(weights)
    more[:, bought.column] = bought.tokens * (weights.sum() / (int(served.prompt.sum()) + int(served.output.sum())))
    return weights + more
