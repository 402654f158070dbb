"""What a user's own router is: a plain function of two rows, and what it may see (`docs/your-own-router.md`).

Here are the rows, the check of what the function gives, and the words for what goes wrong: all that the reference needs. The
compiled form is made in `sim.serving.compiled_score`.
"""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sim.errors import ScenarioError

Score = Callable[[Any, Any], int]
"""`score(replica_row, request_row)`: the least wins, ties go to the lowest replica id."""
MOST_SCORE = 2**63 - 1
"""Scores lie in -MOST_SCORE .. MOST_SCORE."""


class ReplicaRow(NamedTuple):
    """A replica as a user's router sees it. Whole numbers; rows cannot be written to.

    `waiting`, `running`, `outstanding` and `work_ns` are the live state, or that of the last snapshot with `staleness`; they
    change only when a request comes, goes, starts or is sent back to wait, and stand still in between. All else never changes.
    """

    id: int
    """Number of the replica in its fleet, from 0; those of a node follow each other."""
    node: int
    """Number of its node in the fleet, from 0, by class of operators in the order of the file."""
    region: int
    """Column of its node in `latency`; 0 where the file has none."""
    waiting: int
    """Requests that wait there, preempted ones too."""
    running: int
    """Requests that run there."""
    outstanding: int
    """Both together."""
    work_ns: int
    """Nanoseconds of work of all requests held there: prompts and mean outputs of their classes, not less with progress."""
    prompt_ps: int
    """Picoseconds that a prompt token counts for there."""
    output_ps: int
    """Picoseconds that an output token counts for there."""
    blocks: int
    """KV blocks of 16 tokens that it has, taken or not."""
    max_num_seqs: int
    """Sequences that it runs at most."""
    round_trip_ps: int
    """Picoseconds from the user of this request to its node and back; 0 where the file has no `latency`."""


class RequestRow(NamedTuple):
    """A request as a user's router sees it: what a gateway can know, hence no output. Whole numbers."""

    id: int
    """Its number, >= 0; the same over all its attempts."""
    klass: int
    """Number of its client class, from 0, in the order of the file."""
    region: int
    """Row of its user in `latency`; 0 where the file has none."""
    prompt: int
    """Tokens of its prompt."""
    cached: int
    """Prompt tokens whose KV is there already, as its class or trace says."""
    mean_output: int
    """Output tokens that its class gets on average."""
    routes: int
    """Times that it was given to a replica before: 0 for an arrival, more after failures and drains."""
    draw: int
    """A random number in 0 .. 2^32 - 1 of this request and routing, the same for all replicas, policies and engines."""


_EXAMPLE = (
    ReplicaRow(1, 1, 0, 1, 2, 3, 3 * 10**9, 10**8, 10**9, 2588, 256, 20 * 10**9),
    RequestRow(7, 0, 0, 100, 0, 200, 0, 2**31),
)


def python_of(score: Any) -> Any:
    """The plain function behind one that numba has decorated; any other as it is."""
    return getattr(score, "py_func", score)


def name_of(score: Any) -> str:
    """The function's name, for messages."""
    return getattr(python_of(score), "__name__", repr(score))


def score_of(score: Score, replica: ReplicaRow, request: RequestRow) -> int:
    """What the plain function gives for two rows; `ScenarioError` where it raises, or gives no whole number within bounds."""
    where = f"{replica} and {request}"
    try:
        found = python_of(score)(replica, request)
    except Exception as error:
        raise ScenarioError(
            f"router `{name_of(score)}` raised {type(error).__name__}: {error}, for {where}{_fields_told(error)}"
        ) from error
    if isinstance(found, bool | np.bool_) or not isinstance(found, numbers.Integral):
        raise ScenarioError(
            f"router `{name_of(score)}` gave {type(found).__name__} {found!r} for {where}; must be a whole number (int)"
        )
    if abs(int(found)) > MOST_SCORE:
        raise ScenarioError(f"router `{name_of(score)}` gave {found} for {where}; must be within -2^63 + 1 .. 2^63 - 1")
    return int(found)


def check(score: Any) -> None:
    """Refuse at once what could never route: no function of two rows, or one that fails on an example of them."""
    if not callable(score) or inspect.isclass(score):
        raise ScenarioError(
            f"router {score!r} found; must be a function `score(replica, request)` that gives an integer"
        )
    try:
        inspect.signature(python_of(score)).bind(None, None)
    except (TypeError, ValueError):
        found = str(inspect.signature(python_of(score)))
        raise ScenarioError(
            f"router `{name_of(score)}{found}` found; must take two rows: `{name_of(score)}(replica, request)`"
        ) from None
    score_of(score, *_EXAMPLE)


def _fields_told(error: Exception) -> str:
    """The fields there are, where one was missed."""
    if not isinstance(error, AttributeError):
        return ""
    return f"; {fields_told()}"


def fields_told() -> str:
    """The fields of both rows, in words."""
    return f"a replica has {', '.join(ReplicaRow._fields)}; a request has {', '.join(RequestRow._fields)}"
