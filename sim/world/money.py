"""The end of an epoch: trading over the epoch, payment for use, emission, bills; all of it postings.

Order: the epoch's coins are minted and handed out; then users buy the coins that this epoch's invoices need while
recipients sell what was minted to them over the epoch and what users paid them in the last one, all evenly over the
epoch, so that a market whose flows are balanced at the start has no first epoch without sellers; then invoices are paid
and bills are paid in USD.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from sim.errors import InvariantError
from sim.serving.contract import Fate
from sim.tokenomics.ledger import exact_sum
from sim.tokenomics.market import innovation
from sim.tokenomics.payment import Held, Plan
from sim.tokenomics.price import PerToken
from sim.tokenomics.settle import Exchange, Paid, coins_of, exchange, fees_of, usd_of
from sim.units import PS_PER_S, SHARE_ONE, YEAR_S
from sim.world.burning import (
    Burns,
    Credits,
    burns_of,
    buy_back,
    credits_of,
    exchange_of,
    mint_back,
    post_credits,
    vault_of,
)
from sim.world.calendar import Epoch
from sim.world.collecting import Collected, check, collect, plan_of, turn
from sim.world.dealing import Dealt, deal, with_dealt
from sim.world.network import NetworkState
from sim.world.providers import lists_of
from sim.world.schemes import Ahead, arbitrage, run_ahead, sell_after
from sim.world.service import Served, share_out
from sim.world.steering import beside, divide, steer
from sim.world.treasury import told

MARGIN = 50
"""Users buy 1/MARGIN more coins than the rate says, for fee and slippage; what is left pays the next invoice."""
TRIES = 60
"""Purchases until an invoice is covered; each buys what is missing."""


@dataclasses.dataclass
class Account:
    """What an epoch did to a network, in USD and coins: the numbers behind outcomes. Slot arrays have one entry a slot."""

    paid_usd: float = 0.0
    jobs_frac: float = 0.0
    """Part of it that training jobs paid."""
    fees: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0))
    coins_usd: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0))
    vault_fees: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0))
    """Coins that each slot got out of a vault of fees."""
    scheduled: int = 0
    """What of the emission the schedule gave: all but what a target minted on top."""
    emission: int = 0
    reminted: int = 0
    """Coins minted for use, beside the schedule's."""
    own_emission: int = 0
    """What of it this network's recipients got: all but what the split leaves to `others`."""
    burned: int = 0
    slashed: int = 0
    """Stake that offences took, burned or not."""
    rewarded: int = 0
    """What of it other nodes got, for checking."""
    sold_usd: float = 0.0
    bills_usd: float = 0.0
    gas_usd: float = 0.0
    """What operators' transactions cost."""
    moving_usd: float = 0.0
    """What taking nodes here from other networks cost them."""
    lost_usd: float = 0.0
    """Use that will never be paid."""
    unpaid_usd: float = 0.0
    """Bills that insolvent operators will never pay."""
    credited_usd: float = 0.0
    """What users got back of the invoice, as too few of their requests completed, and in `spared_usd` with what they need not pay on top."""
    spared_usd: float = 0.0
    gains: Exchange | None = None
    dealt_usd: float = 0.0
    """What owners pay for their own service, and in `dealt` by slot, if anybody does."""
    dealt: np.ndarray | None = None
    schemed_usd: float = 0.0
    """What owners earned on how others pay and trade."""
    arbitraged_usd: float = 0.0
    """Of that, what arbitrageurs kept of users' invoices."""

    @property
    def jobs_usd(self) -> float:
        """What training jobs paid."""
        return self.paid_usd * self.jobs_frac


