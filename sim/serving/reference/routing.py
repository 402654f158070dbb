"""Who gets a request: the three routers of `docs/serving-rules.md`, section 7."""

from __future__ import annotations

from collections.abc import Sequence

from sim.serving.contract import Routing
from sim.serving.reference.replica import Replica

WORD = 2**64
GOLDEN = 0x9E3779B97F4A7C15


def mix(z: int) -> int:
    """splitmix64's finalizer, a bijection of 64-bit words.

    Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, figure 17 with Stafford's
    variant 13 (`http://xoshiro.di.unimi.it/splitmix64.c`).
    """
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % WORD
    return z ^ (z >> 31)


def draw(route_key: int, request_id: int, routes: int, choice: int, live: int) -> int:
    """The index, 0 .. live - 1, of one choice: a pure function of the run's key, the request and its routings so far."""
    word = mix((mix(route_key ^ request_id) + (routes * 16 + choice) * GOLDEN) % WORD)
    return (word >> 32) * live >> 32


class Router:
    """The router in force. Its one piece of state is the replica that round robin gave last.

    Parameters
    ----------
    routing
        Kind and number of choices.
    route_key
        64-bit word of the run's routing stream.

    """

    def __init__(self, routing: Routing, route_key: int) -> None:
        self.routing = routing
        self._route_key = route_key % WORD
        self._last_given = -1

    def choose(self, request_id: int, routes: int, live: Sequence[Replica]) -> Replica:
        """One of the live replicas (ascending id, at least one) for a request routed `routes` times before."""
        if self.routing.kind == "round_robin":
            return self._next(live)
        choices = 1 if self.routing.kind == "random" else self.routing.d
        drawn = [live[draw(self._route_key, request_id, routes, j, len(live))] for j in range(choices)]
        return min(drawn, key=lambda replica: (replica.outstanding, replica.id))

    def _next(self, live: Sequence[Replica]) -> Replica:
        given = next((replica for replica in live if replica.id > self._last_given), live[0])
        self._last_given = given.id
        return given
