"""What the compiled economy reads and writes: tables of arrays, and the names of their columns.

Networks j, classes of operators c (all networks' behind one another), node slots s (all classes'), client classes k, epochs e, and
segments g: stretches of the run in which all blocks are the same.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

OUT, LIVE, IDLE, ORDERED = 0, 1, 2, 3
"""States of a slot, as `sim.tokenomics.operators` numbers them."""
NEVER = np.int64(1 << 62)
"""An epoch after all."""
FREE, PLANNED, FIXED = 0, 1, 2
"""How a class of operators decides."""
NO_MARKET, PATH, POOL = 0, 1, 2
REQUEST, SETTLEMENT, ORACLE, FIXED_RATE = 1, 2, 3, 4
"""Rates at which an invoice in USD becomes coins."""

PARTIES = ("operators", "validators", "owner", "treasury", "holders", "others")
OPERATORS, VALIDATORS, OWNER, TREASURY, HOLDERS, OTHERS = range(6)
USERS, AMM, OUTSIDE = 6, 7, 8
"""Holders of coins behind the parties: users, the pool, and what lies outside."""

SITES = (
    "operators minted", "left minted", "validators minted", "owner minted", "treasury minted", "holders minted", "others minted",
    "funds", "paid in usd", "take in usd", "funds spent", "usd for coins", "coins bought",
    "operators sold", "operators' proceeds", "validators sold", "validators' proceeds", "owner sold", "owner's proceeds",
    "others sold", "others' proceeds",
    "holders' usd in", "holders' usd out", "holders' coins in", "holders' coins out",
    "paid in coins", "take in coins", "burned", "owners' funds", "bills", "draw",
)  # fmt: skip
"""Where an epoch posts, in the order of posting."""
(
    MINT_OPERATORS, MINT_LEFT, MINT_VALIDATORS, MINT_OWNER, MINT_TREASURY, MINT_HOLDERS, MINT_OTHERS,
    FUNDS, PAID_USD, TAKE_USD, SPENT, USD_FOR_COINS, BOUGHT,
    SOLD_OPERATORS, GOT_OPERATORS, SOLD_VALIDATORS, GOT_VALIDATORS, SOLD_OWNER, GOT_OWNER, SOLD_OTHERS, GOT_OTHERS,
    HOLDERS_USD_IN, HOLDERS_USD_OUT, HOLDERS_COINS_IN, HOLDERS_COINS_OUT,
    PAID_COINS, TAKE_COINS, BURNED, OWNERS_FUNDS, BILLS, DRAW,
) = range(len(SITES))  # fmt: skip

FIELDS = (
    "nodes", "gpus", "demand_rps", "served_mtok", "utilization_frac", "unmet_frac", "slo_met_frac", "goodput_tps", "network_s",
    "energy_j_per_tok", "price_paid_usd_per_mtok", "payout_usd_per_mtok", "resource_cost_usd_per_mtok", "fee_coverage_frac",
    "revenue_usd_per_day", "operator_margin_frac", "operator_surplus_usd_per_day", "entries", "exits", "gini", "nakamoto",
    "coin_usd", "emission_coin", "burn_coin", "net_issuance_coin", "supply_coin", "sell_pressure_usd_per_day",
    "security_budget_usd_per_day", "dilution_usd_per_day", "subsidy_usd_per_mtok", "break_even_coin_usd", "share_frac",
)  # fmt: skip
"""Outcomes that the kernel writes, a number or a (numerator, denominator) an epoch and network."""
(
    NODES, GPUS, DEMAND_RPS, SERVED_MTOK, UTILIZATION, UNMET, SLO_MET, GOODPUT, NETWORK_S,
    ENERGY, PRICE_PAID, PAYOUT, RESOURCE_COST, FEE_COVERAGE,
    REVENUE, MARGIN, SURPLUS, ENTRIES, EXITS, GINI, NAKAMOTO,
    COIN_USD, EMISSION, BURN, NET_ISSUANCE, SUPPLY, SELL_PRESSURE,
    SECURITY, DILUTION, SUBSIDY, BREAK_EVEN, SHARE,
) = range(len(FIELDS))  # fmt: skip

GAIN = ("invoice_nusd", "to_operators", "taken", "burned", "before_pusd", "after_pusd")
"""What gains and losses from the coin's price are worked out from, an integer each an epoch and network."""


LORENZ = 20
"""Steps of a Lorenz curve."""
CONCENTRATION, BREAK_EVENS = 0, 1
"""What takes long to tell and moves nothing: how incomes are spread (`gini`, `nakamoto`, the Lorenz curve), and `break_even_coin_usd`."""


