"""A run of the compiled economy: from a world at its start to the same world at the horizon, its book and its ledger.

What the kernel cannot hold in 64 bits, and all that goes wrong, it leaves to the interpreted economy, which tells it in words.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np

from sim.kernels.economy import layout
from sim.records.run import names_of
from sim.scenario.obstacles import obstacles
from sim.serving.busy import LOADS
from sim.tokenomics.price import OBSERVED
from sim.tokenomics.settle import Paid, exchange
from sim.world.columns import Measured
from sim.world.lines import PARTIES
from sim.world.network import NetworkState
from sim.world.packing import (
    Segments,
    calendar_of,
    classes_of,
    demand_of,
    ends_s,
    fades,
    networks_of,
    rows_of,
    table,
)  # fmt: skip
from sim.world.people import Owners

USD_SITES = {
    layout.FUNDS: ("users' funds", "outside", "users"),
    layout.PAID_USD: ("payment", "users", "operators"),
    layout.TAKE_USD: ("take", "users", "take"),
    layout.SPENT: ("users' funds", "outside", "users"),
    layout.USD_FOR_COINS: ("coins bought", "users", "market"),
    layout.GOT_OPERATORS: ("coins sold", "market", "operators"),
    layout.GOT_VALIDATORS: ("coins sold", "market", "validators"),
    layout.GOT_OWNER: ("coins sold", "market", "owner"),
    layout.GOT_OTHERS: ("coins sold", "market", "others"),
    layout.HOLDERS_USD_IN: ("holders trade", "outside", "market"),
    layout.HOLDERS_USD_OUT: ("holders trade", "market", "outside"),
    layout.OWNERS_FUNDS: ("owners' funds", "outside", "operators"),
    layout.BILLS: ("power and hosting", "operators", "outside"),
    layout.DRAW: ("owners' draw", "operators", "outside"),
}
COIN_SITES = {
    layout.MINT_OPERATORS: ("emission", "", "operators"),
    layout.MINT_LEFT: ("emission", "", "heir"),
    layout.MINT_VALIDATORS: ("emission", "", "validators"),
    layout.MINT_OWNER: ("emission", "", "owner"),
    layout.MINT_TREASURY: ("emission", "", "treasury"),
    layout.MINT_HOLDERS: ("emission", "", "holders"),
    layout.MINT_OTHERS: ("emission", "", "others"),
    layout.BOUGHT: ("coins bought", "market", "users"),
    layout.SOLD_OPERATORS: ("coins sold", "operators", "market"),
    layout.SOLD_VALIDATORS: ("coins sold", "validators", "market"),
    layout.SOLD_OWNER: ("coins sold", "owner", "market"),
    layout.SOLD_OTHERS: ("coins sold", "others", "market"),
    layout.HOLDERS_COINS_IN: ("holders trade", "market", "holders"),
    layout.HOLDERS_COINS_OUT: ("holders trade", "holders", "market"),
    layout.PAID_COINS: ("payment", "users", "operators"),
    layout.TAKE_COINS: ("take", "users", "take"),
    layout.BURNED: ("burn of payments", "users", ""),
}
"""By site: reason, source and target of a posting; an empty source mints, an empty target burns."""


def possible(world: Any) -> bool:
    """Whether the compiled economy can do a run: `walk` may still find that its numbers are too large."""
    return not (obstacles(world.before) or (world.after is not world.before and obstacles(world.after)))


def walk(world: Any, only: Collection[str] = ()) -> bool:
    """Take a started world, whose run is `possible`, to its horizon; False, and nothing has changed, where numbers are too large for it.

    With `only` the book may lack what none of these outcome references reads.
    """
    from sim.kernels.economy.walking import walk as through

    epochs = world.calendar.epochs()
    segments = Segments(epochs, world.in_force)
    if _changes_schedule(segments):
        return False
    calendar, demand, rows = (
        calendar_of(world.calendar, segments),
        demand_of(world, epochs),
        rows_of(world, segments),
    )
    classes, networks = classes_of(world, segments, epochs), networks_of(world, segments, epochs)
    state, room = _state(world, len(epochs)), _room(world)
    written = _room_to_write(world, len(epochs), names_of(only).names)
    try:
        ended = through(calendar, demand, classes, networks, rows, state, room, written, LOADS, fades(epochs))
    except OverflowError:
        return False
    if ended != layout.FINE:
        return False
    _take_back(world, segments, state)
    _write_book(world, epochs, calendar.epoch["days"], written)
    _write_ledger(world, segments, networks, state, written)
    return True


def _changes_schedule(segments: Segments) -> bool:
    """Whether a network's schedule begins anew within the run: its state would be of another shape."""
    shapes = [[b.supply.shape for b in spec.networks.values() if b.kind == "coin"] for spec in segments.specs]
    return any(shape != shapes[0] for shape in shapes)


