"""The reference engine: `docs/serving-rules.md` as a program that can be read aloud, and the truth for all others.

A SimPy process per replica, one event per pass, a request as an object. `clock` holds the order within an instant,
`request` what one request is, `replica` how a pass begins and ends, `schedulers` how it is formed, `cost` how long it
takes, `meter` what is counted, `routing` who gets a request, `engine` the six verbs. It shares no code with the kernels. Who wants speed takes `fast` from
`sim.serving.contract.make`.
"""

from sim.serving.reference.engine import ReferenceEngine

__all__ = ["ReferenceEngine"]
