"""Client classes for tests: from plain dicts as YAML would give them, and from the presets."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from sim.streams import Streams
from sim.workload import ClientClass, Potential
from sim.workload.kept import KEPT

ROOT = Path(__file__).parents[2]
START = datetime.date(2026, 1, 1)


def unwrapped(value: Any) -> Any:
    """What a reader of presets does: the value of `{value: ..., source: ...}`."""
    if isinstance(value, dict):
        if "value" in value and ("source" in value or "assumed" in value):
            return value["value"]
        return {key: unwrapped(item) for key, item in value.items()}
    return value


def make_class(**keys: Any) -> ClientClass:
    """A class with constant lengths and Poisson arrivals of 2 /s where nothing else is said."""
    default = {
        "model": "llama-3.1-8b",
        "rate": "2 /s",
        "prompt": {"kind": "constant", "tokens": 100},
        "output": {"kind": "constant", "tokens": 10},
    }
    block = {key: value for key, value in {**default, **keys}.items() if value != "out"}
    return ClientClass.model_validate(block, context={"yaml": True})


@pytest.fixture(scope="session")
def client():
    """`make_class` above; `key="out"` leaves a key out."""
    return make_class


@pytest.fixture(scope="session")
def preset():
    """A client class that extends a preset."""

    def read(name: str, **keys: Any) -> ClientClass:
        text = (ROOT / "sim" / "presets" / "workloads" / f"{name}.yaml").read_text(encoding="utf-8")
        return make_class(**{**unwrapped(yaml.safe_load(text)), **keys})

    return read


@pytest.fixture(scope="session")
def potential():
    """Potential requests of classes from 1 January 2026 on."""

    def make(classes: dict[str, ClientClass], root: int = 1, replication: int = 0, headroom: int = 2) -> Potential:
        KEPT.clear()  # every one draws for itself
        return Potential(classes, Streams(root, replication), START, headroom)

    return make


@pytest.fixture(scope="session")
def chat_trace() -> Path:
    """The published conversation trace, one hour of 19,366 requests."""
    return _shared("azure_llm_2023_conv", "trace.csv.gz")


@pytest.fixture(scope="session")
def conversations() -> Path:
    """Mooncake's conversation trace, one hour of 12,031 requests with prefix blocks."""
    return _shared("mooncake_fast25", "conversation.csv.gz")


def _shared(*parts: str) -> Path:
    path = Path(os.environ.get("INFERMINT_SHARED", ROOT.parent / "shared")).joinpath("data", *parts)
    if not path.exists():
        if os.environ.get("INFERMINT_REQUIRE_SHARED") == "1":
            pytest.fail(f"{path.name} is missing from the shared folder, which INFERMINT_REQUIRE_SHARED demands")
        pytest.skip(f"{path.name} is not here (INFERMINT_SHARED)")
    return path


@pytest.fixture
def same():
    """Whether two sets of columns agree in every value of every column."""

    def agree(one: Any, other: Any) -> None:
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)

    return agree
