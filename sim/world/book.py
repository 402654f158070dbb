"""The run's book: a column an outcome and network, and the outcomes that come of them.

An epoch is written as a line a network: it holds pairs (numerator, denominator) for what is a ratio, plain values for the rest. Ratios over the run are ratios
of sums. What a run reports covers the time from `policies_from` on; series cover all of it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Container, Mapping
from typing import Any

import numpy as np

from sim.records import histogram
from sim.records.outcomes import OUTCOMES
from sim.records.run import LORENZ_STEPS
from sim.scenario.registered import doubles_of, pairs_of
from sim.tokenomics.operators.strategies import PRETENDERS, SCHEMES
from sim.units import DAY_S, PS_PER_S
from sim.world.columns import Column, Value, Written
from sim.world.identities import shared
from sim.world.purses import limited
from sim.world.tally import Tally

Line = dict[str, Value]

SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


@functools.cache
def _quantiles() -> dict[str, dict[str, float]]:
    """By metric: the outcomes (`e2e_p95_s`) that are quantiles of it, and the share below each."""
    found: dict[str, dict[str, float]] = {}
    for name in (name for name, one in OUTCOMES.items() if one.aggregation == "quantile"):
        metric, share, _ = name.split("_")
        found.setdefault(metric, {})[name] = SHARES[share]
    return found


def latencies(tally: Tally) -> dict[str, float | None]:
    """Quantiles of measured latencies by outcome, seconds; None where no request tells one."""
    found: dict[str, float | None] = {}
    for metric, shares in _quantiles().items():
        told = histogram.quantiles(tally.latency[metric], list(shares.values()))
        found |= {name: None if ps is None else ps / PS_PER_S for name, ps in zip(shares, told, strict=True)}
    return found


class Book:
    """All columns of a run by network and outcome, and the tallies of measured requests by network (from `policies_from` on)."""

    def __init__(self, networks: tuple[str, ...], classes: int, from_s: float) -> None:
        self.networks = networks
        self.from_s = from_s
        self.ends_s: list[float] = []
        self.columns: dict[str, dict[str, Column]] = {name: {} for name in (*networks, "world")}
        self.curves: dict[str, list[Any]] = {name: [] for name in networks}
        self.tallies = {name: Tally(classes) for name in networks}
        self.unsupported: dict[str, str] = {}

    def write(self, end_s: float, lines: Mapping[str, Line], curves: Mapping[str, list[float] | None]) -> None:
        """Add an epoch; `curves` are Lorenz curves by network."""
        for network, curve in curves.items():
            self.curves[network].append(curve)
        for network, line in lines.items():
            for name, value in line.items():
                column = self.columns[network].setdefault(name, Written())
                assert isinstance(column, Written)  # a run is written either by epochs or by tables
                column.put(len(self.ends_s), value)
        self.ends_s.append(end_s)

    def _first(self) -> int:
        """The first epoch that is reported: it ends after `policies_from`."""
        return next((i for i, end in enumerate(self.ends_s) if end > self.from_s), len(self.ends_s))

    def series(self, only: Container[str] | None = None) -> dict[str, list[float | None]]:
        """Every outcome's value by epoch, or those of `only`; None where nothing was measured."""
        return {
            f"{network}.{name}": columns[name].series(len(self.ends_s))
            for network, columns in self.columns.items()
            for name in OUTCOMES
            if name in columns and (only is None or f"{network}.{name}" in only)
        }

    def outcomes(self, only: Container[str] | None = None) -> dict[str, float | None]:
        """Every outcome by the aggregation of the outcome table, or those of `only`."""
        found: dict[str, float | None] = {}
        first, told_s = self._first(), functools.cache(lambda network: latencies(self.tallies[network]))
        for network, columns in self.columns.items():
            for name, outcome in OUTCOMES.items():
                full = f"{network}.{name}"
                if full in self.unsupported or not (only is None or full in only):
                    continue
                if outcome.aggregation == "quantile":
                    if network in self.tallies:
                        found[full] = told_s(network)[name]
                elif outcome.aggregation != "time" and name in columns and columns[name].told(first):
                    found[full] = columns[name].over(outcome, first)
        return found

    def tells(self, full: str) -> bool:
        """Whether `network.outcome` says anything of the epochs that are reported."""
        network, _, name = full.partition(".")
        column = self.columns[network].get(name)
        return column is not None and full not in self.unsupported and column.told(self._first())

    def lorenz(self) -> dict[str, list[float]]:
        """Each network's Lorenz curve, the mean over the epochs that are reported and had income."""
        found = {}
        for network, curves in self.curves.items():
            told = np.array([curve for curve in curves[self._first() :] if curve is not None], float)
            # A row of a table is NaN where nobody earned anything.
            kept = told[~np.isnan(told[:, 0])] if len(told) else told
            if len(kept):
                found[network] = [math.fsum(shares) / len(kept) for shares in kept.T.tolist()]
        return found

    def times(self, only: Container[str] | None = None) -> dict[str, float | None]:
        """Times that may never come, in days from `policies_from`, or those of `only`; None where the horizon came first."""
        found: dict[str, float | None] = {}
        first, epochs = self._first(), len(self.ends_s)
        if first == epochs:
            return found
        for network in self.networks:
            columns, half, covered = self.columns[network], f"{network}.half_nodes_days", f"{network}.fees_cover_days"
            if only is None or half in only:
                nodes = [number or 0.0 for number in columns["nodes"].series(epochs)]
                start = nodes[first - 1] if first else nodes[0]
                found[half] = self._when(first, [n <= start / 2 for n in nodes])
            if only is None or covered in only:
                cover = columns["fee_coverage_frac"].series(epochs)
                found[covered] = self._when(first, [c is not None and c >= 1 for c in cover])
        return found

    def _when(self, first: int, holds: list[bool]) -> float | None:
        for index in range(first, len(holds)):
            if holds[index]:
                return (self.ends_s[index] - self.from_s) / DAY_S
        return None

    def histograms(self) -> dict[str, list[list[int]]]:
        """Sparse histograms of latencies, `network.metric`."""
        return {
            f"{network}.{metric}": histogram.sparse(counts)
            for network, tally in self.tallies.items()
            for metric, counts in tally.latency.items()
            if counts.any()
        }


