"""What all laws of the workload share: drawn from uniforms, with declared moments, and where their figures come from."""

from __future__ import annotations

import datetime
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from sim.blocks import Block

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Figures(Block):
    """A block of figures that tells where they come from; all keys optional, so that a user's own table needs none."""

    source: str | None = None
    """Document, page or file the figures come from."""
    date: datetime.date | str | None = None
    """Day the source was read, or of its data."""
    licence: str | None = None
    """Licence of the source."""
    error: str | None = None
    """How far the figures are from their source."""
    flag: Literal["measured", "fitted", "borrowed", "assumed", "illustrative"] | None = None
    """How the figures were had."""


class Law(Figures):
    """A law of one number a request, drawn by inversion: `uniforms` uniforms a value, so that blocks can be joined.

    `values` is elementwise: row i of the result depends on row i of the uniforms alone. Every law
    has besides `mean` and `variance`, those of the values drawn, rounding and truncation included.
    """

    uniforms: ClassVar[int] = 1

    def values(self, u: Floats) -> Floats:
        """Values of shape (n,) from uniforms in [0, 1) of shape (n, uniforms)."""
        raise NotImplementedError
