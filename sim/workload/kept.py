"""Requests drawn lately in this process, kept so that runs whose users are the same draw them once.

Policies meet the same potential requests: the runs of one replication, which a study does one after the other, ask for
the same cells again. What is kept changes no number; it is let go by age once it holds `MOST_ROWS` requests.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from sim.workload.requests import Columns

MOST_ROWS = 1_000_000
"""Requests kept at most, about 70 MB."""
MOST_USERS = 16
"""Sets of classes told apart at most; the oldest is forgotten first."""


class Kept:
    """Columns by key, the least lately asked for let go first; they must not be written to."""

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self._most_rows = most_rows
        self._columns: OrderedDict[Hashable, Columns] = OrderedDict()
        self._rows = 0
        self._users: OrderedDict[int, list[tuple[str, Any]]] = OrderedDict()
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._columns)

    def clear(self) -> None:
        """Let everything go."""
        self._columns.clear()
        self._rows = 0

    def users(self, classes: Mapping[str, Any]) -> int:
        """A number for client classes in their order; equal ones (same laws, same figures) have the same one."""
        named = list(classes.items())
        for number, known in self._users.items():
            if known == named:
                return number
        number = next(self._numbers)
        self._users[number] = named
        if len(self._users) > MOST_USERS:
            self._users.popitem(last=False)
        return number

    def get(self, key: Hashable, draw: Callable[[], Columns]) -> Columns:
        """What was drawn for the key, or is drawn now."""
        if key in self._columns:
            self._columns.move_to_end(key)
            return self._columns[key]
        drawn = draw()
        # One block that is most of the room would only drive out what is asked for again.
        if 4 * len(drawn) <= self._most_rows:
            self._columns[key] = drawn
            self._rows += len(drawn)
            while self._rows > self._most_rows:
                self._rows -= len(self._columns.popitem(last=False)[1])
        return drawn


KEPT = Kept()
"""Those of this process."""
