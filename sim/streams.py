"""Random streams by name: a new stream never moves an old one.

A stream is (root seed, name, replication). Its draws are read in blocks of `BLOCK` values, each block from its own
Philox generator whose key comes from the stream and whose counter from the block's number. So value i of a stream
is a function of (stream, i) alone, whatever the size or order of the reads.

>>> s = Streams(root=7, replication=0)
>>> bool((s["arrivals"].uniforms(4090, 10)[:6] == s["arrivals"].uniforms(4090, 6)).all())
True
"""

from __future__ import annotations

import functools
import hashlib
from typing import Any

import numpy as np
from numpy.random import Generator, Philox, SeedSequence

BLOCK = 4096
"""Values a block of a stream holds."""

_MASK64 = (1 << 64) - 1
_GOLDEN, _FIRST, _SECOND = (np.uint64(word) for word in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def _mix64(z: np.ndarray) -> np.ndarray:
    """A bijection of 64-bit words; products of arrays wrap, as they must."""
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    return z ^ (z >> np.uint64(31))


def name_words(name: str) -> tuple[int, ...]:
    """The name's SHA-256 as eight 32-bit words: equal on every platform, unlike Python's `hash`."""
    digest = hashlib.sha256(name.encode()).digest()
    return tuple(int.from_bytes(digest[i : i + 4], "big") for i in range(0, 32, 4))


@functools.lru_cache(maxsize=4096)
def _key_of(root: int, name: str, replication: int) -> np.ndarray:
    """Key of a stream; kept, as runs of a study read the same streams again and again."""
    key = SeedSequence(root, spawn_key=(*name_words(name), replication)).generate_state(2, np.uint64)
    key.flags.writeable = False
    return key


class Stream:
    """One named stream of one replication."""

    def __init__(self, root: int, name: str, replication: int) -> None:
        self.name = name
        self._key = _key_of(root, name, replication)
        self._kept: tuple[str, int, np.ndarray] = ("", -1, np.empty(0))

    @property
    def key64(self) -> int:
        """A 64-bit word that stands for the stream: the key of counter-based hashes (routing draws)."""
        return int(self._key[0]) ^ int(self._key[1])

    def generator(self, block: int) -> Generator:
        """A generator that belongs to `block` (>= 0) alone; draws from it depend on (stream, block)."""
        if not 0 <= block <= _MASK64:
            raise ValueError(f"block {block} found; must be in [0, 2^64)")
        # The block stands in the second counter word: the first runs through at most 2^64 draws inside a block.
        return Generator(Philox(key=self._key, counter=[0, block, 0, 0]))

    @functools.cached_property
    def _reader(self) -> tuple[Generator, Any]:
        """What blocks are read with, and its state, made when first asked for: most streams of a run are never read so."""
        made = Generator(Philox(key=self._key))
        return made, made.bit_generator.state

    def _fill(self, law: str, block: int, values: np.ndarray) -> None:
        """A whole block as `generator(block)` would draw it; to wind one generator back is 7 times faster than a new one."""
        reader, start = self._reader
        start["state"]["counter"][:] = (0, block, 0, 0)
        reader.bit_generator.state = start
        getattr(reader, law)(out=values)

    def _block(self, law: str, block: int) -> np.ndarray:
        """All values of a block; the last one is kept, as readers go on where they stopped."""
        if self._kept[:2] != (law, block):
            self._kept = (law, block, np.empty(BLOCK))
            self._fill(*self._kept)
        return self._kept[2]

    def _values(self, law: str, first: int, count: int) -> np.ndarray:
        if first < 0 or count < 0:
            raise ValueError(f"first {first}, count {count} found; both must be >= 0")
        values = np.empty(count)
        at = 0
        while at < count:
            block, begin = divmod(first + at, BLOCK)
            part = values[at : at + BLOCK - begin]
            if len(part) == BLOCK:
                self._fill(law, block, part)
            else:
                part[:] = self._block(law, block)[begin : begin + len(part)]
            at += len(part)
        return values

    def uniforms(self, first: int, count: int) -> np.ndarray:
        """Values first .. first + count - 1 of the stream as uniforms in [0, 1), float64."""
        return self._values("random", first, count)

    def normals(self, first: int, count: int) -> np.ndarray:
        """The same as standard normals. One stream is read as one law only."""
        return self._values("standard_normal", first, count)

    def exponentials(self, first: int, count: int) -> np.ndarray:
        """The same as exponentials of mean 1."""
        return self._values("standard_exponential", first, count)

    def of_ids(self, ids: np.ndarray) -> np.ndarray:
        """A uniform in [0, 1) for each id, float64: a hash of (stream, id), whatever other ids are there.

        splitmix64's finalizer (Steele, Lea and Flood 2014, section 3; constants of Vigna's `splitmix64.c`), twice; the top 53 bits.
        """
        word = _mix64(np.asarray(ids, np.int64).astype(np.uint64) ^ np.uint64(self.key64))
        return (_mix64(word + _GOLDEN) >> np.uint64(11)) * 2.0**-53


class Streams:
    """All streams of one replication, by name: `streams["arrivals.steady"]`."""

    def __init__(self, root: int, replication: int) -> None:
        self.root = root
        self.replication = replication
        self._stream = functools.cache(lambda name: Stream(root, name, replication))

    def __getitem__(self, name: str) -> Stream:
        return self._stream(name)
