"""The interface of an engine, and the jobs it is given."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from raysal.acquisition.base import Strategy
from raysal.acquisition.k_center import Metric
from raysal.acquisition.select import Pick
from raysal.config.base import Frozen
from raysal.config.seed import derive_seed
from raysal.data.candidates import Candidates, Listed
from raysal.data.dataset import Dataset, Split
from raysal.data.parts import finished_parts, part_name
from raysal.data.pool import Pool, Unit
from raysal.engine.process import memory_mib
from raysal.engine.trainings import AnyTrainJob
from raysal.regions.config import RegionConfig
from raysal.regions.extend_config import ExtendConfig, Thresholds
from raysal.training.config import Precision
from raysal.training.job import EpochReport


class EngineConfig(Frozen):
    """Where and how widely the work is spread; what is computed is the same."""

    name: Literal["ray", "local"] = "ray"
    """`local` runs everything in this process, without Ray."""
    address: str | None = None
    """Ray cluster to join (`auto`, `ray://...`); by default RAY_ADDRESS, else a Ray of our own."""
    gpus: NonNegativeInt = 0
    """GPUs the cluster must have at the start. Fewer is an error; without this, a cluster whose
    GPU nodes have not joined yet would set about the work on its CPUs."""
    score_actors: Literal["auto"] | PositiveInt = "auto"
    """`auto`: one per GPU, or one per core; on a cluster that was joined more as nodes join."""
    threads: Literal["auto"] | PositiveInt = "auto"
    """Arithmetic threads of a worker on the CPU. `auto`: cores divided among the workers."""
    score_batch: Literal["auto"] | PositiveInt = "auto"
    """Images per forward pass when scoring. `auto`: 16 on GPU, 4 on CPU, there up to 32 of small
    images."""
    train_in: Literal["auto", "workers", "driver"] = "auto"
    """Where Ray Train runs the training. `auto`: in worker processes, which are replaced when they
    die, except for a single worker on a Ray of our own without GPU: there the driver's process
    serves, for a worker group takes longer to start than many a small training."""
    max_failures: NonNegativeInt = 3
    """How often a training whose worker died is continued."""
    side_by_side: PositiveInt = 1
    """Experiments that share the machine or cluster, each with its part of the cores and GPUs;
    `raysal sweep` sets it to its concurrency."""
    vectors_per_actor: PositiveInt = 200_000
    """Core-set: images whose features one process holds, at 1 KB each for 256 channels. Larger
    pools are divided among actors; which images are chosen does not depend on it."""
    no_progress_timeout_s: PositiveFloat = 1800.0
    """Seconds without any progress after which scoring is given up rather than left hanging."""


@dataclass(frozen=True)
class PoolJob:
    """Something to be done with images of a pool, unit by unit; a part on disk for each unit.

    Attributes:
        model: checkpoint on storage that all workers see; None if it is not needed.
        out: folder for the parts; those that are there already are kept and not made again.
        units: those that hold an image to look at; None for all.
        seed, round_index: what the random choices are derived from.
    """

    pool: Pool
    model: Path | None
    out: str
    size: tuple[int, int]
    precision: Precision
    seed: int
    round_index: int
    units: tuple[Unit, ...] | None

    def vote_seed(self, image_id: str) -> int:
        """What the dropout of an image's stochastic passes is drawn from."""
        return derive_seed(self.seed, "votes", self.round_index, image_id)

    def missing_units(self) -> list[Unit]:
        """The units that have no part yet, or whose part may lack something."""
        done = finished_parts(self.out)
        units = self.pool.units if self.units is None else self.units
        return [unit for unit in units if part_name(unit.name) not in done]


@dataclass(frozen=True)
class ScoreJob(PoolJob):
    """Score candidates.

    Attributes:
        recheck: parts that are there may be of other candidates or other images: each worker
            looks into its units' parts and scores what they lack. Otherwise a part is complete.
        features: stage whose average goes with each score; see `PooledFeatures`.
        adversary: folder of the adversary, for strategies that read one.
    """

    strategy: Strategy
    candidates: Candidates | Listed
    recheck: bool = False
    features: str | None = None
    adversary: Path | None = None

    def missing_units(self) -> list[Unit]:
        """See `PoolJob.missing_units`."""
        if not self.recheck:
            return super().missing_units()
        return list(self.pool.units if self.units is None else self.units)


