"""Content hashes: equal for files that say the same, however they are written."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from sim.blocks import Block
from sim.kept import Kept
from sim.records.run import MODEL_REVISION, SPACE_REVISION, WORK_REVISION
from sim.scenario.own_kinds import own_kinds
from sim.scenario.spec import RESOLVED_KEYS, STUDY_KEYS, Spec

_PROVENANCE = frozenset({"source", "date", "licence", "error", "flag"})
"""What a block of figures says about itself moves no number."""


def canonical(data: Any) -> str:
    """JSON with sorted keys and no blanks."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False, default=str)


def digest(data: Any) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical(data).encode()).hexdigest()


def case_key(before: Spec, after: Spec) -> str:
    """The key of a run without its replication: what it does before and after `policies_from`, the root seed, the
    revision of the model, the content (never the name) of every data file, and the source of kinds that a user registered.
    """
    first = _text_of(before)
    second = first if after is before else _text_of(after)
    text = _map_of({"revision": canonical(MODEL_REVISION), "before": first, "after": second})
    return hashlib.sha256(text.encode()).hexdigest()


def _map_of(texts: dict[str, str]) -> str:
    """The canonical JSON of a map, of that of its values."""
    return "{" + ",".join(f"{canonical(key)}:{text}" for key, text in sorted(texts.items())) + "}"


def _text_of(spec: Spec) -> str:
    """What of a resolved scenario decides a run's numbers, as canonical JSON."""
    data = spec.model_dump(mode="json", exclude={*STUDY_KEYS, *RESOLVED_KEYS, "networks"})
    data["seeds"] = {"root": spec.seeds.root}
    # Other starts are cases of their own; a file without `scale` keeps the key that it had before there was one.
    data["initial"]["alternatives"] = None
    if data["initial"]["scale"] is None:
        del data["initial"]["scale"]
    if not data["jobs"]:
        # Files without jobs keep the keys that they had before there were any.
        del data["jobs"]
    if spec.requests.replicas is not None or spec.requests.budget is not None:
        data["requests"]["revision"] = SPACE_REVISION
    if spec.requests.mode == "all" or (spec.requests.mode == "sampled" and spec.requests.per_epoch > 1):
        data["requests"]["work"] = WORK_REVISION
    found = _with_contents(data)
    if kinds := own_kinds(spec):
        found["own kinds"] = kinds
    texts = {key: canonical(content) for key, content in found.items()}
    for key in RESOLVED_KEYS:
        texts[key] = _texts_of(getattr(spec, key), _of_entry)
    texts["networks"] = _texts_of(spec.networks, _of_network)
    return _map_of(texts)


_TEXTS: Kept[str] = Kept()
"""Canonical JSON of entries of the catalogue, networks and their classes: all cases of a study share most of them."""


def _texts_of(blocks: Mapping[str, Block], text_of: Callable[[Block], str]) -> str:
    """The canonical JSON of a map of blocks, each of which is worked out once."""
    return _map_of(
        {name: _TEXTS.get((block,), (), functools.partial(text_of, block)) for name, block in blocks.items()}
    )


def _of_entry(entry: Block) -> str:
    return canonical(_with_contents(entry.model_dump(mode="json")))


def _of_network(network: Any) -> str:
    data = network.model_dump(mode="json", exclude={"operators"})
    _without(data, _UNTRUSTED)
    _without_unused(data)
    texts = {key: canonical(content) for key, content in _with_contents(data).items()}
    return _map_of({**texts, "operators": _texts_of(network.operators, _of_class)})


def _of_class(operators: Block) -> str:
    data = operators.model_dump(mode="json")
    _without(data, _HONEST)
    return canonical(_with_contents(data))


_UNTRUSTED: dict[str, Any] = {
    "verify": None,
    "stake": None,
    "slash": {"invalid": None, "downtime": None, "termination": None},
}
_HONEST: dict[str, Any] = {"stakes": "100 %", "strategies": {}}


def _without(data: dict[str, Any], unsaid: dict[str, Any]) -> None:
    """Files that check and lock nothing keep the keys that they had before there was anything to check or lock."""
    for key, value in unsaid.items():
        if key in data and data[key] == value:
            del data[key]


def _without_unused(network: dict[str, Any]) -> None:
    """Networks that neither lock nor steer coins keep the keys that they had before there was either."""
    for key in ("target", "vesting"):
        if not network.get(key):
            network.pop(key, None)
    if "coin" in network and not network["coin"].get("locked"):
        network["coin"].pop("locked", None)
    if "score" in network.get("split", {}) and network["split"]["score"] is None:
        del network["split"]["score"]


def _with_contents(data: Any) -> Any:
    if isinstance(data, dict):
        if data.keys() >= _PROVENANCE:
            data = {key: item for key, item in data.items() if key not in _PROVENANCE}
        return {key: _content(key, item) for key, item in data.items()}
    if isinstance(data, list):
        return [_with_contents(item) for item in data]
    return data


def _content(key: str, value: Any) -> Any:
    """An item of a map: maps and lists in turn, and of a file what it holds."""
    if isinstance(value, (dict, list)):
        return _with_contents(value)
    return _file(value) if key.endswith("file") and isinstance(value, str) and os.path.isabs(value) else value


def _file(path: str) -> str:
    status = os.stat(path)
    return _file_digest(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=64)
def _file_digest(path: str, mtime_ns: int, size: int) -> str:
    with open(path, "rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()
