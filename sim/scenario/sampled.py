"""Which nodes of the file's fleets serve where windows are sampled in space: rows for `infermint explain`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.scenario.rows import Source
from sim.scenario.spec import Spec
from sim.serving.strata import allocate, least_of


def sampled_rows(spec: Spec) -> Iterator[Source]:
    """One row a network and model, `requests.replicas: NETWORK, MODEL`; none unless windows serve a share of replicas.

    Counts are those of the file's nodes; a run allocates anew in each window, to the nodes that are there then.
    """
    share = spec.requests.replicas
    if spec.requests.mode != "sampled" or share is None:
        return
    only = next(iter(dict.fromkeys(klass.model for klass in spec.workload.values())))
    for name, network in spec.networks.items():
        for model in dict.fromkeys(block.model or only for block in network.operators.values()):
            blocks = {key: block for key, block in network.operators.items() if (block.model or only) == model}
            yield _row(f"requests.replicas: {name}, {model}", blocks, network, share)


def _row(path: str, blocks: dict[str, Any], network: Any, share: float) -> Source:
    nodes = np.array([block.nodes for block in blocks.values()], np.int64)
    replicas = np.array([block.per_node // network.serving.tp for block in blocks.values()], np.int64)
    serving = allocate(nodes, replicas, share, least_of(network.router.routing().kind))
    parts = [f"{key} {n:,} of {of:,} nodes" for key, n, of in zip(blocks, serving, nodes, strict=True)]
    text = f"{int((serving * replicas).sum()):,} of {int((nodes * replicas).sum()):,} replicas"
    return Source(path, text, "from the file's nodes", meaning=", ".join(parts))
