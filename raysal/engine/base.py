"""The interface of an engine, and the jobs it is given."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from raysal.acquisition.base import Strategy
from raysal.config.base import Frozen
from raysal.data.candidates import Candidates
from raysal.data.dataset import Dataset, Split
from raysal.data.pool import Pool
from raysal.training.config import Precision
from raysal.training.job import EpochReport, TrainJob


class EngineConfig(Frozen):
    """Where and how widely the work is spread; what is computed is the same."""

    name: Literal["ray", "local"] = "ray"
    """`local` runs everything in this process, without Ray."""
    address: str | None = None
    """Ray cluster to join (`auto`, `ray://...`); by default RAY_ADDRESS, else a Ray of our own."""
    score_actors: Literal["auto"] | PositiveInt = "auto"
    """`auto`: one per GPU, or one per core."""
    threads: Literal["auto"] | PositiveInt = "auto"
    """Arithmetic threads of a worker on the CPU. `auto`: cores divided among the workers."""
    score_batch: Literal["auto"] | PositiveInt = "auto"
    """Images per forward pass when scoring. `auto`: 4 on CPU, 16 on GPU."""
    train_in: Literal["auto", "workers", "driver"] = "auto"
    """Where Ray Train runs the training. `auto`: in worker processes, which are replaced when they
    die, except for a single worker on a Ray of our own without GPU: there the driver's process
    serves, for a worker group takes longer to start than many a small training."""
    max_failures: NonNegativeInt = 3
    """How often a training whose worker died is continued."""
    no_progress_timeout_s: PositiveFloat = 1800.0
    """Seconds without any progress after which scoring is given up rather than left hanging."""


@dataclass(frozen=True)
class ScoreJob:
    """Score the candidates of a pool into Parquet parts.

    Attributes:
        model: checkpoint on storage that all workers see; None if the strategy needs none.
        out: folder for the parts; those that are there already are kept and not made again.
        seed, round_index: for strategies that draw lots.
    """

    pool: Pool
    model: Path | None
    strategy: Strategy
    candidates: Candidates
    out: str
    size: tuple[int, int]
    precision: Precision
    seed: int
    round_index: int


@dataclass(frozen=True)
class EvaluateJob:
    """Count right and wrong pixels of a model over a split."""

    dataset: Dataset
    split: Split
    model: Path
    precision: Precision


@dataclass(frozen=True)
class ScoreReport:
    """Progress of a scoring, when a part is on disk.

    Attributes:
        images: in the part; `bad` of them are unreadable.
        worker: process that made it; `finished_s`: its wall clock then.
    """

    images: int
    bad: int
    worker: int = field(default_factory=os.getpid)
    finished_s: float = field(default_factory=time.time)


@dataclass
class Evaluation:
    """Sum over the images of a split.

    Attributes:
        confusion: C rows of C pixel counts, rows ground truth.
        bad: (image id, reason) of what could not be read.
    """

    confusion: list[list[int]]
    images: int = 0
    bad: list[tuple[str, str]] = field(default_factory=list)


class Engine(Protocol):
    """Runs jobs; all files they leave are whole, and running a job again continues it."""

    def train(self, job: TrainJob, on_epoch: Callable[[EpochReport], None]) -> None:
        """Leave a trained model in `job.out`; see `raysal.training.fit.fit` for what it raises."""

    def score(self, job: ScoreJob, on_part: Callable[[ScoreReport], None]) -> None:
        """Leave a part for every unit of the pool in `job.out`."""

    def evaluate(self, job: EvaluateJob, on_images: Callable[[int], None]) -> Evaluation:
        """The confusion matrix of a split; `on_images` gets the number done in each step."""

    def close(self) -> None:
        """Give back what the engine started."""