def close(network: NetworkState, epoch: Epoch, served: Served) -> Account:
    """All money of one network and epoch."""
    slots = network.slots
    account = Account(fees=np.zeros(slots), coins_usd=np.zeros(slots), vault_fees=np.zeros(slots))
    weights = network.work_weights(epoch, served.counted) * network.checks.paid[:, None]
    account.jobs_frac = _meter(network, served, weights)
    if network.coin is not None:
        bought = deal(network, epoch, served, weights) if network.checks.dealing.any() else None
        if bought is not None:
            _meter_dealt(network, bought)
            account.dealt_usd = bought.usd
            account.dealt = bought.tokens * bought.usd_per_token
        if network.subnets is not None:
            network.subnets.close(epoch, account, weights, served)
        else:
            _emit(network, epoch, account, with_dealt(weights, served, bought))
    if network.coin is None or network.terms.pay == "usd":
        taken = _pay_in_usd(network, epoch, account, served)
        if network.coin is not None:
            _trade(network, epoch, 0, account)
            account.burned += buy_back(network, epoch, taken)
    else:
        _pay_in_coins(network, epoch, account)
    burned, account.slashed, account.rewarded = network.stakes.close(epoch)
    account.burned += burned
    if network.coin is not None:
        told(network, account)
        network.price_times.append(epoch.end_ps)
        network.prices_pusd.append(network.market.price_pusd)
        network.note_burns(epoch)
        account.coins_usd = account.coins_usd * network.coin_usd
        if network.vaulted:
            account.fees = account.vault_fees * network.coin_usd
    network.last_paid_usd = account.paid_usd
    _bills(network, epoch, account)
    return account


def _meter(network: NetworkState, served: Served, weights: np.ndarray) -> float:
    """Charge the epoch's tokens to slots by their part of the work; gives the part of the charge that is for training jobs."""
    groups, parts, batch = list(lists_of(network)), network.block.price.batch_parts, network.batch
    split = any(quote.cached != quote.input for _, quote in groups)
    if parts == SHARE_ONE or not batch.any():
        parts, doors = SHARE_ONE, [_charges(served, np.ones_like(batch), split, served.job_tokens)]
    else:
        doors = [_charges(served, ~batch, split, served.job_tokens), _charges(served, batch, split)]
    charged = []
    for door, charges in enumerate(doors):
        for column, count, price in charges:
            counts = share_out(count, weights[:, column])
            each = [(slots, price(quote.batched(parts) if door else quote)) for slots, quote in groups]
            if weights[:, column].any():
                for slots, asked in each:
                    network.meter.add(slots, counts[slots], asked)
            if served.job_tokens:
                charged.append(sum(exact_sum(counts[slots]) * asked for slots, asked in each))
    if not served.job_tokens:
        return 0.0
    # Jobs read at the mean price of what was read.
    jobs, read = served.job_tokens * charged[0], doors[0][0][1] * sum(charged)
    return jobs / read if jobs else 0.0


Charge = tuple[int, int, Callable[[PerToken], int]]
"""Column of the work by which a count is shared out over slots, the count, and its price in a list."""


def _charges(served: Served, of: np.ndarray, split: bool, job_tokens: int = 0) -> tuple[Charge, ...]:
    """What classes `of` (bool) used, and what training jobs' parts read, which is charged as a prompt; cached tokens apart where `split`."""
    prompt = int(served.prompt[of].sum())
    cached = min(int(served.cached[of].sum()), prompt) if split else 0
    return (
        (0, prompt - cached + job_tokens, lambda quote: quote.input),
        (0, cached, lambda quote: quote.cached),
        (1, int(served.output[of].sum()), lambda quote: quote.output),
        (1, int(served.fates[of, Fate.COMPLETED].sum()), lambda quote: quote.request),
    )


def _meter_dealt(network: NetworkState, bought: Dealt) -> None:
    """Charge what dealers buy of themselves."""
    quote = network.per_token()
    price = quote.input if bought.column == 0 else quote.output
    network.meter.add(np.arange(network.slots), bought.tokens, price)


