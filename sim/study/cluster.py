"""Runs on a Dask cluster: who is there, whether they run the same code, and what they do with a study's work.

A worker gets runs pickled, and so does everyone who may talk to the scheduler: a cluster must be as trusted as the machine itself.
Workers need infermint with the same sources and versions (numbers are promised for those alone) and one thread each.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import pickle
import sys
from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeVar

from sim.errors import Problem, ScenarioError
from sim.study.inputs import code_digest, environment

Done = TypeVar("Done")
WAIT_S = 10
"""How long a scheduler may take to answer."""
AHEAD = 2
"""Runs sent to a worker before it has answered."""
PLUGIN = "infermint_plugin_"
"""How modules of `--plugin` files are called: their sources travel with what they define."""


@contextlib.contextmanager
def connected(scheduler: str) -> Generator[Any]:
    """A `distributed.Client` of the scheduler at `tcp://HOST:PORT`, its workers looked at.

    Raises `ScenarioError` where Dask is not installed, nobody answers, there is no worker, or one could give other numbers.
    """
    try:
        import cloudpickle
        from distributed import Client
    except ImportError:
        raise _problem(
            scheduler, "Dask is not installed", "install it with: pip install 'infermint[cluster]'"
        ) from None
    for name, module in list(sys.modules.items()):
        if name.startswith(PLUGIN):
            cloudpickle.register_pickle_by_value(module)
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is told below, once
    try:
        client = Client(scheduler, timeout=WAIT_S)
    except (OSError, ValueError) as error:
        told = str(error).partition("\n")[0] or type(error).__name__
        fix = "start it with `dask scheduler`, and name its address as tcp://HOST:PORT"
        raise _problem(scheduler, f"no Dask scheduler answers: {told}", fix) from None
    with client:
        require_same(scheduler, client)
        yield client


def each(
    scheduler: str,
    function: Callable[..., Done],
    work: Iterable[tuple[Any, ...]],
    first: Callable[[], None] | None = None,
) -> Generator[Done]:
    """What `function` gives for each of the arguments, in any order, from the cluster's workers; each calls `first` once before.

    Raises what `connected` and the function raise, and `ScenarioError` where workers die under a run or the cluster is lost.
    """
    with connected(scheduler) as client:
        import cloudpickle
        from distributed import CancelledError, KilledWorker, as_completed
        from distributed.comm import CommClosedError

        if first is not None:
            client.run(first)
        # Pickled here, by value where need be: Dask itself would send a plugin's classes by their names.
        waiting = (client.submit(_call, cloudpickle.dumps((function, one)), pure=False) for one in work)
        done = as_completed(itertools.islice(waiting, AHEAD * len(client.nthreads())))
        try:
            for future in done:
                yield future.result()
                for following in itertools.islice(waiting, 1):
                    done.add(following)
        except (KilledWorker, CancelledError, CommClosedError) as error:
            told = f"workers died under a run, or the cluster was lost ({type(error).__name__}); finished runs are kept"
            raise _problem(scheduler, told, "see that workers have memory enough, and run again") from error


def _call(packed: bytes) -> Any:
    function, arguments = pickle.loads(packed)  # noqa: S301 - a worker runs what its trusted cluster sends
    return function(*arguments)


def require_same(scheduler: str, client: Any) -> None:
    """Raise `ScenarioError` unless there is a worker, and all have one thread and our sources and versions."""
    threads = client.nthreads()
    if not threads:
        raise _problem(scheduler, "the scheduler has no workers", "start some with: dask worker ADDRESS --nthreads 1")
    for address, count in sorted(threads.items()):
        if count != 1:
            raise _problem(scheduler, f"worker {address} has {count} threads", "start it with --nthreads 1")
    ours = surroundings()
    for address, theirs in sorted(client.run(surroundings, on_error="return").items()):
        if isinstance(theirs, BaseException):
            raise _problem(
                scheduler,
                f"worker {address} cannot load infermint: {type(theirs).__name__}: {theirs}",
                "install the same version there",
            )
        odd = [f"{name} {theirs.get(name)}, here {ours[name]}" for name in ours if theirs.get(name) != ours[name]]
        if odd:
            raise _problem(scheduler, f"worker {address} has {'; '.join(odd)}", "install the same there")


def surroundings() -> dict[str, str]:
    """What numbers depend on besides the scenario: versions, the kind of machine, and the digest of the sources."""
    return {**environment(), "sources": code_digest()[:12]}


def _problem(scheduler: str, message: str, fix: str) -> ScenarioError:
    return ScenarioError([Problem("cluster", f"--scheduler {scheduler}", message, fix)])
