"""Reading a record's flows: which there are at a point, and what they come to in whole coins. Draws nothing."""

from __future__ import annotations

from sim.records.run import FlowRow
from sim.records.study import PolicyFlows, StudyRecord


def flows_at(record: StudyRecord, point: int = 0) -> list[PolicyFlows]:
    """The flows of a point, in the record's order."""
    return [flows for flows in record.flows if flows.point == point]


def in_coins(row: FlowRow) -> float:
    """The amount in whole coins (or USD); exact integers stand in the CSV."""
    return float(row.amount / 10**row.decimals)
