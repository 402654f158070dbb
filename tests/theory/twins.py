"""The kernels of classical queues a second time, as SimPy processes: what they mean, slowly and plainly."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import simpy

Steps = Generator[simpy.Event, Any, None]


def customers(env: simpy.Environment, arrival: np.ndarray, life: Callable[[int], Steps]) -> Steps:
    """Start the life of each customer when it arrives."""
    for i, t in enumerate(arrival):
        yield env.timeout(int(t) - env.now)
        env.process(life(i))


def many_servers(arrival: np.ndarray, service: np.ndarray, servers: int, places: int) -> np.ndarray:
    """Start of service of each customer, -1 for who finds no place."""
    env = simpy.Environment()
    desk = simpy.Resource(env, servers)
    start = np.full(len(arrival), -1, np.int64)

    def life(i: int) -> Steps:
        if desk.count + len(desk.queue) >= places:
            return
        with desk.request() as turn:
            yield turn
            start[i] = env.now
            yield env.timeout(int(service[i]))

    env.process(customers(env, arrival, life))
    env.run()
    return start


def network(
    arrival: np.ndarray, routes: list[list[tuple[int, int]]], servers: list[int], until: int
) -> list[list[list[int]]]:
    """For each customer the [come, start, end] of each visit that began by `until`."""
    env = simpy.Environment()
    stations = [simpy.Resource(env, count) for count in servers]
    told: list[list[list[int]]] = [[] for _ in routes]

    def life(i: int) -> Steps:
        for station, service in routes[i]:
            told[i].append([env.now])
            with stations[station].request() as turn:
                yield turn
                told[i][-1].append(env.now)
                yield env.timeout(service)
                told[i][-1].append(env.now)

    env.process(customers(env, arrival, life))
    env.run(until + 1)
    return told


def ranked(arrival: np.ndarray, service: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """End of service where a free server takes the lowest rank."""
    env = simpy.Environment()
    desk = simpy.PriorityResource(env, 1)
    end = np.zeros(len(arrival), np.int64)

    def life(i: int) -> Steps:
        with desk.request(priority=int(rank[i])) as turn:
            yield turn
            yield env.timeout(int(service[i]))
            end[i] = env.now

    env.process(customers(env, arrival, life))
    env.run()
    return end


def ranked_preemptive(arrival: np.ndarray, service: np.ndarray, order: Callable[[int, int], int]) -> np.ndarray:
    """End of service where the customer with the lowest order(customer, work left) is served at every instant."""
    env = simpy.Environment()
    left = {}
    end = np.zeros(len(arrival), np.int64)
    bell = [env.event()]

    def life(i: int) -> Steps:
        left[i] = int(service[i])
        bell[0].succeed()
        bell[0] = env.event()
        return
        yield

    def desk() -> Steps:
        while True:
            if not left:
                yield bell[0]
                continue
            i = min(left, key=lambda j: (order(j, left[j]), j))
            began = env.now
            yield env.timeout(left[i]) | bell[0]
            left[i] -= env.now - began
            if left[i] == 0:
                end[i] = env.now
                del left[i]

    env.process(desk())
    env.process(customers(env, arrival, life))
    env.run()
    return end


def partial_batches(arrival: np.ndarray, service: np.ndarray, most: int) -> np.ndarray:
    """End of each customer where a server clears those who are there, `most` at a time."""
    env = simpy.Environment()
    queue: list[int] = []
    end = np.zeros(len(arrival), np.int64)
    bell = [env.event()]

    def life(i: int) -> Steps:
        queue.append(i)
        bell[0].succeed()
        bell[0] = env.event()
        return
        yield

    def desk() -> Steps:
        for length in service:
            if not queue:
                yield bell[0]
            yield env.timeout(int(length))
            for i in queue[:most]:
                end[i] = env.now
            del queue[:most]

    env.process(desk())
    env.process(customers(env, arrival, life))
    env.run()
    return end
