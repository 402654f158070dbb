"""Energy of replicas: their busy and idle time, in the integers that engines count, times their watts."""

from __future__ import annotations

import numpy as np

from sim.serving.contract import ReplicaType
from sim.units import PS_PER_S


def joules(busy_ps: np.ndarray, idle_ps: np.ndarray, active_w: np.ndarray, idle_w: np.ndarray) -> np.ndarray:
    """Joules of each replica: busy seconds at `active_w` and idle seconds at `idle_w`.

    Times are int64 picoseconds, one a replica, watts broadcast against them. A dead replica has no time and no energy.
    """
    energy: np.ndarray = (np.asarray(busy_ps) * active_w + np.asarray(idle_ps) * idle_w) / PS_PER_S
    return energy


def watts_of(types: tuple[ReplicaType, ...], replica_types: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Active and idle watts of each replica, float64, from the index of its type."""
    active = np.array([kind.active_w for kind in types], dtype=np.float64)
    idle = np.array([kind.idle_w for kind in types], dtype=np.float64)
    return active[replica_types], idle[replica_types]


def kwh(energy_j: float) -> float:
    """Joules as kilowatt-hours, the unit that electricity is bought in."""
    return energy_j / 3.6e6
