"""The grid of `tests/world/grid.py` with 150 times its fleets: 105 of 150 nodes serve windows, beside all requests on all of them.

A card serves two requests at once, so that thirty days of 150 of them are twenty million requests. A cell takes five minutes of
one core or more; `docs/fidelity.md` says which were run.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.world.fidelity import differences, misses
from tests.world.grid import ALL, CELLS, NET_SHARE, Cell
from tests.world.small import HOME, play

pytestmark = [pytest.mark.compiled, pytest.mark.slow]

NODES, SERVE = 150, 105
AT_ONCE = {"max_num_seqs": 2}
NODE_RPS = 0.0707553
"""Requests of these lengths that an RTX 4090 serves a second, two at once, by its cost table."""
CLOUD_NODES = 30
"""Single H100: they serve 2.6 times as many each."""
REPLICATIONS = 4


def changes(cell: Cell) -> dict[str, Any]:
    """What a cell changes of the small world, at this size."""
    rate = NODES * NODE_RPS * cell.load / (NET_SHARE if cell.closed else 1)
    found = {
        **cell.changes,
        "workload.chat.rate": f"{rate:.5f} /s",
        f"{HOME}.nodes": NODES,
        f"{HOME}.max_nodes": NODES,
        "networks.net.serving": AT_ONCE,
    }
    if cell.closed:
        cloud = found["networks.cloud"]
        # A cloud that lets a node go by chance at one window in place of the next would tell nothing of windows.
        fleet = {**cloud["operators"]["fleet"], "nodes": CLOUD_NODES, "max_nodes": CLOUD_NODES, "decides": "fixed"}
        found["networks.cloud"] = {**cloud, "operators": {"fleet": fleet}, "serving": AT_ONCE}
    return found


def in_space(cell: Cell) -> dict[str, Any]:
    """The same windows as in time, on 70 % of the nodes; the cloud's thirty serve whole."""
    return {**cell.sampled, "replicas": "70 %"}


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_thirty_days_of_windows_of_a_part_of_the_nodes_tell_what_all_requests_tell(cell: Cell) -> None:
    every, sampled = (
        [play({**changes(cell), "requests": way}, replication=r) for r in range(REPLICATIONS)]
        for way in (ALL, in_space(cell))
    )
    assert all(run.counts["replica_windows_served"] > 0 for run in sampled)
    assert misses(differences([run.outcomes for run in every], [run.outcomes for run in sampled])) == []