def _state(world: Any, epochs: int) -> layout.State:
    """All that moves, as it stands at the start."""
    owners = [o for network in world.networks for o in network.owners]
    networks, users, classes = len(world.networks), len(world.users.names), len(owners)
    coined = [network for network in world.networks if network.coin is not None]
    balances = np.array([_balances(world, network) for network in world.networks], np.int64)
    net = _nets(world, balances)
    prices = np.zeros((networks, epochs + 1), np.int64)
    prices[:, 0] = net["price_pusd"]
    return layout.State(
        slot=_slots(world, owners),
        owner=table(
            layout.CLASS_STATE,
            (classes,),
            {
                "fee_usd": [o.fee_usd_per_node_day for o in owners],
                "coin_usd": [o.coin_usd_per_node_day for o in owners],
                "utilization": [o.utilization for o in owners],
            },
        ),
        net=net,
        counts=np.array([[o.columns.count(state) for state in range(4)] for o in owners], np.int64),
        node_days=np.zeros(classes),
        coins=balances,
        others_sell=np.zeros((networks, 6), np.int64),
        schedule=np.concatenate([np.zeros(0, np.int64), *(network.schedule for network in coined)]),
        quote=np.zeros((networks, 4), np.int64),
        quote_state=np.array([network.price_state for network in world.networks]),
        prices=prices,
        carry=np.zeros((networks, users)),
        quantities=world.users.quantities.copy(),
        surplus=np.zeros(users),
        asked=np.zeros(users),
        came=np.zeros(users, np.int64),
        cached=np.zeros(1, np.int64),
    )


def _slots(world: Any, owners: list[Owners]) -> layout.Slots:
    slots = sum(o.block.slots for o in owners)
    return layout.Slots(
        state=np.concatenate([o.columns.state for o in owners]).astype(np.int64),
        below_s=np.concatenate([o.columns.below_s for o in owners]),
        idle_s=np.concatenate([o.columns.idle_s for o in owners]),
        factor=np.concatenate([o.columns.cost_factor for o in owners]),
        came_epoch=np.full(slots, -1),
        came_ps=np.zeros(slots, np.int64),
        ordered_in=np.zeros(slots, np.int64),
        rest=np.zeros(slots, np.int64),
        to_sell=np.zeros(slots, np.int64),
        held=np.concatenate([_held(network) for network in world.networks]),
    )


def _nets(world: Any, balances: np.ndarray) -> np.ndarray:
    def coins(read: Any) -> list[Any]:
        return [read(network) if network.coin is not None else 0 for network in world.networks]

    columns = {
        "elsewhere": np.array(coins(lambda n: world.ledger.supply(n.ticker)), np.int64) - balances.sum(axis=1),
        "minted": coins(lambda n: world.ledger.minted(n.ticker)),
        "burned": coins(lambda n: world.ledger.burned(n.ticker)),
        "amm_usd": coins(lambda n: world.ledger.balance(n.account("pool"), "USD")),
        "price_pusd": coins(lambda n: n.market.price_pusd),
        "start_pusd": coins(lambda n: n.market.start_pusd),
        "pool_usd": coins(lambda n: n.market.usd),
        "pool_coins": coins(lambda n: n.market.coins),
        "drift_usd": coins(lambda n: n.market.drift_usd_per_day or 0.0),
    }
    return table(layout.NETWORK_STATE, (len(world.networks),), columns)


def _held(network: NetworkState) -> np.ndarray:
    if network.coin is None:
        return np.zeros(network.slots, np.int64)
    return network.ledger.column(network.account("operators"), network.ticker).amounts.copy()


def _balances(world: Any, network: NetworkState) -> list[int]:
    """Coins of each party, of users, of the pool and outside."""
    if network.coin is None:
        return [0] * 9
    names = [*(network.account(party) for party in layout.PARTIES), "users", network.account("pool"), "outside"]
    return [world.ledger.balance(name, network.ticker) for name in names]