@dataclass(frozen=True)
class RegionJob(PoolJob):
    """Pick regions in some images.

    Attributes:
        images: ids of the panoptic subset.
        label_folders: label stores with what is known of them; empty if nothing is.
    """

    regions: RegionConfig
    images: frozenset[str]
    label_folders: tuple[Path, ...]


@dataclass(frozen=True)
class ExtendJob(PoolJob):
    """Extend the annotator's labels of partially labelled images; the parts are a label store.

    Attributes:
        radius: how far an extended pixel may lie from an annotator's, in pixels.
    """

    extend: ExtendConfig
    thresholds: Thresholds
    radius: int
    classes: int
    images: frozenset[str]
    label_folders: tuple[Path, ...]


@dataclass(frozen=True)
class CalibrateJob(PoolJob):
    """Count right and wrong extensions on whole images of which only some regions are shown.

    Attributes:
        regions: how those are picked: as the annotator is asked for them elsewhere.
        shown: how many of an image's are shown.
    """

    extend: ExtendConfig
    radius: int
    classes: int
    images: frozenset[str]
    label_folders: tuple[Path, ...]
    regions: RegionConfig
    shown: int


@dataclass(frozen=True)
class KCenterJob:
    """Choose images together: each the farthest from all that are labelled or chosen before it.

    Attributes:
        scores: folder with the candidates' score parts and features, a part for each unit.
        labelled: folder with the labelled images' score parts and features.
        seed, round_index: what the first is drawn from where nothing is labelled.
    """

    pool: Pool
    scores: str
    labelled: str
    metric: Metric
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
class PartReport:
    """Progress of a job over the pool, when a part is on disk.

    Attributes:
        images: newly in the part; `bad` of them are unreadable.
        kept: images that were in it before and stay.
        worker: process that made it; `finished_s`: its wall clock then; `peak_mib`: the most
            memory it has had.
        node: which of the cluster's nodes it ran on; empty without a cluster.
    """

    images: int
    bad: int
    kept: int = 0
    worker: int = field(default_factory=os.getpid)
    finished_s: float = field(default_factory=time.time)
    peak_mib: float = field(default_factory=lambda: memory_mib("peak"))
    node: str = ""


@dataclass(frozen=True)
class Traffic:
    """What a cluster has moved so far.

    Attributes:
        store_bytes: of all objects ever created in the object stores of the nodes that are there,
            by Ray's own count. What is smaller than 100 KB often does not go there: it travels
            within the messages.
        block_bytes: of all blocks that were handed to actors or came back, either way.
    """

    store_bytes: int
    block_bytes: int


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

    def check_storage(self, folder: Path, reads: Mapping[str, str]) -> None:
        """Called once before the jobs: all machines share `folder`, where results go, and see
        what is read, by the setting that names it.

        Raises:
            ClusterError: one that does not, and the path.
        """

    def train(self, job: AnyTrainJob, on_epoch: Callable[[EpochReport], None]) -> None:
        """Leave a trained model or adversary in `job.out`; see `run_training`."""

    def over_pool(self, job: PoolJob, on_part: Callable[[PartReport], None]) -> None:
        """Leave a part for every unit of the job in `job.out`."""

    def k_center(self, job: KCenterJob) -> Iterator[Pick]:
        """All candidates in the order in which they are chosen, with their distance then; as lazy
        as its caller.

        Raises:
            DataError: features that are not finite numbers.
        """

    def evaluate(self, job: EvaluateJob, on_images: Callable[[int], None]) -> Evaluation:
        """The confusion matrix of a split; `on_images` gets the number done in each step."""

    def close(self) -> None:
        """Give back what the engine started."""