def record(**columns: type) -> np.dtype:
    """A row of named columns, int64, float64 or bool."""
    return np.dtype(
        [(name, {int: np.int64, float: np.float64, bool: np.bool_}[kind]) for name, kind in columns.items()]
    )


EPOCH = record(
    segment=int, length_ps=int, seconds=float, days=float, day0=int, ps0=int, day1=int, ps1=int, day2=int, ps2=int
)
"""An epoch: whole days and picoseconds in the day at which it begins, ends, and the next of its length ends."""
CLASS = record(
    capacity_rps=float, replicas=int, gpus=int, idle_w=float, full_w=float, slowest_rps=float,
    fastest_rps=float, hurdle=float, load_epochs=int, load_ps=int, draws_at=int, machine=int,
)  # fmt: skip
"""A class of operators: time to load the model in whole regular
epochs and what is over; where its draws begin, slots + 1 an epoch; the number of its machine: classes with one have all other figures of
a replica in common."""
CLASS_TERMS = record(
    decides=int, electricity=float, hosting=float, fixed=float, capital=float, factor=float, patience=float, restart=float,
    idle_life=float, elasticity=float, planned_rps=float, lead_epochs=int, lead_ps=int, chance=float, last_chance=float, order=float,
    last_order=float,
)  # fmt: skip
"""What its block says in a segment: `fixed` is 24 x (hosting + outside rent); chances to act and speeds of orders of a regular
epoch and of the last."""
NETWORK = record(has_coin=bool, unit=int)
"""A network: base units of its coin."""
NETWORK_TERMS = record(
    choices=int, quote_coin=bool, pay_coin=bool, rate=int, fixed_pusd=int, lag_ps=int, twap_ps=int, take_parts=int, take_to=int,
    sell=float, sell_others=float, remainder=int, market=int, fee_parts=int, fee=float, daily_sd=float, log_drift=float, pull=float,
    capitalize=float,
)  # fmt: skip
"""What its blocks say in a segment: `log_drift` is the logarithm of the yearly growth of a path's median; `capitalize` the rate at
which holders capitalize fees (0: a coin is worth to them what it was at the start)."""
CLASS_STATE = record(
    fee_usd=float,
    coin_usd=float,
    crowd_rps=float,
    utilization=float,
    full=bool,
    entered=int,
    left=int,
    hope=float,
    entrant_hope=float,
    soonest=int,
    latest=int,
)
"""A class of operators: `hope` is the income it expects a node and day, `entrant_hope` that of one node more. No ordered node comes
before epoch `soonest`, and no live one came after epoch `latest`.
"""
NETWORK_STATE = record(
    elsewhere=int, minted=int, burned=int, usd=int, amm_usd=int, price_pusd=int, start_pusd=int, pool_usd=int, pool_coins=int,
    drift_usd=float, burned_a_day=int,
)  # fmt: skip
"""A network: coins on accounts that never move; nano-dollars that its operators hold within an epoch, and on its pool's account."""


class Calendar(NamedTuple):
    """`epoch` EPOCH[epochs]; the length of every epoch but the last."""

    epoch: np.ndarray
    regular_ps: int


class Demand(NamedTuple):
    """Client classes: `base` requests by epoch and class, (prompt, output) `means` and `cached` prompt tokens, flat taste `rows` from
    `at` on, addresses of their `rule`s, `ceiling`.
    """

    base: np.ndarray
    means: np.ndarray
    cached: np.ndarray
    rows: np.ndarray
    at: np.ndarray
    rule: np.ndarray
    ceiling: np.ndarray
    e2e_s: np.ndarray
    failure_frac: np.ndarray
    central: np.ndarray


class Classes(NamedTuple):
    """Classes of operators: `first` slot of each (one entry more), CLASS[classes], CLASS_TERMS[segments, classes]."""

    first: np.ndarray
    kind: np.ndarray
    terms: np.ndarray
    rest: np.ndarray
    """Logarithm of the share of time at rest by load: float64[classes, loads]."""
    draws: np.ndarray
    """Uniforms, class behind class."""


class Networks(NamedTuple):
    """Networks: `first` class of each (one entry more), NETWORK[networks], NETWORK_TERMS[segments, networks]."""

    first: np.ndarray
    kind: np.ndarray
    terms: np.ndarray
    split: np.ndarray
    """int64[segments, networks, 7]: parts of 10^12 of each party, of which `others` has none, and the network's own share last."""
    turn: np.ndarray
    """int64[segments, networks, 6]: parties in the order in which emission is handed out; -1 behind the last."""
    shock: np.ndarray
    """Innovation of the coin's price by epoch and network."""


