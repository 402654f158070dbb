"""Mainnet's 127 subnets at block 8,766,000 (2026-08-03, spec 441): reserves, alpha, EMA prices, burned shares.

Read by NoBSRecruiter/tao-subnet-trader @bfa925ec (tests/fixtures/golden/emission_parity/b8766000.json); with these numbers the
chain's own TAO of that block comes out to the rao (`tests/vectors/bittensor/live_block_8766000.json`).
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import NamedTuple

import numpy as np

BLOCK = 8_766_000
SEEN = "2026-08-03"
SOURCE = "NoBSRecruiter/tao-subnet-trader @bfa925ec, tests/fixtures/golden/emission_parity/b8766000.json (spec 441)"


class Snapshot(NamedTuple):
    """Columns in order of `netuid`, an entry a subnet; amounts in rao, `ema` and `burned` as floats."""

    netuid: np.ndarray
    enabled: np.ndarray
    tao: np.ndarray
    alpha_in: np.ndarray
    alpha_out: np.ndarray
    weight: np.ndarray
    ema: np.ndarray
    burned: np.ndarray

    def take(self, rows: np.ndarray) -> Snapshot:
        """Some of the subnets."""
        return Snapshot._make(column[rows] for column in self)


@functools.lru_cache(maxsize=1)
def snapshot() -> Snapshot:
    """All of them. The largest pool is that of subnet 64."""
    text = resources.files(__package__).joinpath("mainnet_8766000.csv").read_text(encoding="utf-8")
    rows = np.array([[int(cell) for cell in line.split(",")] for line in text.splitlines()[1:]], np.int64)
    columns = list(rows.T)
    return Snapshot._make([*columns[:6], columns[6] / 2**32, columns[7] / 2**32])


def largest(count: int, with_: list[int]) -> Snapshot:
    """`count` subnets in order of `netuid`: those of `with_`, and of the others the ones with most TAO (ties: lower number)."""
    found = snapshot()
    wanted = np.isin(found.netuid, with_)
    order = np.lexsort((found.netuid, -found.tao, ~wanted))
    return found.take(np.sort(order[:count]))