def _pay_in_usd(network: NetworkState, epoch: Epoch, account: Account, served: Served) -> int:
    """Payment in dollars; gives what the protocol took, nano-dollars."""
    due, ledger, settle = network.meter.invoice(), network.ledger, network.block.settle
    turn(network, "USD")
    collected = Collected("users", int(due.sum()), due)
    if settle.via is not None:
        plan = plan_of(network, epoch, due)
        ledger.transfer("users' funds", "USD", plan[0].brought, "outside", "users")
        collected = collect(network, "USD", plan)
    total = collected.total
    # What is on its way when the run ends broke no promise.
    asked = served.arrived - int(served.fates[:, Fate.IN_FLIGHT].sum())
    credited = settle.sla.credit_of(total, served.completed, asked) if settle.sla is not None else 0
    # The protocol has its part of what users pay in the end, so that operators never give back more than they got.
    taken, made = fees_of(total - credited, settle)
    operators = network.account("operators")
    ledger.transfer("users' funds", "USD", made + (total if settle.via is None else 0), "outside", "users")
    ledger.transfer("payment", "USD", total - taken, collected.source, operators)
    ledger.transfer("take", "USD", taken, collected.source, network.account(settle.take_to))
    ledger.transfer("make", "USD", made, "users", network.account(settle.take_to))
    if credited:
        ledger.transfer("SLA credit", "USD", credited, operators, "users")
        ledger.transfer("users' funds", "USD", credited, "users", "outside")
    if settle.via is not None:
        check(network, f"epoch {epoch.number}")
    account.paid_usd = (total - credited + made) / 1e9
    account.credited_usd = credited / 1e9
    account.spared_usd = (credited + fees_of(total, settle)[1] - made) / 1e9
    account.gas_usd = collected.gas_usd
    account.lost_usd = collected.lost / 1e9
    account.fees = collected.weights * ((total - credited - taken) / total) / 1e9 if total else account.fees
    network.last_fees = account.fees
    return taken + made


def _pay_in_coins(network: NetworkState, epoch: Epoch, account: Account) -> None:
    due = network.meter.invoice()
    invoice = int(due.sum())
    turn(network, network.ticker)
    market_before = network.market.price_pusd
    owed = invoice if network.terms.quote == "coin" else coins_of(invoice, _rate(network, epoch), network.decimals)
    # Holders who capitalize fees look at this epoch's, at the price before it is traded away.
    account.paid_usd = usd_of(owed, market_before, network.decimals) / 1e9
    need = _need(network, epoch, owed, due)
    spent = _trade(network, epoch, need.coins, account)
    if network.terms.rate == "settlement":
        # Users bought at the rate before; what is missing at the rate now is topped up, what is over pays later use.
        owed = coins_of(invoice, network.market.price_pusd, network.decimals)
        need = _need(network, epoch, owed, due)
    _top_up(network, need.coins, spent)
    price = network.market.price_pusd
    collected = Collected("users", owed, due, bought_pusd=market_before)
    if need.credits is not None:
        post_credits(network, need.credits)
        account.reminted += need.credits.minted
        collected = Collected("users", need.credits.minted + need.credits.direct, due)
    if need.plan is not None:
        collected = collect(network, network.ticker, need.plan, market_before)
    invoice_usd = usd_of(owed, price, network.decimals) if network.terms.quote == "coin" else invoice
    invoice_usd = invoice_usd * collected.total // owed if need.plan is not None and owed else invoice_usd
    invoice_usd += invoice_usd * need.made // collected.total if need.made else 0
    paid = _settle(network, account, collected, need, invoice_usd)
    kept = 0
    if network.schemes.known and network.terms.quote == "usd" and need.plan is None and need.credits is None:
        kept = arbitrage(network, epoch, invoice, _rate(network, epoch), market_before)
        account.arbitraged_usd = kept / 1e9
        account.schemed_usd += account.arbitraged_usd
    if need.plan is not None:
        check(network, f"epoch {epoch.number}")
    account.paid_usd = invoice_usd / 1e9
    account.burned += paid.burned + (need.credits.burned if need.credits else 0)
    account.gas_usd = collected.gas_usd
    account.lost_usd = usd_of(collected.lost, price, network.decimals) / 1e9
    if collected.total:
        paid_usd = network.value_usd(paid.operators)
        account.fees = account.fees + collected.weights / int(collected.weights.sum()) * paid_usd
        network.last_fees = account.fees
        account.gains = (
            exchange_of(invoice_usd, paid, need.credits, market_before, price, network.decimals)
            if need.credits is not None
            else exchange(invoice_usd, paid, collected.bought_pusd, price, price, network.decimals)
        )
        # Gains are counted in 10^-(12 + decimals) USD.
        less = kept * 10 ** (3 + network.decimals)
        account.gains = dataclasses.replace(account.gains, user=account.gains.user - less)


@dataclasses.dataclass(frozen=True)
class _Need:
    """What users need in an epoch: `coins` in hand, of which `made` goes on top of what is due."""

    coins: int
    made: int
    plan: tuple[Plan, Held] | None = None
    credits: Credits | None = None


