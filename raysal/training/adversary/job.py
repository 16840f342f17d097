"""The job of training one round's adversary."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from raysal.data.pixel_format import RGB, PixelFormat
from raysal.data.pool.candidates import Candidates
from raysal.data.pool.pool import Pool
from raysal.data.tiles import TileConfig
from raysal.inference.precision import Precision
from raysal.models.adversary_shape import AdversaryShape
from raysal.training.adversary.config import MAX_STEPS, AdversaryConfig
from raysal.training.config import TrainConfig


@dataclass(frozen=True)
class AdversaryJob:
    """All that the worker needs, on any machine.

    Attributes:
        label_folders: label stores of all rounds so far.
        candidates: the unlabelled images to learn from.
        size: the working size, (height, width).
        model: the task model, which rates images for TA-VAAL; None for VAAL.
        task: settings that the task model was trained with.
        out: folder for the adversary, on storage that the worker shares.
        seed, round_index: what the random choices are derived from. The initial weights depend
            on `seed` alone.
        pixels: how images are read.
        tile: the tiles that the task model reads them in; None for whole images.
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
    pixels: PixelFormat = RGB
    tile: TileConfig | None = None

    @property
    def workers(self) -> int:
        """Always one: the networks and the images are small."""
        return 1

    @property
    def shape(self) -> AdversaryShape:
        """Layer sizes of the networks."""
        return self.config.shape.model_copy(update={"channels": self.pixels.channels})

    @property
    def precision(self) -> Precision:
        """Of the task model; the adversary uses float32, because it is prone to overflow."""
        return self.task.precision

    @property
    def batch_size(self) -> int:
        """Labelled images per step."""
        return self.task.batch_size if self.config.batch_size == "task" else self.config.batch_size

    def steps(self, labelled: int, unlabelled: int) -> int:
        """Number of discriminator updates, given the number of images of each kind."""
        steps = self.config.steps
        if steps == "task":
            per_epoch = self.task.images_per_epoch(labelled, self.pool.images)
            return self.task.epochs * -(-per_epoch // self.task.batch_size)
        if steps == "epochs":
            images = self.config.epochs * (labelled + unlabelled)
            return min(MAX_STEPS, -(-images // self.batch_size))
        return steps
