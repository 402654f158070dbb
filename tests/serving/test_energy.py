"""Energy is time times watts, and nothing else."""

import numpy as np
import pytest

from sim.serving.catalogue import ServingSettings
from sim.serving.energy import joules, watts_of
from sim.serving.tables import replica_type
from tests.serving.catalogue_files import gpu, model


def test_a_busy_hour_and_an_idle_hour_of_an_rtx_4090_node():
    kind = replica_type(gpu("rtx_4090"), model("llama-3.1-8b"), ServingSettings())
    hour = 3600 * 10**12
    active, idle = watts_of((kind,), np.zeros(3, dtype=int))
    found = joules(np.array([hour, 0, 0]), np.array([0, hour, 0]), active, idle)
    # 450 + 100 W busy, 22 + 60 W idle; a dead replica has no time.
    assert found[0] / 3.6e6 == pytest.approx(0.550)
    assert found[1] / 3.6e6 == pytest.approx(0.082)
    assert found[2] == 0
