"""Rates that wander: log-OU factors of the classes, correlated across them.

The factor of a class is exp(s x - s^2/2) with s^2 = ln(1 + relative_variance), so that its mean is 1 and its variance
`relative_variance`; x is a stationary Ornstein-Uhlenbeck path of variance 1 with time constant tau, held constant over
grid steps. x at step i is a moving average of the innovations of steps i - M + 1 .. i with weights exp(-j step/tau),
M step >= 12.8 tau, scaled to variance exactly 1: a function of (stream, i) alone, so any stretch can be read without
its history. (What is cut off is less than exp(-25.6) of the variance.)

`correlation` is that of the innovations, the noises that drive two classes. Equal time constants give the paths the
same correlation r, others r 2 sqrt(tau1 tau2) / (tau1 + tau2): .97 r for the built-in chat classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sim.errors import Problem
from sim.streams import BLOCK, Streams
from sim.workload.law import Floats

CELL_S = 60
"""Length of a cell: steps of the grid divide it."""
_FEWEST = 8
_PER_TAU = 16
_MEMORY_TAU = 12.8
_KEPT = 4
_OFFSET = 1 << 21
"""Number of the innovation of step 0: what lies before the run is memory, at most 10 days of it."""


def correlations(classes: Mapping[str, Any]) -> tuple[Floats, list[Problem]]:
    """The correlation matrix in the order of the classes, and what is wrong with it."""
    names = list(classes)
    matrix, told = np.eye(len(names)), np.eye(len(names), dtype=bool)
    problems: list[Problem] = []
    for row, (name, cls) in enumerate(classes.items()):
        for other, value in cls.correlation.items():
            wrong = _wrong_pair(classes, name, other)
            column = names.index(other) if other in classes else row
            if not wrong and told[row, column] and matrix[row, column] != value:
                wrong = f"{value:g} found, but {other}.correlation.{name} says {matrix[row, column]:g}"
            if wrong:
                problems.append(Problem("correlation", f"workload.{name}.correlation.{other}", wrong))
                continue
            matrix[row, column] = matrix[column, row] = value
            told[row, column] = told[column, row] = True
    if names and not problems and np.linalg.eigvalsh(matrix)[0] < -1e-9:
        pairs = ", ".join(
            f"{a}-{b} {matrix[i, j]:g}"
            for i, a in enumerate(names)
            for j, b in enumerate(names)
            if i < j and matrix[i, j]
        )
        first = next(name for name, cls in classes.items() if cls.correlation)
        message = f"correlations {pairs} cannot hold together: their matrix is not positive semi-definite"
        problems.append(
            Problem("correlation", f"workload.{first}.correlation", message, "bring the values nearer to 0")
        )
    return matrix, problems


def _wrong_pair(classes: Mapping[str, Any], name: str, other: str) -> str:
    if other == name:
        return "a class is not correlated with itself"
    if other not in classes:
        return f"no class '{other}'; classes: {', '.join(classes)}"
    for party in (name, other):
        if classes[party].arrivals.kind != "log_ou":
            return f"`{party}` has arrivals '{classes[party].arrivals.kind}'; only `log_ou` rates can be correlated"
    taus = sorted(classes[party].arrivals.tau for party in (name, other))
    return (
        "time constants differ more than 1000-fold; such rates cannot be correlated" if taus[1] > 1000 * taus[0] else ""
    )


class Modulation:
    """The rate factors of the log-OU classes of one run."""

    def __init__(self, classes: Mapping[str, Any], matrix: Floats, streams: Streams) -> None:
        self._laws = {name: cls.arrivals for name, cls in classes.items() if cls.arrivals.kind == "log_ou"}
        rows = [row for row, name in enumerate(classes) if name in self._laws]
        self._linked = matrix[np.ix_(rows, rows)] != 0
        self._weights = _lower(matrix[np.ix_(rows, rows)])
        self._names = list(self._laws)
        self._streams = streams
        self._blocks: dict[tuple[str, int], Floats] = {}
        self._read: dict[str, tuple[tuple[int, int], Floats]] = {}
        self._steps = {name: self._fewest(name) for name in self._laws}

    def steps(self, name: str) -> int:
        """Grid steps a cell: a power of two >= 8, at least 16 steps a time constant.

        Classes joined by correlations, directly or through others, share the finest grid among them.
        """
        return self._steps[name]

    def factors(self, name: str, first: int, count: int) -> Floats:
        """Rate factors in steps first .. first + count - 1 of the run, float64; the last stretch read is kept for the next layer."""
        if name not in self._read or self._read[name][0] != (first, count):
            self._read[name] = ((first, count), self._path(name, first, count))
        return self._read[name][1]

    def _path(self, name: str, first: int, count: int) -> Floats:
        law = self._laws[name]
        spread = float(np.sqrt(np.log1p(law.relative_variance)))
        decay = CELL_S / self.steps(name) / law.tau
        memory = 1 << int(np.ceil(np.log2(_MEMORY_TAU / decay)))
        path = self._innovations(name, first - memory + 1, count + memory - 1)
        # Sums over 1, 2, 4 ... M steps, elementwise: the same additions for a step, whatever stretch is read.
        width = 1
        while width < memory:
            path = path[width:] + np.exp(-decay * width) * path[:-width]
            width *= 2
        scale = np.sqrt(-np.expm1(-2 * decay) / -np.expm1(-2 * decay * memory))
        return np.asarray(np.exp(spread * (path * scale) - spread**2 / 2))

    def _innovations(self, name: str, first: int, count: int) -> Floats:
        row = self._weights[self._names.index(name)]
        total = np.zeros(count)
        begin = _OFFSET + first
        for other, weight in zip(self._names, row, strict=True):
            if weight:
                blocks = [
                    self._block(other, block) for block in range(begin // BLOCK, (begin + count - 1) // BLOCK + 1)
                ]
                drawn = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
                total += weight * drawn[begin % BLOCK : begin % BLOCK + count]
        return total

    def _block(self, name: str, block: int) -> Floats:
        """A block of a class's innovations; the last few are kept, as neighbouring stretches share them."""
        key = (name, block)
        if key not in self._blocks:
            if len(self._blocks) >= _KEPT * len(self._names):
                del self._blocks[next(iter(self._blocks))]
            self._blocks[key] = self._streams[f"modulation.{name}"].normals(block * BLOCK, BLOCK)
        return self._blocks[key]

    def _fewest(self, name: str) -> int:
        tau = min(self._laws[other].tau for other in self._joined(name))
        steps = _FEWEST
        while CELL_S / steps > tau / _PER_TAU:
            steps *= 2
        return steps

    def _joined(self, name: str) -> Sequence[str]:
        joined, waiting = {name}, [name]
        while waiting:
            row = self._names.index(waiting.pop())
            new = [
                other
                for other, linked in zip(self._names, self._linked[row], strict=True)
                if linked and other not in joined
            ]
            joined.update(new)
            waiting.extend(new)
        return sorted(joined)


def _lower(matrix: Floats) -> Floats:
    """The lower triangular root of a positive semi-definite matrix (Cholesky; a zero pivot leaves a zero column).

    Row k needs rows 0 .. k of the matrix only: a class added at the end changes no row before it.
    """
    root = np.zeros_like(matrix)
    for row in range(len(matrix)):
        for column in range(row + 1):
            rest = matrix[row, column] - sum(root[row, k] * root[column, k] for k in range(column))
            if row == column:
                root[row, row] = np.sqrt(rest) if rest > 1e-12 else 0.0
            elif root[column, column]:
                root[row, column] = rest / root[column, column]
    return root
