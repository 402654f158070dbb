"""Compiles the plain `rule` functions of kinds, and holds the compiled twin of `units.muldiv`.

A rule is written once, in the subset that numba and Python share. Interpreted, it runs as it stands; compiled here it
gives the same integers, bit for bit (`tests/policies/`). Whoever writes a kind need not read this file.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core import config
from numba.extending import overload

from sim import units
from sim.kernels import wide
from sim.kernels.options import cache_folder, kept

OURS = "sim.tokenomics"
ROOM = Path(units.__file__).parent / "tokenomics"


@numba.njit(cache=False)
def _muldiv(a: Any, b: Any, c: Any) -> Any:
    """floor(a b / c) over int64."""
    if a < 0 or b < 0 or c <= 0:
        raise OverflowError("muldiv: a negative factor or a divisor that is not positive")
    found = wide.floor_of(a, b, c)
    if found < 0:
        raise OverflowError("muldiv: the result exceeds 2^63 - 1")
    return found


@overload(units.muldiv, strict=False)
def _typed_muldiv(a: Any, b: Any, c: Any) -> Callable[..., int]:
    return lambda a, b, c: _muldiv(np.int64(a), np.int64(b), np.int64(c))


@functools.cache
def compiled(rule: Callable[..., Any], signature: str) -> Callable[..., Any]:
    """The rule compiled for its table's signature (a numba signature, such as `int64(int64, int64[::1])`).

    Functions of `sim.units` that the rule calls are replaced by their compiled twins; a rule outside the shared
    subset raises numba's `TypingError`. Our own rules are kept for later processes; what a user's rule calls may lie anywhere and
    change, so it is compiled anew by each.
    """
    if config.DISABLE_JIT or not rule.__module__.startswith(f"{OURS}."):
        return numba.njit(signature)(rule)
    return kept(_folder(), rule, signature)


@functools.cache
def _folder() -> str:
    """Where compiled rules are kept: it goes by the sources of all of them, and by what they call."""
    return str(cache_folder(ROOM, Path(units.__file__)))
