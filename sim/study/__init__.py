"""The study: policies x points x replications. Pairing, intervals, verdicts, checks, sentences, the store, exports.

Here belongs everything that puts several runs together; statistics live nowhere else. One run is `world`'s, drawings and
pages are `report`'s. Who wants to know what a verdict's word means reads `statistics`.

::

    claim(out, scenario_path)          may this directory hold the study?
    run(scenario, out / STORE)         simulate what is missing -> StudyRecord
    run_until(scenario, out / STORE, Until(0.02))   the same with as many replications as means need
    export(record, out, store runs)    the run directory's files
    Store(out / STORE, create=False)   an earlier study: `.studies()`
"""

from sim.study.export import STORE, claim, export, owned
from sim.study.run import Progress, run
from sim.study.sequential import Until, run_until
from sim.study.store import Store

__all__ = ["STORE", "Progress", "Store", "Until", "claim", "export", "owned", "run", "run_until"]
