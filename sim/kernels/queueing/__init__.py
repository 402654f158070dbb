"""Classical queues as kernels: servers that share a queue, networks, ranks, batches. No study is simulated with them.

Here belong systems that the serving engines cannot be set to be, so that theory is held against compiled code that shares its
options and its discipline with theirs; and one that they can, plain-service fleets, for its speed (`fleets`). All times are int64 ticks; each kernel is equal to a SimPy twin
(`tests/theory/twins.py`) request by request.
"""
