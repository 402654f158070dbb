"""A server that clears up to K customers at a time, those included that join while it works."""

from __future__ import annotations

from typing import Any

from sim.kernels.options import verb


@verb
def partial_batches(arrival: Any, service: Any, most: int, out_end: Any) -> int:
    """End of each customer, in order of arrival; returns the number of batches.

    arrival, out_end: int64[n] ticks, ascending; service: int64, one a batch, n entries are enough. A batch begins when the
    server is free and somebody is there; at its end the first `most` who have arrived by then leave together.
    """
    i, batch, now, n = 0, 0, 0, arrival.shape[0]
    while i < n:
        now = max(now, arrival[i]) + service[batch]
        batch += 1
        last = min(i + most, n)
        while i < last and arrival[i] <= now:
            out_end[i] = now
            i += 1
    return batch
