"""A small network economy in plain Python, in SimPy's style and in radCAD's: `python plain_economy.py simpy|radcad FILE`.

FILE holds the model's numbers as JSON (`benchmarks.operators` writes it): costs of each operator, the schedule, innovations of the
price, uniforms. Prints one JSON document: live nodes by day and the process's CPU-seconds. Imports nothing of infermint, so that a Python that
has radCAD alone can run it.

The model is that of one class under `decides: free_entry` (`docs/operators.md`): each day every operator compares what a node will
earn with its avoidable cost, stops, comes back, leaves or orders; the day's coins go to nodes by the time for which they were live.
"""

from __future__ import annotations

import json
import math
import random
import sys
import time
from typing import Any

OUT, LIVE, IDLE, ORDERED = range(4)
DAY_PS = 86_400 * 10**12


class Operator:
    """One node slot and its owner."""

    __slots__ = ("below_days", "came_ps", "cash_usd", "cost_usd", "held", "idle_days", "number", "state")

    def __init__(self, number: int, state: int, cost_usd: float) -> None:
        self.number, self.state, self.cost_usd = number, state, cost_usd
        self.below_days = self.idle_days = 0.0
        self.came_ps = 0
        self.held = 0
        self.cash_usd = 0.0

    def move(self, state: int) -> None:
        """Into another state; clocks start anew."""
        self.state = state
        self.below_days = self.idle_days = 0.0

    def act(self, model: Any, day: int, economy: Economy) -> None:
        """Decide at the start of a day, by what everybody sees."""
        if self.state == LIVE:
            if economy.income < self.cost_usd:
                self.below_days += 1.0
                if self.below_days > model["patience_days"] and economy.draw(day, self.number) < model["chance"]:
                    self.move(IDLE)
            else:
                self.below_days = 0.0
        elif self.state == IDLE:
            self.idle_days += 1.0
            back = economy.entrant >= model["restart"] * self.cost_usd
            if back and economy.draw(day, self.number) < model["chance"]:
                self.move(LIVE)
                self.came_ps = day * DAY_PS + model["load_ps"]
            elif self.idle_days >= model["idle_days"]:
                self.move(OUT)
        elif self.state == OUT and economy.orders > 0:
            economy.orders -= 1
            self.move(ORDERED)
            self.came_ps = day * DAY_PS + model["lead_ps"]
        elif self.state == ORDERED and self.came_ps <= day * DAY_PS:
            self.move(LIVE)

    def served_ps(self, day: int) -> int:
        """Time for which it was live in a day that is over; what was ordered comes within the day."""
        if self.state == ORDERED and self.came_ps < (day + 1) * DAY_PS:
            self.move(LIVE)
        return DAY_PS - min(max(self.came_ps - day * DAY_PS, 0), DAY_PS) if self.state == LIVE else 0


