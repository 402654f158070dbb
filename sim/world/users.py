"""Where users go: tastes fixed at the start, shares at each epoch's prices, and potential requests handed to networks.

Potential requests are drawn once for all policies. Request i of class k goes to the network whose share interval holds
its mark: networks in the order of the file lie side by side on [0, headroom) in base demands.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sim.errors import ScenarioError
from sim.streams import Streams
from sim.tokenomics.demand import Offers
from sim.workload.classes import batch_of, cached_mean, class_means
from sim.workload.potential import Potential
from sim.world.tally import Tally


class Asked(NamedTuple):
    """A network's prices as users see them: USD per million input, output and cached tokens, and USD a request.

    `batch` is the part of all of them that requests of batch classes pay.
    """

    input: float
    output: float
    cached: float
    request: float = 0.0
    batch: float = 1.0

    def mean_usd(self, prompt: float, output: float, cached: float, batch: bool = False) -> float:
        """USD of a request of so many tokens, `cached` of the prompt among them, through the `batch` door or not."""
        fresh = prompt * self.input + output * self.output - cached * (self.input - self.cached)
        return (fresh / 1e6 + self.request) * (self.batch if batch else 1.0)


class Belief:
    """What users of a class think of a network: E2E and share of failures, fading with a half-life."""

    def __init__(self) -> None:
        self.e2e_s = 0.0
        self.failure_frac = 0.0
        self.known = False

    def see(self, e2e_s: float, failure_frac: float, passed_s: float, half_life_s: float) -> None:
        """Mix a new measurement in; the first one is believed at once."""
        weight = 1.0 if not self.known else 1 - 0.5 ** (passed_s / half_life_s)
        self.e2e_s += weight * (e2e_s - self.e2e_s)
        self.failure_frac += weight * (failure_frac - self.failure_frac)
        self.known = True


class Users:
    """The client classes of a run and their tastes; `quantities[k, j]` are base demands of class k at network j."""

    def __init__(self, spec: Any, streams: Streams, start: datetime.date) -> None:
        self.names = tuple(spec.workload)
        self.networks = tuple(spec.networks)
        self.central = np.array([spec.networks[n].kind == "central" for n in self.networks])
        self.headroom = spec.requests.headroom
        self.classes = dict(spec.workload)
        self.means = {name: class_means(block) for name, block in self.classes.items()}
        self.cached = np.array([cached_mean(block) for block in self.classes.values()])
        """Mean prompt tokens of a request that are cached, by class."""
        self.batch = batch_of(self.classes)
        self.potential = Potential(self.classes, streams, start, self.headroom)
        self.beliefs = [[Belief() for _ in self.networks] for _ in self.names]
        self.tastes: list[Any] = []
        self.quantities = np.zeros((len(self.names), len(self.networks)))
        self.kept = np.ones(len(self.names))
        """Part of what each class wants that its budget buys."""
        self.level = np.ones(len(self.names))
        """Base demand of each class now, over what its block says: shocks move it."""

    def offers(self, k: int, prices: list[Asked]) -> Offers:
        """Class k's options at each network's prices."""
        prompt, output = self.means[self.names[k]]
        usd = np.array([asked.mean_usd(prompt, output, self.cached[k], self.batch[k]) for asked in prices])
        return Offers(
            names=self.networks,
            price_usd=usd,
            price_usd_per_mtok=usd / ((prompt + output) / 1e6),
            e2e_s=np.array([b.e2e_s for b in self.beliefs[k]]),
            failure_frac=np.array([b.failure_frac for b in self.beliefs[k]]),
            central=self.central,
        )

    def begin(self) -> None:
        """Demand before tastes are fitted: what each class's block states for the start."""
        for k, name in enumerate(self.names):
            try:
                self.quantities[k] = self.classes[name].demand.at_start(self.networks)
            except ValueError as error:
                raise ScenarioError(f"workload.{name}.demand: {error}") from None

    def forget(self) -> None:
        """Believe nothing of any network: what is measured next is believed at once."""
        for beliefs in self.beliefs:
            for belief in beliefs:
                belief.known = False

    def calibrate(self, prices: list[Asked]) -> None:
        """Fix every class's taste at the start's prices and what is believed of the networks by then."""
        self.tastes = []
        for k, name in enumerate(self.names):
            try:
                self.tastes.append(self.classes[name].demand.calibrate(self.offers(k, prices)))
            except ValueError as error:
                raise ScenarioError(f"workload.{name}.demand: {error}") from None

    def choose(self, prices: list[Asked], base_per_day: np.ndarray | None = None) -> np.ndarray:
        """Set and return the epoch's quantities; a wanted share above the headroom stops the run with a message.

        `base_per_day` are requests a day of each class at base demand: what a class would spend beyond its budget is left out, the
        same part at every network. Left out, no budget binds.
        """
        self._offered = [self.offers(k, prices) for k in range(len(self.tastes))]
        for k, taste in enumerate(self.tastes):
            self.quantities[k] = taste.quantities(self._offered[k])
            self.kept[k] = self._affordable(k, base_per_day)
            self.quantities[k] *= self.kept[k]
            ceiling = self.potential.ceiling(self.names[k])
            wanted = self.quantities[k].sum() * self.level[k]
            if wanted > ceiling * (1 + 1e-9):
                fix = f"requests.headroom {ceiling}; raise it" if ceiling == self.headroom else "its trace holds"
                raise ScenarioError(
                    f"workload.{self.names[k]}: users want {wanted:.2f} times the base demand, more than {fix}"
                )
        return self.quantities

    def _affordable(self, k: int, base_per_day: np.ndarray | None) -> float:
        """Part of what class k wants that its budget buys."""
        budget = getattr(self.classes[self.names[k]], "budget", None)
        if budget is None or base_per_day is None:
            return 1.0
        usd = float(base_per_day[k] * (self.quantities[k] * self._offered[k].price_usd).sum())
        return min(1.0, budget.amount / usd) if usd > 0 else 1.0

    def learn(self, network: int, tally: Tally, passed_s: float, default_lag_s: float) -> None:
        """Every class mixes what was measured of a network into what it believes."""
        for k, name in enumerate(self.names):
            arrived, done = int(tally.arrived[k]), int(tally.completed[k])
            if arrived == 0:
                continue
            belief = self.beliefs[k][network]
            e2e_s = float(tally.e2e_us[k]) / done / 1e6 if done else belief.e2e_s
            belief.see(e2e_s, 1 - done / arrived, passed_s, getattr(self.classes[name].demand, "lag", default_lag_s))

    def surplus_usd(self, base_requests: np.ndarray) -> float | None:
        """Consumer surplus of the last choice, for so many base requests of each class; None if any defines none."""
        total = 0.0
        for k, taste in enumerate(self.tastes):
            each = taste.surplus_usd(self._offered[k])
            if each is None:
                return None
            # Whom the budget leaves out is nobody in particular: the others' surplus is that part of all.
            total += each * float(base_requests[k]) * float(self.kept[k])
        return total

    def base_requests(self, start_s: float, end_s: float) -> np.ndarray:
        """Expected requests of each class at base demand."""
        requests = [self.potential.base_requests(name, start_s, end_s) for name in self.names]
        return np.array(requests) * self.level

    def draw(self, options: Mapping[tuple[int, int], int], t0_ps: int, t1_ps: int) -> dict[str, np.ndarray]:
        """Potential requests of [t0, t1) with `option`: the fleet that serves (class, network), or -1 for nobody."""
        # Marks that nobody's share reaches would go to nobody below: they need not be drawn.
        wanted = self.quantities * self.level[:, None]
        drawn = self.potential.draw(t0_ps, t1_ps, wanted.sum(axis=1))
        columns = dict(drawn)
        edges = np.cumsum(wanted, axis=1)
        klass, mark = columns["klass"], columns["mark"]
        network = (mark[:, None] >= edges[klass]).sum(axis=1)
        table = np.full((len(self.names), len(self.networks) + 1), -1, np.int64)
        for (k, j), option in options.items():
            table[k, j] = option
        return {**columns, "option": table[klass, network]}
