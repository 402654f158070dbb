"""Wing 1, the physics of serving: GPUs, models, the cost of a pass, replicas, routers, and three engines.

Here belongs what turns requests and hardware into latencies, tokens and watts. Money does not: the wing hands records
to `world` and never sees a coin. `contract` is what engines share with the outside; `reference` is the truth.
"""
