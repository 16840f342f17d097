"""A sweep of tiny experiments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.support.shallow_network import SHALLOW

TINY: dict[str, Any] = {
    "name": "tiny",
    "data": {"name": "streets", "size": [48, 64], "train": 16, "val": 0, "test": 4},
    "model": SHALLOW,
    "train": {"epochs": 1, "batch_size": 4, "precision": "fp32"},
    "al": {"initial": 4, "budget": 4, "rounds": 2},
    "acquisition": {"name": "de"},
    "engine": {"name": "local", "threads": 1},
}
LEVELS: dict[str, Any] = {"parameters": {"acquisition.levels": [4, 8]}, "seeds": [0, 1]}
TRIALS = ["levels=4,seed=0", "levels=4,seed=1", "levels=8,seed=0", "levels=8,seed=1"]


def write_sweep(path: Path, output: Path, sweep: Any = LEVELS, **changes: Any) -> Path:
    """The tiny sweep with some sections changed, as a YAML file."""
    values = {**TINY, "output": str(output), "sweep": sweep}
    for key, change in changes.items():
        old = values.get(key)
        values[key] = {**old, **change} if isinstance(old, dict) else change
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path
