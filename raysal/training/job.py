"""The job of training one round's model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from raysal.data.sets.base import Dataset
from raysal.models.config import ModelConfig
from raysal.training.augment_config import AugmentConfig
from raysal.training.config import LossConfig, OptimConfig, TrainConfig


@dataclass(frozen=True)
class TrainJob:
    """All that a training worker needs, on any machine.

    Attributes:
        pool_uri: pool that holds the labelled images.
        label_folders: label stores of all rounds so far.
        out: folder for the checkpoint, on storage that all workers share.
        seed, round_index: what the random choices are derived from. The initial weights depend
            on `seed` alone, so that all rounds start from the same ones.
    """

    dataset: Dataset
    pool_uri: str
    label_folders: tuple[Path, ...]
    out: Path
    model: ModelConfig
    loss: LossConfig
    optim: OptimConfig
    train: TrainConfig
    augment: AugmentConfig
    seed: int
    round_index: int

    @property
    def workers(self) -> int:
        """Number of data-parallel processes."""
        return self.train.workers


@dataclass(frozen=True)
class EpochReport:
    """Progress of training after one epoch; `val_miou` in [0, 1], None if not validated."""

    epoch: int
    epochs: int
    loss: float
    val_miou: float | None
