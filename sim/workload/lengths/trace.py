"""Lengths drawn from those of a trace, each row equally likely, independent of its arrival."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from sim.workload.law import Floats, Law
from sim.workload.trace import read_trace


class TraceLength(Law):
    """The empirical distribution of one column of a trace; a replay leaves `prompt` and `output` out instead."""

    kind: Literal["trace"] = "trace"
    file: str = Field(json_schema_extra={"file": "trace"})
    """The trace: CSV with arrival_s, prompt_tokens, output_tokens; may be gzipped."""
    column: Literal["prompt_tokens", "output_tokens"]
    """The column the lengths come from."""

    def values(self, u: Floats) -> Floats:
        """Row floor(u n) of the sorted column."""
        lengths = self._lengths()
        return np.sort(lengths)[(u[:, 0] * len(lengths)).astype(np.int64)]

    @property
    def mean(self) -> float:
        """Mean of the column."""
        return float(self._lengths().mean())

    @property
    def variance(self) -> float:
        """Variance of the column."""
        return float(self._lengths().var())

    def _lengths(self) -> Floats:
        return np.asarray(getattr(read_trace(self.file), self.column), dtype=float)
