"""The study: policies x points x replications. Pairing, intervals, verdicts, checks, sentences, the store, exports.

Here belongs everything that puts several runs together; statistics live nowhere else. One run is `world`'s, drawings and pages are
`report`'s. Who wants to know what a verdict's word means reads `statistics`.
"""

from sim.study.run import Progress, run

__all__ = ["Progress", "run"]
