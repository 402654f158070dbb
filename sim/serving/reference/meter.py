"""What is counted for a replica id, whatever nodes come and go."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass
class Stopwatch:
    """Picoseconds between starts and stops."""

    total_ps: int = 0
    since_ps: int | None = None

    def start(self, now_ps: int) -> None:
        """Begin to count."""
        self.since_ps = now_ps

    def stop(self, now_ps: int) -> None:
        """Count no more."""
        if self.since_ps is not None:
            self.total_ps += now_ps - self.since_ps
            self.since_ps = None

    def lap(self, now_ps: int) -> int:
        """The time counted since the last lap."""
        running = self.since_ps is not None
        self.stop(now_ps)
        total_ps, self.total_ps = self.total_ps, 0
        if running:
            self.start(now_ps)
        return total_ps


@dataclasses.dataclass
class Meter:
    """What is counted for a replica id between two readings."""

    replica_id: int
    busy: Stopwatch = dataclasses.field(default_factory=Stopwatch)
    live: Stopwatch = dataclasses.field(default_factory=Stopwatch)
    passes: int = 0
    computed: int = 0
