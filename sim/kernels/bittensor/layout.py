"""The chain's state as rows, and the codes that stand in them. Whoever asks "what is field x" looks here.

Every field is eight bytes wide, so that plain Python and compiled code do the same arithmetic. TAO and alpha are counted in
rao, 10^9 to a coin. Sources: opentensor/subtensor @14bc6f9f9 (2026-06-30), file named where a rule stands.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.core import config

RAO = 10**9
CAP = 21_000_000 * RAO
"""The most TAO, and the most alpha of a subnet (pallets/subtensor/src/coinbase/block_emission.rs)."""
PARTS = 10**18
"""One, as the chain stores weights of pools (Perquintill)."""
LEAST_WEIGHT = PARTS // 100
LEAST_RESERVE = 1_000_000
MOST_INPUT = 1_000
"""Rao that a pool must hold of what is bought, and how many times the other reserve may be put in (pallets/swap)."""
U16 = 65_535
NONE = -1

# How a block's TAO is shared among subnets.
PRICE, FLOW, NET_FLOW, PRICE_UNBURNED, ROOT_PRICE_UNBURNED = 0, 1, 2, 3, 4
# What bounds the alpha that is put into a pool, and where TAO above it goes.
WHOLE, BY_ALPHA, BY_ALPHA_AND_TAO, BY_ROOT = 0, 1, 2, 3
# How the gate's bar is found.
NO_GATE, BY_RANK, BY_QUANTILE = 0, 1, 2


def _rows(floats: str, integers: str) -> np.dtype:
    return np.dtype([(n, "f8") for n in floats.split()] + [(n, "i8") for n in integers.split()], align=True)


CHAIN = _rows(
    # The bar of the gate, and its settings.
    "bar exponent quantile "
    # TAO's weight in stake; smoothing of price EMAs, and of flow EMAs; the power of flows, and the least flow in rao.
    "tao_weight ema_base flow_base flow_power flow_cutoff",
    # Block number; TAO issued, of it what stands on root, what nobody can spend, and what is in nobody's pool.
    "block issued root_tao stranded free "
    # TAO created by this block, what of it could not be spent, and all that was so taken back.
    "emission unspent recycled "
    # Rules in force (the codes above), the rank of the bar, and blocks between two bars.
    "share_rule cap_rule gate_rule rank gate_every "
    # Blocks after which an EMA price is smoothed with half of `ema_base`; most epochs a block; the longest tempo.
    "ema_half most_epochs longest_tempo "
    # The owner's cut in 65535ths; subnets whose share is to be found; 1 where root's alpha is sold.
    "owner_u16 count root_sells",
)
"""One row: what the whole chain shares."""

SUBNET = _rows(
    # EMA of the price, share of miners' reward that is burned, share of the block's TAO, and EMAs of flows in rao a block.
    "ema burned share user_flow protocol_flow",
    # Who it is; 1 where it may receive, 1 where its TAO is switched on; the block before its first emission.
    "netuid eligible enabled started "
    # The pool: reserves and the quote's weight in parts; alpha outside the pool, of it the protocol's own; all alpha created, less
    # what was recycled.
    "tao alpha_in weight alpha_out protocol alpha_issued "
    # Of alpha outside: due to miners, validators, root and the owner at the next epoch.
    "servers validators root owner "
    # And what has been paid: staked, root's claims, burned, and rao that no share was large enough to get.
    "staked claims burnt dust "
    # What this block did: TAO put in, TAO that bought alpha, alpha put in, alpha bought, flows since their EMA.
    "tao_in excess injected bought user_net protocol_net "
    # The clock: blocks between epochs, last epoch and last that paid, a block asked for (0: none), epochs so far.
    "tempo last_epoch last_step asked_at epochs since_step",
)
"""A row a subnet, in order of `netuid`."""


def rows(dtype: np.dtype, count: int) -> Any:
    """`count` empty rows. Plain Python, where kernels are not compiled, needs records to read fields by name."""
    made = np.zeros(count, dtype)
    return made.view(np.recarray) if config.DISABLE_JIT else made
