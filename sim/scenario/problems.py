"""Pydantic's errors as problems of the file: place, the user's own words, what is allowed, the nearest name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sim.blocks import Block, meaning
from sim.errors import Problem, nearest
from sim.scenario.nodes import Mark, Node, child, short
from sim.scenario.paths import PathError, block_of, field_names, locate, near_hint
from sim.scenario.wrapped import FALSE_WORDS

_YESES = ("yes", "on", "y", "1")


def at(mark: Mark | None, kind: str, path: str, message: str, fix: str = "", severity: str = "error") -> Problem:
    """A problem at a mark."""
    if mark is None:
        return Problem(kind, path, short(message), short(fix), severity=severity)
    return Problem(
        kind,
        path,
        short(message),
        short(fix),
        mark.text.name,
        mark.line,
        mark.column,
        mark.text.line(mark.line),
        mark.length,
        severity,
    )


def problems_of(errors: Iterable[Any], root: Node, model: type[Block]) -> list[Problem]:
    """One problem for each of pydantic's errors, nested ones flattened, a missing key folded with its near-miss."""
    flat = [_trimmed(error, root) for raw in errors for error in _flatten(raw, ())]
    return [_problem(error, root, model) for error in _fold(_once(flat))]


def _is_missing(error: dict[str, Any]) -> bool:
    """Pydantic's own `missing`; blocks raise errors of that name in their own words."""
    return bool(error["type"] == "missing") and "message" not in (error.get("ctx") or {})


def _trimmed(error: dict[str, Any], root: Node) -> dict[str, Any]:
    """Steps that stand in no file (branches of a union) are taken off the place of an error at a value."""
    loc = error["loc"]
    if _is_missing(error) or error["type"] == "extra_forbidden" or error["of_key"]:
        return error
    while loc and _node(root, loc) is None:
        loc = loc[:-1]
    return {**error, "loc": loc, "trimmed": len(loc) < len(error["loc"])}


