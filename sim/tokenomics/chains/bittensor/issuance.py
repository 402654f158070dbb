"""How TAO comes into being, is taken back, and when it halves.

A block creates 10^9 >> k rao, k the largest with issuance >= 21M (1 - 2^-k): halvings stand at levels of issuance, not at blocks,
and what is recycled moves them out. Recycled TAO leaves the issuance and is created again; burned TAO stays in it. The alpha of
each subnet follows the same curve. `sim.kernels.bittensor.coinbase.emission_at` is the twin of every block.
Source: subtensor pallets/subtensor/src/coinbase/block_emission.rs, tao.rs, alpha.rs.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
import statistics
from collections.abc import Sequence

from sim.tokenomics.chains.bittensor import BLOCK_S, BLOCKS_A_DAY, RAO
from sim.tokenomics.chains.bittensor.constants import MAINNET
from sim.tokenomics.supply.halving_by_supply import per_block

CAP = 21_000_000 * RAO
LEAK: int = MAINNET["leak"].value
"""Rao a block that the chain failed to count as issued, November 2025 to May 2026."""
RECYCLED_A_DAY: float = MAINNET["recycled_a_day"].value
"""TAO recycled a day, August to October 2026."""
RECYCLING_SPREAD: float = MAINNET["recycling_spread"].value
"""The 95th percentile of recycling over the median."""


def emission(issued: int) -> int:
    """Rao that a block creates at an issuance."""
    return int(per_block(issued, CAP, RAO))


def threshold(level: int) -> int:
    """The least issuance at which emission is 10^9 >> level."""
    return CAP - (CAP >> level)


@dataclasses.dataclass
class Issued:
    """Coins of one kind: issued, and of those burned. Of TAO, or of a subnet's alpha."""

    issued: int = 0
    burned: int = 0

    def create(self) -> int:
        """A block's emission, less what would pass the cap."""
        made = max(0, min(emission(self.issued), CAP - self.issued))
        self.issued += made
        return made

    def recycle(self, amount: int) -> None:
        """Take coins back: they will be created again. Raises `ValueError` for more than there are."""
        self._check(amount)
        self.issued -= amount

    def burn(self, amount: int) -> None:
        """Put coins where nobody can spend them: the issuance stays. Raises `ValueError` for more than there are."""
        self._check(amount)
        self.burned += amount

    def adjust(self, amount: int) -> None:
        """Correct the count by a dated adjustment, positive or negative."""
        self.issued += amount

    def _check(self, amount: int) -> None:
        if not 0 <= amount <= self.issued - self.burned:
            raise ValueError(f"{amount} rao found; {self.issued - self.burned} can be spent")


@dataclasses.dataclass(frozen=True)
class Point:
    """The issuance after a block, in rao, and when the block was."""

    block: int
    at: datetime.datetime
    issued: int


OBSERVED = (
    Point(7_000_020, datetime.datetime(2025, 12, 1, 2, 30, 12, tzinfo=datetime.UTC), 10_411_256_319_581_249),
    Point(8_765_999, datetime.datetime(2026, 8, 3, 20, 22, 24, tzinfo=datetime.UTC), 11_194_293_378_683_952),
    Point(9_240_388, datetime.datetime(2026, 10, 8, 19, 20, 12, tzinfo=datetime.UTC), 11_597_622_104_454_806),
)
"""States of mainnet (NoBSRecruiter/tao-subnet-trader @bfa925ec, tests/fixtures/golden, read 2026-11-22)."""


def blocks_to(point: Point, issued: int, taken: float = 0.0, adjustments: Sequence[tuple[int, int]] = ()) -> float:
    """Blocks after `point` until that much is issued, `taken` rao a block being recycled; infinite where it never is.

    `adjustments` are pairs (block, rao) that the chain's count is corrected by, in order of block.
    """
    block: float = point.block
    held = float(point.issued)
    for at, amount in [*adjustments, (math.inf, 0)]:
        while held < issued:
            net = emission(int(held)) - taken
            level = next(k for k in range(64) if threshold(k) > held)
            wanted = min(issued, threshold(level))
            needed = math.ceil((wanted - held) / net) if net > 0 else math.inf
            if block + needed > at or needed == math.inf:
                break
            block, held = block + needed, held + needed * net
        if held >= issued:
            return block - point.block
        if at < math.inf:
            held += max(0.0, at - block) * (emission(int(held)) - taken) + amount
            block = max(block, at)
    return math.inf


def halving(
    point: Point, level: int, taken: float = 0.0, adjustments: Sequence[tuple[int, int]] = ()
) -> tuple[int, datetime.datetime]:
    """(block, time) at which emission first is 10^9 >> level; time passes at 12 s a block.

    Raises `ValueError` where that level is never reached, as so much is recycled.
    """
    blocks = blocks_to(point, threshold(level), taken, adjustments)
    if blocks == math.inf:
        raise ValueError(f"level {level} is not reached while {taken / RAO} TAO a block are recycled")
    return point.block + int(blocks), point.at + datetime.timedelta(seconds=BLOCK_S * blocks)


def second_halving(draws: Sequence[float], point: Point = OBSERVED[-1]) -> list[float]:
    """Days from `point` to the second halving, one for each uniform draw in (0, 1), ascending; infinite for never.

    Recycling is lognormal: median `RECYCLED_A_DAY`, and `RECYCLING_SPREAD` times that at the 95th percentile.
    """
    normal = statistics.NormalDist()
    sigma = math.log(RECYCLING_SPREAD) / normal.inv_cdf(0.95)
    taken = (RECYCLED_A_DAY * math.exp(sigma * normal.inv_cdf(u)) * RAO / BLOCKS_A_DAY for u in draws)
    return sorted(blocks_to(point, threshold(2), rao) / BLOCKS_A_DAY for rao in taken)
