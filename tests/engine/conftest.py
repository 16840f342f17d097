"""Fixtures of the engine's tests."""

from pathlib import Path

import pytest
import torch

from raysal.engine.build import build_engine
from raysal.engine.config import EngineConfig
from raysal.models.checkpoint import load_model
from raysal.training.job import TrainJob
from tests.support.material import Material, make_train_job
from tests.support.tallied_score import best, score_job


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


@pytest.fixture(scope="session")
def trained_alone(
    material: Material, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, torch.Tensor]:
    """The weights that `train_job` ends with in process and without a fault."""
    job = make_train_job(material, tmp_path_factory.mktemp("alone"))
    build_engine(EngineConfig(name="local")).train(job, lambda report: None)
    return load_model(job.out).model.state_dict()
