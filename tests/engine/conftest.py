"""Fixtures of the engine's tests."""

from pathlib import Path

import pytest
from material import Material, make_train_job, material
from slow import best, score_job

from raysal.engine.base import EngineConfig
from raysal.engine.build import build_engine
from raysal.training.job import TrainJob

__all__ = ["calm_picks", "material", "train_job"]


@pytest.fixture(scope="session")
def calm_picks(material: Material, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What `score_job` picks in process and without a fault."""
    job = score_job(material, tmp_path_factory.mktemp("calm"))
    build_engine(EngineConfig(name="local")).over_pool(job, lambda report: None)
    return best(job)


@pytest.fixture
def train_job(material: Material, tmp_path: Path) -> TrainJob:
    """See `make_train_job`."""
    return make_train_job(material, tmp_path)
