"""From a world at its start to the tables of the compiled economy (`sim.kernels.economy.layout`)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sim.kept import Kept
from sim.kernels.economy import functions, layout
from sim.kernels.rules import compiled
from sim.serving.busy import LOADS, rest_by_load
from sim.streams import Streams
from sim.tokenomics.market import innovations
from sim.tokenomics.settle import Terms, terms
from sim.tokenomics.split import RECIPIENTS
from sim.units import PS_PER_S, SHARE_ONE, ps, share_parts
from sim.workload.arrivals.replayed import Replayed
from sim.world.calendar import DAY_PS, Calendar, Epoch
from sim.world.dates import InForce
from sim.world.hardware import Hardware
from sim.world.people import FEE_HALF_LIFE_S, Owners

HOUR_PS = 3600 * PS_PER_S
DECIDES = {"free_entry": layout.FREE, "planned": layout.PLANNED, "fixed": layout.FIXED}
MARKETS = {"path": layout.PATH, "pool": layout.POOL}
RATES = {
    None: 0,
    "request": layout.REQUEST,
    "settlement": layout.SETTLEMENT,
    "oracle": layout.ORACLE,
    "fixed": layout.FIXED_RATE,
}
PARTY = {name: place for place, name in enumerate(layout.PARTIES)}


class Segments:
    """Stretches of a run in which all blocks are the same: `specs`, and `of` by epoch."""

    def __init__(self, epochs: list[Epoch], in_force: InForce) -> None:
        self.specs: list[Any] = []
        self.of = np.zeros(len(epochs), np.int64)
        for epoch in in_force.turning(epochs):
            spec = in_force.at(epoch)
            if not self.specs or self.specs[-1] is not spec:
                self.specs.append(spec)
            self.of[epoch.number :] = len(self.specs) - 1


class Numbers:
    """The rows of rules, one behind the other."""

    def __init__(self) -> None:
        self.rows: list[np.ndarray] = [np.zeros(1, np.int64)]
        self._size = 1

    def put(self, table: str, block: Any, row: np.ndarray) -> tuple[int, int, int]:
        """(address, start, end) of a block's rule and its row."""
        self.rows.append(row)
        self._size += len(row)
        return _address(table, type(block).rule), self._size - len(row), self._size


@functools.cache
def _address(table: str, rule: Callable[..., Any]) -> int:
    return functions.address(compiled(rule, functions.SIGNATURES[table]))


def table(dtype: np.dtype, shape: tuple[int, ...], columns: Mapping[str, Any]) -> np.ndarray:
    """Records of a layout from its columns, each of `shape`."""
    made = np.zeros(shape, dtype)
    for name, column in columns.items():
        made[name] = column
    # Plain Python reads fields of a record by name only so.
    return made.view(np.recarray)


def calendar_of(calendar: Calendar, segments: Segments) -> layout.Calendar:
    """Epochs as the kernel reads them."""
    made = _epochs(calendar).copy()
    made["segment"] = segments.of
    return layout.Calendar(made.view(np.recarray), calendar.epoch_ps)


@functools.lru_cache(maxsize=16)
def _epochs(calendar: Calendar) -> np.ndarray:
    epochs = calendar.epochs()
    edges = [(e.start_ps, e.end_ps, 2 * e.end_ps - e.start_ps) for e in epochs]
    parts = np.array([[number for edge in row for number in divmod(edge, DAY_PS)] for row in edges], np.int64).T
    columns = {
        "length_ps": [e.end_ps - e.start_ps for e in epochs],
        "seconds": [e.seconds for e in epochs],
        "days": [e.days for e in epochs],
        **dict(zip(("day0", "ps0", "day1", "ps1", "day2", "ps2"), parts, strict=True)),
    }
    return table(layout.EPOCH, (len(epochs),), columns)


def ends_s(calendar: Calendar) -> list[float]:
    """The end of each epoch, seconds from the start."""
    return list(_ends_s(calendar))


@functools.lru_cache(maxsize=16)
def _ends_s(calendar: Calendar) -> tuple[float, ...]:
    return tuple(epoch.end_ps / PS_PER_S for epoch in calendar.epochs())


def demand_of(world: Any, epochs: list[Epoch]) -> layout.Demand:
    """Client classes with their calibrated tastes."""
    users = world.users
    rows = [np.asarray(taste.row, float) for taste in users.tastes]
    beliefs = users.beliefs
    return layout.Demand(
        _base(world, epochs),
        np.array([users.means[name] for name in users.names], float),
        users.cached.astype(float),
        np.concatenate(rows),
        np.concatenate(([0], np.cumsum([len(row) for row in rows]))).astype(np.int64),
        np.array([_address("demand", type(taste).rule) for taste in users.tastes], np.int64),
        np.array([users.potential.ceiling(name) for name in users.names], float),
        np.array([[belief.e2e_s for belief in row] for row in beliefs]),
        np.array([[belief.failure_frac for belief in row] for row in beliefs]),
        users.central.astype(float),
    )


