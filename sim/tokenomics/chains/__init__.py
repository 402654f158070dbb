"""Chains whose rules are reproduced number by number: one folder a chain, one file a mechanism.

Here belongs what a chain computes from its own state, exact to its base unit, with the source file of each rule. What people do
with it, and when, is the world's. Compiled twins of what happens every block stand in `sim.kernels`.
"""
