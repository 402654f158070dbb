"""Backtest B2: Ravencoin's hash rate after the Merge, by the simulator's defaults, with the coin's price and the schedule given.

On 2022-09-15 Ethereum laid off its GPUs, and Ravencoin's hash rate rose to seven times. From the week that ended on 2022-09-25 on, the
operators who had come decide: each node a part of the hash rate, its owner's power cost by the class's defaults over that of the
median card, hardware owned already (it costs nothing to enter, and is there at once), no other use for it.
`defaults` is one set, written down before it was run; `ranges` are joint sets of `beliefs` and of the electricity price, all alike likely.
"""

from __future__ import annotations

import datetime

import numpy as np

from sim.streams import Streams
from sim.tokenomics.operators import OperatorClass
from sim.verify.history.beliefs import RANGES, Range, block_of, sets
from sim.verify.history.crowd import Crowd
from sim.verify.history.series import Periods, Prices

STATE_WEEK_ENDS = datetime.date(2022, 9, 25)
QUIET = datetime.date(2021, 1, 1), datetime.date(2022, 8, 31)
"""Weeks whose steps say how much capacity moves about: before the Merge, and not its own jump."""
HORIZONS = (13, 26, 52, 96)
STEPS = 96
MARKS = {13: 0.15, 26: 0.17, 52: 0.26}
"""CRPS to stay below, with 70 to 90 % of weeks inside the band."""

WATTS_PER_MHS = 3.38 / 0.5
"""Median card: 3.38 W per MH/s of Ethash (350 rows of a public benchmark list), of which KAWPOW runs 0.50 (31 cards); borrowed."""
USD_PER_KWH = 0.10
ELECTRICITY = Range("electricity", 0.05, 0.12, "household and industrial tariffs, docs/operators.md", "assumed")
RVN_A_BLOCK = 2500.0
"""Since the halving of January 2022; the next one lies behind every horizon."""
BLOCK_S = 60.4
NODES, SLOTS = 400, 3200
WEEK_S = 604_800.0


def power_usd(usd_per_kwh: float) -> float:
    """Power of the median card a day, per TH/s: W per MH/s are MW per TH/s."""
    return WATTS_PER_MHS * 1000 * 24 * usd_per_kwh


def rewards(usd: np.ndarray) -> np.ndarray:
    """USD a day at protocol pace, from the price at the begin of each week."""
    return np.asarray(RVN_A_BLOCK * 86_400 / BLOCK_S * usd)


def quiet_weeks(past: Periods) -> np.ndarray:
    """Log capacity of the weeks before the Merge that noise is drawn from."""
    first, last = ((day - datetime.date(1970, 1, 1)).days for day in QUIET)
    return past.log_capacity[(past.begins >= first) & (past.ends <= last + 1)]


def class_of(values: dict[str, float]) -> OperatorClass:
    """The class with its defaults but for what a set says; hardware is there already."""
    keys = {"nodes": NODES, "gpu": "card", "electricity": "0.1 USD/kWh", "max_nodes": SLOTS, "lead": "0 s"}
    return block_of(OperatorClass.model_validate(keys, context={"yaml": True}), {**values, "lead": 0.0})


def defaults(paths: int) -> list[dict[str, float]]:
    """One set, for all paths."""
    return [{}] * paths


def ranges(paths: int, seed: int) -> list[dict[str, float]]:
    """A set for each path."""
    return sets((*RANGES, ELECTRICITY), paths, seed, "ravencoin")


def forecast(
    past: Periods, usd: np.ndarray | None, known: list[dict[str, float]], prices: Prices, seed: int
) -> np.ndarray:
    """Log hash rate [path, week] after the last week of `past`; `usd` is the price at the begin of each week (None: it walks as `prices` did)."""
    start, quiet = past.log_capacity[-1], quiet_weeks(past)
    steps = np.diff(quiet)
    steps = steps - steps.mean()
    walks = weekly_returns(past, prices)
    last_usd = float(prices.usd[-1])
    made = np.empty((len(known), STEPS))
    for path, values in enumerate(known):
        streams = Streams(seed, path)
        walk = usd if usd is not None else last_usd * np.exp(np.cumsum(_picked(walks, streams, "history.price")))
        made[path] = start + _nodes(values, float(np.exp(start)), rewards(walk), streams)
        made[path] += np.cumsum(_picked(steps, streams, "history.noise"))
    return made


def weekly_returns(past: Periods, prices: Prices) -> np.ndarray:
    """Log price changes from week to week in the quiet weeks, their mean taken off."""
    first, last = ((day - datetime.date(1970, 1, 1)).days for day in QUIET)
    weeks = (past.begins >= max(first, prices.days[0])) & (past.ends <= last + 1)
    moves = np.diff(np.log(prices.at(past.begins[weeks])))
    return np.asarray(moves - moves.mean())


def _picked(values: np.ndarray, streams: Streams, name: str) -> np.ndarray:
    return np.asarray(values[(streams[name].uniforms(0, STEPS) * len(values)).astype(int)])


def _nodes(values: dict[str, float], capacity: float, reward: np.ndarray, streams: Streams) -> np.ndarray:
    """Log nodes over those of the start, week by week. A node is `capacity` TH/s over `NODES`."""
    power = power_usd(values.get("electricity", USD_PER_KWH)) * capacity / NODES
    crowd = Crowd(class_of(values), power, 0.0, streams["history.costs"].normals(0, SLOTS))
    served = [crowd.step(float(usd), WEEK_S, streams["history.operators"]) for usd in reward]
    return np.log(np.array(served) / NODES)