def _settle(network: NetworkState, account: Account, collected: Collected, need: _Need, invoice_usd: int) -> Paid:
    """Divide and post what is paid, with what programs burn and mint for it."""
    taken = fees_of(collected.total, network.block.settle)[0] + need.made
    burns = burns_of(network, collected.total + need.made, taken, invoice_usd, network.market.price_pusd)
    paid = _divide(network, collected.total, need.made, burns)
    _post_payment(network, paid, collected, need.made)
    if (
        burns.minted
        or network.earned is not None
        or any(rule.kind == "mint_back" for rule in network.block.burnmint.values())
    ):
        rewards = mint_back(network, burns.minted, collected.weights)
        account.reminted += int(rewards.sum())
        account.fees = rewards * (network.market.price_pusd / 10 ** (12 + network.decimals))
        _keep_for_sale(network, rewards)
    return paid


def _need(network: NetworkState, epoch: Epoch, owed: int, due: np.ndarray) -> _Need:
    """What `owed` base units, due to slots as the invoice says, ask users for."""
    vault = vault_of(network)
    if vault is not None:
        bought = credits_of(network, vault, epoch, int(due.sum()))
        made = fees_of(bought.minted + bought.direct, network.block.settle)[1]
        return _Need(bought.burned + bought.direct + made, made, credits=bought)
    if network.block.settle.via is None:
        made = fees_of(owed, network.block.settle)[1]
        return _Need(owed + made, made)
    amounts = share_out(owed, due.astype(float)) if due.any() else np.zeros(network.slots, np.int64)
    plan = plan_of(network, epoch, amounts)
    made = fees_of(plan[0].total, network.block.settle)[1]
    return _Need(plan[0].brought + made, made, plan)


def _rate(network: NetworkState, epoch: Epoch) -> int:
    """Pico-dollars per coin at which an invoice in USD becomes coins."""
    if network.terms.rate == "fixed":
        return int(network.terms.fixed_pusd or 1)
    if network.terms.rate == "oracle":
        return network.oracle_pusd(epoch.end_ps)
    return int(network.market.price_pusd)


