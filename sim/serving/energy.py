"""Energy of replicas: their busy and idle time, in the integers that engines count, times their watts."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.serving.contract import ReplicaType
from sim.units import PS_PER_S


def joules(busy_ps: Any, idle_ps: Any, active_w: Any, idle_w: Any) -> np.ndarray:
    """Joules of each replica: busy seconds at `active_w` and idle seconds at `idle_w`.

    Times are int64 picoseconds, one a replica or a single one, watts broadcast against them. A dead replica has no time and no energy.
    """
    energy: np.ndarray = (np.asarray(busy_ps) * active_w + np.asarray(idle_ps) * idle_w) / PS_PER_S
    return energy


def watts_of(types: tuple[ReplicaType, ...], replica_types: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Active and idle watts of each replica, float64, from the index of its type."""
    active = np.array([kind.active_w for kind in types], dtype=np.float64)
    idle = np.array([kind.idle_w for kind in types], dtype=np.float64)
    return active[replica_types], idle[replica_types]
