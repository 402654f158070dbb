"""The table of a verification as text, Markdown and JSON: the same rows in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.verify.judge import Row, Verdict
from sim.verify.peers import NEAR_S, PeerRow
from sim.verify.run import Done

HEADS = ("family", "case", "quantity", "theory", "estimate", "95 % interval", "verdict")


def cells(row: Row) -> tuple[str, ...]:
    """One row as texts; the verdict is `contains` or `MISSES`, in brackets where the row does not speak for its case."""
    low, high = row.found.interval()
    word = "contains" if row.inside else "MISSES"
    return (
        row.family,
        row.case,
        row.quantity,
        f"{row.theory:.6g}",
        f"{row.found.value:.6g}",
        f"{low:.6g} .. {high:.6g}",
        word if row.headline else f"({word})",
    )


def sentence(verdict: Verdict) -> str:
    """What the headline rows say together, with both probabilities."""
    word = "expected by chance" if verdict.fine else "NOT explained by chance"
    return (
        f"{verdict.misses} of {verdict.cases} intervals of 95 % miss theory (p = {verdict.chance:.3g}); "
        f"the least probable deviation of them: p = {verdict.least:.3g}. {word}: a p below 0.01 is a failure."
    )


def peer_sentence(row: PeerRow) -> str:
    """What a comparison with a peer says."""
    word = "equal" if row.equal else "NOT equal"
    return f"vidur {row.scheduler} {row.quantity}: {row.requests} requests, off by {row.off_s:.2g} s at most; {word} (below {NEAR_S:.0e} s)"


def text(rows: Sequence[Row], verdict: Verdict, peers: Sequence[PeerRow]) -> str:
    """Aligned columns, what peers say, then the verdict."""
    lines = [HEADS, *(cells(row) for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(HEADS))]
    told = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([*told, "", *map(peer_sentence, peers), sentence(verdict)])


def document(
    rows: Sequence[Row], verdict: Verdict, peers: Sequence[PeerRow], done: Sequence[Done] = ()
) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "runs": [
            {
                "family": one.case.family,
                "case": one.case.name,
                "replications": one.replications,
                "customers": one.customers,
                "cpu_s": round(one.cpu_s, 2),
            }
            for one in done
        ],
        "rows": [
            {
                "family": row.family,
                "case": row.case,
                "quantity": row.quantity,
                "theory": row.theory,
                "estimate": row.found.value,
                "standard_error": row.found.error,
                "degrees_of_freedom": row.found.freedom,
                "interval_95": list(row.found.interval()),
                "contains": row.inside,
                "headline": row.headline,
            }
            for row in rows
        ],
        "peers": [
            {"scheduler": row.scheduler, "quantity": row.quantity, "off_s": row.off_s, "equal": row.equal}
            for row in peers
        ],
        "cases": verdict.cases,
        "misses": verdict.misses,
        "p_misses": verdict.chance,
        "p_least": verdict.least,
        "fine": verdict.fine and all(row.equal for row in peers),
    }