def _room(world: Any) -> layout.Scratch:
    slots, networks = max(network.slots for network in world.networks), len(world.networks)
    floats = {name: np.zeros(slots) for name in ("days", "fees", "income", "floats", "keys", "spare", "weights")}
    whole = {
        name: np.zeros(slots, np.int64)
        for name in ("due", "amounts", "parts", "work", "live", "there", "late", "late_ps")
    }
    return layout.Scratch(
        **floats, **whole, acts=np.zeros(slots, np.bool_), metered=np.zeros(1, np.bool_), offer=np.zeros((4, networks)), usd=np.zeros(networks), usd_per_mtok=np.zeros(networks),
        seen=np.zeros(len(OBSERVED)), reacts=np.zeros(3, np.int64),
        trial=np.zeros(max((len(n.schedule) for n in world.networks if n.coin is not None), default=0), np.int64),
        asks=np.zeros(0, np.int64), found=np.zeros(6), pair=np.zeros(6, np.int64),
    )  # fmt: skip


_SPREAD = {layout.FIELDS[field] for field in (layout.GINI, layout.NAKAMOTO)}
_MARGINAL = layout.FIELDS[layout.BREAK_EVEN]


def _room_to_write(world: Any, epochs: int, names: Collection[str]) -> layout.Written:
    """Room for what `names`, `network.outcome`, read; for all where there are none."""
    networks, outcomes = len(world.networks), {name.rpartition(".")[2] for name in names}
    asked = (not names or not _SPREAD.isdisjoint(outcomes), not names or _MARGINAL in outcomes)
    return layout.Written(
        lines=np.full((epochs, networks, len(layout.FIELDS), 2), np.nan),
        posted=np.zeros((epochs, networks, len(layout.SITES)), np.int64),
        gains=np.zeros((epochs, networks, len(layout.GAIN)), np.int64),
        surplus=np.zeros(epochs),
        lorenz=np.full((epochs, networks, layout.LORENZ + 1), np.nan),
        asked=np.array(asked),
    )


def _take_back(world: Any, segments: Segments, state: layout.State) -> None:
    """Operators, markets and blocks as they stand at the horizon."""
    slot, names = 0, ("fee_usd", "coin_usd", "utilization", "full")
    left = iter(zip(*(state.owner[name].tolist() for name in names), strict=True))
    for j, network in enumerate(world.networks):
        network.use(segments.specs[-1].networks[network.name])
        for owners in network.owners:
            here = slice(slot, slot + owners.block.slots)
            slot += owners.block.slots
            owners.columns.put(state.slot.state[here], state.slot.below_s[here], state.slot.idle_s[here])
            owners.fee_usd_per_node_day, owners.coin_usd_per_node_day, owners.utilization, owners.full = next(left)
        if network.coin is not None:
            net = state.net[j]
            network.market.price_pusd = int(net.price_pusd)
            network.market.usd, network.market.coins = int(net.pool_usd), int(net.pool_coins)


def _write_book(world: Any, epochs: Any, days: np.ndarray, written: layout.Written) -> None:
    for j, network in enumerate(world.networks):
        columns = world.book.columns[network.name]
        for field, name in enumerate(layout.FIELDS):
            if network.coin is not None or name not in _OF_COINS:
                columns[name] = Measured(functools.partial(_table, written.lines, j, field))
        if network.coin is not None:
            gains = functools.cache(functools.partial(_gains, network, written.gains[:, j], days))
            for party in PARTIES:
                columns[f"exchange_{party}_usd_per_day"] = Measured(functools.partial(_of_party, gains, party))
        world.book.curves[network.name] = written.lorenz[:, j]
    world.book.ends_s = ends_s(world.calendar)
    if not np.isnan(written.surplus).all():
        of_world = world.book.columns["world"]
        of_world["consumer_surplus_usd_per_day"] = Measured(lambda: _undivided(written.surplus))
        of_world["total_surplus_usd_per_day"] = Measured(lambda: _undivided(_total_surplus(written, days)))


_OF_COINS = set(layout.FIELDS[layout.COIN_USD : layout.BREAK_EVEN + 1])


def _table(lines: np.ndarray, j: int, field: int) -> np.ndarray:
    return np.asarray(lines[:, j, field])