def _base(world: Any, epochs: list[Epoch]) -> np.ndarray:
    """Base requests of each epoch and class; kept for runs with the same workload and calendar."""
    users, spec = world.users, world.before
    if any(isinstance(klass.arrivals, Replayed) for klass in users.classes.values()):
        return _worked_out(users, epochs)
    key = (
        tuple(repr((klass.rate, klass.growth, klass.profile)) for klass in users.classes.values()),
        spec.start, spec.horizon, spec.epoch,
    )  # fmt: skip
    if key not in _BASES:
        if len(_BASES) >= 64:
            _BASES.clear()
        _BASES[key] = _worked_out(users, epochs)
    return _BASES[key]


_BASES: dict[Any, np.ndarray] = {}


def _worked_out(users: Any, epochs: list[Epoch]) -> np.ndarray:
    """Epoch by epoch; those of whole hours, as long as they are of one length, at once."""
    hours, rest = divmod(epochs[0].end_ps, HOUR_PS)
    whole = 0 if rest or any(isinstance(klass.arrivals, Replayed) for klass in users.classes.values()) else len(epochs)
    if whole and epochs[-1].end_ps - epochs[-1].start_ps != epochs[0].end_ps:
        whole -= 1
    late = [users.base_requests(e.start_ps / PS_PER_S, e.end_ps / PS_PER_S) for e in epochs[whole:]]
    if not whole:
        return np.array(late)
    at_once = np.column_stack([users.potential.base_by_epoch(name, hours, whole) for name in users.names]) * users.level
    return np.concatenate([at_once, late]) if late else at_once


@functools.lru_cache(maxsize=8)
def _draws(root: int, replication: int, wanted: tuple[tuple[str, int], ...]) -> tuple[np.ndarray, np.ndarray]:
    """Uniforms of streams, one behind the other, and where each begins; kept for runs with the same users."""
    streams = Streams(root, replication)
    at = np.concatenate(([0], np.cumsum([count for _, count in wanted]))).astype(np.int64)
    drawn = np.empty(int(at[-1]))
    for (name, count), first in zip(wanted, at.tolist(), strict=False):
        drawn[first : first + count] = streams[name].uniforms(0, count)
    drawn.flags.writeable = False
    return drawn, at


@functools.lru_cache(maxsize=64)
def _innovations(root: int, replication: int, name: str, calendar: Calendar, nu: float | None) -> np.ndarray:
    """Innovations of a coin's price by epoch; kept for runs with the same draws."""
    stream = Streams(root, replication)[name]
    spans = np.array([(e.start_ps / PS_PER_S, e.end_ps / PS_PER_S) for e in calendar.epochs()])
    return innovations(stream, spans[:, 0], spans[:, 1], nu)


