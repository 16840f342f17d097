"""Calibration of label extension by a single worker, whose result is a small table of counts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import torch

from raysal.data.labels import read_merged
from raysal.data.pool.parts import read_rows, write_rows
from raysal.data.pool.rows import Unit
from raysal.data.scene import Scene
from raysal.engine.jobs import CalibrateJob
from raysal.engine.workers.base import PoolWorker
from raysal.engine.workers.cell_features import image_features
from raysal.engine.workers.region_map import RegionMap
from raysal.regions.calibrate import Tally, counts_shape, tally
from raysal.regions.extend_config import ExtendConfig
from raysal.regions.pick import RegionPicker

SCHEMA = pa.schema(
    [
        pa.field("counts", pa.list_(pa.int64()), nullable=False),
        pa.field("hidden", pa.int64(), nullable=False),
    ],
    metadata={"raysal.tallies": "2"},
)


class CalibrateWorker(PoolWorker[CalibrateJob, Tally | None]):
    """Extends labels on fully labelled images as if only some of their regions were labelled.

    These regions are the ones that a query would ask for, not random ones. They lie where classes
    meet, and labels are harder to extend there.
    """

    def __init__(
        self, job: CalibrateJob, batch_size: int, device: torch.device, decode_threads: int = 0
    ) -> None:
        super().__init__(job, batch_size, device, decode_threads)
        self.map = RegionMap(job.regions, job, self.loaded, device)
        self.picker = RegionPicker(job.regions, job.size, job.tile is not None)

    def wants(self, image_id: str) -> bool:
        """Whether it is one of the job's fully labelled images."""
        return image_id in self.job.images

    def process(self, ids: list[str], images: list[np.ndarray]) -> list[Tally | None]:
        """Compare the extended labels of each image with its own."""
        given = read_merged(self.job.label_folders, ids)
        folders = self.job.truth_folders
        truth = read_merged(folders, ids) if folders else given
        return [
            self.count(given[i].label, truth[i].label, self.shown(i, image), image)
            for i, image in zip(ids, images, strict=True)
        ]

    def count(
        self,
        given_HW: np.ndarray,
        truth_HW: np.ndarray,
        shown_HW: np.ndarray,
        image: np.ndarray,
    ) -> Tally:
        """Compare what would be extended from the pixels that are shown with the truth.

        Args:
            given_HW: the annotator's labels, which may be wrong.
        """
        job = self.job
        features = image_features(
            image, job.extend, self.loaded, job.precision, self.device, self.pixels
        )
        return tally(features, truth_HW, shown_HW, job.classes, job.extend, job.radius, given_HW)

    def shown(self, image_id: str, image: np.ndarray | Scene) -> np.ndarray:
        """bool (H, W): the `job.shown` best regions of the image."""
        shown_HW = np.zeros(self.job.size, bool)
        for region in self.picker(self.map(image_id, image))[: self.job.shown]:
            rows = slice(region.row, region.row + region.height)
            shown_HW[rows, region.col : region.col + region.width] = True
        return shown_HW

    def failed(self, image_id: str, reason: str) -> None:
        """None: an unreadable image does not count."""

    def write(self, unit: Unit, results: list[Tally | None]) -> None:
        """Write a row per image."""
        rows = [
            {"counts": found.counts.ravel().tolist(), "hidden": found.hidden}
            for found in results
            if found is not None
        ]
        write_rows(self.job.out, unit.name, rows, SCHEMA)


def read_tallies(folder: str, config: ExtendConfig) -> Iterator[Tally]:
    """The counts of all workers, image by image."""
    shape = counts_shape(config)
    for row in read_rows(folder):
        yield Tally(np.array(row["counts"]).reshape(shape), row["hidden"])
