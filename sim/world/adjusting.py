"""Corrections of what a chain has issued, on their day: coins made, taken back to be made again, or put where nobody can spend them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.errors import ScenarioError
from sim.tokenomics.chains.bittensor.issuance import CAP
from sim.tokenomics.coin import to_base
from sim.world.calendar import DAY_PS

if TYPE_CHECKING:
    from sim.tokenomics.chains.bittensor.block import Adjustment
    from sim.tokenomics.chains.bittensor.chain import Chain
    from sim.world.calendar import Epoch
    from sim.world.network import NetworkState


class Adjusting:
    """State of one network: which of its adjustments are done."""

    def __init__(self, network: NetworkState, chain: Chain) -> None:
        self.network, self.chain = network, chain
        self.done: list[Adjustment] = []

    def act(self, epoch: Epoch) -> None:
        """Do those whose day has come by the epoch's start; what was before the run is in the supply it begins with.

        Raises `ScenarioError` for one that holders have not the TAO for, or that passes the cap.
        """
        # A policy may state others: what is done is known by what it was, two that are alike one after the other.
        left = list(self.done)
        for one in self.network.block.chain.adjustments or ():
            begins_ps = (one.day - self.network.start_date).days * DAY_PS
            if one in left:
                left.remove(one)
            elif 0 <= begins_ps <= epoch.start_ps:
                self.done.append(one)
                self._do(one, to_base(one.amount, 9))

    def _do(self, one: Adjustment, amount: int) -> None:
        network, row = self.network, self.chain.row
        ledger, ticker, holders = network.ledger, network.ticker, network.account("holders")
        if one.kind == "mint":
            most = CAP - int(row["issued"][0])
            told = f"{most / 1e9:,.0f} are left to the cap"
        else:
            most = ledger.balance(holders, ticker)
            told = f"holders have {most / 1e9:,.0f}"
        if amount > most:
            raise ScenarioError(
                f"networks.{network.name}.chain.adjustments: {amount / 1e9:,.0f} TAO to {one.kind} on {one.day} found; {told}"
            )
        if one.kind == "mint":
            ledger.mint("adjustment", ticker, amount, holders)
            row["issued"] += amount
            row["free"] += amount
            return
        row["free"] -= amount
        if one.kind == "recycle":
            ledger.burn("adjustment", ticker, amount, holders)
            row["issued"] -= amount
            row["recycled"] += amount
        else:
            ledger.transfer("adjustment", ticker, amount, holders, network.account("subnets"))
            row["stranded"] += amount
