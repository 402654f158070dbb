"""Planted faults turn the comparison red: parity is able to fail. In the reference first, then in the kernels' sources."""

from __future__ import annotations

from pathlib import Path

import pytest
from parity_faults import FAULTS, first_red
from parity_mutants import MUTANTS, assert_told, outcome

pytestmark = pytest.mark.compiled


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_seen(fault: str):
    # Measured: the rarest, look-ahead, shows in one scenario of seven; the suite has 200.
    assert first_red(fault, range(60)) is not None


@pytest.mark.parametrize("fault", MUTANTS)
def test_a_fault_planted_in_a_kernel_is_seen(fault: str, tmp_path: Path):
    mutant = MUTANTS[fault]
    assert_told(mutant, outcome(mutant, tmp_path))
