"""Operators held against history: the simulator's own rule of entry and exit, forecasting capacity that was really paid in coins.

`series` reads what was measured and cuts it, `crowd` runs `sim.tokenomics.operators` on a reward that is given, `bitcoin` and
`ravencoin` are the backtests, `naive` what they are measured against, `scores` how. Nobody who runs scenarios needs this room.
"""
