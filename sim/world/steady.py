"""The start: nodes, utilization and the holders' drift, so that nothing moves by itself under the baseline.

`initial: given` takes the nodes of the file. `initial: steady` keeps the ratio between the classes of a network and
scales all of them until, with emission and fees at the start's prices and demand, operators together earn their full cost;
what then still differs from class to class (one earns more than it costs, another less) becomes each class's other cost of
entry, its hurdle, which stays for the run. In both, `holders.a: solve` takes the drift out of the coin's price.

The solver uses the tables' capacity, not simulated requests: what drift is left is printed with the run.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.tokenomics.operators import LIVE, OUT
from sim.units import DAY_S, PS_PER_S
from sim.world.calendar import Epoch
from sim.world.network import NetworkState
from sim.world.people import Owners
from sim.world.providers import note_asks
from sim.world.tiers import in_line, left_rps
from sim.world.users import Users

STEPS = 60
"""Bisections of the scale: more than the bits of a float need."""
UTILIZATION = 0.5
"""Utilization that power is reckoned at before anything was served (assumed; replaced by the first measurement)."""


def settle(networks: list[NetworkState], users: Users, spec: Any, epoch: Epoch) -> None:
    """Put every network's nodes live and solve its market's drift. Sets what operators believe at first."""
    for network in networks:
        note_asks(network)
        demand = _demand_rps(network, users, epoch)
        daily = _income_usd_per_day(network, users, epoch)
        for owners in network.owners:
            owners.utilization = UTILIZATION
        if spec.initial.kind == "steady" and any(o.block.decides == "free_entry" for o in network.owners):
            _scale(network, daily)
        else:
            for owners in in_line(network.owners):
                left = left_rps(owners, network.owners, demand, 0)
                owners.start(_planned(owners, left, spec), best_first=False)
        _first_beliefs(network, daily)
        if spec.initial.kind == "steady":
            _hurdles(network)
        if network.coin:
            _solve_drift(network, users, epoch)


def rescale(networks: list[NetworkState], users: Users, multiple: float, epoch: Epoch) -> None:
    """Begin with another number of nodes than the start's own: tastes, drift and hurdles stay as they were settled.

    Lowest slots stay; nodes that are added take the lowest empty ones, as far as there are any. A planner's fleet is his own.
    """
    for network in networks:
        for owners in network.owners:
            if owners.block.decides == "planned":
                continue
            live, empty = owners.columns.slots(LIVE), owners.columns.slots(OUT)
            wanted = max(round(len(live) * multiple), 1 if len(live) else 0)
            owners.waiting = round(owners.waiting * multiple)
            owners.columns.move(live[wanted:], OUT)
            owners.columns.move(empty[: max(wanted - len(live), 0)], LIVE)
            if wanted > owners.block.slots:
                network.notes.append(
                    f"{network.name}.{owners.name}: max_nodes holds fewer nodes than the start asks for"
                )
        _first_beliefs(network, _income_usd_per_day(network, users, epoch))


def _planned(owners: Owners, demand_rps: float, spec: Any) -> int:
    """Nodes at the start: the file's, or under `steady` what a planner wants for the start's demand."""
    if owners.block.decides == "planned" and spec.initial.kind == "steady":
        wanted = demand_rps / (owners.machine.capacity_rps * owners.block.utilization)
        return min(max(int(np.ceil(wanted)), 1 if owners.block.behind is None else 0), owners.block.slots)
    return min(owners.block.nodes, owners.block.slots)


def _requests_per_s(network: NetworkState, users: Users, epoch: Epoch) -> np.ndarray:
    start_s, end_s = epoch.start_ps / PS_PER_S, epoch.end_ps / PS_PER_S
    base = users.base_requests(start_s, end_s) / (end_s - start_s)
    return np.asarray(base * users.quantities[:, network.index])


def _demand_rps(network: NetworkState, users: Users, epoch: Epoch) -> float:
    return float(_requests_per_s(network, users, epoch).sum())


def _paid_usd_per_day(network: NetworkState, users: Users, epoch: Epoch) -> float:
    """What users would pay in a day if everything they bring were served."""
    asked = network.prices_usd(0)
    tokens = [users.means[name] for name in users.names]
    each = zip(tokens, users.cached.tolist(), users.batch.tolist(), strict=True)
    per_request = np.array([asked.mean_usd(prompt, output, cached, batch) for (prompt, output), cached, batch in each])
    return float((_requests_per_s(network, users, epoch) * per_request).sum()) * DAY_S


def _income_usd_per_day(network: NetworkState, users: Users, epoch: Epoch) -> tuple[float, float]:
    """Fees and coin value that operators together would get in a day."""
    settle_block = network.block.settle
    kept = 1 - settle_block.take_rate * (1 - settle_block.fee_discount)
    if network.terms.pay == "coin":
        kept -= sum(rule.off_operators for rule in network.block.burnmint.values())
    # What users see holds what they pay on top of what use costs.
    use = _paid_usd_per_day(network, users, epoch) / (1 + settle_block.make_rate * (1 - settle_block.fee_discount))
    fees = use * max(kept, 0.0)
    return fees, network.emission_coin_per_day(epoch).get("operators", 0.0) * network.coin_usd


def _scale(network: NetworkState, daily: tuple[float, float]) -> None:
    """Scale all classes alike until full cost equals income, and put those nodes live.

    Owners whose own avoidable cost is above what a node earns are not there: a market that has settled has lost them.
    """
    income = sum(daily)
    low, high = 0.0, min(o.block.slots / max(o.block.nodes, 1) for o in network.owners if o.on_list)
    costs = _full_costs(network)
    for _ in range(STEPS):
        middle = (low + high) / 2
        if _full_cost(costs, middle) < income:
            low = middle
        else:
            high = middle
    for owners in network.owners:
        nodes = min(max(round(owners.block.nodes * low), 1), owners.block.slots)
        owners.start(nodes, best_first=False)
        _replace_losers(owners, _expected(network, owners, daily) / max(nodes, 1))


def _expected(network: NetworkState, owners: Owners, daily: tuple[float, float]) -> float:
    """USD a day of a class at the start: by its part of the capacity, fees at what it asks."""
    part = _part(network, owners)
    return (daily[0] + daily[1]) * part if owners.asks == 1.0 else (daily[0] * owners.asks + daily[1]) * part


def _full_cost(costs: list[tuple[int, float]], scale: float) -> float:
    """USD a day of all nodes at a scale."""
    total = 0.0
    for nodes, each in costs:
        total += nodes * scale * each
    return total


def _full_costs(network: NetworkState) -> list[tuple[int, float]]:
    """Nodes of each class on the list, and USD a day of one of them: avoidable cost at the class's median, and capital service."""
    return [
        (
            owners.block.nodes,
            owners.power_usd_per_day() * owners.block.cost_factor
            + owners.fixed_usd_per_day()
            + owners.block.capital_usd_per_day(),
        )
        for owners in network.owners
        if owners.on_list
    ]