class Rows(NamedTuple):
    """Rules by (segment, network): address, and [start, end) of the row in the flat `numbers`. Burns have a third axis."""

    numbers: np.ndarray
    supply: np.ndarray
    price: np.ndarray
    payout: np.ndarray
    burn: np.ndarray
    """int64[..., 4]: address, start, end, and 1 where it burns of the take; address 0 behind the last."""
    state_at: np.ndarray
    """By network where its schedule's state begins in `State.schedule`; one more entry than networks."""


class Slots(NamedTuple):
    """Node slots, an array a column, as most steps read one column of all: `rest` are parts of a base unit that the meter keeps, `held`
    its owner's coins.
    """

    state: np.ndarray
    below_s: np.ndarray
    idle_s: np.ndarray
    factor: np.ndarray
    came_epoch: np.ndarray
    came_ps: np.ndarray
    ordered_in: np.ndarray
    rest: np.ndarray
    to_sell: np.ndarray
    held: np.ndarray


class State(NamedTuple):
    """What moves: slots, CLASS_STATE[classes], NETWORK_STATE[networks], and `coins` by network and holder."""

    slot: Slots
    owner: np.ndarray
    net: np.ndarray
    counts: np.ndarray
    """int64[classes, 4]: slots in each state."""
    node_days: np.ndarray
    coins: np.ndarray
    others_sell: np.ndarray
    """int64[networks, 6]: what each party sells this epoch."""
    schedule: np.ndarray
    """What schedules remember, network behind network."""
    quote: np.ndarray
    """int64[networks, 4]: price in force of an input, an output and a cached token and of a request."""
    quote_state: np.ndarray
    prices: np.ndarray
    """int64[networks, epochs + 1]: price from the start of each epoch on."""
    carry: np.ndarray
    quantities: np.ndarray
    surplus: np.ndarray
    asked: np.ndarray
    came: np.ndarray
    """By client class: expected and whole requests of the network at hand."""
    cached: np.ndarray
    """int64[1]: prompt tokens that were cached, of the network at hand."""


class Scratch(NamedTuple):
    """Room for what an epoch works out, by slot of the largest network."""

    days: np.ndarray
    fees: np.ndarray
    income: np.ndarray
    floats: np.ndarray
    keys: np.ndarray
    spare: np.ndarray
    due: np.ndarray
    metered: np.ndarray
    """bool[1]: whether `fees` and `due` may hold anything but zeros, of the network at hand or the one before."""
    amounts: np.ndarray
    parts: np.ndarray
    work: np.ndarray
    live: np.ndarray
    there: np.ndarray
    """Live slots of the network at hand, in order; `late` places in it, of those who came in the epoch, and `late_ps` their time."""
    late: np.ndarray
    late_ps: np.ndarray
    acts: np.ndarray
    """bool: which slots of the class at hand might act."""
    weights: np.ndarray
    offer: np.ndarray
    """float64[4, networks]: price of input, output and cached tokens in USD per million tokens, and of a request; `usd`, `usd_per_mtok` those of a class's mean request."""
    usd: np.ndarray
    usd_per_mtok: np.ndarray
    seen: np.ndarray
    """What prices see: nothing; `reacts` what schedules do, `trial` their state where it is not to move, `asks` nothing."""
    reacts: np.ndarray
    trial: np.ndarray
    asks: np.ndarray
    found: np.ndarray
    """float64[6]: what was served, as `telling.service` reads it."""
    pair: np.ndarray
    """int64[6]: an amount each party."""


class Written(NamedTuple):
    """What an epoch leaves: `lines` float64[epochs, networks, FIELDS, 2], `posted` int64[epochs, networks, SITES],
    `gains` int64[epochs, networks, GAIN], `surplus` float64[epochs], `lorenz` float64[epochs, networks, LORENZ + 1] (NaN: no income).

    `asked` bool[2]: whether CONCENTRATION and BREAK_EVENS are told.
    """

    lines: np.ndarray
    posted: np.ndarray
    gains: np.ndarray
    surplus: np.ndarray
    lorenz: np.ndarray
    asked: np.ndarray


FINE, TOO_LARGE, TOO_MUCH_WANTED, BROKEN = 0, 1, 2, 3
"""How a walk ends: anything but FINE means that the interpreted economy has to tell what is wrong."""