def gini(incomes: np.ndarray) -> float | None:
    """Gini coefficient of incomes >= 0: 0 equal, towards 1 all with one; None without income.

    G = (2 sum i x_i) / (n sum x) - (n + 1) / n over incomes in ascending order (Cowell, Measuring Inequality, 2011).
    """
    total = float(incomes.sum())
    if total <= 0:
        return None
    ordered = np.sort(incomes)
    n = len(ordered)
    return float(2 * (np.arange(1, n + 1) * ordered).sum() / (n * total) - (n + 1) / n)


def lorenz(incomes: np.ndarray) -> list[float] | None:
    """Shares of all income of the poorest 0, 5, ..., 100 % of its owners; None without income.

    Between owners the curve is straight (Gastwirth, Review of Economics and Statistics 53, 1971), so that the mean of curves is the
    curve of the mean Gini.
    """
    ordered = np.sort(incomes)
    summed = np.concatenate([np.zeros(1), np.cumsum(ordered)])
    if summed[-1] <= 0:
        return None
    whole, rest = np.divmod(np.arange(LORENZ_STEPS + 1) * len(ordered), LORENZ_STEPS)
    next_one = np.append(ordered, 0.0)[whole]
    return [float(share) for share in (summed[whole] + rest / LORENZ_STEPS * next_one) / summed[-1]]


def nakamoto(incomes: np.ndarray) -> int | None:
    """Fewest owners with more than half of the income; None without income."""
    total = float(incomes.sum())
    if total <= 0:
        return None
    return int(np.searchsorted(np.cumsum(np.sort(incomes)[::-1]), total / 2, side="right")) + 1


