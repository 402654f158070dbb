"""Scores of the backtests as text, Markdown and JSON: the same rows in the same order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.verify.history.backtest import ORIGINS, Row

HEADS = ("backtest", "cut", "forecast", "periods", "CRPS", "MAPE %", "inside 80 %", "mark", "below it")


def cells(row: Row) -> tuple[str, ...]:
    """One row as texts; CRPS in log points. A group with fewer cuts than it should have says how many."""
    group = f"{row.group} ({row.origins} cuts)" if row.group == "rolling" else row.group
    mark = "" if row.mark is None else f"{row.mark:.3f}"
    below = "" if row.below is None else "yes" if row.below else "no"
    figures = f"{row.score.crps:.3f}", f"{row.score.mape:.1f}", f"{row.score.coverage:.0f}"
    return (row.backtest, group, row.forecast, str(row.horizon), *figures, mark, below)


def missing(rows: Sequence[Row], files: Mapping[str, Path]) -> list[str]:
    """What could not be scored for want of prices, in sentences."""
    told = []
    operators = {(row.group, row.origins) for row in rows if row.forecast == "operators"}
    halvings = sum(group.startswith("halving") for group, _ in operators)
    if halvings < 3:
        told.append(f"Operators are scored at {halvings} of 3 halvings: give later prices with --price btc=FILE.")
    rolling = [count for group, count in operators if group == "rolling"]
    if rolling and rolling[0] < ORIGINS:
        told.append(
            f"Operators are scored at {rolling[0]} of {ORIGINS} rolling cuts: give later prices with --price btc=FILE."
        )
    if "rvn" not in files:
        told.append("Ravencoin is left out: give its prices with --price rvn=FILE.")
    return told


def text(rows: Sequence[Row], files: Mapping[str, Path]) -> str:
    """Aligned columns, then what is missing."""
    lines = [HEADS, *(cells(row) for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(HEADS))]
    told = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([*told, *(["", *missing(rows, files)] if missing(rows, files) else [])])


def markdown(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The table of a page, from the rows of `document`."""
    lines = [f"| {' | '.join(HEADS)} |", f"| --- | --- | --- |{' ---: |' * 5} --- |"]
    return lines + [f"| {' | '.join(row['cells'])} |" for row in rows]


def document(rows: Sequence[Row], files: Mapping[str, Path]) -> dict[str, Any]:
    """What `--json` prints; `cells` are the texts of the table."""
    return {
        "rows": [
            {
                "backtest": row.backtest,
                "group": row.group,
                "forecast": row.forecast,
                "horizon": row.horizon,
                "origins": row.origins,
                "crps": row.score.crps,
                "mape_percent": row.score.mape,
                "coverage_percent": row.score.coverage,
                "mark": row.mark,
                "below": row.below,
                "cells": list(cells(row)),
            }
            for row in rows
        ],
        "missing": missing(rows, files),
    }
