"""Picking regions by a single worker. The maps stay in the worker; the result is a short list."""

from __future__ import annotations

import numpy as np
import torch

from raysal.acquisition.selection.region_parts import RegionResult, write_region_part
from raysal.data.labels import ANNOTATOR, LabelledImage, read_merged
from raysal.data.pool.rows import Unit
from raysal.data.scene import Scene
from raysal.engine.jobs import RegionJob
from raysal.engine.workers.base import PoolWorker
from raysal.engine.workers.region_map import RegionMap
from raysal.regions.pick import RegionPicker


class RegionWorker(PoolWorker[RegionJob, RegionResult]):
    """Gaussian-attended regions of vote-entropy maps (CPRAL, section 3.2).

    Raises:
        CheckpointError: the model has no dropout, which votes need.
    """

    def __init__(
        self, job: RegionJob, batch_size: int, device: torch.device, decode_threads: int = 0
    ) -> None:
        super().__init__(job, batch_size, device, decode_threads)
        self.map = RegionMap(job.regions, job, self.loaded, device)
        self.picker = RegionPicker(job.regions, job.size, job.tile is not None)

    def wants(self, image_id: str) -> bool:
        """Whether it is in the panoptic subset."""
        return image_id in self.job.images

    def process(self, ids: list[str], images: list[np.ndarray]) -> list[RegionResult]:
        """Pick in one image after the other; a batch holds the passes of a single image."""
        labels = read_merged(self.job.label_folders, ids)
        return [self.pick(i, image, labels.get(i)) for i, image in zip(ids, images, strict=True)]

    def pick(
        self, image_id: str, image: np.ndarray | Scene, label: LabelledImage | None
    ) -> RegionResult:
        """The regions of an image that are not labelled yet."""
        map_HW = self.map(image_id, image)
        if not bool(map_HW.isfinite().all()):
            return RegionResult(image_id, [], "the votes' entropy is not a finite number")
        known_HW = None if label is None else label.source == ANNOTATOR
        return RegionResult(image_id, self.picker(map_HW, known_HW))

    def failed(self, image_id: str, reason: str) -> RegionResult:
        """No regions, and the reason."""
        return RegionResult(image_id, [], reason)

    def write(self, unit: Unit, results: list[RegionResult]) -> None:
        """Write a region part."""
        write_region_part(self.job.out, unit.name, results)
