"""Fixtures of the engine's tests."""

from pathlib import Path

import pytest
from material import Material, material
from slow import best, score_job

from raysal.data.augment import AugmentConfig
from raysal.data.labels import whole_image, write_labels
from raysal.engine.base import EngineConfig
from raysal.engine.build import build_engine
from raysal.models.config import ModelConfig
from raysal.training.config import LossConfig, OptimConfig, TrainConfig
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
    """Eight labelled images, a few epochs."""
    labels = tmp_path / "labels"
    labels.mkdir()
    items = material.dataset.items("train")[:8]
    write_labels(labels, (whole_image(i.image_id, material.dataset.label(i)) for i in items))
    (tmp_path / "out").mkdir()
    return TrainJob(
        dataset=material.dataset,
        pool_uri=material.pools["one shard"].uri,
        label_folders=(labels,),
        out=tmp_path / "out",
        model=ModelConfig(weights="none").resolved(frozenset({"difficulty"})),
        loss=LossConfig(),
        optim=OptimConfig(),
        train=TrainConfig(epochs=6, batch_size=4, validate_every=2),
        augment=AugmentConfig(),
        seed=0,
        round_index=0,
    )
