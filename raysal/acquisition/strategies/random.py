"""Random selection."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from raysal.acquisition.base import Need, PoolBatch, Strategy
from raysal.config.seed import uniform


class Random(Strategy):
    """Uniform lots drawn from (seed, round, image id); no forward pass."""

    reads: ClassVar[frozenset[Need]] = frozenset()
    source: ClassVar[str] = "-"
    name: Literal["random"] = "random"

    @property
    def draws_lots(self) -> bool:
        """It does nothing else."""
        return True

    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) numbers in [0, 1)."""
        lots = [uniform("lot", batch.seed, batch.round_index, i) for i in batch.image_ids]
        return torch.tensor(lots, dtype=torch.float64)
