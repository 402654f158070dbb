"""A block of the chain over rows of state: `sim.kernels.bittensor.coinbase`, for Python.

`chain_row` and `subnet_rows` make the rows whose fields `sim.kernels.bittensor.layout` lists; rules come from `rules`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.tokenomics.chains.bittensor.rules import Rules


def chain_row(rules: Rules, block: int = 0, issued: int = 0, root_tao: int = 0) -> Any:
    """One row of the chain under a rule set, at a block; amounts in rao."""
    from sim.kernels.bittensor import layout

    chain = layout.rows(layout.CHAIN, 1)
    put_rules(chain, rules)
    chain["block"], chain["issued"], chain["root_tao"] = block, issued, root_tao
    return chain


def put_rules(chain: Any, rules: Rules) -> None:
    """Put a rule set in force on a row of the chain."""
    for name, value in rules.fields().items():
        chain[name] = value


def subnet_rows(count: int) -> Any:
    """Rows of subnets that may receive, are switched on, and whose pools weigh both sides alike."""
    from sim.kernels.bittensor import layout

    subnets = layout.rows(layout.SUBNET, count)
    subnets["netuid"] = np.arange(1, count + 1)
    subnets["eligible"] = subnets["enabled"] = 1
    subnets["weight"] = layout.PARTS // 2
    return subnets


def run_block(chain: Any, subnets: Any) -> None:
    """Create and place a block's coins with the EMAs that stand."""
    from sim.kernels.bittensor import coinbase

    coinbase.one_block(chain, subnets, np.zeros(len(subnets)))


def find_shares(chain: Any, subnets: Any) -> None:
    """Write `share` of every subnet."""
    from sim.kernels.bittensor import coinbase

    coinbase.one_share(chain, subnets, np.zeros(len(subnets)))


def move_prices(chain: Any, subnets: Any) -> None:
    """Move the EMAs of prices by a block."""
    from sim.kernels.bittensor import coinbase

    coinbase.one_price(chain, subnets)


def split_alpha(chain: Any, subnets: Any, alpha: int) -> None:
    """Set a block's alpha of every subnet aside until its epoch."""
    from sim.kernels.bittensor import coinbase

    coinbase.one_split(chain, subnets, alpha)


def quotes(tao: int, alpha: int, weight: int, amount: int) -> tuple[int, int]:
    """(alpha, TAO) that an amount would buy and sell for in the block's kernel, the fee taken off already."""
    from sim.kernels.bittensor import pools

    out_alpha, out_tao = np.zeros(1, np.int64), np.zeros(1, np.int64)
    pools.quote(np.array([tao, alpha], np.int64), weight, np.array([amount], np.int64), out_alpha, out_tao)
    return int(out_alpha[0]), int(out_tao[0])


def misplaced(chain: Any, subnets: Any) -> str:
    """What does not add up, in words; empty where every rao is in its place."""
    from sim.kernels.bittensor import coinbase

    found = coinbase.one_check(chain, subnets)
    if found < 0:
        return ""
    if found == len(subnets):
        return f"block {chain['block'][0]}: TAO issued is not what pools, root and accounts hold"
    return f"block {chain['block'][0]}: alpha of subnet {subnets['netuid'][found]} is not what its parts hold"


def tick(chain: Any, subnets: Any) -> list[int]:
    """Move every subnet's clock by a block; rows of those that hold their epoch in it."""
    from sim.kernels.bittensor import clock

    due = np.zeros(len(subnets), np.int64)
    return [int(row) for row in due[: clock.one_tick(chain, subnets, due)]]
