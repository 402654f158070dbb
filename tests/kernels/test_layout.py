"""The arrays of an engine: codes equal to the contract's, and fields that plain Python reads as compiled code does."""

from __future__ import annotations

import numpy as np
import pytest

from sim.kernels import layout
from sim.serving import contract
from sim.serving.contract import Fate, Reason

DTYPES = {
    "engine": layout.ENGINE,
    "types": layout.TYPE,
    "replicas": layout.REPLICA,
    "slots": layout.SLOT,
    "finished": contract.FINISHED,
    "requests": contract.REQUEST,
}


@pytest.mark.parametrize("name", DTYPES)
def test_no_field_hides_behind_an_attribute_of_numpys_rows(name: str):
    # Without compilation a row is a numpy record: a field called `base` or `size` would give numpy's own attribute.
    fields = DTYPES[name].names
    assert fields
    assert [field for field in fields if hasattr(np.record, field) or hasattr(np.recarray, field)] == []


def test_fates_and_reasons_have_the_contracts_codes():
    fates = (
        layout.COMPLETED,
        layout.REJECTED,
        layout.ABANDONED,
        layout.DEADLINE,
        layout.DISCONNECTED,
        layout.TOO_OFTEN_FAILED,
    )
    assert fates == (Fate.COMPLETED, Fate.REJECTED, Fate.ABANDONED, Fate.DEADLINE, Fate.DISCONNECTED, Fate.FAILED)
    reasons = (layout.NO_REASON, layout.TOO_LONG, layout.QUEUE_FULL, layout.POOL_FULL)
    assert reasons == (Reason.NONE, Reason.TOO_LONG, Reason.QUEUE_FULL, Reason.POOL_FULL)
    assert (layout.NEVER, layout.BLOCK) == (contract.NEVER, contract.BLOCK_TOKENS)


def test_a_row_as_a_column_of_integers_is_the_row():
    rows = np.zeros(3, layout.REPLICA)
    table = layout.table(rows)
    table[1, layout.column(layout.REPLICA, "clock")] = 7
    assert rows["clock"].tolist() == [0, 7, 0]
    assert table.shape == (3, len(layout.REPLICA.names or ()))
