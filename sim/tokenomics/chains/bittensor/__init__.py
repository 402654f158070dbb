"""Bittensor's economy as its chain computes it: one file a mechanism, and the dated rule sets that say which is in force.

Everything is counted in rao, 10^9 to a TAO and to an alpha. Sources are named file by file: `subtensor` means
opentensor/subtensor @14bc6f9f9 (2026-06-30, spec 425), read 2026-11-22 to 2026-11-27; facts of mainnet are those of October 2026.
Left out, and left out knowingly: conviction locks, root's reinvested baskets, lending, weights of several mechanisms in a subnet.
Rules that stand here by themselves and act in no run: pools of version 3 and superellipses, child keys, bond reset, votes for
oneself, validators' take (but off what agents who stake get).
"""

RAO = 10**9
U16 = 65_535
BLOCK_S = 12
"""Seconds between blocks."""
BLOCKS_A_DAY = 7_200
