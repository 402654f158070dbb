"""What a first process spends on compiling, and a second one on reading it: `python -m benchmarks.compiling [--json]`.

Each part is called with little to do, twice, by processes of their own over one empty cache: CPU-seconds of the calls, without
starting Python and importing numba, and how many kernels were compiled for them. `--keep` measures nothing: all parts are
compiled side by side into this machine's own cache, so that processes that start together do not each compile the same.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from benchmarks import operators
from benchmarks.yardstick import customers_per_cpu_s
from sim.world.loading import LOADING
from sim.world.run import World

ASKED_CPU_S = 40.0
"""What compiling the serving core may take at most beside a yardstick of 60 million."""


def _serving() -> None:
    from sim.serving.compiling import compile_core

    compile_core()


def _economy() -> None:
    LOADING.foresee(math.inf)
    World(operators.scenario(), 0, "fast").run()


PARTS: dict[str, Callable[[], None]] = {"serving core": _serving, "economy": _economy}


def call(part: str) -> dict[str, float]:
    """CPU-seconds of calling a part in this process, and the kernels that were compiled."""
    import numba  # noqa: F401  # its import is not counted
    from numba.core import event

    from sim.kernels import core  # noqa: F401

    compiled = event.RecordingListener()
    event.register("numba:compile", compiled)
    begun = time.process_time()
    PARTS[part]()
    cpu_s = time.process_time() - begun
    return {"cpu_s": cpu_s, "compiled": sum(record.is_start for _, record in compiled.buffer)}


def measure(parts: list[str]) -> dict[str, dict[str, dict[str, float]]]:
    """First and second process of each part, over a cache that is empty."""
    told = {}
    for part in parts:
        with tempfile.TemporaryDirectory() as cache:
            command = [sys.executable, "-m", "benchmarks.compiling", "--call", part]
            runs = [
                subprocess.run(command, env={**os.environ, "NUMBA_CACHE_DIR": cache}, capture_output=True, check=True)
                for _ in range(2)
            ]
        told[part] = {name: json.loads(run.stdout) for name, run in zip(("first", "second"), runs, strict=True)}
    return told


def keep(parts: list[str]) -> int:
    """Compile the parts side by side into this machine's cache; the exit code of the first that failed, or 0."""
    command = [sys.executable, "-m", "benchmarks.compiling", "--call"]
    running = [subprocess.Popen([*command, part], stdout=subprocess.DEVNULL) for part in parts]
    codes = [one.wait() for one in running]
    return next((code for code in codes if code), 0)


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS, help="one part")
    parser.add_argument("--call", choices=PARTS, help="call a part in this process, and tell nothing else")
    parser.add_argument("--keep", action="store_true", help="compile into this machine's cache, and measure nothing")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    asked = parser.parse_args()
    if asked.call:
        print(json.dumps(call(asked.call)))
        return
    parts = [asked.only] if asked.only else list(PARTS)
    if asked.keep:
        sys.exit(keep(parts))
    told = measure(parts)
    if asked.json:
        print(json.dumps({"format": 1, "asked_cpu_s": ASKED_CPU_S, "parts": told}))
        return
    print(f"yardstick: {customers_per_cpu_s():,.0f} customers a CPU-second")
    for part, runs in told.items():
        first, second = runs["first"], runs["second"]
        print(
            f"{part}: first process {first['cpu_s']:.1f} CPU-s, {first['compiled']:.0f} kernels compiled (asked: at most "
            f"{ASKED_CPU_S:.0f} CPU-s); second process {second['cpu_s']:.2f} CPU-s, {second['compiled']:.0f} compiled"
        )


if __name__ == "__main__":
    main()
