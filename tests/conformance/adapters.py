"""From a case to the code that the simulator runs, one function a family. A family without one fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sim.serving.contract import Name
from sim.tokenomics.coin import to_base
from sim.tokenomics.ledger import Ledger
from sim.tokenomics.market import Holders, Pool, State
from sim.tokenomics.operators import Columns, OperatorClass, View, decide
from sim.tokenomics.supply.halving_by_supply import per_block
from sim.units import Money
from sim.verify.classical import TICKS
from sim.verify.engines import TOKENS, UNIT_PS, Offered, by_prompts, fleet, served
from sim.verify.systems import many_servers
from tests.conformance import bittensor, pay, supply, trust

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


def bme_equilibrium(case: dict[str, Any]) -> dict[str, float]:
    """Burn and mint: a pool in which users buy U dollars of coins, all burned, and operators sell the M minted."""
    inputs, decimals = case["inputs"], 9
    if "burn" in inputs:
        ledger = Ledger({"TOK": 0})
        ledger.open("TOK", {"users": inputs["burn"]})
        before = ledger.supply("TOK")
        ledger.mint("emission", "TOK", inputs["mint"], "operators")
        ledger.burn("burn of payments", "TOK", inputs["burn"], "users")
        return {"supply_change": ledger.supply("TOK") - before}
    nothing = Money(0, "USD")
    start = 3 * inputs["U"] / inputs["M"]
    pool = Pool(
        start=Money(start, "TOK"), depth=Money(inputs["U"], "USD"), fee=0.0, holders=Holders(a=nothing, b=nothing)
    )
    state = pool.open(decimals)
    sold, spent = {"operators": to_base(inputs["M"], decimals)}, {"users": to_base(inputs["U"], 9)}
    for _ in range(100):
        pool.clear(state, 86_400.0, sold, spent, 0.0, start)
    return {"P_star": state.price_usd}


def free_entry(case: dict[str, Any]) -> dict[str, float]:
    """The number of nodes at which nobody orders one more: bisection over what owners decide."""
    inputs = case["inputs"]
    pie = inputs["emission"] * inputs["price"] + inputs["fees"]
    block = OperatorClass(nodes=1, gpu="any", electricity=Money(0, "USD"), capex=Money(0, "USD"))
    low, high = 0.0, 2 * pie / inputs["cost"]
    for _ in range(80):
        nodes = (low + high) / 2
        slots = Columns(np.ones(block.slots))
        view = View(income=pie / nodes, income_entrant=pie / nodes, power=0.0, fixed=inputs["cost"])
        # Draws of 0: whoever may act does.
        if len(decide(block, view, slots, np.zeros(block.slots + 1), 604_800.0).orders):
            low = nodes
        else:
            high = nodes
    return {"N": low}


ENGINES: tuple[Name, ...] = ("reference", "loop", "fast")


def micro_traces(case: dict[str, Any]) -> dict[str, list[float]]:
    """A trace in order of arrival: one server is played by every engine, all alike, more share a queue in a kernel."""
    arrival, service = (np.array(case["params"][key], float) for key in ("arrival", "service"))
    if case["params"]["c"] == 1:
        prompts = (service * TOKENS).astype(np.int64)
        rows, *others = [served(fleet(by_prompts()), Offered(arrival, prompts), engine) for engine in ENGINES]
        assert all((rows == other).all() for other in others)
        finish = (rows["arrival"] + rows["end"]) / UNIT_PS
    else:
        ticks = (service * TICKS).astype(np.int64)
        start = many_servers((arrival * TICKS).astype(np.int64), ticks, case["params"]["c"])
        finish = (start + ticks) / TICKS
    return {"start": (finish - service).tolist(), "finish": finish.tolist()}


ADAPTERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "issuance": issuance,
    "amm_buyback": amm_buyback,
    "bme_equilibrium": bme_equilibrium,
    "free_entry": free_entry,
    "micro_traces": micro_traces,
}
ADAPTERS |= bittensor.ADAPTERS
ADAPTERS |= pay.ADAPTERS
ADAPTERS |= supply.ADAPTERS
ADAPTERS |= trust.ADAPTERS
