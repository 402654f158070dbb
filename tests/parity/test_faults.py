"""Each of ten planted faults turns the comparison red: parity is able to fail."""

from __future__ import annotations

import pytest
from parity_cases import scenario
from parity_faults import FAULTS, first_red

pytestmark = pytest.mark.compiled


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_seen(fault: str):
    # Measured: the rarest, look-ahead, shows in one scenario of seven; the suite has 200.
    assert first_red(fault, range(60), scenario) is not None
