"""Classical queues as kernels, for speed and for theory: no study is simulated with them.

Plain-service fleets (`fleets`) are what the serving engines can be set to be, and equal to them request by request
(`tests/theory/test_plain_fleet.py`).
"""
