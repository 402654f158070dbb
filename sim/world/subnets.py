"""The chain under a network of kind `bittensor`: in each epoch its blocks go by, validators score what was served, alpha is paid and sold.

Order within an epoch: rules of the day; scores take in what the epoch served; the owner's coins buy alpha; then from tempo to tempo
validators write, the subnet's epoch is held, who earned alpha sells a part of it, stakers buy or sell; last, stakers' pull and the
prices of all other subnets. Every trade is one with the pool, exact to the rao, and a posting; at the end the ledger's TAO and alpha
must be the chain's, or the run stops.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import InvariantError, ScenarioError
from sim.tokenomics.chains.bittensor import BLOCKS_A_DAY, RAO, genesis
from sim.tokenomics.chains.bittensor.balancer import SwapError
from sim.tokenomics.chains.bittensor.coinbase import run_block
from sim.tokenomics.chains.bittensor.constants import MAINNET
from sim.tokenomics.chains.bittensor.network import BLOCK_PS, Closed, Network, alpha_of
from sim.tokenomics.coin import to_base
from sim.tokenomics.ledger import MINTED
from sim.tokenomics.market import innovation
from sim.tokenomics.market.trade import pro_rata
from sim.units import DAY_S, PS_PER_S
from sim.world.adjusting import Adjusting
from sim.world.agents import Agents
from sim.world.book import Line
from sim.world.elections import Paid, told
from sim.world.registering import Registering
from sim.world.service import share_out
from sim.world.voting import PARTIES, Voting

if TYPE_CHECKING:
    from sim.world.calendar import Epoch
    from sim.world.money import Account
    from sim.world.network import NetworkState
    from sim.world.service import Served

PARTS = 10**18
MOST_OF_STAKE: float = MAINNET["most_of_stake"].value
"""Part of what is staked that traders of other subnets sell in an epoch at most."""


class Subnets:
    """State of one network. Rows are those of the chain; `served` are the ones whose miners are the network's operators."""

    def __init__(self, network: NetworkState) -> None:
        self.network, block = network, network.block.chain
        issued, root = to_base(network.coin.supply, 9), to_base(block.root, 9)  # type: ignore[union-attr]
        try:
            self.chain = genesis.begin(block, network.start_date, issued, root)
        except (LookupError, ValueError) as error:
            raise ScenarioError(f"networks.{network.name}.chain: {error}") from None
        netuids = self.chain.subnets["netuid"].tolist()
        self.served = [netuids.index(netuid) for netuid in block.serves]
        self.others = [row for row in range(len(netuids)) if row not in self.served]
        self.tickers = tuple(alpha_of(netuid) for netuid in block.serves)
        self.clock = Network(self.chain, self.served, 0, block.reveal)
        self.uids = genesis.Uids.of(block)
        self.voting = Voting(network, self.chain, self.served)
        self.first_price = self.prices()
        self.astray = np.zeros(len(netuids))
        """Logarithm of each other subnet's price over that at the start, where its process stands."""
        self.registering = Registering(self)
        self.agents = Agents(self)
        self.adjusting = Adjusting(network, self.chain)
        self._emitted: dict[int, int] = {}
        """Rao of alpha that an epoch created for people, by row of a subnet that serves: what goes into its pool is not theirs."""
        self.told: Line = {}
        """What the last epoch told of validators."""
        self.drift_tao = dict.fromkeys(self.served, 0.0)
        """TAO for which stakers of a subnet that serves buy its alpha a day, beside what pulls them; negative: they sell."""
        trial = self.chain.subnets.copy()
        first = self.chain.row.copy()
        run_block(first, trial)
        self.chain.row["emission"], self._first_share = first["emission"], trial["share"].copy()
        self._first_excess = trial["excess"].astype(float) / RAO * BLOCKS_A_DAY
        """TAO a day that buys alpha by the chain's own rule at the start."""

    # -- reading ------------------------------------------------------------------------------------------------

    def prices(self) -> np.ndarray:
        """TAO an alpha of each row, spot."""
        rows = self.chain.subnets
        weight = rows["weight"] / PARTS
        return np.asarray((1 - weight) / weight * rows["tao"] / rows["alpha_in"])

    def price(self, row: int) -> float:
        """TAO an alpha, spot."""
        return float(self.prices()[row])

    def prices_pusd(self) -> dict[str, int]:
        """Pico-dollars an alpha of each subnet that serves, at the pool's price and the coin's."""
        found = {}
        for ticker, row in zip(self.tickers, self.served, strict=True):
            one = self.chain.subnets[row]
            weight = int(one["weight"])
            over, under = (PARTS - weight) * int(one["tao"]), weight * int(one["alpha_in"])
            found[ticker] = self.network.market.price_pusd * over // under
        return found

    def genesis(self) -> dict[str, int]:
        """Open the books of every alpha; gives the first balances of TAO by role."""
        network, rows = self.network, self.chain.subnets
        for ticker, row in zip(self.tickers, self.served, strict=True):
            first = {"subnets": int(rows["alpha_in"][row]), "holders": int(rows["staked"][row])}
            network.ledger.open(ticker, {network.account(role): amount for role, amount in first.items()})
        root, pool = int(self.chain.row["root_tao"][0]), int(network.market.coins)
        free = int(self.chain.row["free"][0]) - pool
        if free < 0:
            raise ScenarioError(
                f"networks.{network.name}: the market's pool needs more TAO than is free; lower `market.depth`"
            )
        return {"root": root, "subnets": int(rows["tao"].sum()), "holders": free, "pool": pool}

    def announced_tao_per_day(self) -> dict[str, float]:
        """Value in TAO of the alpha that a day brings each party at today's prices; for others, TAO that is created for them."""
        found = {"operators": 0.0, "validators": 0.0, "owner": 0.0}
        cut = float(self.chain.row["owner_u16"][0]) / 65_535
        for row in self.served:
            day = self._alpha_per_day(row) * self.price(row)
            found["owner"] += day * cut
            found["operators"] += day * (1 - cut) / 2
            found["validators"] += day * (1 - cut) / 2
        elsewhere = 1 - float(self._first_share[self.served].sum())
        return {**found, "others": float(self.chain.row["emission"][0]) / RAO * BLOCKS_A_DAY * elsewhere}

    def _alpha_per_day(self, row: int) -> float:
        from sim.kernels.bittensor.coinbase import block_emission

        one = self.chain.subnets[row]
        return float(block_emission(int(one["alpha_in"] + one["alpha_out"]))) / RAO * BLOCKS_A_DAY

    # -- the start ----------------------------------------------------------------------------------------------

    def solve(self, paid_usd_per_day: float) -> None:
        """Find what stakers buy a day so that alpha's price has no drift at the start, given what users pay."""
        block, settle = self.network.block.chain, self.network.block.settle
        if block.stakers.drift == "none":
            return
        cut = float(self.chain.row["owner_u16"][0]) / 65_535
        sold = cut * settle.sell_others + (1 - cut) / 2 * (settle.sell + settle.sell_others)
        for place, row in enumerate(self.served):
            buys = paid_usd_per_day / self.network.coin_usd * self._takes() * block.buys if place == 0 else 0.0
            value = self._alpha_per_day(row) * self.price(row) * sold
            self.drift_tao[row] = value - float(self._first_excess[row]) - buys

    def _takes(self) -> float:
        settle = self.network.block.settle
        return float(settle.take_rate) if settle.take_to == "owner" and self.network.terms.pay == "coin" else 0.0

    # -- an epoch -----------------------------------------------------------------------------------------------

    def close(self, epoch: Epoch, account: Account, weights: np.ndarray, served: Served) -> None:
        """All of the chain in an epoch. `weights`, float[slots, 2], is what each slot served, as far as it was good."""
        network = self.network
        self.adjusting.act(epoch)
        before, self._emitted = int(self.chain.row["issued"][0]), dict.fromkeys(self.served, 0)
        self.voting.rules_of(epoch)
        self.clock.reveal_period = network.block.chain.reveal
        self.clock.permitted.law = network.block.chain.permits
        self.voting.score(epoch, weights)
        self._buy_back()
        registrations = self._return()
        self.agents.act(epoch)
        paid = {row: Paid(self.chain.who.stake[row].copy()) for row in self.served}
        now = epoch.start_ps
        last = epoch.end_ps // BLOCK_PS * BLOCK_PS
        while now < last:
            boundary = min(self.clock.next_boundary_ps(now), last)
            closed = self.clock.close(boundary, self.voting.votes(boundary), self.voting.wrote)
            self._post(closed, paid)
            for row in closed.held:
                self.registering.emission[row] = closed.earned[row]
                self._sell(row, closed.earned[row], paid[row])
            for row in self.served:
                self._trade(row, self.drift_tao[row] * (boundary - now) / PS_PER_S / DAY_S)
            now = boundary
        earned = {row: self._pay(row, paid[row], weights) for row in self.served}
        for row in self.served:
            self._stakers(row, epoch)
        account.emission = int(self.chain.row["issued"][0]) - before
        self.agents.claim()
        self._move_others(epoch, account.emission)
        # Alpha counts at the price with which the epoch ends, as coins do.
        account.coins_usd = sum((earned[row] / RAO * self.price(row) for row in self.served), account.coins_usd)
        account.coins_usd = account.coins_usd - registrations / RAO
        account.own_emission = sum(int(alpha * self.price(row)) for row, alpha in self._emitted.items())
        self.told = told(self, paid)
        if network.block.chain.agents or self.agents.hands:
            self.told["agents_gain_tao"] = self.agents.gain_tao
        self.check(f"epoch {epoch.number}")

    def line(self, epoch: Epoch, account: Account, cost_usd: float) -> Line:
        """What the book's line of an epoch holds of the chain; `cost_usd` is what the epoch cost operators."""
        days = epoch.days
        earned_usd = float(account.coins_usd.sum())
        return {
            "alpha_tao": self.price(self.served[0]),
            "tao_share_frac": (float(self.chain.subnets["share"][self.served].sum()) * days, days),
            "emission_usd_per_day": self.network.value_usd(account.own_emission) / days,
            "fees_to_emission_frac": (account.paid_usd, earned_usd),
            "fees_to_cost_frac": (account.paid_usd, cost_usd),
            **self.told,
        }

    def _post(self, closed: Closed, paid: Mapping[int, Paid]) -> None:
        """The chain's own postings under the network's names; what uids were paid is posted by party."""
        network = self.network
        for one in closed.postings:
            if one.reason == "payout":
                continue
            if one.reason == "emission" and one.currency in self.tickers:
                self._emitted[self.served[self.tickers.index(one.currency)]] += one.amount
            if one.reason == "burned incentive":
                paid[self.served[self.tickers.index(one.currency)]].burned += one.amount
            target = network.account(_ROLES.get(one.target, one.target))
            if one.source == MINTED:
                network.ledger.mint(one.reason, one.currency, one.amount, target)
            else:
                source = network.account(_ROLES.get(one.source, one.source))
                network.ledger.transfer(one.reason, one.currency, one.amount, source, target)
        for row, amounts in closed.earned.items():
            paid[row].earned += amounts

    def _sell(self, row: int, earned: np.ndarray, paid: Paid) -> None:
        """Who earned alpha in a subnet's epoch sells a part of it, all in one swap."""
        settle = self.network.block.settle
        part = np.full(len(earned), settle.sell_others)
        part[self.uids.miners] = self.voting.sell_frac(row, settle.sell)
        place = self.served.index(row)
        part[self.uids.voters] *= 1 - self.agents.dividend_frac(place)
        part[self.uids.owner] *= 1 - (self.agents.cut() if place == 0 else 0.0)
        # What agents earn by uid is theirs to sell.
        part[self.uids.own] = settle.sell_others
        part[self.registering.taken[row]] = 0.0
        wanted = np.floor(earned * part).astype(np.int64)
        if not wanted.any():
            return
        free = int(self.chain.row["free"][0])
        try:
            tao, sold = self.chain.unstake_all(row, wanted)
        except SwapError:
            return
        paid.sold += sold
        paid.fees += int(self.chain.row["free"][0]) - free - tao
        for party, amount in pro_rata(tao, self._by_party(sold)).items():
            paid.tao[party] += amount

    def _by_party(self, amounts: np.ndarray) -> dict[str, int]:
        uids = self.uids
        spans = (uids.voters, uids.miners, uids.own, slice(uids.owner, uids.owner + 1))
        return {party: int(amounts[span].sum()) for party, span in zip(PARTIES, spans, strict=True)}

    def _pay(self, row: int, paid: Paid, weights: np.ndarray) -> np.ndarray:
        """Post what uids earned and sold in an epoch; gives the rao of alpha of each slot, by what it served."""
        network, ledger = self.network, self.network.ledger
        ticker, name = self.tickers[self.served.index(row)], network.account
        kept, given = self._to_agents(row, paid)
        earned = self.voting.by_slot(row, kept, weights.sum(axis=1))
        sold = self.voting.by_slot(row, paid.sold, earned)
        column = ledger.column(name("operators"), ticker, network.slots)
        ledger.post_column("payout", ticker, name("due"), earned, column)
        ledger.draw_column("alpha sold", ticker, name("subnets"), sold, column)
        for party, amount in self._by_party(kept).items():
            if party != "operators":
                ledger.transfer("payout", ticker, amount, name("due"), name(party))
        ledger.transfer("payout", ticker, given, name("due"), name("agents"))
        for party, amount in self._by_party(paid.sold).items():
            if party != "operators":
                ledger.transfer("alpha sold", ticker, amount, name(party), name("subnets"))
                ledger.transfer("alpha sold", network.ticker, paid.tao[party], name("subnets"), name(party))
                network.others_sell[party] = network.others_sell.get(party, 0) + paid.tao[party]
        ledger.transfer("alpha sold", network.ticker, paid.fees, name("subnets"), name("holders"))
        tao = share_out(paid.tao["operators"], sold.astype(float))
        coins = ledger.column(name("operators"), network.ticker, network.slots)
        ledger.post_column("alpha sold", network.ticker, name("subnets"), tao, coins)
        network.to_sell = network.to_sell + tao
        return earned

    def _to_agents(self, row: int, paid: Paid) -> tuple[np.ndarray, int]:
        """What agents get of what uids earned: dividends, their part of the owner's cut, all of uids they took.

        Gives what is left for each uid, and theirs together, whose stake moves behind the validators.
        """
        place, uids = self.served.index(row), self.uids
        theirs = np.zeros_like(paid.earned)
        theirs[uids.voters] = np.floor(paid.earned[uids.voters] * self.agents.dividend_frac(place))
        theirs[uids.owner] = int(paid.earned[uids.owner] * (self.agents.cut() if place == 0 else 0.0))
        # What validators and the owner sold of it already was theirs.
        theirs = np.minimum(theirs, paid.earned - paid.sold)
        taken = self.registering.taken[row]
        theirs[taken] = paid.earned[taken]
        for uid in np.flatnonzero(theirs):
            if uid >= uids.voters.stop:
                self.move_to_voters(row, int(uid), int(theirs[uid]))
        self.agents.credit(place, int(theirs[uids.voters].sum()), int(theirs[uids.owner]), int(theirs[taken].sum()))
        return paid.earned - theirs, int(theirs.sum())

    def move_to_voters(self, row: int, uid: int, alpha: int) -> None:
        """Move stake behind the first validator: whose it is does not change."""
        self.chain.who.stake[row, uid] -= alpha
        self.chain.who.stake[row, 0] += alpha

    def restart(self, row: int) -> None:
        """A row holds a new subnet: its price's process begins where its pool does."""
        self.first_price[row], self.astray[row] = self.price(row), 0.0

    def _return(self) -> np.ndarray:
        """Operators take uids back that were taken from them; rao of TAO that each slot paid."""
        network = self.network
        paid = self.registering.return_()
        if paid.any():
            column = network.ledger.column(network.account("operators"), network.ticker, network.slots)
            network.ledger.draw_column("registration", network.ticker, network.account("subnets"), paid, column)
            network.to_sell = network.to_sell - paid
        return paid

    # -- trades beside the chain --------------------------------------------------------------------------------

    def _buy_back(self) -> None:
        """The owner's coins from users' payments buy alpha of the first subnet, which stays staked behind its uid."""
        network, row = self.network, self.served[0]
        owner = network.account("owner")
        held = network.ledger.balance(owner, network.ticker) - network.others_sell.get("owner", 0)
        spent = int(held * network.block.chain.buys)
        if spent <= 0 or network.block.settle.take_to != "owner":
            return
        try:
            swap = self.chain.stake(row, self.uids.owner, spent)
        except SwapError:
            return
        self.bought(row, owner, swap.paid_in, swap.fee, swap.out)

    def bought(self, row: int, buyer: str, paid_in: int, fee: int, out: int) -> None:
        """Post a purchase of alpha of a subnet that serves; the fee is the author's, one of the holders."""
        ledger, ticker, name = self.network.ledger, self.network.ticker, self.network.account
        alpha = self.tickers[self.served.index(row)]
        ledger.transfer("alpha bought", ticker, paid_in, buyer, name("subnets"))
        ledger.transfer("alpha bought", ticker, fee, buyer, name("holders"))
        ledger.transfer("alpha bought", alpha, out, name("subnets"), buyer)

    def _trade(self, row: int, tao: float) -> None:
        """Stakers of a subnet that serves buy alpha for TAO, or sell what is worth as much: no more than holders have."""
        network, holders = self.network, self.network.account("holders")
        alpha = self.tickers[self.served.index(row)]
        try:
            if tao >= 0:
                spent = min(int(tao * RAO), network.ledger.balance(holders, network.ticker))
                swap = self.chain.stake_across(row, spent) if spent else None
                if swap is not None:
                    self.bought(row, holders, swap.paid_in, swap.fee, swap.out)
                return
            held = min(network.ledger.balance(holders, alpha), int(self.chain.who.stake[row, self.uids.voters].sum()))
            amount = min(int(-tao / self.price(row) * RAO), held)
            got, fee, sold = self.sell_stake(row, amount)
        except SwapError:
            return
        network.ledger.transfer("alpha sold", alpha, sold, holders, network.account("subnets"))
        network.ledger.transfer("alpha sold", network.ticker, got + fee, network.account("subnets"), holders)

    def sell_stake(self, row: int, amount: int) -> tuple[int, int, int]:
        """Sell alpha staked behind all validators: rao of TAO for the sellers and for the author, and of alpha that went."""
        if amount <= 0:
            return 0, 0, 0
        free, held = int(self.chain.row["free"][0]), self.chain.who.stake[row, self.uids.voters]
        wanted = np.zeros(self.uids.owner + 1, np.int64)
        wanted[self.uids.voters] = np.minimum(share_out(amount, held.astype(float)), held)
        got, sold = self.chain.unstake_all(row, wanted)
        return got, int(self.chain.row["free"][0]) - free - got, int(sold.sum())

    def _stakers(self, row: int, epoch: Epoch) -> None:
        """What pulls stakers to the price at the start, and their noise, in one trade."""
        stakers, one = self.network.block.chain.stakers, self.chain.subnets[row]
        gap = math.log(self.first_price[row] / self.price(row))
        move = (1 - math.exp(-stakers.pull * epoch.seconds)) * gap / 2
        if stakers.daily_sd:
            move += stakers.daily_sd * math.sqrt(epoch.days) * self._shock(row, epoch)
        # In a pool of even weights the price moves by twice the logarithm of the reserve's change.
        self._trade(row, float(one["tao"]) / RAO * math.expm1(move / 2))

    def _shock(self, row: int, epoch: Epoch) -> float:
        netuid = int(self.chain.subnets["netuid"][row])
        return innovation(
            self.network.streams[f"alpha.{self.network.name}.{netuid}"],
            epoch.start_ps / PS_PER_S,
            epoch.end_ps / PS_PER_S,
        )

    def _move_others(self, epoch: Epoch, minted: int) -> None:
        """Trades that take every other subnet's price to where its process is.

        Of the TAO that sellers get, as much as the epoch created for these subnets is their miners' and owners' pay, who sell a part
        of it for dollars; the rest stays with holders, who bought and sold.
        """
        law, network, ledger = self.network.block.chain.others, self.network, self.network.ledger
        keep, sd = math.exp(-law.pull * epoch.seconds), law.daily_sd * math.sqrt(epoch.days)
        holders, bought, got = network.account("holders"), 0, 0
        left = ledger.balance(holders, network.ticker)
        prices = self.prices()
        for row in self.others:
            shock = sd * self._shock(row, epoch) if sd else 0.0
            self.astray[row] = self.astray[row] * keep + shock
            change = self.first_price[row] * math.exp(self.astray[row]) / prices[row]
            paid, out = self._reach(row, change, left - bought)
            bought, got = bought + paid, got + out
        ledger.transfer("stakes elsewhere", network.ticker, bought, holders, network.account("subnets"))
        earned = min(got, int(minted * (1 - float(self.chain.subnets["share"][self.served].sum()))))
        ledger.transfer("stakes elsewhere", network.ticker, got - earned, network.account("subnets"), holders)
        ledger.transfer("emission sold", network.ticker, earned, network.account("subnets"), network.account("others"))
        sold = int(earned * network.block.settle.sell_others)
        network.others_sell["others"] = network.others_sell.get("others", 0) + sold

    def _reach(self, row: int, change: float, most: int) -> tuple[int, int]:
        """Trade until a price has changed `change` times: rao of TAO that went in, and that came out."""
        one = self.chain.subnets[row]
        weight = float(one["weight"]) / PARTS
        try:
            if change > 1:
                tao = min(int(float(one["tao"]) * math.expm1((1 - weight) * math.log(change))), most)
                return (self.chain.stake_across(row, tao).paid_in, 0) if tao > 0 else (0, 0)
            alpha = int(float(one["alpha_in"]) * math.expm1(-weight * math.log(change)))
            held = int(self.chain.who.stake[row, self.uids.voters].sum() * MOST_OF_STAKE)
            return 0, sum(self.sell_stake(row, min(alpha, held))[:2])
        except SwapError:
            return 0, 0

    # -- the law ------------------------------------------------------------------------------------------------

    def check(self, label: str) -> None:
        """The ledger's TAO and alpha are the chain's, to the rao. Raises `InvariantError`."""
        network, rows, ledger = self.network, self.chain.subnets, self.network.ledger
        pools = int(rows["tao"].sum()) + int(self.chain.row["stranded"][0])
        root, issued = int(self.chain.row["root_tao"][0]), int(self.chain.row["issued"][0])
        held = [("subnets", network.ticker, pools), ("root", network.ticker, root)]
        for ticker, row in zip(self.tickers, self.served, strict=True):
            held += [(role, ticker, int(rows[field][row])) for role, field in _FIELDS.items()]
            parties = sum(ledger.balance(network.account(party), ticker) for party in (*PARTIES, "holders"))
            if parties != int(rows["staked"][row]):
                raise InvariantError(f"{label}: {ticker}: people hold {parties} rao, {rows['staked'][row]} are staked")
        if ledger.supply(network.ticker) != issued:
            raise InvariantError(
                f"{label}: the ledger has {ledger.supply(network.ticker)} rao of TAO, the chain {issued}"
            )
        for role, ticker, amount in held:
            if (found := ledger.balance(network.account(role), ticker)) != amount:
                raise InvariantError(
                    f"{label}: {network.account(role)} holds {found} rao of {ticker}, on the chain {amount}"
                )
        if wrong := self.chain.misplaced():
            raise InvariantError(f"{label}: {wrong}")


_ROLES = {"pool": "subnets", "pools": "subnets"}
"""The chain's names of accounts that are others here."""
_FIELDS = {"subnets": "alpha_in", "protocol": "protocol", "claims": "claims", "burnt": "burnt", "dust": "dust"}
"""By role, the field of a subnet's row that it must equal."""
