"""Bittensor's blocks and epochs, compiled: what `sim.tokenomics.chains.bittensor` states as rules, over all subnets at once.

State comes as rows of `layout`. Balances are integers of rao (10^9 to a TAO, and to an alpha); prices and shares are floats.
"""
