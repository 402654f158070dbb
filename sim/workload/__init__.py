"""Who asks for inference, when, and for how much: client classes and the requests they may bring.

Here belong laws of arrival, length, growth and patience, traces, and the drawing of potential requests. What a price
does to demand lives in `tokenomics`, what happens to a request in `serving`.
"""

from sim.workload.classes import ClientClass, Slo, class_means, problems
from sim.workload.potential import Potential
from sim.workload.requests import Columns

__all__ = ["ClientClass", "Columns", "Potential", "Slo", "class_means", "problems"]
