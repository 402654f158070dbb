"""Plain-service fleets in cimba, both its styles, to be run by a Python that has cimba: prints one JSON document.

`python cimba_fleets.py event|process NODES LOAD COUNT ROUNDS`: Poisson arrivals, exponential services, each arrival to the
one of two nodes drawn evenly that has fewer requests. An event style that schedules what comes next, and a process a node.
Speeds are requests per second of the process's CPU time; compiling and the making of the nodes are not counted.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import cimba as cb
from cimba import inputs


class Server(cb.Model):
    """A node as a counter and an event."""

    service: cb.Input[float]
    present: int = 0
    served: int = 0

    @cb.event
    def depart(self):
        """The request in service leaves, and the next begins."""
        self.present -= 1
        self.served += 1
        if self.present > 0:
            cb.schedule(self.depart, self.service.next())


class EventFleet(cb.Model):
    """Arrivals as an event that schedules itself."""

    gap: cb.Input[float]
    pick: cb.Input[float]
    servers: list[Server]
    nodes: cb.Param[int]
    count: cb.Param[int]
    left: int = 0
    served: cb.Output[int]

    @cb.on_start
    def begin(self):
        """The first arrival."""
        self.left = self.count
        cb.schedule(self.arrive, self.gap.next())

    @cb.event
    def arrive(self):
        """One arrival, and the next one scheduled."""
        best = int(self.pick.next() * self.nodes)
        other = int(self.pick.next() * self.nodes)
        if self.servers[other].present < self.servers[best].present:
            best = other
        node = self.servers[best]
        node.present += 1
        if node.present == 1:
            cb.schedule(node.depart, node.service.next())
        self.left -= 1
        if self.left > 0:
            cb.schedule(self.arrive, self.gap.next())
        else:
            cb.end_trial()

    @cb.on_end
    def close(self):
        """Count what was served."""
        total = 0
        for i in range(self.nodes):
            total += self.servers[i].served
        self.served = total


class Worker(cb.Model):
    """A node as a process that takes requests from its store."""

    service: cb.Input[float]
    queue: cb.Store[float]
    present: int = 0
    served: int = 0

    @cb.process
    def serve(self):
        """Take, hold, count."""
        while True:
            self.queue.get()
            cb.hold(self.service.next())
            self.present -= 1
            self.served += 1


class ProcessFleet(cb.Model):
    """Arrivals as a process."""

    gap: cb.Input[float]
    pick: cb.Input[float]
    workers: list[Worker]
    nodes: cb.Param[int]
    served: cb.Output[int]

    @cb.process
    def arrivals(self):
        """One arrival after another."""
        while True:
            cb.hold(self.gap.next())
            best = int(self.pick.next() * self.nodes)
            other = int(self.pick.next() * self.nodes)
            if self.workers[other].present < self.workers[best].present:
                best = other
            self.workers[best].present += 1
            self.workers[best].queue.put(cb.now())

    @cb.on_end
    def close(self):
        """Count what was served."""
        total = 0
        for i in range(self.nodes):
            total += self.workers[i].served
        self.served = total


def made(style: str, nodes: int, load: float) -> Any:
    """The fleet with its laws; the mean service is 1."""
    model: Any = EventFleet() if style == "event" else ProcessFleet()
    members: list[Any] = [Server() if style == "event" else Worker() for _ in range(nodes)]
    for member in members:
        member.service = inputs.dist.exponential(mean=1.0)
    setattr(model, "servers" if style == "event" else "workers", members)
    model.gap = inputs.dist.exponential(mean=1 / (load * nodes))
    model.pick = inputs.dist.uniform(low=0.0, high=1.0)
    model.nodes = nodes
    return model


def cpu_s(style: str, model: Any, load: float, count: int) -> tuple[float, int]:
    """CPU seconds of `count` arrivals, and how many were served."""
    if style == "event":
        model.count = count
    span = count / (load * model.nodes)
    trial = cb.Experiment(model, replications=1, window=cb.Window(duration=span), seed=1)
    begin = time.process_time()
    results = trial.run()
    return time.process_time() - begin, int(float(results[model].served.values.ravel()[0]))


def main() -> None:
    """Measure and print."""
    style, nodes, load, count, rounds = (
        sys.argv[1],
        int(sys.argv[2]),
        float(sys.argv[3]),
        int(sys.argv[4]),
        int(sys.argv[5]),
    )
    model = made(style, nodes, load)
    few = max(count // 1000, 10)
    cpu_s(style, model, load, few)
    speeds = []
    for _ in range(rounds):
        nothing, _ = cpu_s(style, model, load, few)
        whole, served = cpu_s(style, model, load, count)
        speeds.append((count - few) / (whole - nothing))
    print(json.dumps({"version": cb.__version__, "served": served, "speeds": speeds}))


if __name__ == "__main__":
    main()
