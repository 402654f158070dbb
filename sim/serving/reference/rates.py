"""How fast a class may ask: requests and tokens a minute (`docs/serving-rules.md`, section 2)."""

from __future__ import annotations

from sim.serving.contract import MINUTE_PS, Fleet
from sim.serving.reference.request import Request


class Bucket:
    """The generic cell rate algorithm as a virtual schedule (ITU-T I.371, annex A): `next_ps` is its theoretical arrival time."""

    def __init__(self, per_min: int) -> None:
        self._interval_ps = MINUTE_PS // per_min if per_min else 0
        self._next_ps: int | None = None

    def after(self, now_ps: int, units: int) -> int:
        """Where the schedule would stand after so many units at this instant."""
        begun_ps = now_ps if self._next_ps is None else max(now_ps, self._next_ps)
        return begun_ps + units * self._interval_ps

    def take(self, now_ps: int, units: int) -> None:
        """Let them pass."""
        self._next_ps = self.after(now_ps, units)


class Rates:
    """The limits of all classes: a class without limits passes always."""

    def __init__(self, fleet: Fleet) -> None:
        self._said = [int(tokens) for tokens in fleet.mean_output]
        limits = zip(fleet.rate_requests_per_min, fleet.rate_tokens_per_min, strict=True)
        self._buckets = [(Bucket(int(requests)), Bucket(int(tokens))) for requests, tokens in limits]

    def admit(self, request: Request) -> bool:
        """Whether the request, which arrives now, may pass; only then it takes from its class's buckets."""
        now_ps = request.arrival_ps
        requests, tokens = self._buckets[request.klass]
        wanted = request.prompt + self._said[request.klass]
        if max(requests.after(now_ps, 1), tokens.after(now_ps, wanted)) > now_ps + MINUTE_PS:
            return False
        requests.take(now_ps, 1)
        tokens.take(now_ps, wanted)
        return True
