"""How policies were made equal before they were compared."""

from __future__ import annotations

import dataclasses

from sim.records.run import Number


@dataclasses.dataclass(frozen=True)
class Solved:
    """One network (or outcome) of one case: what was turned, to what, and what came of it.

    `what` is what is held equal, `by` the paths that were turned, `setting` the factor or the value that they came to, `told` their
    values as text. `target` and `found` are means over replications in `unit`. `word` is empty, or "not reachable" with
    the range that was seen between `least` and `most`; the policy then runs as it stands in the file.
    """

    what: str
    by: str
    policy: str
    coin_price: str
    point: int
    factor: bool
    setting: Number
    told: str
    target: Number
    found: Number
    unit: str
    least: Number
    most: Number
    runs: int
    word: str = ""
