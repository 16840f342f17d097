"""The jobs that an engine runs, and its reports about them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from raysal.acquisition.base import Strategy
from raysal.acquisition.needs import Metric
from raysal.config.seed import derive_seed
from raysal.data.pixel_format import RGB, PixelFormat
from raysal.data.pool.candidates import Candidates, Listed
from raysal.data.pool.parts import finished_parts, part_name
from raysal.data.pool.pool import Pool
from raysal.data.pool.rows import Unit
from raysal.data.sets.base import Dataset, Split
from raysal.data.tiles import TileConfig
from raysal.inference.precision import Precision
from raysal.inference.process import memory_mib
from raysal.regions.config import RegionConfig
from raysal.regions.extend_config import ExtendConfig, Thresholds


@dataclass(frozen=True)
class PoolJob:
    """Work on images of a pool, unit by unit, that leaves a part on disk for each unit.

    Attributes:
        model: checkpoint on storage that all workers see; None if the job needs no model.
        out: folder or URI of the parts; existing parts are kept and not made again.
        size: height and width in pixels to which images are resized.
        seed, round_index: all random choices are derived from these.
        units: the units that hold an image of the job; None for all units of the pool.
        pixels: how images are read if there is no model; those of a model are as it was trained.
        tile: the tiles that images are worked on in; None for whole images.
    """

    pool: Pool
    model: Path | None
    out: str
    size: tuple[int, int]
    precision: Precision
    seed: int
    round_index: int
    units: tuple[Unit, ...] | None
    pixels: PixelFormat = field(default=RGB, kw_only=True)
    tile: TileConfig | None = field(default=None, kw_only=True)

    @property
    def input_size(self) -> tuple[int, int]:
        """(height, width) of what a network sees: of a tile, or of the whole image."""
        return self.size if self.tile is None else self.tile.size

    def vote_seed(self, image_id: str) -> int:
        """Seed of the dropout masks in an image's stochastic passes."""
        return derive_seed(self.seed, "votes", self.round_index, image_id)

    def missing_units(self) -> list[Unit]:
        """The units that have no part yet, or whose part may be incomplete."""
        done = finished_parts(self.out)
        units = self.pool.units if self.units is None else self.units
        return [unit for unit in units if part_name(unit.name) not in done]


@dataclass(frozen=True)
class GrowingJob(PoolJob):
    """A job whose results hold the content hashes of their images, so that a pool may grow.

    Attributes:
        recheck: existing parts may be about other images, so that each worker reads the parts of
            its units and processes the missing images. Otherwise an existing part is complete.
    """

    recheck: bool = field(default=False, kw_only=True)

    def missing_units(self) -> list[Unit]:
        """See `PoolJob.missing_units`."""
        if not self.recheck:
            return super().missing_units()
        return list(self.pool.units if self.units is None else self.units)


@dataclass(frozen=True)
class ScoreJob(GrowingJob):
    """Score candidates.

    Attributes:
        candidates: the images to score.
        features: what makes the vector that is written with each score, if any: a stage of the
            network (see `PooledFeatures`), or the label of `encoder`.
        encoder: folder or URI with the `FeatureEncoder` that makes the vectors; None for a stage.
        adversary: folder of the adversary, for strategies that read one.
    """

    strategy: Strategy
    candidates: Candidates | Listed
    features: str | None = None
    encoder: str | None = None
    adversary: Path | None = None


@dataclass(frozen=True)
class PredictJob(GrowingJob):
    """Predict the classes of all images at their own size; see `raysal.inference.own_size`.

    Attributes:
        out: as for any job, the folder of the parts.
        masks: folder of the masks, PNGs of class ids.
        overlays: folder of the pictures under the colours of their classes; None for none.
    """

    masks: Path
    overlays: Path | None


@dataclass(frozen=True)
class RegionJob(PoolJob):
    """Pick regions in some images.

    Attributes:
        images: ids of the panoptic subset.
        label_folders: label stores with the labels so far of these images; may be empty.
    """

    regions: RegionConfig
    images: frozenset[str]
    label_folders: tuple[Path, ...]


@dataclass(frozen=True)
class ExtendJob(PoolJob):
    """Extend the annotator's labels of partially labelled images; the parts are a label store.

    Attributes:
        radius: largest distance in pixels of an extended pixel from one that an annotator
            labelled.
    """

    extend: ExtendConfig
    thresholds: Thresholds
    radius: int
    classes: int
    images: frozenset[str]
    label_folders: tuple[Path, ...]


@dataclass(frozen=True)
class CalibrateJob(PoolJob):
    """Count correct and wrong extended labels on fully labelled images, where only the labels of
    some regions are used for the extension.

    Attributes:
        regions: how these regions are picked; the same as for queries.
        shown: number of these regions per image.
        truth_folders: label stores to measure against; empty for `label_folders`.
    """

    extend: ExtendConfig
    radius: int
    classes: int
    images: frozenset[str]
    label_folders: tuple[Path, ...]
    regions: RegionConfig
    shown: int
    truth_folders: tuple[Path, ...] = ()


@dataclass(frozen=True)
class KCenterJob:
    """Choose images one by one, each the farthest from all that are labelled or already chosen.

    Attributes:
        scores: folder with the score parts and features of the candidates, one part per unit
            that was there when they were scored.
        labelled: folder with the score parts and features of the labelled images.
        seed, round_index: the first image is drawn from these if nothing is labelled.
    """

    pool: Pool
    scores: str
    labelled: str
    metric: Metric
    seed: int
    round_index: int


@dataclass(frozen=True)
class EvaluateJob:
    """Count correct and wrong pixels of a model's predictions on a split."""

    dataset: Dataset
    split: Split
    model: Path
    precision: Precision


@dataclass(frozen=True)
class PartReport:
    """Progress of a job over the pool: a part has been written.

    Attributes:
        images: images that are new in the part.
        bad: those of them that could not be read.
        kept: images that an earlier version of the part already held.
        worker: process that made the part.
        finished_s: time at which it was written, in seconds since the epoch.
        peak_mib: peak resident memory of the process so far, in MiB.
        node: id of the node of the cluster; empty without a cluster.
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
    """The bytes that a cluster has moved so far.

    Attributes:
        store_bytes: total size of all objects that were created in the object stores of the present
            nodes, as Ray counts it. Objects below 100 KB often travel in messages instead.
        block_bytes: total size of the blocks that were passed to actors or returned by them.
    """

    store_bytes: int
    block_bytes: int


@dataclass
class Evaluation:
    """Result of evaluating a model on some images of a split.

    Attributes:
        confusion: C rows of C pixel counts; a row is a ground-truth class, a column a prediction.
        images: number of images that were evaluated.
        bad: (image id, reason) of images that could not be read.
    """

    confusion: list[list[int]]
    images: int = 0
    bad: list[tuple[str, str]] = field(default_factory=list)