def _once(errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of the errors of a union's branches at one value the first."""
    seen: set[tuple[Any, ...]] = set()
    kept = []
    for error in errors:
        if error.get("trimmed"):
            if error["loc"] in seen:
                continue
            seen.add(error["loc"])
        kept.append(error)
    return kept


def _flatten(error: Any, prefix: tuple[Any, ...]) -> Iterable[dict[str, Any]]:
    steps = tuple(step for step in error["loc"] if step != "[key]")
    loc = (*prefix, *steps)
    inner = (error.get("ctx") or {}).get("errors")
    if error["type"] == "nested" and inner is not None:
        for one in inner:
            yield from _flatten(one, loc)
    else:
        yield {**error, "loc": loc, "of_key": "[key]" in error["loc"]}


def _fold(errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`arrival_rate` missing and `arival_rate` unknown in one block are one slip: the unknown key stays and says both."""
    unknown = [error for error in errors if error["type"] == "extra_forbidden"]
    folded: list[dict[str, Any]] = []
    for error in errors:
        if _is_missing(error):
            near = nearest(
                str(error["loc"][-1]),
                [str(u["loc"][-1]) for u in unknown if u["loc"][:-1] == error["loc"][:-1] and "meant" not in u],
                1,
            )
            twin = next((u for u in unknown if near and u["loc"] == (*error["loc"][:-1], near[0])), None)
            if twin is not None:
                twin["meant"] = error["loc"][-1]
                continue
        folded.append(error)
    return folded


def _problem(error: dict[str, Any], root: Node, model: type[Block]) -> Problem:
    loc = error["loc"]
    path = ".".join(str(step) for step in loc)
    kind = error["type"]
    if _is_missing(error):
        return at(key_mark(root, loc[:-1]), "missing", path, f"`{loc[-1]}` is missing", _missing_fix(loc, root, model))
    if kind == "missing_kind":
        return at(key_mark(root, loc), "missing", f"{path}.kind", *_told(error))
    if kind == "extra_forbidden":
        return _unknown_key(error, path, root, model)
    if error["of_key"] and kind == "literal_error":
        allowed = _listed(str(error["ctx"]["expected"]))
        message = f"`{loc[-1]}` is not one of {', '.join(allowed)}"
        return at(key_mark(root, loc), "name", path, message, near_hint(str(loc[-1]), allowed))
    if error["of_key"]:
        return at(
            key_mark(root, loc), "name", path, f"`{loc[-1]}` is not a name", "names are lower case: `[a-z][a-z0-9_]*`"
        )
    inside = (error.get("ctx") or {}).get("at")
    node = _node(root, (*loc, inside)) if inside else None
    node = node or _node(root, loc)
    if node is None or kind.endswith("missing"):
        return at(key_mark(root, loc), kind, path, *_words(error, None))
    return at(node.mark, kind, f"{path}.{inside}" if inside else path, *_words(error, node))


def _unknown_key(error: dict[str, Any], path: str, root: Node, model: type[Block]) -> Problem:
    loc = error["loc"]
    mark = key_mark(root, loc)
    name = str(loc[-1])
    if "meant" in error:
        return at(
            mark,
            "unknown_key",
            path,
            f"`{name}` is not a key here, and `{error['meant']}` is missing",
            f"did you mean `{error['meant']}`?",
        )
    block = _block_at(loc[:-1], root, model)
    keys = list(field_names(block)) if block is not None else []
    parent = _node(root, loc[:-1])
    unused = [key for key in keys if parent is None or parent.get(key) is None]
    near = nearest(name, unused, 2)
    fix = "did you mean " + " or ".join(f"`{n}`" for n in near) + "?" if near else f"keys here: {', '.join(keys)}"
    return at(mark, "unknown_key", path, f"`{name}` is not a key here", fix)


def _missing_fix(loc: Sequence[Any], root: Node, model: type[Block]) -> str:
    block = _block_at(loc[:-1], root, model)
    field = field_names(block).get(str(loc[-1])) if block is not None else None
    if block is None or field is None:
        return "add it"
    from sim.scenario.paths import kind_of
    from sim.units import DIMENSIONS

    quantity = kind_of(field).quantity
    if quantity is not None:
        return f"add for example `{loc[-1]}: {DIMENSIONS[quantity.dimension].example}`"
    said = meaning(block, str(loc[-1])).splitlines()
    return f"add `{loc[-1]}:` ({said[0].rstrip('.')})" if said else f"add `{loc[-1]}:`"


def _block_at(loc: Sequence[Any], root: Node, model: type[Block]) -> type[Block] | None:
    steps = [str(step) for step in loc]
    try:
        place = locate(model, root, steps)
    except PathError:
        return None
    return block_of(place.kind, _node(root, loc))


def _node(root: Node, loc: Sequence[Any]) -> Node | None:
    node: Node | None = root
    for step in loc:
        node = child(node, step) if node is not None else None
    return node


def key_mark(root: Node, loc: Sequence[Any]) -> Mark | None:
    """The key's mark at a path; of the nearest block above it that stands in a file; the file's first key at the top."""
    for end in range(len(loc), 0, -1):
        node = _node(root, loc[:end])
        if node is not None:
            return node.key or node.mark
    return root.mark


def _told(error: dict[str, Any]) -> tuple[str, str]:
    context = error.get("ctx") or {}
    return str(context.get("message") or error["msg"]), str(context.get("hint") or "")


def _words(error: dict[str, Any], node: Node | None) -> tuple[str, str]:
    """Message and fix of an error at a value."""
    context = error.get("ctx") or {}
    if "message" in context:
        return _told(error)
    typed = f"'{node.mark.typed}'" if node is not None else repr(error.get("input"))
    if node is not None and isinstance(node.value, (dict, list)) and len(typed) > 42:
        typed = "a map" if node.is_map else "a list"
    if typed == "''" and node is not None and node.value is None:
        typed = "nothing"
    rule = _BY_TYPE.get(error["type"])
    if rule is not None:
        message, fix = rule
        context = {key: f"{value:g}" if isinstance(value, float) else value for key, value in context.items()}
        return message.format(found=typed, **context), fix.format(found=typed, **context)
    if error["type"] == "bool_type":
        word = str(node.value).lower() if node is not None else ""
        fix = (
            "write `false`" if word in FALSE_WORDS else "write `true`" if word in _YESES else "write `true` or `false`"
        )
        return f"{typed} found; must be `true` or `false`", fix
    if error["type"] in ("literal_error", "enum"):
        return _choice(typed, node, str(context.get("expected", "")))
    if error["type"] == "value_error":
        cause = context.get("error")
        return str(cause or error["msg"]), str(getattr(cause, "hint", ""))
    return f"{typed} found; {error['msg'][:1].lower()}{error['msg'][1:]}", ""


def _listed(expected: str) -> list[str]:
    """The words of pydantic's "'a', 'b' or 'c'"."""
    return expected.replace("' or '", "', '").strip("'").split("', '")


def _choice(typed: str, node: Node | None, expected: str) -> tuple[str, str]:
    allowed = _listed(expected)
    word = str(node.value) if node is not None else ""
    if len(allowed) == 1:
        return f"{typed} found; must be {allowed[0]}", f"write `{allowed[0]}`"
    return f"{typed} is not one of {', '.join(allowed)}", near_hint(word, allowed)


_BY_TYPE: dict[str, tuple[str, str]] = {
    "int_type": ("{found} found; must be a whole number", "write for example `8`"),
    "int_from_float": ("{found} found; must be a whole number", "write for example `8`"),
    "float_type": ("{found} found; must be a number without a unit", "write for example `0.5`"),
    "string_type": ("{found} found; must be text", "put it in quotes"),
    "greater_than": ("{found} found; must be above {gt}", "write a number above {gt}"),
    "greater_than_equal": ("{found} found; must be at least {ge}", "write {ge} or more"),
    "less_than": ("{found} found; must be below {lt}", "write a number below {lt}"),
    "less_than_equal": ("{found} found; must be at most {le}", "write {le} or less"),
    "string_pattern_mismatch": ("{found} found; must match {pattern}", ""),
    "date_type": ("{found} is not a date", "write for example `2028-01-01`"),
    "date_from_datetime_parsing": ("{found} is not a date", "write for example `2028-01-01`"),
    "dict_type": ("{found} found; must be a map of names", "write `name: ...` below it, or `{{}}` where there is none"),
    "mapping_type": (
        "{found} found; must be a map of names",
        "write `name: ...` below it, or `{{}}` where there is none",
    ),
    "model_type": ("{found} found; must be a block", "write `key: value` below it"),
    "list_type": ("{found} found; must be a list", "write `[first, second]`"),
    "tuple_type": ("{found} found; must be a list", "write `[first, second]`"),
    "too_short": ("{found} found; needs at least {min_length} entries", "add what is missing"),
    "too_long": ("{found} found; at most {max_length} entries", "remove what is too much"),
    "finite_number": ("{found} found; must be a finite number", "write for example `0.5`"),
}
