"""Clients of a class who come and go: what each of them asks for, hour by hour.

A client's regime holds for an exponential time of mean tau = a s / (a + s), then it is drawn anew, whatever it was: with
chance p = a / (a + s) it asks, at a lognormal level of mean 1 and a lognormal CV of its gaps, else it is
silent. Asking and silent stretches so are exponential with means a (`asking`) and s (`silent`): one of asking holds
several regimes, its end has hazard (1 - p) / tau = 1 / a. No history is needed but the last change.

The rate factor of the class, the sum over clients of w_i (asking) level / p with w_i their shares, has mean 1, variance
v = sum w_i^2 (exp(`level_spread`^2) / p - 1), and autocorrelation exp(-t / tau).
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from sim.streams import Stream
from sim.workload.law import Floats, Ints

HOUR_S = 3600
_CHANGES = 4.0
"""Expected changes of a client's regime in a block of time that one generator draws."""
_OFFSET = 1 << 40
"""Number of the block at time 0: changes before the run decide with what it begins."""
LEAST_CV, MOST_CV = 0.01, 50.0
"""Gaps are drawn with a CV in between: what `gamma` takes."""


class Regimes(NamedTuple):
    """Stretches of an hour in which clients ask, by (client, start); float64 arrays of one length.

    `start_s`, `end_s` from the hour's start, `factor` the client's rate over the base rate of the class, `cv` of its gaps.
    """

    start_s: Floats
    end_s: Floats
    factor: Floats
    cv: Floats


class _Changes(NamedTuple):
    client: Ints
    at_s: Floats
    factor: Floats
    cv: Floats


class Churn:
    """The regimes of one class's clients; a function of its stream and the hour alone."""

    def __init__(self, law: Any, stream: Stream) -> None:
        self._law, self._stream = law, stream
        self._block_s = _CHANGES * law.tau_s
        self._shares = law.shares()
        self._block = functools.lru_cache(maxsize=64)(self._drawn)

    def regimes(self, hour: int) -> Regimes:
        """Who asks in an hour of the run, and how."""
        begin, end = hour * HOUR_S, (hour + 1) * HOUR_S
        changes = self._since(begin, end)
        until = np.append(changes.at_s[1:], end)
        until[np.append(changes.client[1:] != changes.client[:-1], True)] = end
        kept = (until > begin) & (changes.factor > 0)
        start = np.maximum(changes.at_s, begin)
        return Regimes((start - begin)[kept], (until - begin)[kept], changes.factor[kept], changes.cv[kept])

    def _since(self, begin: float, end: float) -> _Changes:
        """Changes before `end`, at least the last one before `begin` of every client; by (client, time)."""
        first, last = int(begin // self._block_s), int(end // self._block_s)
        blocks = [self._block(number) for number in range(first, last + 1)]
        known = np.zeros(len(self._shares), bool)
        while True:
            known[blocks[0].client[blocks[0].at_s <= begin]] = True
            if known.all():
                break
            first -= 1
            blocks.insert(0, self._block(first))
        columns: list[Any] = [np.concatenate(parts) for parts in zip(*blocks, strict=True)]
        client, at_s = columns[:2]
        order = np.lexsort((at_s, client))
        order = order[at_s[order] < end]
        return _Changes(*(column[order] for column in columns))

    def _drawn(self, number: int) -> _Changes:
        """The changes in block `number` of time."""
        law, clients = self._law, len(self._shares)
        generator = self._stream.generator(_OFFSET + number)
        client = np.repeat(np.arange(clients), generator.poisson(_CHANGES, clients))
        at_s = (number + generator.random(len(client))) * self._block_s
        asking = generator.random(len(client)) < law.share_asking
        level = np.exp(law.level_spread * generator.standard_normal(len(client)) - law.level_spread**2 / 2)
        cv = law.cv * np.exp(law.cv_spread * generator.standard_normal(len(client)))
        factor = np.where(asking, self._shares[client] * level / law.share_asking, 0.0)
        return _Changes(client, at_s, factor, np.clip(cv, LEAST_CV, MOST_CV))
