"""Reading a record's influences: how differences move with uncertain parameters, and where each of these stands. Draws nothing."""

from __future__ import annotations

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
