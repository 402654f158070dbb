"""What is wrong with YAML that does not parse, in words for people who do not program.

The parser's own words name its inner state; the four common slips (tab, second colon, unclosed quote, unclosed
bracket) are found here by looking at the lines.
"""

from __future__ import annotations

import re
from typing import Any

from sim.errors import Problem
from sim.scenario.nodes import Text

_QUOTE_OPENS = re.compile(r"(?:^|[:\[{,-])\s*([\"'])")


def syntax_problem(error: Any, text: Text) -> Problem:
    """The parser's error as a `Problem` at the place where the slip was made."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    for look in (_tab, _unclosed_quote, _unclosed_bracket, _second_colon):
        found = look(error, text, line, column, said)
        if found is not None:
            return found
    return _problem(
        text, "syntax", line, column, f"this is not YAML: {said}", "check indentation, quotes and brackets near here"
    )


def _problem(text: Text, kind: str, line: int, column: int, message: str, fix: str, length: int = 1) -> Problem:
    # The end of a file lies one line beyond the last; point at the last character that people can see.
    if line > len(text.lines) or (line == len(text.lines) and not text.line(line).strip()):
        line = next((n for n in range(min(line, len(text.lines)), 0, -1) if text.line(n).strip()), 1)
        column = len(text.line(line).rstrip()) or 1
    return Problem(kind, "", message, fix, text.name, line, column, text.line(line), length)


def _tab(error: Any, text: Text, line: int, column: int, said: str) -> Problem | None:
    for number in (line, line + 1):
        content = text.line(number)
        blank = content[: len(content) - len(content.lstrip())]
        if "\t" in blank:
            return _problem(
                text, "tab", number, blank.index("\t") + 1, "a tab stands in the indentation", "indent with spaces"
            )
    if text.line(line)[column - 1 : column] == "\t":
        return _problem(text, "tab", line, column, "a tab stands where a value is wanted", "write a space")
    return None


def _unclosed_quote(error: Any, text: Text, line: int, column: int, said: str) -> Problem | None:
    context = getattr(error, "context_mark", None)
    if "quoted scalar" in str(getattr(error, "context", "")) and context is not None and "end of stream" in said:
        line = context.line + 1
    for number in range(1, min(line, len(text.lines)) + 1):
        place = _open_quote(text.line(number))
        if place:
            quote = text.line(number)[place - 1]
            return _problem(
                text,
                "unclosed_quote",
                number,
                place,
                f"the quote {quote} is not closed on this line",
                f"add {quote} at the end of the text",
            )
    return None


def _open_quote(content: str) -> int:
    """Column (from 1) of a quote that begins a value and is not closed on its line; 0 if there is none."""
    at = 0
    while found := _QUOTE_OPENS.search(content, at):
        if "#" in content[: found.start(1)] and re.search(r"(^|\s)#", content[: found.start(1)]):
            return 0
        quote, start = found[1], found.start(1)
        body = r'"(?:[^"\\]|\\.)*"' if quote == '"' else r"'(?:[^']|'')*'"
        closed = re.compile(body).match(content, start)
        if closed is None:
            return start + 1
        at = closed.end()
    return 0


def _unclosed_bracket(error: Any, text: Text, line: int, column: int, said: str) -> Problem | None:
    context = str(getattr(error, "context", ""))
    opened = getattr(error, "context_mark", None)
    if "flow" not in context or opened is None:
        return None
    number, place = _bracket_before(text, opened.line + 1, opened.column + 1)
    bracket = text.line(number)[place - 1 : place] or "{"
    close = "]" if bracket == "[" else "}"
    message = (
        f"the bracket `{bracket}` opened here is not closed properly; reading broke at line {line}, column {column}"
    )
    return _problem(
        text,
        "unclosed_bracket",
        number,
        place,
        message,
        f"add `{close}`, a comma between entries, or quotes around text with special characters",
    )


def _bracket_before(text: Text, line: int, column: int) -> tuple[int, int]:
    """The place itself if a bracket stands there, else the nearest one before: parsers point behind it at times."""
    for number in range(line, 0, -1):
        content = text.line(number)
        end = column if number == line else len(content)
        place = max(content.rfind("[", 0, end), content.rfind("{", 0, end))
        if place >= 0:
            return number, place + 1
    return line, column


def _second_colon(error: Any, text: Text, line: int, column: int, said: str) -> Problem | None:
    if "mapping values are not allowed" not in said:
        return None
    content = text.line(line)
    head, _, tail = content.partition(":")
    if ":" not in tail:
        return _problem(
            text, "indentation", line, column, "a key stands where none can", "indent it like the keys of its block"
        )
    inner = tail.strip()
    fix = f'write `{head.strip()}: {{{inner}}}`, or quotes around the text: `{head.strip()}: "{inner}"`'
    return _problem(text, "second_colon", line, column, "a second colon stands on this line", fix)
