"""A tiny labelled pool to train on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from raysal.data.labels import write_labels
from raysal.data.pool.sources import dataset_sources
from raysal.data.pool.writer import write_pool
from raysal.data.sets.streets.dataset import Streets
from raysal.models.config import ModelConfig
from raysal.training.augment_config import AugmentConfig
from raysal.training.config import LossConfig, OptimConfig, TrainConfig
from raysal.training.job import TrainJob
from tests.support.labels import whole_image
from tests.support.shallow_network import SHALLOW

SIZE = (32, 48)


@dataclass(frozen=True)
class Labelled:
    """Six images in a pool, the first four of them labelled."""

    dataset: Streets
    pool: str
    labels: Path


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Labelled:
    root = tmp_path_factory.mktemp("labelled")
    dataset = Streets(size=SIZE, train=6, val=2, test=2)
    write_pool(dataset_sources(dataset), str(root / "pool"), row_group_images=4)
    (root / "labels").mkdir()
    items = dataset.items("train")[:4]
    write_labels(root / "labels", (whole_image(i.image_id, dataset.label(i)) for i in items))
    return Labelled(dataset, str(root / "pool"), root / "labels")


@pytest.fixture
def make_job(labelled: Labelled, tmp_path: Path) -> Callable[..., TrainJob]:
    """A training on the labelled images, which writes to a new folder."""

    def make(out: str = "out", *, lr: float = 0.01, plain: bool = False, **train: Any) -> TrainJob:
        (tmp_path / out).mkdir(exist_ok=True)
        steady = AugmentConfig(scale=(1, 1), flip=0, jitter=0) if plain else AugmentConfig()
        usual = {"epochs": 3, "batch_size": 4, "validate_every": 1, "precision": "fp32"}
        return TrainJob(
            dataset=labelled.dataset,
            pool_uri=labelled.pool,
            label_folders=(labelled.labels,),
            out=tmp_path / out,
            model=ModelConfig(**SHALLOW).resolved(frozenset({"difficulty"})),
            loss=LossConfig(),
            optim=OptimConfig(lr=lr),
            train=TrainConfig(**usual | train),
            augment=steady,
            seed=5,
            round_index=0,
        )

    return make
