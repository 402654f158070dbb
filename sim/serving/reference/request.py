"""One request: its tokens, its limits, and what is told of it at its end."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

from sim.serving.contract import BLOCK_TOKENS, NEVER, Fate, Reason


class Holder(Protocol):
    """Where a request waits or runs."""

    @property
    def in_pass(self) -> bool:
        """Whether a pass is in flight."""

    def let_go(self, request: Request) -> None:
        """Forget the request and free its blocks."""


@dataclasses.dataclass
class Footprint:
    """What a preempted sequence left in the free list: blocks taken and free ahead of its own, and how many are its own."""

    mark: int
    held_blocks: int
    kv_tokens: int


@dataclasses.dataclass(eq=False)
class Request:
    """A request from its arrival to its end. Instants are absolute picoseconds; a limit that never comes is None.

    `replica` is where it waits or runs (None at the gateway), `last_replica` the id of the last one it was given to.
    `reading` stands from its admission by sarathi or prefill_first to the token sampled next.
    """

    id: int
    arrival_ps: int
    klass: int
    prompt: int
    output: int
    cached: int
    region: int
    patience_ps: int | None
    deadline_ps: int | None
    disconnect_ps: int | None

    kv_tokens: int = 0
    blocks: int = 0
    delivered: int = 0
    computed: int = 0
    attempts: int = 0
    routes: int = 0
    preemptions: int = 0
    last_replica: int = -1
    replica: Holder | None = None
    running: bool = False
    reading: bool = False
    footprint: Footprint | None = None
    first_token_ps: int | None = None
    last_token_ps: int | None = None
    end_ps: int | None = None
    fate: Fate = Fate.IN_FLIGHT
    reason: Reason = Reason.NONE

    @classmethod
    def from_row(cls, row: Any, origin_ps: int) -> Request:
        """The request that a row of columns (dtype REQUEST) states."""
        arrival_ps = origin_ps + int(row["arrival"])

        def instant(name: str) -> int | None:
            return None if row[name] >= NEVER else arrival_ps + int(row[name])

        numbers = {name: int(row[name]) for name in ("id", "klass", "prompt", "output", "cached", "region")}
        limits = {f"{name}_ps": instant(name) for name in ("patience", "deadline", "disconnect")}
        return cls(arrival_ps=arrival_ps, **numbers, **limits)  # type: ignore[arg-type]

    @property
    def tokens(self) -> int:
        """n: prompt and the tokens sampled so far."""
        return self.prompt + self.delivered

    @property
    def longest_blocks(self) -> int:
        """Blocks it holds at its longest; the last token sampled never gets KV."""
        return blocks_for(self.prompt + self.output - 1)

    def limits(self) -> list[tuple[int, Fate]]:
        """The limits that can end it now, the one that wins first: by instant, then in the order of the fates."""
        patience = None if self.running or self.first_token_ps is not None else self.patience_ps
        named = ((patience, Fate.ABANDONED), (self.deadline_ps, Fate.DEADLINE), (self.disconnect_ps, Fate.DISCONNECTED))
        return sorted((instant, fate) for instant, fate in named if instant is not None)

    def instants(self) -> list[int]:
        """All instants at which a limit of it may act."""
        named = (self.patience_ps, self.deadline_ps, self.disconnect_ps)
        return sorted({instant for instant in named if instant is not None})

    def lapsed(self, now_ps: int) -> bool:
        """Whether a limit in force does not lie in the future."""
        return any(instant <= now_ps for instant, _ in self.limits())

    def found_again_blocks(self, taken: int, recompute: str) -> int:
        """Its own full blocks that nobody has taken from the free list since it was preempted here."""
        if self.footprint is None or recompute == "full":
            return 0
        left = self.footprint
        survivors = max(0, left.held_blocks - max(0, taken - left.mark))
        return min(survivors, left.kv_tokens // BLOCK_TOKENS)

    def row(self, origin_ps: int) -> tuple[int, ...]:
        """What is told of it at its end, in the order of dtype FINISHED."""
        assert self.end_ps is not None
        first_token = NEVER if self.first_token_ps is None else self.first_token_ps - self.arrival_ps
        told = (self.id, self.arrival_ps - origin_ps, self.klass, self.fate, self.reason, self.prompt, self.output)
        counts = (self.cached, self.delivered, self.computed, self.attempts, self.routes, self.preemptions)
        return (*told, *counts, self.last_replica, first_token, self.end_ps - self.arrival_ps)


def blocks_for(tokens: int) -> int:
    """KV blocks that hold so many tokens."""
    return -(-tokens // BLOCK_TOKENS)
