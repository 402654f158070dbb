"""Reading a record's influences: how differences move with uncertain parameters, and where each of these stands. Draws nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sim.records.sensitivity import Asked, SensitivityRecord
from sim.records.study import Influence, StudyRecord


def counted(record: StudyRecord) -> str:
    """The kind of coin price whose differences count: the joint one where there are several."""
    return "both" if len(record.coin_prices) > 1 else next(iter(record.coin_prices), "")


def ranked(record: StudyRecord, outcome: str, policy: str, point: int = 0) -> list[Influence]:
    """The parameters by size of their correlation, largest first; equal ones in the file's order, those without one left out."""
    case = (outcome, policy, point, counted(record))
    here = [i for i in record.influences if (i.outcome, i.policy, i.point, i.coin_price) == case]
    return sorted((i for i in here if i.rank_correlation is not None), key=lambda i: -abs(i.rank_correlation or 0.0))


def rank(record: StudyRecord, path: str) -> tuple[int, int, Influence] | None:
    """Where a parameter stands among those of the difference that it moves most: (place from 1, of how many, that influence).

    None where nothing was measured: it is no uncertain parameter, or no joint sets were run.
    """
    kind = counted(record)
    mine = [
        i for i in record.influences if i.parameter == path and i.coin_price == kind and i.rank_correlation is not None
    ]
    if not mine:
        return None
    most = max(mine, key=lambda i: abs(i.rank_correlation or 0.0))
    order = ranked(record, most.outcome, most.policy, most.point)
    return order.index(most) + 1, len(order), most


def rank_by(analysis: SensitivityRecord, path: str) -> tuple[int, int, Asked, float] | None:
    """Where a parameter stands in an analysis, in what it moves most: (place from 1, of how many, what, how much).

    How much is the share of the variance with all others (Sobol'), or the width of the bar (tornado); "most" is beside the parameter
    that moves it most of all. Equal ones in the file's order. None for a parameter that was not varied or moves nothing.
    """
    found: dict[Asked, dict[str, float]] = {}
    for index in analysis.indices:
        if index.total is not None:
            found.setdefault(index.asked, {})[index.parameter] = index.total
    for swing in analysis.swings:
        found.setdefault(swing.asked, {})[swing.parameter] = swing.width
    shares = {asked: sizes[path] / max(sizes.values()) for asked, sizes in found.items() if sizes.get(path, 0.0) > 0}
    if not shares:
        return None
    asked = max(shares, key=lambda one: shares[one])
    order = sorted(found[asked], key=lambda parameter: -found[asked][parameter])
    return order.index(path) + 1, len(order), asked, found[asked][path]


def best(analyses: Sequence[SensitivityRecord]) -> SensitivityRecord | None:
    """The analysis that ranks parameters where no joint sets were run: Sobol' before a tornado; None where there is none."""
    return next((one for method in ("sobol", "tornado") for one in analyses if one.method == method), None)
