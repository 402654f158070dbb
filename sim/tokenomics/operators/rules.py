"""What the owners of a class decide in one epoch; pure in what they see, their columns and their draws.

Stopping compares expected income with avoidable cost (capex is sunk); entry compares it, at the capacity already
ordered, with full cost. Speeds are rates, so that the length of the epoch does not matter.
Source: the evidence in docs/operators.md; the asymmetry of stop and restart is hysteresis.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from sim.tokenomics.operators.block import OperatorClass
from sim.tokenomics.operators.columns import IDLE, LIVE, ORDERED, OUT, Columns
from sim.tokenomics.operators.contest import best_reply


@dataclasses.dataclass(frozen=True)
class View:
    """What a class believes at the start of an epoch, USD per node and day.

    `income` a node that serves now; `income_entrant` a node more, with all ordered capacity arrived; `power` of the cards
    of a node (before an owner's factor); `fixed` hosting and outside rent; `hurdle` other cost of entry (solved by
    `initial: steady`); `wanted` nodes a planner needs, `still` those until what is on its way is there. In a contest `pool` is what all operators together earn a day, `others`
    the nodes of all others, ordered ones too, in nodes of this class.
    """

    income: float
    income_entrant: float
    power: float
    fixed: float
    hurdle: float = 0.0
    wanted: float = 0.0
    still: float = 0.0
    pool: float = 0.0
    others: float = 0.0


@dataclasses.dataclass(frozen=True)
class Decisions:
    """Slots that stop, start again, leave for good, and that are ordered (slot numbers, ascending)."""

    stops: np.ndarray
    restarts: np.ndarray
    leaves: np.ndarray
    orders: np.ndarray
    full: bool = False


def avoidable_usd_per_day(view: View, columns: Columns) -> np.ndarray:
    """What a slot's owner saves by not serving: power at the owner's own cost, hosting, outside rent."""
    return view.power * columns.cost_factor + view.fixed


def decide(block: OperatorClass, view: View, columns: Columns, draws: np.ndarray, epoch_s: float) -> Decisions:
    """One epoch's decisions; `draws` are slots + 1 uniforms in [0, 1). Advances the columns' clocks, moves no slot."""
    none = np.empty(0, np.int64)
    if block.decides == "fixed":
        return Decisions(none, none, none, none)
    if block.decides == "planned":
        return _plan(view, columns, least=1 if block.behind is None else 0)
    if block.decides == "contest":
        return _contest(block, view, columns, float(draws[-1]), epoch_s)
    # Whoever loses stake to penalties reckons with losing it again.
    cost = avoidable_usd_per_day(view, columns) + columns.losses
    speed = block.switch_speed if block.outside_rent > 0 else block.exit_speed
    acts = draws[:-1] < -np.expm1(-speed * epoch_s)
    columns.below_s = np.where((columns.state == LIVE) & (view.income < cost), columns.below_s + epoch_s, 0.0)
    columns.idle_s = np.where(columns.state == IDLE, columns.idle_s + epoch_s, 0.0)
    stops = np.flatnonzero((columns.state == LIVE) & (columns.below_s > block.patience) & acts)
    back = (columns.state == IDLE) & (view.income_entrant >= block.restart * cost) & acts
    leaves = (columns.state == IDLE) & (columns.idle_s >= block.idle_life) & ~back
    orders, full = _order(block, view, columns, float(draws[-1]), epoch_s)
    return Decisions(stops, np.flatnonzero(back), np.flatnonzero(leaves), orders, full)


def _order(block: OperatorClass, view: View, columns: Columns, draw: float, epoch_s: float) -> tuple[np.ndarray, bool]:
    """Slots to order: the gap to wanted capacity x speed, rounded at random; the lowest empty slots."""
    full_cost = view.power * block.cost_factor + view.fixed + block.capital_usd_per_day() + view.hurdle
    if full_cost <= 0 or view.income_entrant <= full_cost:
        return np.empty(0, np.int64), False
    there = max(columns.count(LIVE) + columns.count(ORDERED) + columns.count(IDLE), 1)
    # A class never orders more than it has in one go: nobody expects to double at once and find a market.
    excess = min((view.income_entrant / full_cost) ** block.entry_elasticity - 1, 1.0)
    expected = there * excess * -np.expm1(-block.entry_speed * epoch_s)
    number = _at_random(expected, draw)
    empty = columns.slots(OUT)
    return empty[:number], number > len(empty)


def _contest(block: OperatorClass, view: View, columns: Columns, draw: float, epoch_s: float) -> Decisions:
    """One owner goes towards the best reply to all others: orders by full cost, stops by avoidable cost, whole nodes only.

    An owner who is alone has nothing to reply to, and stays as he is.
    """
    none = np.empty(0, np.int64)
    live, there = columns.slots(LIVE), columns.count(LIVE) + columns.count(ORDERED)
    avoidable = view.power * block.cost_factor + view.fixed
    if view.others <= 0 or avoidable <= 0:
        return Decisions(none, none, none, none)
    grows = best_reply(view.pool, view.others, avoidable + block.capital_usd_per_day() + view.hurdle)
    keeps = best_reply(view.pool, view.others, avoidable)
    if grows - there >= 1:
        number = _at_random(int(grows - there) * -np.expm1(-block.entry_speed * epoch_s), draw)
        empty = columns.slots(OUT)
        return Decisions(none, none, none, empty[:number], number > len(empty))
    if there - keeps >= 1:
        speed = block.switch_speed if block.outside_rent > 0 else block.exit_speed
        number = min(_at_random(int(there - keeps) * -np.expm1(-speed * epoch_s), draw), len(live))
        return Decisions(live[len(live) - number :], none, none, none)
    return Decisions(none, none, none, none)


def _at_random(expected: float, draw: float) -> int:
    """A whole number with this mean, by a uniform."""
    return int(expected) + (draw < expected - int(expected))


def _plan(view: View, columns: Columns, least: int) -> Decisions:
    """Order up to what is wanted; give back the highest slots above 110 % of it, but for the `least`."""
    none = np.empty(0, np.int64)
    live, ordered = columns.slots(LIVE), columns.count(ORDERED)
    wanted = int(np.ceil(view.wanted))
    missing = wanted - len(live) - ordered
    if missing > 0:
        empty = columns.slots(OUT)
        return Decisions(none, none, none, empty[:missing], missing > len(empty))
    keep = max(int(np.ceil(1.1 * max(view.wanted, view.still))), least)
    return Decisions(live[keep:], none, none, none)
