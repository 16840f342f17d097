"""The map from which the regions of an image are picked."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from raysal.engine.jobs import PoolJob
from raysal.engine.workers.model_checks import check_votes
from raysal.inference.predict import to_tensor
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

    def __call__(self, image_id: str, image: np.ndarray) -> Tensor:
        """float (H, W): the map of an image."""
        job, regions = self.job, self.regions
        seed = job.vote_seed(image_id)
        if self.model is None:
            return torch.from_numpy(np.random.default_rng(seed).random(job.size))
        image_DHW = to_tensor([image])[0].to(self.device, non_blocking=True)
        return vote_map(self.model, image_DHW, seed, regions.passes, regions.vote, job.precision)
