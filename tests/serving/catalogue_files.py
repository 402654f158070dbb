"""Presets as blocks, for tests and benchmarks of the serving wing: plain YAML, sourced values unwrapped."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from sim.serving.catalogue import Gpu, LlmModel
from sim.serving.contract import LIMIT_PS, NEVER, REQUEST, Fleet, Name, Reading, ReplicaType, Requests, Routing, make

ROOT = Path(__file__).parents[2]
PRESETS = ROOT / "sim" / "presets"


@functools.cache
def gpu(name: str) -> Gpu:
    """A preset of `sim/presets/gpus`."""
    return Gpu.model_validate(values(PRESETS / "gpus" / f"{name}.yaml"), context={"yaml": True})


@functools.cache
def model(name: str) -> LlmModel:
    """A preset of `sim/presets/models`."""
    return LlmModel.model_validate(values(PRESETS / "models" / f"{name}.yaml"), context={"yaml": True})


def values(path: Path) -> dict[str, Any]:
    """The file's values without their sources."""
    return _bare(yaml.safe_load(path.read_text(encoding="utf-8")))


def _bare(node: Any) -> Any:
    if isinstance(node, dict):
        if "value" in node and ("source" in node or "assumed" in node):
            return node["value"]
        return {key: _bare(item) for key, item in node.items()}
    return node


def shared(*parts: str) -> Path:
    """A file or folder of measured data; without it the test is skipped, or fails where the data are demanded."""
    path = Path(os.environ.get("INFERMINT_SHARED", ROOT.parent / "shared")).joinpath(*parts)
    if not path.exists():
        if os.environ.get("INFERMINT_REQUIRE_SHARED") == "1":
            pytest.fail(f"{path} is missing and INFERMINT_REQUIRE_SHARED=1")
        pytest.skip(f"{path} is missing (INFERMINT_SHARED)")
    return path


def served(
    kind: ReplicaType, arrival_ps: np.ndarray, prompt: np.ndarray, output: np.ndarray, name: Name = "reference"
) -> Reading:
    """One replica serves these requests, without patience; the engine's reading at the end."""
    rows = np.zeros(len(prompt), dtype=REQUEST)
    rows["id"], rows["arrival"], rows["prompt"], rows["output"] = np.arange(len(prompt)), arrival_ps, prompt, output
    rows["patience"] = rows["disconnect"] = NEVER
    rows["deadline"] = LIMIT_PS
    one = np.ones(1, dtype=np.int32)
    engine = make(name, Fleet((kind,), one * 0, one, classes=1, routing=Routing("round_robin"), route_key=0))
    engine.join(0)
    engine.offer(Requests(0, rows))
    engine.advance(LIMIT_PS)
    return engine.read()
