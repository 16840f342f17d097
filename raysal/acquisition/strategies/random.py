"""Random selection."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from raysal.acquisition.base import Strategy
from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.needs import Needs
from raysal.config.seed import uniform

if TYPE_CHECKING:
    from torch import Tensor


class Random(Strategy):
    """Uniform random numbers derived from (seed, round, image id); no forward pass."""

    source: ClassVar[str] = "-"
    name: Literal["random"] = "random"

    @property
    def needs(self) -> Needs:
        """Nothing."""
        return Needs()

    @property
    def draws_lots(self) -> bool:
        """Always."""
        return True

    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) numbers in [0, 1)."""
        import torch

        numbers = [uniform("lot", batch.seed, batch.round_index, i) for i in batch.image_ids]
        return torch.tensor(numbers, dtype=torch.float64)
