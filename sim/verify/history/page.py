"""The table of `docs/operators-history.md`, from what `infermint verify --history FOLDER --whole --json` printed: `python -m sim.verify.history.page FILE`.

A developer's command; nothing is run here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.verify.history.table import markdown

PAGE = Path("docs/operators-history.md")
BEGIN, END = "<!-- table: begin, `python -m sim.verify.history.page` writes it -->", "<!-- table: end -->"


def table(document: Mapping[str, Any]) -> str:
    """What was run, what is missing, and all rows."""
    ran = f"Seed {document['seed']}, {document['paths']:,} paths a forecast; CRPS in log points."
    return "\n".join([" ".join([ran, *document["missing"]]), "", *markdown(document["rows"])])


def main(file: str) -> None:
    """Write the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    found = table(json.loads(Path(file).read_text(encoding="utf-8")))
    PAGE.write_text(f"{before}{BEGIN}\n\n{found}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
