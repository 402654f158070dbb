"""A user's router as a compiled function behind a pointer: the core calls it, and is not compiled anew for it.

A process compiles the function once, when an engine first routes by it. It is compiled with Python's rules (a division by zero
raises), whatever options its own decorator has, so that it gives what the plain function gives. Where the core runs as plain
Python (`NUMBA_DISABLE_JIT`), the pointer is that of the Python function itself.
"""

from __future__ import annotations

import functools
from typing import Any

import numba
import numpy as np
from numba import types
from numba.core import config
from numba.core.errors import NumbaError

from sim.errors import ScenarioError
from sim.kernels.layout import RAISED
from sim.serving.scoring import (
    ReplicaRow,
    RequestRow,
    Score,
    fields_told,
    name_of,
    python_of,
    score_of,
)


class Pointer:
    """The address of a score that kernels call with the places of two rows; the code lives as long as this does."""

    def __init__(self, score: Score) -> None:
        self._score = score
        call = _over_rows(python_of(score))
        self._code = call if config.DISABLE_JIT else _compiled(score, call)
        self.address: int = id(call) if config.DISABLE_JIT else self._code.address

    def blame(self, replica: np.ndarray, request: np.ndarray) -> ScenarioError:
        """The error of a score that raised in the core: the plain function's own for the same rows."""
        rows = ReplicaRow(*map(int, replica.tolist())), RequestRow(*map(int, request.tolist()))
        try:
            found = score_of(self._score, *rows)
        except ScenarioError as error:
            return error
        return ScenarioError(
            f"router `{name_of(self._score)}` raised when compiled, for {rows[0]} and {rows[1]}; plain Python gives {found}"
        )


@functools.lru_cache(maxsize=64)
def pointer(score: Score) -> Pointer:
    """The pointer to a score, compiled at the first call for it; `ScenarioError` for what cannot be compiled."""
    return Pointer(score)


def _over_rows(score: Any) -> Any:
    """The function over rows in the core's tables. It sees copies, which it cannot write to, in Python and compiled alike."""

    def call(a: Any, b: Any) -> Any:
        try:
            return score(
                ReplicaRow(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]),
                RequestRow(b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]),
            )
        except Exception:
            return RAISED

    return call


def _compiled(score: Score, call: Any) -> Any:
    rows = [numba.typeof(row(*[0] * len(row._fields))) for row in (ReplicaRow, RequestRow)]
    try:
        inner = numba.njit(error_model="python")(python_of(score))
        inner.compile(tuple(rows))
        found = inner.overloads[tuple(rows)].signature.return_type
        if not isinstance(found, types.Integer) or not found.signed:
            raise ScenarioError(
                f"router `{name_of(score)}` gives {found} when compiled; must be a whole number (int64)"
            )
        numbers = types.CPointer(types.int64)
        return numba.cfunc(types.int64(numbers, numbers))(_over_rows(inner))
    except NumbaError as error:
        raise ScenarioError(
            f"router `{name_of(score)}` cannot be compiled: {_gist(error)}; {fields_told()}; "
            "plain Python runs on `engine: reference` only"
        ) from error


def _gist(error: NumbaError) -> str:
    """The lines of numba's message that speak of the user's code."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [
        line for line in lines if line and not line.startswith(("Failed in", "During:", "This error", "^", "File "))
    ]
    return "; ".join(told[:3])
