"""Small experiments for tests of whole runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunLayout
from raysal.experiment.query import read_query
from tests.support.shallow_network import SHALLOW

TINY: dict[str, Any] = {
    "name": "tiny",
    "data": {"name": "streets", "size": [48, 64], "train": 40, "val": 4, "test": 6},
    "model": SHALLOW,
    "train": {"epochs": 3, "batch_size": 4, "validate_every": 2},
    "al": {"initial": 8, "budget": 4, "rounds": 3},
    "acquisition": {"name": "ds"},
    "engine": {"name": "local"},
}


# What the tiny experiment chooses at random: the initial images, then the queries of its rounds.
# Random numbers come from hashes, so these hold on every machine. A change that moves them changes
# the results of every experiment.
GOLDEN = [
    ["train-000028", "train-000014", "train-000019", "train-000016",
     "train-000001", "train-000003", "train-000023", "train-000021"],
    ["train-000002", "train-000004", "train-000010", "train-000026"],
    ["train-000032", "train-000009", "train-000034", "train-000020"],
]  # fmt: skip


def tiny(output: Path, **changes: Any) -> ExperimentConfig:
    """The tiny experiment with some sections changed."""
    values = {**TINY, "output": str(output)}
    for key, change in changes.items():
        old = values.get(key)
        values[key] = {**old, **change} if isinstance(old, dict) else change
    return ExperimentConfig.model_validate(values)


def write_config(path: Path, config: ExperimentConfig) -> Path:
    """Write a configuration as a YAML file; returns its path."""
    path.write_text(yaml.safe_dump(config.dump()))
    return path


def queried(root: Path, rounds: int) -> list[list[str]]:
    """Ids of the initial set and of each query, in order."""
    return [
        [ask.image_id for ask in read_query(folder)]
        for folder in RunLayout(root).query_folders(rounds - 1)
    ]
