"""Calibration of label extension by one worker: a small table of counts leaves it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import torch

from raysal.config.seed import derive_seed
from raysal.data.labels import LabelledImage, read_merged
from raysal.data.parts import read_rows, write_rows
from raysal.data.pool import Unit
from raysal.engine.base import CalibrateJob
from raysal.engine.cell_features import image_features
from raysal.engine.pool_worker import PoolWorker
from raysal.regions.calibrate import Tally, no_tally, tally
from raysal.regions.config import RegionConfig
from raysal.regions.extend_config import ExtendConfig
from raysal.regions.pick import RegionPicker

SCHEMA = pa.schema(
    [
        pa.field("counts", pa.list_(pa.int64()), nullable=False),
        pa.field("hidden", pa.int64(), nullable=False),
        pa.field("images", pa.int32(), nullable=False),
    ],
    metadata={"raysal.tallies": "1"},
)


class CalibrateWorker(PoolWorker[CalibrateJob, Tally]):
    """What extension would say of whole images if only some regions of them were shown."""

    def wants(self, image_id: str) -> bool:
        """Whole labelled images."""
        return image_id in self.job.images

    def process(self, ids: list[str], images: list[np.ndarray]) -> list[Tally]:
        """Count on each."""
        labels = read_merged(self.job.label_folders, ids)
        return [self._count(labels[i], image) for i, image in zip(ids, images, strict=True)]

    def _count(self, known: LabelledImage, image: np.ndarray) -> Tally:
        job = self.job
        features = image_features(image, job.extend.cell, self.loaded, job.precision, self.device)
        shown = self._shown(known.image_id)
        return tally(features, known.label, shown, job.classes, job.extend, job.radius)

    def _shown(self, image_id: str) -> np.ndarray:
        """bool (H, W): disjoint regions at random places."""
        job = self.job
        seed = derive_seed(job.seed, "calibrate", job.round_index, image_id)
        lots_HW = torch.from_numpy(np.random.default_rng(seed).random(job.size))
        picker = RegionPicker(RegionConfig(w=max(job.window), kernel="box"), job.size)
        shown_HW = np.zeros(job.size, bool)
        for region in picker(lots_HW)[: job.shown]:
            rows = slice(region.row, region.row + region.height)
            shown_HW[rows, region.col : region.col + region.width] = True
        return shown_HW

    def failed(self, image_id: str, reason: str) -> Tally:
        """Counts for nothing."""
        return no_tally(self.job.extend)

    def write(self, unit: Unit, results: list[Tally]) -> None:
        """The unit's sum."""
        found = sum(results, no_tally(self.job.extend))
        row = {
            "counts": found.counts.ravel().tolist(), "hidden": found.hidden, "images": found.images
        }  # fmt: skip
        write_rows(self.job.out, unit.name, [row], SCHEMA)


def read_tallies(folder: str, config: ExtendConfig) -> Iterator[Tally]:
    """What the workers counted."""
    shape = no_tally(config).counts.shape
    for row in read_rows(folder):
        yield Tally(np.array(row["counts"]).reshape(shape), row["hidden"], row["images"])
