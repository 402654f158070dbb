"""What is worked out again and again for the same objects, kept once a process: blocks that all cases of a study share, and what runs make of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Kept(Generic[Found]):
    """What was found for objects, told apart by identity, and words, told apart by value. At most `most` of them: then all are let go."""

    def __init__(self, most: int = 1024) -> None:
        self._most = most
        self._found: dict[tuple[Hashable, ...], tuple[tuple[object, ...], Found]] = {}

    def get(self, objects: tuple[object, ...], words: tuple[Hashable, ...], make: Callable[[], Found]) -> Found:
        """What `make` gives, or gave for the same before."""
        key = (*map(id, objects), *words)
        if key not in self._found:
            self.put(objects, words, make())
        return self._found[key][1]

    def find(self, objects: tuple[object, ...], words: tuple[Hashable, ...]) -> Found | None:
        """What is kept; None where nothing is."""
        found = self._found.get((*map(id, objects), *words))
        return None if found is None else found[1]

    def put(self, objects: tuple[object, ...], words: tuple[Hashable, ...], found: Found) -> None:
        """Keep what was found."""
        key = (*map(id, objects), *words)
        if key not in self._found and len(self._found) >= self._most:
            self._found.clear()
        # The objects are kept with it: an id is nobody else's as long as its object is here.
        self._found[key] = objects, found
