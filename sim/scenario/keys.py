"""Content hashes: equal for files that say the same, however they are written."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from sim.records.run import MODEL_REVISION
from sim.scenario.own_kinds import own_kinds
from sim.scenario.spec import STUDY_KEYS, Spec

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
    return digest({"revision": MODEL_REVISION, "before": spec_content(before), "after": spec_content(after)})


def spec_content(spec: Spec) -> Any:
    """What of a resolved scenario decides a run's numbers, as JSON."""
    data = spec.model_dump(mode="json", exclude=set(STUDY_KEYS))
    data["seeds"] = {"root": spec.seeds.root}
    # Other starts are cases of their own; a file without `scale` keeps the key that it had before there was one.
    data["initial"]["alternatives"] = None
    if data["initial"]["scale"] is None:
        del data["initial"]["scale"]
    if not data["jobs"]:
        # Files without jobs keep the keys that they had before there were any.
        del data["jobs"]
    if kinds := own_kinds(spec):
        data["own kinds"] = kinds
    return _with_contents(data)


def _with_contents(data: Any) -> Any:
    if isinstance(data, Mapping):
        if data.keys() >= _PROVENANCE:
            data = {key: item for key, item in data.items() if key not in _PROVENANCE}
        return {key: _file(item) if _names_file(key, item) else _with_contents(item) for key, item in data.items()}
    if isinstance(data, list):
        return [_with_contents(item) for item in data]
    return data


def _names_file(key: str, value: Any) -> bool:
    return key.endswith("file") and isinstance(value, str) and os.path.isabs(value)


def _file(path: str) -> str:
    status = os.stat(path)
    return _file_digest(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=64)
def _file_digest(path: str, mtime_ns: int, size: int) -> str:
    with open(path, "rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()
