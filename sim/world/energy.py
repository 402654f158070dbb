"""Energy by request and class: a node type's joules go to the requests it had, by the tokens it computed for them."""

from __future__ import annotations

import numpy as np

from sim.serving.contract import Fleet


def types_of(rows: np.ndarray, fleet: Fleet) -> np.ndarray:
    """int64: type of the node that had each finished row last; -1 where none had it."""
    kind = np.full(len(rows), -1, np.int64)
    given = rows["replica"] >= 0
    kind[given] = fleet.node_type[fleet.node_of(rows["replica"][given])]
    return kind


def computed_by(rows: np.ndarray, fleet: Fleet, classes: int) -> np.ndarray:
    """Computed tokens of finished rows by the type that had them last and by class: int64[types + 1, classes].

    The last row is those of requests that no node had.
    """
    cell = types_of(rows, fleet) % (len(fleet.types) + 1) * classes + rows["klass"]
    tokens = np.zeros((len(fleet.types) + 1) * classes, np.int64)
    np.add.at(tokens, cell, rows["computed"])
    return tokens.reshape(-1, classes)


def class_joules(energy_j: np.ndarray, computed: np.ndarray) -> np.ndarray:
    """Joules of each class, float64[classes]: the shares of its requests together. `computed` as `computed_by` gives it."""
    types, classes = computed.shape
    kind = np.repeat([*range(types - 1), -1], classes)
    shares: np.ndarray = request_joules(energy_j, kind, computed.ravel()).reshape(types, classes).sum(axis=0)
    return shares


def request_joules(energy_j: np.ndarray, kind: np.ndarray, computed: np.ndarray) -> np.ndarray:
    """Joules of each request, float64[rows], from those of each node type, `energy_j` float64[types].

    `kind` is the type that had a request last (-1: none), `computed` the tokens put through passes for it, void and
    recomputed ones included. Idle power is shared like the rest; what a type used for nobody goes to all requests by their
    tokens. The shares sum to the whole, unless nothing was computed at all: then they are 0.
    """
    weight = np.where(kind >= 0, computed, 0).astype(np.float64)
    below = np.bincount(kind[kind >= 0], weight[kind >= 0], len(energy_j))
    total = below.sum()
    if total == 0:
        return weight
    used = below > 0
    per_token = np.divide(energy_j, below, out=np.zeros(len(energy_j)), where=used) + energy_j[~used].sum() / total
    joules: np.ndarray = weight * per_token[kind]
    return joules