def _undivided(numbers: np.ndarray) -> np.ndarray:
    return np.column_stack((numbers, np.full(len(numbers), np.nan)))


def _total_surplus(written: layout.Written, days: np.ndarray) -> np.ndarray:
    """As `sim.world.lines.total_surplus` adds it up, network after network."""
    found = written.surplus.copy()
    for j in range(written.lines.shape[1]):
        found += written.lines[:, j, layout.REVENUE, 0]
        found -= written.lines[:, j, layout.RESOURCE_COST, 0] / days
    return found


def _of_party(gains: Callable[[], dict[str, np.ndarray]], party: str) -> np.ndarray:
    return _undivided(gains()[party])


def _gains(network: NetworkState, told: np.ndarray, days: np.ndarray) -> dict[str, np.ndarray]:
    """Gains and losses from the coin's price by party and epoch, USD a day (`sim.world.lines.exchange_line`)."""
    paid = told[:, 4] != 0
    # Python's integers: the products are wider than 64 bits.
    invoice, operators, taken, burned, before, after = told[paid].astype(object).T
    made = exchange(invoice, Paid(operators, taken, burned), before, after, after, network.decimals)
    found = {party: np.zeros(len(told)) for party in PARTIES}
    for party, gain in zip(PARTIES, (made.user, made.operators, made.protocol), strict=True):
        found[party][paid] = made.usd(gain) / days[paid]
    return found


def _write_ledger(
    world: Any, segments: Segments, networks: layout.Networks, state: layout.State, written: layout.Written
) -> None:
    """All postings of the run, each reason between two accounts once, in the order in which they first came."""
    totals: dict[tuple[str, str, str, str], tuple[int, int]] = {}
    for g in range(len(segments.specs)):
        for (place, amount), key in _postings(world, networks, written, g, np.flatnonzero(segments.of == g)):
            first, sofar = totals.get(key, (place, 0))
            totals[key] = min(first, place), sofar + amount
    for (currency, reason, source, target), (_, amount) in sorted(totals.items(), key=lambda item: item[1][0]):
        if not source:
            world.ledger.mint(reason, currency, amount, target)
        elif not target:
            world.ledger.burn(reason, currency, amount, source)
        else:
            world.ledger.transfer(reason, currency, amount, source, target)
    slot = 0
    for network in world.networks:
        if network.coin is not None:
            column = world.ledger.column(network.account("operators"), network.ticker)
            column.amounts[:] = state.slot.held[slot : slot + network.slots]
        slot += network.slots
    world.ledger.close(f"epoch {len(segments.of) - 1}")


def _postings(
    world: Any, networks: layout.Networks, written: layout.Written, g: int, epochs: np.ndarray
) -> Iterator[tuple[tuple[int, int], tuple[str, str, str, str]]]:
    """What a segment's epochs, one behind the other, posted: (when first, amount) and (currency, reason, source, target).

    Times are numbers: epoch, then network, then site.
    """
    posted = written.posted[epochs[0] : epochs[-1] + 1]
    # Amounts are below 2^63, their sum may not be.
    high, low, first = (posted >> 32).sum(axis=0), (posted & 0xFFFFFFFF).sum(axis=0), (posted != 0).argmax(axis=0)
    for j, site in np.argwhere(high | low).tolist():
        network, in_usd = world.networks[j], site in USD_SITES
        reason, source, target = (USD_SITES if in_usd else COIN_SITES)[site]
        place = ((int(epochs[0]) + int(first[j, site])) * len(world.networks) + j) * len(layout.SITES) + site
        yield (
            (place, (int(high[j, site]) << 32) + int(low[j, site])),
            (
                "USD" if in_usd else network.ticker,
                reason,
                _account(network, networks, g, j, source),
                _account(network, networks, g, j, target),
            ),
        )


def _account(network: NetworkState, networks: layout.Networks, g: int, j: int, role: str) -> str:
    if role in ("", "users", "outside"):
        return role
    if role == "market":
        return "outside" if networks.terms[g, j].market == layout.PATH else network.account("pool")
    if role == "take":
        return network.account(layout.PARTIES[networks.terms[g, j].take_to])
    if role == "heir":
        remainder = int(networks.terms[g, j].remainder)
        return network.account(layout.PARTIES[layout.TREASURY if remainder == layout.OPERATORS else remainder])
    return network.account(role)
