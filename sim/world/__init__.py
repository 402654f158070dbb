"""The hall: one run from start to horizon, where serving and the economy meet.

Here belong processes and nothing else: epochs, windows of requests, node lives, orders on their way, trading, the ledger's
close. Rules stand in the wings; what a run leaves stands in `records`. `run` simulates one case and replication.
"""

from sim.world.run import run

__all__ = ["run"]
