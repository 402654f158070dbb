"""What holds for every test: which economy its first run takes depends on no test before it."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(autouse=True)
def _nothing_loaded() -> None:
    if (loading := sys.modules.get("sim.world.loading")) is not None:
        loading.LOADING.interpreted_s, loading.LOADING.loaded = 0.0, False
