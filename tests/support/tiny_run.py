"""Small experiments for tests of whole runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import raysal.experiment.round as round_module
from raysal.experiment.config import ExperimentConfig
from raysal.experiment.layout import RunPlace
from raysal.experiment.query import read_query

TINY: dict[str, Any] = {
    "name": "tiny",
    "data": {"name": "streets", "size": [48, 64], "train": 40, "val": 4, "test": 6},
    "model": {"weights": "none"},
    "train": {"epochs": 3, "batch_size": 4, "validate_every": 2},
    "al": {"initial": 8, "budget": 4, "rounds": 3},
    "acquisition": {"name": "ds"},
    "engine": {"name": "local"},
}


def tiny(output: Path, **changes: Any) -> ExperimentConfig:
    """The tiny experiment with some sections changed."""
    values = {**TINY, "output": str(output)}
    for key, change in changes.items():
        old = values.get(key)
        values[key] = {**old, **change} if isinstance(old, dict) else change
    return ExperimentConfig.model_validate(values)


def write_config(path: Path, config: ExperimentConfig) -> Path:
    """As a YAML file."""
    path.write_text(yaml.safe_dump(config.dump()))
    return path


def queried(root: Path, rounds: int) -> list[list[str]]:
    """Ids of the initial set and of each query, in order."""
    return [
        [ask.image_id for ask in read_query(folder)]
        for folder in RunPlace(root).query_folders(rounds - 1)
    ]


class Killed(BaseException):
    """Not an error that anything catches."""


def die_after_each_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever commits a stage of a round dies of it."""
    once = round_module.once

    def die_after_one(folder: Path, compute: Callable[[Path], None], **kind: bool) -> Path:
        fresh = not folder.exists()
        once(folder, compute, **kind)
        if fresh:
            raise Killed
        return folder

    monkeypatch.setattr(round_module, "once", die_after_one)


def lives(run: Callable[[], object]) -> int:
    """How often something must be run to come to its end."""
    count = 1
    while True:
        try:
            run()
        except Killed:
            count += 1
            continue
        return count
