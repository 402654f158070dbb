"""Backtest B1: Bitcoin's hash rate after a cut, from the two years before it, with the coin's price and the schedule given.

A node is a unit of machines of constant power; what a node hashes grows on its own. So log hash rate = log nodes + log yield: nodes come
and go by the simulator's rule as the reward moves, and yield is a random walk whose steps are what nodes leave unexplained.

1. *Before the cut* (`learn`): joint sets of what is not known (`beliefs`) each run through the window on its real prices. A set's weight is
   its Gaussian likelihood, SSE^(-n/2) of n steps of yield around their mean (the variance profiled out); their mean is the drift of yield.
2. *After it* (`forecast`): paths draw a set by weight, go on from its operators at the cut, and add yield: its drift as a bootstrap of
   the window's steps, and its steps resampled.

Nothing behind the cut is handed to `learn`; `forecast` gets prices by calendar (periods of 14 days) and the schedule by block.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from sim.streams import Streams
from sim.tokenomics.operators import OperatorClass
from sim.verify.history.beliefs import RANGES, STATE, block_of, sets
from sim.verify.history.crowd import Crowd
from sim.verify.history.series import BLOCKS, HALVES, Periods, Prices

WINDOW = 52
"""Periods that are learned from: two years, as the naive benchmarks have them."""
STEPS = 26
"""Periods forecast."""
HORIZONS = (6, 13, 26)
SETS = 256
PERIOD_DAYS = 14.0
PARTS = 2
"""Decisions in a period: operators look once a week."""
NODES, SLOTS = 100, 1600
BLOCKS_A_DAY = 144.0
FIRST_SUBSIDY = 50.0
"""Coins of a block before the first halving."""


@functools.cache
def _base() -> OperatorClass:
    keys = {"nodes": NODES, "gpu": "machine", "electricity": "0 USD/kWh", "max_nodes": SLOTS}
    return OperatorClass.model_validate(keys, context={"yaml": True})


@dataclasses.dataclass(frozen=True, eq=False)
class Learned:
    """What the window says: of each set its operators at the cut, their nodes then, steps of yield, and its weight (sum 1)."""

    crowds: list[Crowd]
    nodes: np.ndarray
    yields: np.ndarray
    weights: np.ndarray
    log_capacity: float
    returns: np.ndarray
    """Log price changes from part to part of the window, their mean taken off: what an unknown price is drawn from."""
    last_usd: float

    @property
    def sets_that_count(self) -> float:
        """Sets that as many equal weights would be."""
        return float(1 / (self.weights**2).sum())


def subsidy(first_block: float, blocks: float) -> float:
    """Mean coins of a block over a stretch of the chain, which holds one halving at most."""
    level, over = first_block // HALVES, (first_block + blocks) // HALVES
    if level == over:
        return float(FIRST_SUBSIDY / 2**level)
    early = (over * HALVES - first_block) / blocks
    return float(FIRST_SUBSIDY / 2**level * (early + (1 - early) / 2))


def rewards(first_block: int, periods: int, usd: np.ndarray) -> np.ndarray:
    """USD a day at protocol pace in each part of so many periods, from the price at its begin, which operators see."""
    part = BLOCKS / PARTS
    coins = [subsidy(first_block + place * part, part) for place in range(periods * PARTS)]
    return np.asarray(BLOCKS_A_DAY * np.array(coins) * usd)


def parts(begins: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Begins and ends of the parts of periods, in days."""
    edges = begins[:, None] + (ends - begins)[:, None] * np.arange(PARTS + 1) / PARTS
    return edges[:, :-1].ravel(), edges[:, 1:].ravel()


