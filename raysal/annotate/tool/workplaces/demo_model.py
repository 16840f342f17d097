"""The small network of the demo."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from raysal.data.labels import ANNOTATOR, LabelledImage, write_labels
from raysal.data.pool.sources import dataset_sources
from raysal.data.pool.writer import write_pool
from raysal.data.sets.streets.dataset import Streets
from raysal.errors import RaysalError, one_line
from raysal.models import MODEL_FILE
from raysal.models.config import ModelConfig
from raysal.training.augment_config import AugmentConfig
from raysal.training.config import LossConfig, OptimConfig, TrainConfig
from raysal.training.job import TrainJob

MODEL, DRAFT = "model", ".model"
_SEED = 77
_SIZE = (64, 128)
_IMAGES, _EPOCHS = 40, 10


def try_to_train(root: Path) -> None:
    """As `train_demo`. If it fails, such as on a full disk, that is said in one line, and the
    process ends with status 1: the demo goes on without predictions."""
    try:
        train_demo(root)
    # What torch and Arrow raise when a file cannot be written.
    except (OSError, RaysalError, RuntimeError) as error:
        shutil.rmtree(root / DRAFT, ignore_errors=True)
        why = (
            one_line(error)
            if isinstance(error, OSError | RaysalError)
            else str(error).split("\n")[0]
        )
        print(
            f"demo: no predictions, because the small network cannot be trained: {why}",
            file=sys.stderr,
        )
        sys.exit(1)


def train_demo(root: Path, images: int = _IMAGES, epochs: int = _EPOCHS) -> None:
    """Train on streets of another seed, and put the model into `root/model`.

    Called in a process of its own, which leaves the processor to the annotator.
    """
    os.nice(10)
    import torch

    from raysal.engine.workers.train import run_training
    from raysal.inference.cores import cores
    from raysal.training.world import World

    torch.set_num_threads(cores())
    streets = Streets(size=_SIZE, train=images, val=1, test=1, scene_seed=_SEED)
    draft = root / DRAFT
    shutil.rmtree(draft, ignore_errors=True)
    for name in ("labels", "out"):
        (draft / name).mkdir(parents=True)
    pool = write_pool(dataset_sources(streets), str(draft / "pool"))
    write_labels(draft / "labels", _labels(streets))
    job = TrainJob(
        dataset=streets,
        pool_uri=pool.uri,
        label_folders=(draft / "labels",),
        out=draft / "out",
        model=ModelConfig(weights="none").resolved(frozenset()),
        loss=LossConfig(),
        optim=OptimConfig(lr=0.02),
        train=TrainConfig(epochs=epochs, batch_size=4, checkpoint="last", precision="fp32"),
        augment=AugmentConfig(),
        seed=0,
        round_index=0,
    )
    run_training(job, World.alone(torch.device("cpu")), lambda report: None)
    (root / MODEL).mkdir(exist_ok=True)
    (draft / "out" / MODEL_FILE).rename(root / MODEL / MODEL_FILE)
    shutil.rmtree(draft, ignore_errors=True)


def _labels(streets: Streets) -> Iterator[LabelledImage]:
    for item in streets.items("train"):
        label = streets.label(item)
        yield LabelledImage(item.image_id, label, np.full_like(label, ANNOTATOR))
