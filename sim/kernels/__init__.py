"""Numba kernels: arrays in, arrays out; no objects, no clock, no draws of their own.

Here belongs code whose speed matters and nothing else: state comes as arrays, results go into arrays given. What the rules mean stands in
`docs/serving-rules.md`; who reads a study need not come here.
"""
