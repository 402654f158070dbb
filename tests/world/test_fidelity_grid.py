"""Every cell of the grid of `tests/world/grid.py` keeps the rule of `tests/world/fidelity.py`, for every outcome of the run.

`docs/fidelity.md` holds the numbers. A cell takes one to three minutes of one core.
"""

from __future__ import annotations

import pytest

from tests.world.fidelity import differences, misses
from tests.world.grid import ALL, CELLS, REPLICATIONS, Cell
from tests.world.small import play

pytestmark = [pytest.mark.compiled, pytest.mark.slow]


@pytest.mark.parametrize("cell", CELLS, ids=[cell.name for cell in CELLS])
def test_thirty_days_of_windows_tell_what_all_requests_tell(cell: Cell) -> None:
    every, sampled = (
        [play({**cell.changes, "requests": way}, replication=r).outcomes for r in range(REPLICATIONS[cell.name])]
        for way in (ALL, cell.sampled)
    )
    assert misses(differences(every, sampled)) == []