def hhi(incomes: np.ndarray) -> float | None:
    """Herfindahl and Hirschman's index, the sum of squared shares of income: 1 / n equal, 1 all with one; None without income."""
    total = float(incomes.sum())
    return float(((incomes / total) ** 2).sum()) if total > 0 else None


def _trusts(network: Any) -> bool:
    slash = getattr(network, "slash", None)
    looks = network.verify is not None or (slash is not None and slash.downtime is not None)
    return looks or any(operators.strategies for operators in network.operators.values())


def _has(network: Any, kinds: tuple[str, ...]) -> bool:
    return any(s.kind in kinds for operators in network.operators.values() for s in operators.strategies.values())


def _without_schemes(network: Any) -> set[str]:
    """Which of the needs `schemes` and `noted` a network does not meet."""
    noted = any(s.noted for operators in network.operators.values() for s in operators.strategies.values())
    return {need for need, met in (("schemes", _has(network, SCHEMES)), ("noted", noted)) if not met}


def reasons(spec: Any, mode: str) -> dict[str, str]:
    """Outcomes that this run can give no number for, and why."""
    told: dict[str, str] = {}
    slo = any(block.slo is not None for block in spec.workload.values())
    registered = {name for pair in pairs_of(spec) for name, _ in pair}
    doubled = {other for _, _, other in doubles_of(spec)}
    for name, network in spec.networks.items():
        unmet = _without_schemes(network)
        for outcome in OUTCOMES.values():
            why = ""
            if "requests" in outcome.needs and mode == "capacity":
                why = "requests.mode capacity simulates no request"
            elif "coin" in outcome.needs and network.kind == "central":
                why = "the network has no coin"
            elif "settle" in outcome.needs and network.settle.via is None:
                why = "users pay by invoice: the network has no `settle.via`"
            elif "sla" in outcome.needs and network.settle.sla is None:
                why = "nothing is given back there: the network has no `settle.sla`"
            elif "slo" in outcome.needs and not slo:
                why = "no class states an SLO"
            elif "latency" in outcome.needs and not spec.latency:
                why = "the scenario states no `latency`"
            elif "verify" in outcome.needs and not _trusts(network):
                why = "nobody checks answers there, and nobody cheats"
            elif "owners" in outcome.needs and not shared(network):
                why = "every node has an owner of its own"
            elif "pretenders" in outcome.needs and not _has(network, PRETENDERS):
                why = "every node is what it is said to be"
            elif "purses" in outcome.needs and not any(limited(block) for block in network.operators.values()):
                why = "owners' money has no end there: no class states `cash` or `funding`"
            elif "registered" in outcome.needs and name not in registered:
                why = "no node of the network may work in another one"
            elif "named" in outcome.needs and name not in doubled:
                why = "no node of another network is shown there"
            elif not unmet.isdisjoint(outcome.needs):
                why = "nobody earns on how others pay and trade there"
                why += ", or may be found buying his own service" if "noted" in outcome.needs else ""
            elif "dealers" in outcome.needs and not _has(network, ("self_dealing",)):
                why = "nobody buys his own service there"
            elif "treasury" in outcome.needs and not getattr(network, "treasury", {}):
                why = "the network's treasury has no rule to spend by"
            elif "stake" in outcome.needs and getattr(network, "stake", None) is None:
                why = "the network asks for no stake"
            elif "chain" in outcome.needs and network.kind != "bittensor":
                why = "the network is no subnet of Bittensor"
            if why and outcome.scope == "network":
                told[f"{name}.{outcome.name}"] = why
    if not spec.jobs:
        training = (outcome.name for outcome in OUTCOMES.values() if "jobs" in outcome.needs)
        told |= {f"world.{name}": "the scenario has no jobs" for name in training}
    else:
        told["world.total_surplus_usd_per_day"] = "what training jobs are worth to those who ask for them is not stated"
    if any(_has(network, ("self_dealing",)) for network in spec.networks.values()):
        told["world.total_surplus_usd_per_day"] = "what dealers buy of themselves is worth nothing to anybody"
    return told
