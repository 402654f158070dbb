"""What the simulator is held against, as frames for a notebook: `sim.against`.

Theory (`queues`), the log of a real server (`server_log`) and another simulator (`vidur`): the numbers of `infermint verify` and
`infermint replay`, one row a number. The operators' backtest against history stays at the command line (`infermint verify --history`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import ScenarioError

if TYPE_CHECKING:
    import pandas as pd


def queues(*families: str, seed: int = 7, whole: bool = False, every: bool = False) -> pd.DataFrame:
    """Queues with known answers, simulated: one row a case (`every`: a quantity), theory beside the estimate.

    Columns: `family`, `case`, `quantity`, `theory`, `estimate`, `low` and `high` (the 95 % interval), `error_frac`
    (estimate / theory - 1), `contains` (whether the interval contains theory). Of intervals of 95 % one in twenty does not.

    Parameters
    ----------
    families
        Which families of cases (`infermint verify --help`); all 102 cases take minutes.
    seed
        Root of all random streams.
    whole
        Ten times the customers, the size of docs/verification.md.
    every
        All quantities of a case in place of its headline.

    Raises `ScenarioError` for a family that is none.

    """
    import pandas as pd

    from sim.verify import run

    cases = run.chosen(families)
    done = run.verify(cases, seed, whole, os.cpu_count() or 1, lambda done, total: None)
    rows = [row for one in done for row in run.rows_of(one) if row.headline or every]
    names = ("family", "case", "quantity", "theory", "estimate", "low", "high", "error_frac", "contains")
    return pd.DataFrame(
        [
            (row.family, row.case, row.quantity, row.theory, row.found.value, *row.found.interval(),
             row.found.value / row.theory - 1 if row.theory else None, row.inside)
            for row in rows
        ],
        columns=list(names),
    )  # fmt: skip


def server_log(file: str | os.PathLike[str], gpu: str, model: str, **settings: Any) -> pd.DataFrame:
    """A server's log beside one simulated replica of the same kind: one row a statistic.

    Columns: `metric` (`ttft_s`, `tpot_s`, `e2e_s` in seconds, or `throughput`), `statistic` (`mean`, `p50`, `p90`, `p99`, a rate with its
    unit), `simulated`, `measured`, `error_frac` (simulated / measured - 1). Nothing is tuned on the log.

    Parameters
    ----------
    file
        CSV of requests in the form of docs/replay.md.
    gpu, model
        Names of `infermint list gpus` and `infermint list models`, or YAML files of yours.
    settings
        What the server was started with, by the names of `infermint replay --help` (`tp=2`, `max_num_seqs=128`).

    Raises `ScenarioError` for a name or a setting that is none, and for a log that is wrong, with file and line.

    """
    import pandas as pd

    from sim import replay
    from sim.scenario import named
    from sim.serving.tables import replica_type
    from sim.workload.log import read_log

    path = Path(file)
    kind = replica_type(named.gpu(gpu), named.model(model), named.settings({"tp": 1, **settings}))
    log = read_log(path, {})
    served = replay.serve(kind, log.trace, "fast")
    names = {"trace": path.name, "gpu": gpu, "model": model, "tp": str(settings.get("tp", 1)), "engine": "fast"}
    record = replay.record(log, served, kind, names)
    columns = ["metric", "statistic", "simulated", "measured", "error_frac"]
    return pd.DataFrame([[getattr(one, name) for name in columns] for one in record.statistics], columns=columns)


def vidur(folder: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """Another simulator's times of single requests beside ours, with its own cost tables: one row a scheduler and quantity.

    Columns: `scheduler`, `quantity` (`TTFT`, `E2E`), `requests`, `off_s` (the farthest request, seconds), `equal` (`off_s` below 1e-7 s: one adds
    in floating point, the other in integers).

    `folder` holds the peer's results, which do not come with infermint; left out, it is looked for as `infermint verify` does.
    Raises `ScenarioError` where it is not there.
    """
    import pandas as pd

    from sim.verify import peers

    found = Path(folder) if folder is not None else peers.folder()
    if found is None or not (found / "cost_tables.npz").is_file():
        looked = found if found is not None else "$INFERMINT_SHARED/golden/vidur and ../shared/golden/vidur"
        raise ScenarioError(
            f"{looked}: no results of Vidur found; they do not come with infermint (docs/validation.md)"
        )
    rows = [(row.scheduler, row.quantity, row.requests, row.off_s, row.equal) for row in peers.compared(found)]
    return pd.DataFrame(rows, columns=["scheduler", "quantity", "requests", "off_s", "equal"])
