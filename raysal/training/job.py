"""What one round's training is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from raysal.data.sets.base import Dataset
from raysal.models.config import ModelConfig
from raysal.training.augment_config import AugmentConfig
from raysal.training.config import LossConfig, OptimConfig, TrainConfig


@dataclass(frozen=True)
class TrainJob:
    """Everything a training worker needs, on whatever machine it runs.

    Attributes:
        pool_uri: where the images of the labelled ids lie.
        label_folders: label stores of all rounds so far.
        out: folder for the model; on storage that all workers see.
        seed, round_index: what the random choices are derived from. The initial weights depend
            on `seed` alone, so that each round starts from the same ones.
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
        """How many train together."""
        return self.train.workers


@dataclass(frozen=True)
class EpochReport:
    """Progress of a training after one epoch; `val_miou` in [0, 1] when it was validated."""

    epoch: int
    epochs: int
    loss: float
    val_miou: float | None