class Economy:
    """What operators see in common, and the books of a day."""

    def __init__(self, model: dict[str, Any]) -> None:
        self.model = model
        self.price_pusd = model["start_pusd"]
        self.coin_usd = model["coin_usd"]
        self.income = self.entrant = 0.0
        self.orders = 0
        self.minted = 0
        self.nodes: list[float] = []
        self._draws = model["draws"]

    def draw(self, day: int, place: int) -> float:
        """The uniform of an operator and day; behind those of all operators, the one that rounds orders."""
        return float(self._draws[day * (self.model["slots"] + 1) + place])

    def look(self, day: int, operators: list[Operator]) -> None:
        """Beliefs at the start of a day."""
        model = self.model
        counts = [0, 0, 0, 0]
        for one in operators:
            counts[one.state] += 1
        there, coming = counts[LIVE] * model["capacity"], counts[ORDERED] * model["capacity"]
        crowd = there + coming + model["capacity"]
        self.income = self.coin_usd
        self.entrant = self.income * there / crowd if there else model["announced"][day] * self.price_pusd / crowd
        self.orders = self._to_order(day, counts)

    def _to_order(self, day: int, counts: list[int]) -> int:
        model = self.model
        if self.entrant <= model["full_cost_usd"]:
            return 0
        known = max(counts[LIVE] + counts[ORDERED] + counts[IDLE], 1)
        excess = min(math.pow(self.entrant / model["full_cost_usd"], model["elasticity"]) - 1, 1.0)
        expected = known * excess * model["order"]
        whole = int(expected)
        return whole + (self.draw(day, model["slots"]) < expected - whole)

    def close(self, day: int, operators: list[Operator]) -> None:
        """Pay the day's coins by live time, sell them at its price, pay the bills; then the price moves."""
        model = self.model
        served = [one.served_ps(day) for one in operators]
        live = [ps // 1_000_000 for ps in served]
        whole, issued = sum(live), model["issued"][day]
        before = self.price_pusd
        self.price_pusd = max(1, round(before * math.exp(model["moves"][day])))
        price = self.price_pusd / 1e12
        paid, paid_usd, nodes = 0, 0.0, 0
        for one, ps, micro in zip(operators, served, live, strict=True):
            each = issued * micro // whole if whole else 0
            paid += each
            one.held += each
            one.cash_usd += each / model["unit"] * before / 1e12 - one.cost_usd * ps / DAY_PS
            one.held -= each
            paid_usd += each / model["unit"] * price
            nodes += one.state == LIVE
        self.minted += issued
        self.nodes.append(float(nodes))
        if whole:
            days = sum(served) / 1e12 / 86_400
            growth = model["issued"][day + 1] / issued if issued else 1.0
            self.coin_usd = paid_usd / days * growth * (days / nodes)


def _made(model: dict[str, Any]) -> list[Operator]:
    return [
        Operator(i, state, cost) for i, (state, cost) in enumerate(zip(model["states"], model["costs"], strict=True))
    ]


def by_simpy(model: dict[str, Any]) -> list[float]:
    """A process an operator, and one that keeps the books."""
    import simpy

    env, operators, economy = simpy.Environment(), _made(model), Economy(model)

    def books() -> Any:
        for day in range(model["days"]):
            if day:
                economy.look(day, operators)
            yield env.timeout(1)
            economy.close(day, operators)

    def owner(one: Operator) -> Any:
        while True:
            yield env.timeout(1)
            one.act(model, int(env.now), economy)

    # At one instant events happen in the order in which they were made: books close and look before anybody acts.
    env.process(books())
    for one in operators:
        env.process(owner(one))
    env.run(until=model["days"] + 0.5)
    return economy.nodes


def by_radcad(model: dict[str, Any]) -> list[float]:
    """Policies and state updates, the state not copied."""
    from radcad import Experiment, Model, Simulation
    from radcad.engine import Backend, Engine

    def decisions(params: Any, _substep: int, _history: Any, state: Any) -> dict[str, int]:
        day, economy = state["day"], state["economy"]
        if day:
            economy.look(day, state["operators"])
            for one in state["operators"]:
                one.act(model, day, economy)
        return {"acted": day}

    def books(params: Any, _substep: int, _history: Any, state: Any, signal: Any) -> tuple[str, int]:
        state["economy"].close(signal["acted"], state["operators"])
        return "day", signal["acted"] + 1

    run = Simulation(
        model=Model(
            initial_state={"day": 0, "economy": Economy(model), "operators": _made(model)},
            state_update_blocks=[{"policies": {"decisions": decisions}, "variables": {"day": books}}],
            params={},
        ),
        timesteps=model["days"],
        runs=1,
    )
    experiment = Experiment([run])
    experiment.engine = Engine(backend=Backend.SINGLE_PROCESS, deepcopy=False, drop_substeps=True)
    # The first state is copied once: the last one has the books.
    nodes: list[float] = experiment.run()[-1]["economy"].nodes
    return nodes


def main() -> None:
    """Run one of them on the model of a file."""
    style, file = sys.argv[1:]
    with open(file, encoding="utf-8") as text:
        model = json.load(text)
    random.seed(0)
    begun = time.process_time()
    nodes = {"simpy": by_simpy, "radcad": by_radcad}[style](model)
    print(json.dumps({"nodes": nodes, "cpu_s": time.process_time() - begun}))


if __name__ == "__main__":
    main()
