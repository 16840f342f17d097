"""The jobs that an engine is given, and what it reports of them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from raysal.acquisition.base import Strategy
from raysal.acquisition.needs import Metric
from raysal.config.seed import derive_seed
from raysal.data.pool.candidates import Candidates, Listed
from raysal.data.pool.parts import finished_parts, part_name
from raysal.data.pool.reader import Pool, Unit
from raysal.data.sets.base import Dataset, Split
from raysal.inference.precision import Precision
from raysal.inference.process import memory_mib
from raysal.regions.config import RegionConfig
from raysal.regions.extend_config import ExtendConfig, Thresholds


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
