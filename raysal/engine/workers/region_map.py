"""The map from which the regions of an image are picked."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from raysal.data.scene import Scene
from raysal.engine.jobs import PoolJob
from raysal.engine.workers.model_checks import check_votes
from raysal.inference.predict import to_tensor
from raysal.inference.scenes import scene_map
from raysal.inference.votes import vote_map
from raysal.models.checkpoint import LoadedModel
from raysal.regions.config import RegionConfig


class RegionMap:
    """Disagreement of stochastic passes, or random numbers (`rga.map`); the same on every worker.

    Raises:
        CheckpointError: the model has no dropout, which votes need.
    """

    def __init__(
        self, regions: RegionConfig, job: PoolJob, loaded: LoadedModel | None, device: torch.device
    ) -> None:
        self.regions, self.job, self.device = regions, job, device
        self.model = None
        if regions.map == "votes":
            assert loaded is not None, "votes need a model"
            check_votes(loaded)
            self.model = loaded.model

    def __call__(self, image_id: str, image: np.ndarray | Scene) -> Tensor:
        """float (H, W): the map of an image; that of a scene is put together from the cores of its
        tiles, in each of which a pass has the same dropout masks."""
        job = self.job
        if self.model is None:
            lots = np.random.default_rng(job.vote_seed(image_id))
            if job.tile is None:
                return torch.from_numpy(lots.random(job.size))
            return torch.from_numpy(lots.random(job.size, np.float32))
        if isinstance(image, Scene):
            assert job.tile is not None
            return scene_map(image, job.tile.of(job.size), lambda part: self._votes(image_id, part))
        return self._votes(image_id, image)

    def _votes(self, image_id: str, image: np.ndarray) -> Tensor:
        assert self.model is not None
        job, regions = self.job, self.regions
        seed = job.vote_seed(image_id)
        image_DHW = to_tensor([image])[0].to(self.device, non_blocking=True)
        return vote_map(self.model, image_DHW, seed, regions.passes, regions.vote, job.precision)
