"""What the training of one round's adversary is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from raysal.data.pool.candidates import Candidates
from raysal.data.pool.reader import Pool
from raysal.inference.precision import Precision
from raysal.models.adversary_shape import AdversaryShape
from raysal.training.adversary.config import MOST_STEPS, AdversaryConfig
from raysal.training.config import TrainConfig


@dataclass(frozen=True)
class AdversaryJob:
    """Everything the worker needs, on whatever machine it runs.

    Attributes:
        label_folders: label stores of all rounds so far.
        candidates: the unlabelled images to learn from.
        size: the working size, (height, width).
        model: the task model, to be asked how images rank; None if nobody asks.
        task: how long and in which batches the task model was trained.
        out: folder for the adversary; on storage that the worker sees.
        seed, round_index: what the random choices are derived from. The initial weights depend
            on `seed` alone.
    """

    pool: Pool
    label_folders: tuple[Path, ...]
    candidates: Candidates
    size: tuple[int, int]
    model: Path | None
    config: AdversaryConfig
    task: TrainConfig
    out: Path
    seed: int
    round_index: int

    @property
    def workers(self) -> int:
        """One, whatever the task model has: the networks are small, and so are the images."""
        return 1

    @property
    def shape(self) -> AdversaryShape:
        """What its networks are made by."""
        return self.config.shape

    @property
    def precision(self) -> Precision:
        """Of the task model; the adversary's is float32, for it is prone to overflow."""
        return self.task.precision

    @property
    def batch_size(self) -> int:
        """Labelled images of a step."""
        return self.task.batch_size if self.config.batch_size == "task" else self.config.batch_size

    def steps(self, labelled: int, unlabelled: int) -> int:
        """Updates of the discriminator, from so many images of each kind."""
        steps = self.config.steps
        if steps == "task":
            shown = self.task.shown(labelled, self.pool.images)
            return self.task.epochs * -(-shown // self.task.batch_size)
        if steps == "epochs":
            images = self.config.epochs * (labelled + unlabelled)
            return min(MOST_STEPS, -(-images // self.batch_size))
        return steps
