"""Presets as blocks, for tests and benchmarks of the serving wing: plain YAML, sourced values unwrapped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sim.serving.catalogue import Gpu, LlmModel

PRESETS = Path(__file__).parents[2] / "sim" / "presets"


def gpu(name: str) -> Gpu:
    """A preset of `sim/presets/gpus`."""
    return Gpu.model_validate(values(PRESETS / "gpus" / f"{name}.yaml"), context={"yaml": True})


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
