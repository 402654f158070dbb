"""The coin price that policies see: late and averaged, never the market's own."""

from __future__ import annotations

from collections.abc import Sequence

from sim.blocks import Block, sourced
from sim.units import Duration, ps


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
        end = now_ps - ps(self.lag)
        begin = end - ps(self.twap)
        if begin == end:
            return _last(times_ps, prices_pusd, end)
        area, upto = 0, end
        for time, price in zip(reversed(times_ps), reversed(prices_pusd), strict=True):
            if time < upto:
                area += price * (upto - max(time, begin))
                upto = max(time, begin)
            if upto == begin:
                break
        area += prices_pusd[0] * (upto - begin)
        return area // (end - begin)


def _last(times_ps: Sequence[int], prices_pusd: Sequence[int], now_ps: int) -> int:
    for time, price in zip(reversed(times_ps), reversed(prices_pusd), strict=True):
        if time <= now_ps:
            return price
    return prices_pusd[0]
