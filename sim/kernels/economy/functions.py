"""Rules by address: a table of compiled rules is an array of numbers, so that a kernel compiled once calls whatever a run brings.

A rule compiled for its table's signature has an address that holds for this process. `SUPPLY` and its like turn an address into
a function of that signature (numba's first-class functions; handed over as such, each would cost a tenth of a millisecond a call).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core import cgutils, config, sigutils, types
from numba.extending import intrinsic

SIGNATURES = {
    "supply": "int64(int64, int64, int64, int64, int64, int64[::1], int64[::1], int64[::1])",
    "price": "void(int64[::1], float64[::1], int64[::1], int64[::1], int64[::1])",
    "payout": "int64(int64, int64[::1], int64[::1], int64[::1], int64[::1])",
    "burnmint": "int64(int64, int64, int64[::1])",
    "demand": "float64(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1])",
}
"""By table: those of `sim.tokenomics`, which this room may not import (`tests/policies` holds them to be the same)."""
TABLES = tuple(SIGNATURES)


_PLAIN: list[Callable[..., Any]] = []
"""Rules by number, where `NUMBA_DISABLE_JIT` is set and nothing has an address."""


def address(rule: Callable[..., Any]) -> int:
    """Where a rule that was compiled for one signature stands in this process: a number above 0."""
    if config.DISABLE_JIT:
        _PLAIN.append(rule)
        return len(_PLAIN)
    (found,) = rule.overloads.values()  # type: ignore[attr-defined]
    return int(found.library.get_pointer_to_function(found.fndesc.llvm_func_name))


def _of(signature: str) -> Any:
    if config.DISABLE_JIT:
        return lambda place: _PLAIN[place - 1]
    arguments, result = sigutils.normalize_signature(signature)
    kind = types.FunctionType(result(*arguments))

    @intrinsic
    def function_at(typing: Any, place: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            made = cgutils.create_struct_proxy(kind)(context, builder)
            made.jit_addr = builder.inttoptr(given[0], context.get_value_type(types.voidptr))
            return made._getvalue()

        return kind(types.int64), build

    return function_at


supply_at, price_at, payout_at, burnmint_at, demand_at = (_of(SIGNATURES[table]) for table in TABLES)
