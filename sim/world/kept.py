"""What runs of a study work out again and again, kept once a process: machines, their speeds, and days at which blocks change."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

Found = TypeVar("Found")


class Kept:
    """What was found for objects, told apart by identity, and words, told apart by value. At most `most` of them: then all are let go."""

    def __init__(self, most: int = 1024) -> None:
        self._most = most
        self._found: dict[tuple[Hashable, ...], tuple[tuple[object, ...], object]] = {}

    def get(self, objects: tuple[object, ...], words: tuple[Hashable, ...], make: Callable[[], Found]) -> Found:
        """What `make` gives, or gave for the same before."""
        key = (*map(id, objects), *words)
        if key not in self._found:
            made = make()
            if len(self._found) >= self._most:
                self._found.clear()
            # The objects are kept with it: an id is nobody else's as long as its object is here.
            self._found[key] = objects, made
        return self._found[key][1]  # type: ignore[return-value]
