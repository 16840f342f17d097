"""Random selection."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from raysal.acquisition.base import Need, Scene, Strategy
from raysal.config.seed import uniform


class Random(Strategy):
    """Uniform lots drawn from (seed, round, image id); no forward pass."""

    needs: ClassVar[frozenset[Need]] = frozenset()
    name: Literal["random"] = "random"

    def score(self, scene: Scene) -> Tensor:
        """(B,) numbers in [0, 1)."""
        lots = [uniform("lot", scene.seed, scene.round_index, i) for i in scene.image_ids]
        return torch.tensor(lots, dtype=torch.float64)
