"""A run whose models have everything that can be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from raysal.engine.build import build_engine
from raysal.experiment.run import run_experiment
from raysal.progress import Silent
from tests.support.shallow_network import WIDE
from tests.support.tiny_run import tiny


@pytest.fixture(scope="package")
def shown_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rounds of CPRAL with a difficulty branch, of which the first queries regions."""
    config = tiny(
        tmp_path_factory.mktemp("shown"),
        name="small",
        data={"train": 12, "val": 0, "test": 2},
        acquisition={"name": "panoptic"},
        model={**WIDE, "channel_dropout": 0.25, "difficulty": {"branch": "late"}},
        rga={"subset": 4, "w": 16, "passes": 5},
        # A precision that is reached by chance, so that something is extended.
        cle={"cell": 4, "precision": 0.01, "calibration_images": 4},
        train={"epochs": 1, "checkpoint": "last"},
        al={"candidate_ratio": 1.0, "initial": 4, "budget": 1, "rounds": 2},
    )
    run_experiment(config, lambda: build_engine(config.engine), Silent())
    return config.folder
