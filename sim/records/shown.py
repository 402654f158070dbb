"""What a notebook shows of a scenario or a result: a heading, lines of text and a table as HTML, all text escaped.

No styles: a notebook has its own. Names come from files of strangers, so nothing is put in as it is.
"""

from __future__ import annotations

import html
from collections.abc import Sequence


def shown(heading: str, lines: Sequence[str], head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A heading in bold, a paragraph a line, and a table where there are rows; line breaks in cells are kept."""
    parts = [f"<p><b>{_text(heading)}</b></p>", *(f"<p>{_text(line)}</p>" for line in lines)]
    if rows:
        body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
        cells = "".join(f"<th>{_text(cell)}</th>" for cell in head)
        parts.append(f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>")
    return "".join(parts)


def _text(text: str) -> str:
    # Jupyter's MathJax reads dollars as the ends of a formula: in HTML they are told by number.
    return html.escape(text).replace("$", "&#36;").replace("\n", "<br>")