def classes_of(world: Any, segments: Segments, epochs: list[Epoch]) -> layout.Classes:
    """Classes of operators: hardware, and what their blocks say in each segment."""
    owners = [o for network in world.networks for o in network.owners]
    blocks = [[spec.networks[o.network].operators[o.name] for o in owners] for spec in segments.specs]
    epoch_ps = world.calendar.epoch_ps
    free = [any(row[c].decides == "free_entry" for row in blocks) for c in range(len(owners))]
    wanted = tuple(
        (f"operators.{o.network}.{o.name}", (o.block.slots + 1) * len(epochs) if free[c] else 0)
        for c, o in enumerate(owners)
    )
    draws, at = _draws(world.streams.root, world.streams.replication, wanted)

    def by_class(read: Callable[[Owners], Any]) -> list[Any]:
        return [read(o) for o in owners]

    kind = {
        "capacity_rps": by_class(lambda o: o.machine.capacity_rps),
        "replicas": by_class(lambda o: o.machine.replicas),
        "gpus": by_class(lambda o: o.machine.gpus),
        "idle_w": by_class(lambda o: o.machine.rtype.idle_w),
        "full_w": by_class(lambda o: o.machine.rtype.active_w),
        "slowest_rps": by_class(lambda o: o.machine.speeds_rps[0]),
        "fastest_rps": by_class(lambda o: o.machine.speeds_rps[-1]),
        "hurdle": by_class(lambda o: o.hurdle_usd_per_day),
        "load_epochs": by_class(lambda o: ps(o.machine.load_s) // epoch_ps),
        "load_ps": by_class(lambda o: ps(o.machine.load_s) % epoch_ps),
        "draws_at": at[:-1],
        "machine": _machines(owners),
    }
    spans_s = epochs[0].seconds, epochs[-1].seconds
    terms = [
        [_said(block, o.machine, epoch_ps, spans_s) for block, o in zip(row, owners, strict=True)] for row in blocks
    ]
    return layout.Classes(
        np.concatenate(([0], np.cumsum([o.block.slots for o in owners]))).astype(np.int64),
        table(layout.CLASS, (len(owners),), kind),
        np.array(terms, layout.CLASS_TERMS).view(np.recarray),
        _rests(world, owners),
        draws,
    )


_SAID: Kept[tuple[Any, ...]] = Kept()
"""Terms of classes: most cases of a study share them."""


def _said(block: Any, machine: Hardware, epoch_ps: int, spans_s: tuple[float, float]) -> tuple[Any, ...]:
    """What a class's block says, as `layout.CLASS_TERMS` names it; `spans_s` are lengths of a regular epoch and of the last."""
    words = machine.gpus, machine.capacity_rps, machine.pull_s, machine.load_s, epoch_ps, *spans_s

    def make() -> tuple[Any, ...]:
        leaving = block.switch_speed if block.outside_rent > 0 else block.exit_speed
        chance, last_chance = (float(-np.expm1(-leaving * span_s)) for span_s in spans_s)
        order, last_order = (float(-np.expm1(-block.entry_speed * span_s)) for span_s in spans_s)
        lead_epochs, lead_ps = divmod(ps(block.lead + machine.pull_s + machine.load_s), epoch_ps)
        said = {
            "decides": DECIDES[block.decides],
            "electricity": block.electricity,
            "hosting": block.hosting,
            "fixed": 24 * (block.hosting + block.outside_rent * machine.gpus),
            "capital": block.capital_usd_per_day(),
            "factor": block.cost_factor,
            "patience": block.patience,
            "restart": block.restart,
            "idle_life": block.idle_life,
            "elasticity": block.entry_elasticity,
            "planned_rps": machine.capacity_rps * block.utilization,
            "lead_epochs": lead_epochs,
            "lead_ps": lead_ps,
            "chance": chance,
            "last_chance": last_chance,
            "order": order,
            "last_order": last_order,
        }
        return tuple(said[name] for name in layout.CLASS_TERMS.names or ())

    return _SAID.get((block,), words, make)


def _machines(owners: list[Owners]) -> list[int]:
    """The number of each class's machine: the same for classes of one network that have the same replicas of the same requests."""
    numbers: dict[Any, int] = {}
    made = [(o.network, id(o.machine.rtype), o.machine.replicas, o.machine.mean_tokens) for o in owners]
    return [numbers.setdefault(each, len(numbers)) for each in made]


def _rests(world: Any, owners: list[Owners]) -> np.ndarray:
    choices = {network.name: network.block.router.routing().choices for network in world.networks}
    return np.array([
        rest_by_load(o.machine.speeds_rps, choices[o.network]) if choices[o.network] else np.zeros(len(LOADS)) for o in owners
    ])  # fmt: skip


def networks_of(world: Any, segments: Segments, epochs: list[Epoch]) -> layout.Networks:
    """Networks: terms, splits and markets in each segment."""
    names = [network.name for network in world.networks]
    blocks = [[spec.networks[name] for name in names] for spec in segments.specs]
    agreed = [[_terms(block, name) for block, name in zip(row, names, strict=True)] for row in blocks]

    def by_block(read: Callable[[Any], Any]) -> list[list[Any]]:
        return [[read(block) for block in row] for row in blocks]

    def by_terms(read: Callable[[Terms], Any]) -> list[list[Any]]:
        return [[read(each) for each in row] for row in agreed]

    def of_coin(read: Callable[[Any], Any], other: Any = 0) -> list[list[Any]]:
        return by_block(lambda block: read(block) if block.kind == "coin" else other)

    def of_market(kind: str, read: Callable[[Any], Any]) -> list[list[Any]]:
        return of_coin(lambda block: read(block.market) if block.market.kind == kind else 0)

    said = {
        "choices": by_block(lambda block: block.router.routing().choices),
        "quote_coin": by_terms(lambda each: each.quote == "coin"),
        "pay_coin": by_terms(lambda each: each.pay == "coin"),
        "rate": by_terms(lambda each: RATES[each.rate]),
        "fixed_pusd": by_terms(lambda each: each.fixed_pusd or 0),
        "lag_ps": of_coin(lambda block: ps(block.oracle.lag)),
        "twap_ps": of_coin(lambda block: ps(block.oracle.twap)),
        "take_parts": by_block(lambda block: share_parts(block.settle.take_rate)),
        "take_to": by_block(lambda block: PARTY[block.settle.take_to]),
        "sell": by_block(lambda block: block.settle.sell),
        "sell_others": by_block(lambda block: block.settle.sell_others),
        "remainder": of_coin(lambda block: PARTY[block.split.remainder]),
        "market": of_coin(lambda block: MARKETS[block.market.kind], layout.NO_MARKET),
        "fee_parts": of_market("pool", lambda market: share_parts(market.fee)),
        "fee": of_market("pool", lambda market: market.fee),
        "daily_sd": of_coin(lambda block: block.market.daily_sd),
        "log_drift": of_market("path", lambda market: market.log_drift),
        "pull": of_market("pool", lambda market: market.pull_usd_per_day),
        "capitalize": of_market("pool", _capitalized_at),
    }
    kind = {"has_coin": [n.coin is not None for n in world.networks], "unit": [10**n.decimals for n in world.networks]}
    return layout.Networks(
        np.concatenate(([0], np.cumsum([len(network.owners) for network in world.networks]))).astype(np.int64),
        table(layout.NETWORK, (len(names),), kind),
        table(layout.NETWORK_TERMS, (len(blocks), len(names)), said),
        np.array(of_coin(_split, [0] * 7), np.int64),
        np.array(of_coin(_turn, [-1] * 6), np.int64),
        _shocks(world, segments, epochs, blocks),
    )


def _capitalized_at(market: Any) -> float:
    return float(market.holders.rate) if market.holders.value == "fees_capitalized" else 0.0


def _terms(block: Any, name: str) -> Terms:
    return terms(block.settle, block.price.currency, block.price.pay, block.kind == "coin", f"networks.{name}.settle")


def _split(block: Any) -> list[int]:
    parts = [0] * 7
    for name in RECIPIENTS:
        parts[PARTY[name]] = share_parts(getattr(block.split, name))
    parts[6] = share_parts(block.split.share)
    return parts


def _turn(block: Any) -> list[int]:
    """Parties in the order in which `Split.amounts` gives them."""
    turn = [PARTY[name] for name in RECIPIENTS if getattr(block.split, name) > 0]
    if PARTY[block.split.remainder] not in turn:
        turn.append(PARTY[block.split.remainder])
    if share_parts(block.split.share) < SHARE_ONE:
        turn.append(PARTY["others"])
    return (turn + [-1] * 6)[:6]


def _shocks(world: Any, segments: Segments, epochs: list[Epoch], blocks: list[list[Any]]) -> np.ndarray:
    found = np.zeros((len(epochs), len(world.networks)))
    for j, network in enumerate(world.networks):
        if network.coin is None:
            continue
        for g in range(len(blocks)):
            here = segments.of == g
            name, nu = f"coin.{network.name}", blocks[g][j].market.nu
            made = _innovations(world.streams.root, world.streams.replication, name, world.calendar, nu)
            found[here, j] = made[here]
    return found


def rows_of(world: Any, segments: Segments) -> layout.Rows:
    """The rules in force in each segment, with their rows."""
    start, decimals, numbers = world.before.start, world.ledger.decimals, Numbers()
    shape = (len(segments.specs), len(world.networks))
    found = {table: np.zeros((*shape, 3), np.int64) for table in ("supply", "price", "payout")}
    burns = [[len(getattr(spec.networks[n.name], "burnmint", ())) for n in world.networks] for spec in segments.specs]
    burn = np.zeros((*shape, max(map(max, burns)) + 1, 4), np.int64)
    for g, spec in enumerate(segments.specs):
        for j, network in enumerate(world.networks):
            block = spec.networks[network.name]
            row = block.price.row(decimals[block.price.currency])
            found["price"][g, j] = numbers.put("price", block.price, row)
            if block.kind != "coin":
                continue
            found["supply"][g, j] = numbers.put("supply", block.supply, block.supply.row(start, network.decimals))
            found["payout"][g, j] = numbers.put("payout", block.payout, block.payout.row_at(network.decimals))
            for place, rule in enumerate(block.burnmint.values()):
                burn[g, j, place] = (*numbers.put("burnmint", rule, rule.row()), int(rule.of == "take"))
    sizes = [len(network.schedule) if network.coin is not None else 0 for network in world.networks]
    at = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    return layout.Rows(np.concatenate(numbers.rows), found["supply"], found["price"], found["payout"], burn, at)


def fades(epochs: list[Epoch]) -> np.ndarray:
    """Weight of an epoch's fees in what operators believe: of a regular one and of the last."""
    return np.array([1 - 0.5 ** (e.seconds / FEE_HALF_LIFE_S) for e in (epochs[0], epochs[-1])])
