"""A process that calls the compiled core once, and prints as JSON what was compiled for it and what came from the cache.

Run as a script: `all` compiles the core at once, `engine` serves scenarios after that, `small` calls the smallest of
the verbs alone, `economy` runs five years by days of 500 operators.
"""

from __future__ import annotations

import json
import sys
from collections import Counter

from numba.core import event


def compile_all() -> None:
    """Compile what is not in the cache."""
    from sim.serving.compiling import compile_core

    compile_core()


def serve() -> None:
    """The same, then a parity scenario on the engines that kernels drive."""
    from parity_cases import scenario
    from parity_play import maker, play

    compile_all()
    for name in ("loop", "fast"):
        play(scenario(2000), maker(name))


def move() -> None:
    """Move the origin of an engine in which nothing has happened."""
    import numpy as np

    from sim.serving.contract import Fleet, LinearCost, ReplicaType, Routing, make

    cost = LinearCost(np.ones(9, np.int64), np.ones(9, np.int64), *[1] * 9)
    kind = ReplicaType("one", cost, blocks=8, max_num_seqs=8, max_batched_tokens=8, max_model_len=80)
    engine = make("fast", Fleet((kind,), np.zeros(1, int), np.ones(1, int), 1, Routing(), 1))
    core.move_origin(engine._state, 5)  # type: ignore[attr-defined]


def walk() -> None:
    """A run of the compiled economy, with the rules of its networks."""
    from benchmarks.operators import scenario
    from sim.world.run import World

    World(scenario(), 0, "fast").run()


if __name__ == "__main__":
    compiled = event.RecordingListener()
    event.register("numba:compile", compiled)
    from sim.kernels import core, options

    {"all": compile_all, "engine": serve, "small": move, "economy": walk}[sys.argv[1]]()
    begun = [record.data["dispatcher"].py_func for _, record in compiled.buffer if record.is_start]
    verbs = {name: verb for name, verb in vars(core).items() if hasattr(verb, "stats") and verb.stats.cache_path}
    print(
        json.dumps(
            {
                "sources": options.__file__,
                "compiled": Counter(f"{f.__module__}.{f.__name__}" for f in begun),
                "loaded": {name: sum(verb.stats.cache_hits.values()) for name, verb in verbs.items()},
                "signatures": {name: len(verb.signatures) for name, verb in verbs.items()},
            }
        )
    )
