"""A dispute between two who computed the same task and differ: bisection to one operator, which a referee computes himself.

::

    checkpoints  0 ........ c-1 | c ........ last      both agree on c - 1, differ on c
    operators    of step c: 0 .... o-1 | o .... last   both agree on o - 1, differ on o
    referee      computes operator o from the agreed input; whose output differs loses

Source: Arun et al. 2025, Verde, arXiv 2502.19405 (project page read 2026-11-22).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable

Claim = Callable[[int], Hashable]
"""What a party says that the state after step i is: a hash."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Who lied (0 or 1; both, where neither output is the referee's), where, and what it took."""

    liars: tuple[int, ...]
    checkpoint: int
    operator: int
    messages: int
    """Rounds in which both sides opened a state."""
    computed: int
    """Operators that the referee computed."""


@dataclasses.dataclass(frozen=True)
class Dispute:
    """A task of `checkpoints` steps of `operators` each, as one party tells it: hashes, opened on demand."""

    state: Claim
    """The hash after checkpoint i."""
    output: Callable[[int, int], Hashable]
    """The hash after operator o of step c."""


def rounds(states: int) -> int:
    """Rounds of a bisection among so many states, the last of which differs: ceil(log2)."""
    return max(states - 1, 0).bit_length()


def first_difference(one: Claim, other: Claim, states: int) -> tuple[int, int]:
    """The first state that differs where all later ones do, and the rounds that it took. The last state must differ."""
    low, high, told = -1, states - 1, 0
    while high - low > 1:
        middle = (low + high) // 2
        told += 1
        if one(middle) == other(middle):
            low = middle
        else:
            high = middle
    return high, told


def settle(
    parties: tuple[Dispute, Dispute], checkpoints: int, operators: int, referee: Callable[[int, int], Hashable]
) -> Verdict | None:
    """Play the game out; None where both say the same at the end.

    `referee(c, o)` gives the true output of operator o of step c, computed from the input that both agree on.
    """
    one, other = parties
    if one.state(checkpoints - 1) == other.state(checkpoints - 1):
        return None
    at, told = first_difference(one.state, other.state, checkpoints)
    place, more = first_difference(lambda o: one.output(at, o), lambda o: other.output(at, o), operators)
    truth = referee(at, place)
    liars = tuple(i for i, party in enumerate(parties) if party.output(at, place) != truth)
    return Verdict(liars, at, place, told + more, 1)
