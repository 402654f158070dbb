"""From a case to the code that the simulator runs, one function a family. A family without one fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim.tokenomics.coin import to_base
from sim.tokenomics.market import Pool, State
from sim.tokenomics.settle import take_of
from sim.tokenomics.supply.halving_by_supply import per_block
from sim.units import Money

RAO = 10**9
TAO_CAP = 21_000_000 * RAO


def issuance(case: dict[str, Any]) -> Any:
    """Bittensor's emission of a block, and where it converges."""
    if case["fn"] == "block_emission":
        return per_block(case["issuance"], TAO_CAP, RAO)
    if case["fn"] == "issuance_convergence":
        issued = 0
        for _ in range(case["n_halvings"]):
            issued += case["blocks_per_halving"] * per_block(issued, TAO_CAP, RAO)
        return issued
    raise LookupError(f"issuance: no adapter for function {case['fn']!r}")


def amm_buyback(case: dict[str, Any]) -> dict[str, float]:
    """A purchase from a constant-product pool with a fee."""
    inputs, decimals = case["inputs"], 9
    usd, coins = to_base(inputs["y"], 9), to_base(inputs["x"], decimals)
    price = inputs["y"] / inputs["x"]
    pool = Pool(start=Money(price, "TOK"), depth=Money(inputs["y"], "USD"), fee=inputs["fee"])
    state = State(decimals, 1, 1, usd, coins)
    burned = pool.buy(state, to_base(inputs["dy"], 9))
    return {"burned": burned / 10**decimals, "price_after": state.price_usd}


def hyperbolic_fee(case: dict[str, Any]) -> dict[str, float]:
    """What an operator keeps of an hourly price, capped, less a fee of 10 % (docs.hyperbolic.xyz)."""
    asked = to_base(min(case["inputs"]["ask"], case["inputs"]["cap"]), 9)
    return {"net": (asked - take_of(asked, 0.1)) / 10**9}


ADAPTERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "issuance": issuance,
    "amm_buyback": amm_buyback,
    "hyperbolic_fee": hyperbolic_fee,
}
