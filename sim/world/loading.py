"""Whether a run is worth loading the compiled economy for. Which way is taken changes no number.

Compiled, five years by days of twenty classes of operators take a hundredth of the time; but the code has to be loaded once a process, and
compiled once a machine. A process goes over to it as soon as its interpreted runs would have taken as long as that: without knowing how many
runs will come it spends at most twice of what would have been best (ski rental: Karlin, Manasse, Rudolph, Sleator 1988, Algorithmica 3, 79-119).
"""

from __future__ import annotations

from typing import Any

from numba.core import config

from sim.kernels.options import is_kept

EPOCH_S, CLASS_S, SLOT_S = 1.1e-3, 0.11e-3, 0.5e-6
"""What an interpreted epoch takes, more by class of operators and by slot, CPU-seconds (fitted: 1 to 21 classes of 1 to 100 slots, a year by days, 2026-11-28)."""
LOAD_S, COMPILE_S = 0.6, 43.0
"""What loading the compiled economy takes, and compiling it, CPU-seconds (fitted: `python -m benchmarks.compiling`, docs/speed.md)."""


def interpreted_s(world: Any) -> float:
    """CPU-seconds that the interpreted economy will take about for a world."""
    epochs = -(-world.calendar.horizon_ps // world.calendar.epoch_ps)
    classes = sum(len(network.owners) for network in world.networks)
    slots = sum(network.slots for network in world.networks)
    return float(epochs * (EPOCH_S + CLASS_S * classes + SLOT_S * slots))


class Loading:
    """What the interpreted runs of a process take together, those foreseen too."""

    def __init__(self) -> None:
        self.interpreted_s = 0.0
        self.loaded = False

    def foresee(self, seconds: float) -> bool:
        """Count interpreted runs that are to come; whether the next run will be a compiled one for the first time."""
        self.interpreted_s += seconds
        return not self.loaded and self._due()

    def worthwhile(self, world: Any) -> bool:
        """Whether to take the compiled economy for a run that it can do; where not, its time is counted."""
        if not self.loaded:
            self.interpreted_s += interpreted_s(world)
            self.loaded = self._due()
        return self.loaded

    def _due(self) -> bool:
        return not config.DISABLE_JIT and self.interpreted_s >= (LOAD_S if is_kept("walking.walk") else COMPILE_S)


LOADING = Loading()
"""That of this process."""