def _trade(network: NetworkState, epoch: Epoch, owed: int, account: Account) -> int:
    """Clear the epoch's flows and post them; gives what users spent in nano-dollars."""
    state, block, ledger, name = network.market, network.block.market, network.ledger, network.account
    held = ledger.balance("users", network.ticker)
    need = max(owed - held, 0)
    spend = usd_of(need + need // MARGIN, state.price_pusd, network.decimals)
    sells = {"operators": int(network.to_sell.sum()), **network.others_sell}
    shock = _shock(network, epoch)
    yearly = account.paid_usd * YEAR_S / epoch.seconds
    worth = block.worth(state, yearly, network.free_coins) * network.value_level
    free = ledger.balance(name("holders"), network.ticker)
    ahead = run_ahead(network, epoch, sells, spend, worth, free) if network.schemes.known else Ahead()
    cleared = block.clear(state, epoch.seconds, sells, {"users": spend}, shock, worth, free)
    account.schemed_usd += sell_after(network, ahead) / 1e9
    other = "outside" if block.counterparty == "outside" else name("pool")
    ledger.transfer("users' funds", "USD", spend, "outside", "users")
    ledger.transfer("coins bought", "USD", spend, "users", other)
    ledger.transfer("coins bought", network.ticker, cleared.bought["users"], other, "users")
    column = ledger.column(name("operators"), network.ticker)
    ledger.draw_column("coins sold", network.ticker, other, network.to_sell, column)
    for party, proceeds in cleared.proceeds.items():
        if party != "operators":
            ledger.transfer("coins sold", network.ticker, sells[party], name(party), other)
        ledger.transfer("coins sold", "USD", proceeds, other, name(party))
    _post_holders(network, cleared.holders_usd, cleared.holders_coins, "holders trade")
    network.to_sell = np.zeros(network.slots, np.int64)
    network.others_sell = {}
    account.sold_usd = sum(cleared.proceeds.values()) / 1e9
    return spend


def _shock(network: NetworkState, epoch: Epoch) -> float:
    """The epoch's innovation of the coin's price: its own, and what it shares with other coins."""
    block, span = network.block.market, (epoch.start_ps / PS_PER_S, epoch.end_ps / PS_PER_S)
    own = innovation(network.streams[f"coin.{network.name}"], *span, block.nu)
    if block.common == 0:
        return own
    shared = innovation(network.streams["coins"], *span, block.nu)
    return math.sqrt(1 - block.common**2) * own + block.common * shared


def strike(network: NetworkState, epoch: Epoch, moves: tuple[float, float, float]) -> None:
    """A shock moves the coin's price at the start of an epoch, before anybody decides.

    `moves` are the shocks' level now, the level over that of the last epoch, and the factor of shocks that begin now.
    A price that no trade moves follows the level. In a pool holders sell (or buy) as much as moves the price by what begins
    now, and take a coin to be worth the level: their pull keeps it there, and brings it back once the level is back.
    """
    network.value_level, change, begins = moves
    state, block = network.market, network.block.market
    ratio = change if block.counterparty == "outside" else begins
    if ratio != 1.0:
        free = network.ledger.balance(network.account("holders"), network.ticker)
        usd, coins = block.shift(state, ratio, free)
        _post_holders(network, usd, coins, "holders trade (shock)")
        if block.counterparty == "pool" and -coins == free:
            network.notes.append(
                f"{network.name}: holders had too few coins for the shock to the coin's price; sold all"
            )
    network.price_times.append(epoch.start_ps)
    network.prices_pusd.append(state.price_pusd)


def _post_holders(network: NetworkState, usd: int, coins: int, reason: str) -> None:
    ledger, holders = network.ledger, network.account("holders")
    other = "outside" if network.block.market.counterparty == "outside" else network.account("pool")
    for currency, amount, giver, taker in (("USD", usd, "outside", other), (network.ticker, coins, other, holders)):
        if amount >= 0:
            ledger.transfer(reason, currency, amount, giver, taker)
        else:
            ledger.transfer(reason, currency, -amount, taker, giver)


def _top_up(network: NetworkState, owed: int, spent: int) -> None:
    """Buy what the invoice still lacks, in a few more purchases; a market that cannot give it stops the run."""
    state, block, ledger = network.market, network.block.market, network.ledger
    other = "outside" if block.counterparty == "outside" else network.account("pool")
    for _ in range(TRIES):
        missing = owed - ledger.balance("users", network.ticker)
        if missing <= 0:
            return
        usd = usd_of(missing + missing // MARGIN + 1, state.price_pusd, network.decimals) + 1
        got = block.buy(state, usd)
        ledger.transfer("users' funds", "USD", usd, "outside", "users")
        ledger.transfer("coins bought", "USD", usd, "users", other)
        ledger.transfer("coins bought", network.ticker, got, other, "users")
    raise InvariantError(
        f"networks.{network.name}: users could not buy the {owed} base units of {network.ticker} that an invoice needs (spent {spent} nano-dollars); "
        f"the pool is too small for the payments: raise market.depth"
    )


def _divide(network: NetworkState, due: int, made: int, burns: Burns) -> Paid:
    """Take and burns off a payment in coins; burns of payments come off what operators get, of the take off the take."""
    taken = fees_of(due, network.block.settle)[0] + made
    operators = due + made - taken - burns.off_operators
    return Paid(operators, taken - burns.off_take, burns.off_take + burns.off_operators)


def _post_payment(network: NetworkState, paid: Paid, collected: Collected, made: int) -> None:
    ledger, ticker, source = network.ledger, network.ticker, collected.source
    column = ledger.column(network.account("operators"), ticker)
    weights = collected.weights
    amounts = share_out(paid.operators, weights.astype(float)) if weights.any() else np.zeros(network.slots, np.int64)
    if made and source != "users":
        # What is paid on top never lay in a deposit: it joins there what is divided.
        ledger.transfer("make", ticker, made, "users", source)
    if network.vaulted:
        ledger.transfer("payment", ticker, paid.operators, source, network.account("fees"))
        paid, amounts = dataclasses.replace(paid, operators=0), np.zeros(network.slots, np.int64)
    ledger.post_column("payment", ticker, source, amounts, column)
    ledger.transfer("take", ticker, paid.taken, source, network.account(network.block.settle.take_to))
    ledger.burn("burn of payments", ticker, paid.burned, source)
    _keep_for_sale(network, amounts)


def _keep_for_sale(network: NetworkState, amounts: np.ndarray) -> None:
    network.to_sell = network.to_sell + np.floor(amounts * network.block.settle.sell).astype(np.int64)


def _emit(network: NetworkState, epoch: Epoch, account: Account, weights: np.ndarray) -> None:
    """Mint the epoch's coins at its end and hand them out."""
    ledger, ticker, block = network.ledger, network.ticker, network.block
    account.scheduled = issued = network.issued(epoch.start_ps, epoch.end_ps, passes=True)
    parts = divide(network, issued)
    # In the first epoch there is no record that a target could act on.
    if block.target is not None and not network.vaulted and epoch.number:
        steered = steer(network, epoch, issued, parts.get("operators", 0))
        issued += steered.top_up
        parts = divide(network, issued)
        over = steered.overflow(parts.get("operators", 0))
        if over:
            parts["operators"] -= over
            parts[block.target.overflow] = parts.get(block.target.overflow, 0) + over
    for party, amount in parts.items():
        if party == "operators" and network.vaulted:
            ledger.mint("emission", ticker, amount, network.account("vault"))
        elif party == "operators":
            left = _pay_operators(network, epoch, amount, account, weights.sum(axis=1))
            # Operators are the column that just could not be paid, so they cannot keep its remainder.
            heir = "treasury" if block.split.remainder == "operators" else block.split.remainder
            ledger.mint("emission", ticker, left, network.account(heir))
        else:
            _give(network, epoch, party, amount)
    if network.vaulted:
        _pay_from_vaults(network, epoch, account, weights.sum(axis=1))
    _free(network, epoch)
    account.emission = issued
    account.own_emission = issued - parts.get("others", 0)


def _give(network: NetworkState, epoch: Epoch, party: str, amount: int) -> None:
    """Mint a recipient's part, locked where its vesting says so."""
    terms = network.block.vesting.get(party)
    if terms is None:
        network.ledger.mint("emission", network.ticker, amount, network.account(party))
        _sell_later(network, party, amount)
    else:
        network.ledger.mint("emission", network.ticker, amount, network.account(f"vesting.{party}"))
        network.locked.grant(party, terms, epoch.end_ps, np.array([amount], dtype=np.int64))


def _sell_later(network: NetworkState, party: str, amount: int) -> None:
    if party in ("validators", "owner", "others"):
        sold = int(amount * network.block.settle.sell_others)
        network.others_sell[party] = network.others_sell.get(party, 0) + sold


def _free(network: NetworkState, epoch: Epoch) -> None:
    """Hand out what comes due of what was locked, this epoch's part at once included."""
    ledger, ticker = network.ledger, network.ticker
    for party, amounts in network.locked.due(epoch.end_ps):
        source, target = network.account(f"vesting.{party}"), network.account(party)
        if party == "operators":
            ledger.draw_column("vested", ticker, target, amounts, ledger.column(source, ticker))
            ledger.column(target, ticker).amounts += amounts
            _keep_for_sale(network, amounts)
        else:
            ledger.transfer("vested", ticker, int(amounts[0]), source, target)
            _sell_later(network, party, int(amounts[0]))


def _shared_out(network: NetworkState, epoch: Epoch, amount: int, weights: np.ndarray) -> tuple[np.ndarray, int]:
    """An amount divided among slots by the payout's rule, and what nobody earned."""
    counted = network.stakes.counted_frac()
    if counted is not None:
        weights = weights * counted
    most = float(weights.max())
    # Where nobody is live nobody worked: the payout leaves everything over.
    scale = 2.0**40 / most if most > 0 else 0.0
    work = np.rint(weights * scale / network.slots).astype(np.int64)
    payout, live = network.block.payout, _standing(network, epoch, counted)
    amounts, left = payout.amounts(amount, work, live, network.decimals, **beside(network, live))
    if sum(amounts.tolist()) + left != amount:
        raise InvariantError(
            f"{network.name}, payout {payout.kind}: {sum(amounts.tolist())} base units divided and {left} left over of {amount} to divide"
        )
    return amounts, left


def _standing(network: NetworkState, epoch: Epoch, counted: np.ndarray | None) -> np.ndarray:
    """Time that each slot stood, in microseconds, as far as its stake backs it and its answers were good: int64."""
    live = network.standing_ps(epoch) // 10**6
    if network.identities.many:
        counted = network.identities.weight(counted, network.stakes.free_frac)
    parts = network.checks.paid if counted is None else network.checks.paid * counted
    stood = live if (parts == 1.0).all() else np.floor(live * parts).astype(np.int64)
    return stood + network.names.time_us


def _pay_operators(network: NetworkState, epoch: Epoch, amount: int, account: Account, weights: np.ndarray) -> int:
    """Mint the operators' part for them; gives what nobody earned. What is locked counts as earned."""
    ledger, ticker = network.ledger, network.ticker
    amounts, left = _shared_out(network, epoch, amount, weights)
    terms = network.block.vesting.get("operators")
    if terms is None:
        ledger.mint_column("emission", ticker, amounts, ledger.column(network.account("operators"), ticker))
        _keep_for_sale(network, amounts)
    else:
        column = ledger.column(network.account("vesting.operators"), ticker, network.slots)
        ledger.mint_column("emission", ticker, amounts, column)
        network.locked.grant("operators", terms, epoch.end_ps, amounts)
    account.coins_usd = amounts / 10**network.decimals
    return left


def _pay_from_vaults(network: NetworkState, epoch: Epoch, account: Account, weights: np.ndarray) -> None:
    """Pay operators what their target says out of the vault and that of the fees; burn a part of what is left of these.

    What the vault gives counts as emission, what the fees give as fees; what nobody earned stays where it was, the fees' first.
    """
    ledger, ticker, name = network.ledger, network.ticker, network.account
    steered = steer(network, epoch, 0, 0)
    wanted = steered.from_vault + steered.from_fees
    amounts, left = _shared_out(network, epoch, wanted, weights)
    from_fees = max(0, steered.from_fees - left)
    ledger.transfer("fees for operators", ticker, from_fees, name("fees"), name("vault"))
    ledger.post_column("paid from vaults", ticker, name("vault"), amounts, ledger.column(name("operators"), ticker))
    ledger.burn("burn of fees", ticker, steered.burn, name("fees"))
    account.burned += steered.burn
    _keep_for_sale(network, amounts)
    coins, paid = amounts / 10**network.decimals, wanted - left
    account.coins_usd = coins * ((paid - from_fees) / paid) if paid else coins
    account.vault_fees = coins - account.coins_usd


def _bills(network: NetworkState, epoch: Epoch, account: Account) -> None:
    """Operators pay power and hosting in USD; owners take out what is over and put in what is missing, as far as they can."""
    ledger, operators = network.ledger, network.account("operators")
    bills, of_slots = 0.0, np.zeros(network.slots)
    for owners, span in zip(network.owners, network.spans, strict=True):
        days = owners.live_ps(epoch) / PS_PER_S / 86_400
        each = owners.power_usd_per_day() * owners.columns.cost_factor + 24 * owners.block.hosting
        of_slots[span] = days * each
        bills += float(of_slots[span].sum())
    amount, gas, moving = round(bills * 1e9), round(account.gas_usd * 1e9), network.moving_nano
    account.bills_usd, account.moving_usd, network.moving_nano = bills, moving / 1e9, 0
    if network.purses.kept:
        # What dealers paid themselves is no income, as far as it came back.
        earned = account.fees + account.coins_usd - (0.0 if account.dealt is None else account.dealt)
        all_earned = float(earned.sum())
        of_gas = earned * (account.gas_usd / all_earned) if all_earned else earned
        written = network.purses.close(earned, of_slots + of_gas)
        ledger.transfer("bills written off", "USD", written, "outside", operators)
        account.unpaid_usd = written / 1e9
    held = ledger.balance(operators, "USD")
    if held < amount + gas + moving:
        ledger.transfer("owners' funds", "USD", amount + gas + moving - held, "outside", operators)
    ledger.transfer("power and hosting", "USD", amount, operators, "outside")
    ledger.transfer("gas", "USD", gas, operators, "outside")
    if moving:
        ledger.transfer("moving", "USD", moving, operators, "outside")
    ledger.transfer("owners' draw", "USD", ledger.balance(operators, "USD"), operators, "outside")


def check_market(network: NetworkState, label: str) -> None:
    """The pool's reserves are what its account holds, in both currencies."""
    if network.coin is None or network.block.market.counterparty != "pool":
        return
    for currency, reserve in (("USD", network.market.usd), (network.ticker, network.market.coins)):
        held = network.ledger.balance(network.account("pool"), currency)
        if held != reserve:
            raise InvariantError(
                f"{label}: {network.name}'s pool counts {reserve} {currency} base units, its account holds {held}"
            )