def learn(past: Periods, prices: Prices, seed: int) -> Learned:
    """Run every set through the last `WINDOW` periods of `past`, whose last is the last before the cut."""
    window = slice(len(past) - WINDOW - 1, None)
    begins, ends = parts(past.begins[window], past.ends[window])
    usd = prices.at(begins)
    reward = rewards(int(past.first_block[window][0]), WINDOW + 1, usd)
    seconds = (ends - begins) * 86_400.0
    capacity = past.log_capacity[window]
    crowds, nodes = [], []
    for number, values in enumerate(sets((*RANGES, *STATE), SETS, seed, "bitcoin")):
        crowd, logs = _through(values, reward, seconds, seed, number)
        crowds.append(crowd)
        nodes.append(logs)
    yields = np.diff(capacity) - np.diff(np.array(nodes), axis=1)
    around = yields - yields.mean(axis=1, keepdims=True)
    likelihood = -WINDOW / 2 * np.log((around**2).sum(axis=1))
    weights = np.exp(likelihood - likelihood.max())
    moves = np.diff(np.log(usd))
    return Learned(
        crowds,
        np.array(nodes)[:, -1],
        yields,
        weights / weights.sum(),
        float(capacity[-1]),
        moves - moves.mean(),
        float(prices.usd[-1]),
    )


def _through(
    values: dict[str, float], reward: np.ndarray, seconds: np.ndarray, seed: int, number: int
) -> tuple[Crowd, np.ndarray]:
    """A set's operators after the window, and log nodes in each of its periods."""
    income = reward[0] / NODES
    full = income / values["margin"]
    block = block_of(_base(), values)
    streams = Streams(seed, number)
    spread = streams["history.costs"].normals(0, SLOTS)
    power = full * values["avoidable"] / block.cost_factor
    crowd = Crowd(block, power, full * (1 - values["avoidable"]), spread, income)
    served = [
        crowd.step(float(usd), float(s), streams["history.window"]) for usd, s in zip(reward, seconds, strict=True)
    ]
    return crowd, np.log(np.array(served).reshape(-1, PARTS).mean(axis=1))


def forecast(learned: Learned, next_block: int, usd: np.ndarray | None, paths: int, seed: int) -> np.ndarray:
    """Log hash rate [path, period] after the cut. `usd` is the price at the begin of each part; None: nobody knows it, and it walks."""
    made = np.empty((paths, STEPS))
    chosen = Streams(seed, 0)["history.chosen"].uniforms(0, 1)[0]
    # Systematic resampling: one draw, evenly spaced, so that weights are met as nearly as whole numbers can.
    places = np.searchsorted(np.cumsum(learned.weights), (np.arange(paths) + chosen) / paths)
    for path, place in enumerate(np.minimum(places, len(learned.weights) - 1)):
        streams = Streams(seed, path)
        walk = usd if usd is not None else _walk(learned, streams)
        reward = rewards(next_block, STEPS, walk)
        made[path] = _one(learned, int(place), reward, streams)
    return made


def _walk(learned: Learned, streams: Streams) -> np.ndarray:
    """A price that changes as it did, without a trend."""
    picks = streams["history.price"].uniforms(0, STEPS * PARTS)
    steps = learned.returns[(picks * len(learned.returns)).astype(int)]
    return np.asarray(learned.last_usd * np.exp(np.cumsum(steps)))


def _one(learned: Learned, place: int, reward: np.ndarray, streams: Streams) -> np.ndarray:
    crowd, draws = learned.crowds[place].again(), streams["history.operators"]
    seconds = PERIOD_DAYS * 86_400.0 / PARTS
    served = np.array([crowd.step(float(usd), seconds, draws) for usd in reward])
    nodes = np.log(served.reshape(-1, PARTS).mean(axis=1)) - learned.nodes[place]
    steps = learned.yields[place]
    picks = (streams["history.yield"].uniforms(0, WINDOW + STEPS) * WINDOW).astype(int)
    drift = steps[picks[:WINDOW]].mean()
    noise = (steps - steps.mean())[picks[WINDOW:]]
    return np.asarray(learned.log_capacity + nodes + np.cumsum(drift + noise))
