"""Laws of cached tokens: how much of a prompt has its KV in the server already. A new one: one file here, one entry below.

A law gives a share of the prompt (`SHARES`) or, like a law of lengths, tokens.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from sim.blocks import Table
from sim.workload.cached.share import CachedShare
from sim.workload.cached.share_quantiles import CachedShareQuantiles
from sim.workload.law import Floats
from sim.workload.lengths import ConstantLength, LognormalMixture, Quantiles

SHARES = (CachedShare, CachedShareQuantiles)
CACHED = Table("cached_tokens")
for _kind in (*SHARES, ConstantLength, Quantiles, LognormalMixture):
    CACHED.register(_kind)


def cached_tokens(law: Any, u: Floats, prompt: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Cached tokens of requests with these prompts, from uniforms of shape (n, law.uniforms): rounded down, never more than the prompt."""
    drawn = law.values(u)
    tokens = drawn * prompt if isinstance(law, SHARES) else drawn
    return np.minimum(np.floor(tokens), prompt).astype(np.int32)


__all__ = ["CACHED", "SHARES", "CachedShare", "CachedShareQuantiles", "cached_tokens"]
