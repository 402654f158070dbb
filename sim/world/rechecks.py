"""Checks where every request is simulated: an answer that is looked at is served again, as a request of the network's own.

A completed request makes as many checks as its server's checks are work, a part of serving it: that many whole ones, and one more with
the chance of the rest, by a uniform that belongs to its id. They are offered at the next whole minute, and are routed, wait and run
like users' requests, with nothing cached and no patience; nobody pays for them. Parts of training jobs are checked alike.
"""

from __future__ import annotations

import numpy as np

from sim.serving.contract import MINUTE_PS, REQUEST, Fate
from sim.streams import Stream
from sim.world.shared_jobs import FIRST_ID, own_rows

FIRST_CHECK_ID = FIRST_ID + 2**60
"""Ids of checks lie above those of users' requests and of parts of jobs."""


class Rechecks:
    """Checks of one fleet: those to offer, and those under way.

    Parameters
    ----------
    stream
        Its hash of a request's id says whether the part of a check that is no whole one is made.
    klass
        Index of the reserved class in the engine.

    """

    def __init__(self, stream: Stream, klass: int) -> None:
        self.stream, self.klass = stream, klass
        self.in_flight = 0
        self.served = 0
        """Checks that were served to their end since the start."""
        self._given = 0
        self._due = np.zeros(0, REQUEST)

    def owns(self, ids: np.ndarray) -> np.ndarray:
        """Which of some ids are checks: bool."""
        mine: np.ndarray = ids >= FIRST_CHECK_ID
        return mine

    def see(self, rows: np.ndarray, load: np.ndarray) -> None:
        """Requests that have ended, in the order of an engine's reading, with the work of checks of each as a part of serving it."""
        done = rows["fate"] == Fate.COMPLETED
        rows, load = rows[done], load[done]
        whole = np.floor(load)
        times = (whole + (self.stream.of_ids(rows["id"]) < load - whole)).astype(np.int64)
        again = np.repeat(rows, times)
        made = own_rows(FIRST_CHECK_ID + self._given, self.klass, again["prompt"], again["output"])
        self._given += len(made)
        self._due = np.concatenate([self._due, made])

    def next_look_ps(self, at_ps: int) -> int:
        """The first instant after one at which checks may be offered."""
        return (at_ps // MINUTE_PS + 1) * MINUTE_PS

    def look(self, at_ps: int) -> np.ndarray:
        """Checks that arrive at an instant, rows of REQUEST with absolute times, by id: all that are due, at a whole minute."""
        if at_ps % MINUTE_PS:
            return np.zeros(0, REQUEST)
        rows, self._due = self._due, np.zeros(0, REQUEST)
        rows["arrival"] = at_ps
        self.in_flight += len(rows)
        return rows

    def take(self, rows: np.ndarray) -> None:
        """Checks that have ended."""
        self.in_flight -= len(rows)
        self.served += int((rows["fate"] == Fate.COMPLETED).sum())
