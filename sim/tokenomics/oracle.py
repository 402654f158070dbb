"""The coin price that policies see: late and averaged, without what looks wrong, and at times none that is new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from sim.blocks import Block, newer, sourced
from sim.units import Duration, FixedDuration, Quantity, ps, share_parts


class Pause(Block):
    """A time in which the oracle shows what it showed as it began."""

    begins: Annotated[float, Quantity("duration", low=0, dated=False)]
    """When it begins, after the start of the run."""
    lasts: FixedDuration
    """How long it lasts."""


class Oracle(Block):
    """A time-weighted average of the market price over a window, seen after a lag."""

    lag: Duration = sourced(0.0, "no published figure", "assumed", "rate of settlement when the price moves")
    """How old the end of the window is when it is seen."""
    twap: Duration = sourced(
        3600.0,
        "Akash's oracle: code default 1 h, text 30 min (akash-network/node, AEP-76, read 2026-11-22)",
        "borrowed",
        "rate of settlement when the price moves",
    )
    """Length of the window averaged over; 0 is the last price."""
    outlier: Annotated[float, Quantity("share", above=0)] | None = newer()
    """Prices that lie further than this from the window's median, by time, are left out (Akash: 1.5 %)."""
    pauses: dict[str, Pause] = newer({})
    """Times in which nothing new is seen, by name."""

    def read(self, times_ps: Sequence[int], prices_pusd: Sequence[int], now_ps: int) -> int:
        """The price seen at `now_ps`, in pico-dollars per coin.

        Parameters
        ----------
        times_ps
            Instants at which the market price changed, ascending; prices hold from their instant on.
        prices_pusd
            The prices, one an instant; before the first instant the first one holds.
        now_ps
            The instant at which a policy looks.

        The average over [now - lag - twap, now - lag] is rounded down. Raises `ValueError` for an empty history.

        """
        if not times_ps or len(times_ps) != len(prices_pusd):
            raise ValueError(
                f"{len(times_ps)} instants and {len(prices_pusd)} prices found; must be as many, at least one"
            )
        end = self._awake(now_ps) - ps(self.lag)
        begin = end - ps(self.twap)
        if begin == end:
            return _last(times_ps, prices_pusd, end)
        pieces = _pieces(times_ps, prices_pusd, begin, end)
        if self.outlier is not None:
            pieces = _near(pieces, share_parts(self.outlier))
        return sum(price * length for price, length in pieces) // sum(length for _, length in pieces)

    def _awake(self, now_ps: int) -> int:
        """The last instant at which something new was seen: the begin of the pause that holds, and of one before it."""
        for pause in sorted(self.pauses.values(), key=lambda pause: -pause.begins):
            if ps(pause.begins) <= now_ps < ps(pause.begins) + ps(pause.lasts):
                now_ps = ps(pause.begins)
        return now_ps


def _pieces(times_ps: Sequence[int], prices_pusd: Sequence[int], begin: int, end: int) -> list[tuple[int, int]]:
    """(price, picoseconds) of what stood in [begin, end], the last first."""
    pieces, upto = [], end
    for time, price in zip(reversed(times_ps), reversed(prices_pusd), strict=True):
        if time < upto:
            pieces.append((price, upto - max(time, begin)))
            upto = max(time, begin)
        if upto == begin:
            return pieces
    return [*pieces, (prices_pusd[0], upto - begin)]


def _near(pieces: list[tuple[int, int]], parts: int) -> list[tuple[int, int]]:
    """The pieces within a share (of 10^12) of the median by time: the lowest price below or at which half of the time lies."""
    whole, passed, median = sum(length for _, length in pieces), 0, 0
    for price, length in sorted(pieces):
        passed += length
        if 2 * passed >= whole:
            median = price
            break
    return [(price, length) for price, length in pieces if abs(price - median) * share_parts(1.0) <= median * parts]


def _last(times_ps: Sequence[int], prices_pusd: Sequence[int], now_ps: int) -> int:
    for time, price in zip(reversed(times_ps), reversed(prices_pusd), strict=True):
        if time <= now_ps:
            return price
    return prices_pusd[0]