def _part(network: NetworkState, owners: Owners) -> float:
    """A class's part of the network's capacity, which its income follows."""
    whole = sum(o.block.nodes * o.machine.capacity_rps for o in network.owners if o.on_list)
    return owners.block.nodes * owners.machine.capacity_rps / whole if whole else 0.0


def _replace_losers(owners: Owners, income_per_node: float) -> None:
    """Live slots that lose at this income change places with the lowest empty slots that do not."""
    losing = owners.avoidable_usd_per_day() >= income_per_node
    live = owners.columns.slots(LIVE)
    losers, empty = live[losing[live]], owners.columns.slots(OUT)
    spare = empty[~losing[empty]][: len(losers)]
    owners.columns.move(losers[: len(spare)], OUT)
    owners.columns.move(spare, LIVE)


def _first_beliefs(network: NetworkState, daily: tuple[float, float]) -> None:
    """Income per node and day before anything was served: by capacity."""
    capacity = network.capacity_rps
    for owners in network.owners:
        each = owners.machine.capacity_rps / capacity if capacity else 0.0
        owners.fee_usd_per_node_day = daily[0] * each * owners.asks
        owners.coin_usd_per_node_day = daily[1] * each


def _hurdles(network: NetworkState) -> None:
    """What a class earns above its full cost at the start is a cost that the file does not state (below it: a benefit)."""
    for owners in network.owners:
        if owners.block.decides == "free_entry" and owners.live:
            income = owners.fee_usd_per_node_day + owners.coin_usd_per_node_day
            known = (
                owners.power_usd_per_day() * owners.block.cost_factor
                + owners.fixed_usd_per_day()
                + owners.block.capital_usd_per_day()
            )
            owners.hurdle_usd_per_day = income - known


def _solve_drift(network: NetworkState, users: Users, epoch: Epoch) -> None:
    """`holders.a: solve`: emission and fees that are sold against coins that users buy, at the start."""
    block, parts = network.block, network.emission_coin_per_day(epoch)
    sold = parts.get("operators", 0.0) * block.settle.sell
    sold += sum(parts.get(party, 0.0) for party in ("validators", "owner", "others")) * block.settle.sell_others
    bought = 0.0
    if network.terms.pay == "coin":
        bought = _paid_usd_per_day(network, users, epoch)
        fees, _ = _income_usd_per_day(network, users, epoch)
        sold += fees / network.coin_usd * block.settle.sell
    worth = block.market.worth(network.market, bought * 365.25, network.free_coins) or network.coin_usd
    block.market.solve(network.market, sold, bought, worth)
    if network.subnets is not None:
        network.subnets.solve(bought)
