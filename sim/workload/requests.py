"""Requests as columns, and one class's requests of one layer, drawn cell by cell."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from sim.blocks import Block
from sim.errors import ScenarioError
from sim.streams import Stream, Streams
from sim.units import DAY_S, PS_PER_S, Dated, ps
from sim.workload.arrivals.cells import CELL_PS, Cells, Times
from sim.workload.cached import cached_tokens
from sim.workload.churn import Churn, Regimes
from sim.workload.law import Floats, Ints
from sim.workload.modulation import CELL_S, Modulation
from sim.workload.rate import BaseRate

NEVER = 2**62
"""Does not happen; as the engines have it."""
INDEX_BITS, CLASS_BITS, LAYER_BITS = 24, 8, 4
DAY_CELLS = DAY_S // CELL_S


@dataclasses.dataclass(frozen=True)
class Columns:
    """Potential requests, sorted by (time, id). All arrays have one length.

    `id` int64, unique over the run; `time_ps` int64 since the start of the block they were drawn for; `klass` int32,
    the class's place among the classes; `prompt`, `output`, `cached` int32 tokens; `patience_ps`, `deadline_ps`,
    `disconnect_ps` int64 after arrival (patience and disconnection may be NEVER); `mark` float64 in [0, headroom). Also read by name: `columns["mark"]`,
    `{**columns}`.
    """

    id: Ints
    time_ps: Ints
    klass: npt.NDArray[np.int32]
    prompt: npt.NDArray[np.int32]
    output: npt.NDArray[np.int32]
    cached: npt.NDArray[np.int32]
    patience_ps: Ints
    deadline_ps: Ints
    disconnect_ps: Ints
    mark: Floats

    def __len__(self) -> int:
        return len(self.id)

    def keys(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(field.name for field in dataclasses.fields(self))

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        if name not in self.keys():
            raise KeyError(name)
        return np.asarray(getattr(self, name))

    def take(self, rows: Any) -> Columns:
        """The rows that a mask, slice or array of indexes chooses, in its order."""
        return Columns(*(column[rows] for column in self._all()))

    @classmethod
    def concatenate(cls, parts: list[Columns]) -> Columns:
        """The rows of all parts, one part after the other."""
        joined: list[Any] = [np.concatenate(columns) for columns in zip(*(part._all() for part in parts), strict=True)]
        return cls(*joined)

    @classmethod
    def empty(cls) -> Columns:
        """No rows."""
        kinds = (*[np.int64] * 2, *[np.int32] * 4, *[np.int64] * 3, np.float64)
        columns: list[Any] = [np.empty(0, dtype=kind) for kind in kinds]
        return cls(*columns)

    def _all(self) -> tuple[npt.NDArray[Any], ...]:
        return tuple(getattr(self, name) for name in self.keys())


class Seat:
    """The generators of one stream, one at a time: the same draws as `stream.generator(n)` at a seventh of the cost."""

    def __init__(self, stream: Stream) -> None:
        self._generator = stream.generator(0)
        self._state: Any = self._generator.bit_generator.state

    def __call__(self, block: int) -> Generator:
        """The generator of `block`, valid until the next call."""
        self._state["state"]["counter"][:] = (0, block, 0, 0)
        self._generator.bit_generator.state = self._state
        return self._generator

    def uniforms(self, first: int, counts: Ints, width: int) -> Floats:
        """counts[i] rows of `width` uniforms from block first + i, one below the other: shape (sum of counts, width)."""
        drawn = np.empty((int(counts.sum()), width))
        row = 0
        for block in np.flatnonzero(counts) if width else ():
            after = row + int(counts[block])
            self(first + int(block)).random(out=drawn[row:after])
            row = after
        return drawn


class Version(NamedTuple):
    """A class with the values in force from a cell on."""

    from_cell: int
    cls: Any
    deadline_ps: int


def versions(cls: Any, start: datetime.date) -> list[Version]:
    """The class with the values in force from each date on at which one changes; the first from cell 0 on."""
    days = sorted({max(0, (day - start).days) for day in _dates(cls)} | {0})
    then = [cls.at(start + datetime.timedelta(days=day)) for day in days]
    return [Version(day * DAY_CELLS, one, ps(one.deadline)) for day, one in zip(days, then, strict=True)]


def _dates(value: Any) -> Iterator[datetime.date]:
    if isinstance(value, Dated):
        yield from (day for day, _ in value.steps)
    elif isinstance(value, Block):
        for name in type(value).model_fields:
            yield from _dates(getattr(value, name))


@dataclasses.dataclass(frozen=True)
class Sources:
    """What the draws of one class rest on."""

    base: BaseRate
    modulation: Modulation
    churn: Churn | None
    streams: Streams
    start: datetime.date


class ClassLayer:
    """The potential requests of one class in one layer: marks in [layer, layer + 1).

    Arrivals, prompts, outputs, cached tokens, patience, disconnections and marks each have a stream of their own with one generator a cell, so that
    another law of one of them moves none of the others. `place` is (class index, layer).
    """

    def __init__(self, cls: Any, name: str, place: tuple[int, int], sources: Sources) -> None:
        self._name, (self.index, self.layer) = name, place
        self._law = cls.arrivals
        self._sources = sources
        self._versions = versions(cls, sources.start)
        self._seats: dict[str, Seat] = {}

    def draw(self, first: int, count: int) -> Columns:
        """All requests of cells first .. first + count - 1, times relative to the first cell's start."""
        parts = []
        ends = [version.from_cell for version in self._versions[1:]]
        for version, end in zip(self._versions, [*ends, NEVER], strict=True):
            low, high = max(first, version.from_cell), min(first + count, end)
            if low < high:
                parts.append(self._columns(version, low, high - low, first))
        return parts[0] if len(parts) == 1 else Columns.concatenate(parts)

    def _columns(self, version: Version, first: int, count: int, origin: int) -> Columns:
        cls, times = version.cls, self._times(first, count)
        counts = times.counts
        cell = np.repeat(np.arange(count), counts)
        index = np.arange(len(cell)) - np.repeat(np.cumsum(counts) - counts, counts)
        prompt = self._tokens("prompt", cls.prompt, first, times)
        return Columns(
            id=((((first + cell << LAYER_BITS) + self.layer << CLASS_BITS) + self.index) << INDEX_BITS) + index,
            time_ps=(cell + (first - origin)) * CELL_PS + times.within_ps,
            klass=np.full(len(cell), self.index, dtype=np.int32),
            prompt=prompt,
            output=self._tokens("output", cls.output, first, times),
            cached=self._cached(cls, first, times, prompt),
            patience_ps=self._patience(cls, first, counts),
            deadline_ps=np.full(len(cell), version.deadline_ps),
            disconnect_ps=self._disconnect(cls, first, counts),
            mark=self._marks(first, counts),
        )

    def _times(self, first: int, count: int) -> Times:
        cells = Cells(
            first, count, self.layer, self._seat("arrivals"), self._sources.base, self._factors, self._regimes
        )
        self._check(cells.rates_per_s * CELL_S)  # before anything of that size is drawn
        times: Times = self._law.times(cells)
        self._check(times.counts)
        return times

    def _check(self, counts: npt.NDArray[Any]) -> None:
        if counts.max() >= 1 << INDEX_BITS:
            raise ScenarioError(
                f"workload.{self._name}: {counts.max():.0f} requests in one minute found; must be below {1 << INDEX_BITS}"
            )

    def _seat(self, what: str) -> Seat:
        if what not in self._seats:
            self._seats[what] = Seat(self._sources.streams[f"{what}.{self._name}.{self.layer}"])
        return self._seats[what]

    def _factors(self, first: int, count: int) -> Floats:
        steps = self._sources.modulation.steps(self._name)
        return self._sources.modulation.factors(self._name, first * steps, count * steps).reshape(count, steps)

    def _regimes(self, hour: int) -> Regimes:
        assert self._sources.churn is not None
        return self._sources.churn.regimes(hour)

    def _tokens(self, what: str, law: Any, first: int, times: Times) -> npt.NDArray[np.int32]:
        if law is None:
            return np.asarray(getattr(self._law.trace(), f"{what}_tokens")[times.rows], dtype=np.int32)
        return np.asarray(law.values(self._seat(what).uniforms(first, times.counts, law.uniforms)), dtype=np.int32)

    def _cached(self, cls: Any, first: int, times: Times, prompt: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        law = cls.cached_tokens
        if law is not None:
            return cached_tokens(law, self._seat("cached").uniforms(first, times.counts, law.uniforms), prompt)
        # Another prompt law than the trace's own breaks the tie between a row's prompt and what of it was cached.
        if times.rows is None or cls.prompt is not None:
            return np.zeros(len(prompt), dtype=np.int32)
        return np.asarray(self._law.trace().cached_tokens[times.rows], dtype=np.int32)

    def _patience(self, cls: Any, first: int, counts: Ints) -> Ints:
        if cls.patience is None:
            return np.full(int(counts.sum()), NEVER)
        u = self._seat("patience").uniforms(first, counts, cls.patience.uniforms)
        return _limits_ps(cls.patience.values(u), cls.deadline)

    def _disconnect(self, cls: Any, first: int, counts: Ints) -> Ints:
        if not cls.disconnect:
            return np.full(int(counts.sum()), NEVER)
        u = self._seat("disconnect").uniforms(first, counts, 1)[:, 0]
        return _limits_ps(-np.log1p(-u) / cls.disconnect, cls.deadline)

    def _marks(self, first: int, counts: Ints) -> Floats:
        drawn = self.layer + self._seat("marks").uniforms(first, counts, 1)[:, 0]
        return np.minimum(drawn, np.nextafter(self.layer + 1.0, 0.0))


def _limits_ps(after_s: Floats, deadline_s: float) -> Ints:
    """Limits in whole picoseconds >= 1; NEVER beyond the deadline, where they have no power and long tails would not fit 64 bits."""
    kept = after_s <= deadline_s
    limits_ps = np.maximum(np.rint(np.where(kept, after_s, 0.0) * PS_PER_S), 1.0).astype(np.int64)
    return np.where(kept, limits_ps, NEVER)
