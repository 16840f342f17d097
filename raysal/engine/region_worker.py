"""Picking of regions by one worker: maps are made and used here, a short list of picks leaves."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from raysal.acquisition.region_parts import PickedIn, write_region_part
from raysal.config.seed import derive_seed
from raysal.data.labels import ANNOTATOR, LabelledImage, read_merged
from raysal.data.pool import Unit
from raysal.engine.base import RegionJob
from raysal.engine.pool_worker import PoolWorker
from raysal.errors import CheckpointError
from raysal.regions.pick import RegionPicker
from raysal.training.evaluate import to_tensor
from raysal.training.votes import vote_map


class RegionWorker(PoolWorker[RegionJob, PickedIn]):
    """Gaussian-attended regions of vote-entropy maps (CPRAL, section 3.2).

    Raises:
        CheckpointError: the model has no dropout to vote with.
    """

    def __init__(
        self, job: RegionJob, batch_size: int, device: torch.device, decode_threads: int = 0
    ) -> None:
        super().__init__(job, batch_size, device, decode_threads)
        self.picker = RegionPicker(job.regions, job.size)
        if self.loaded is not None and self.loaded.config.channel_dropout == 0:
            raise CheckpointError(
                f"the model at {job.model} has no channel dropout, so that all votes would be "
                "equal; train with model.channel_dropout=0.25"
            )

    def wants(self, image_id: str) -> bool:
        """The panoptic subset."""
        return image_id in self.job.images

    def process(self, ids: list[str], images: list[np.ndarray]) -> list[PickedIn]:
        """One image after the other: the passes are the batch, whatever images come together."""
        labels = read_merged(self.job.label_folders, ids)
        return [self._pick(i, image, labels.get(i)) for i, image in zip(ids, images, strict=True)]

    def _pick(self, image_id: str, image: np.ndarray, label: LabelledImage | None) -> PickedIn:
        map_HW = self._map(image_id, image)
        if not bool(map_HW.isfinite().all()):
            return PickedIn(image_id, [], "the votes' entropy is not a finite number")
        known_HW = None if label is None else label.source == ANNOTATOR
        return PickedIn(image_id, self.picker(map_HW, known_HW))

    def _map(self, image_id: str, image: np.ndarray) -> Tensor:
        job = self.job
        seed = derive_seed(job.seed, "votes", job.round_index, image_id)
        if self.loaded is None:  # Regions at random.
            lots = np.random.default_rng(seed).random(job.size)
            return torch.from_numpy(lots)
        image_3HW = to_tensor([image])[0].to(self.device, non_blocking=True)
        return vote_map(
            self.loaded.model, image_3HW, seed, job.regions.passes, job.regions.vote, job.precision
        )

    def failed(self, image_id: str, reason: str) -> PickedIn:
        """No regions, and why."""
        return PickedIn(image_id, [], reason)

    def write(self, unit: Unit, results: list[PickedIn]) -> None:
        """A region part."""
        write_region_part(self.job.out, unit.name, results)
