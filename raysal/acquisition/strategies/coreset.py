"""Core-set: images are chosen together, so that all others are near one that is labelled."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from raysal.acquisition.base import Need, PoolBatch, Strategy
from raysal.acquisition.selection.k_center import Metric


class CoreSet(Strategy):
    """The image whose features are farthest from all that are labelled or chosen, again and again:
    k-center greedy."""

    reads: ClassVar[frozenset[Need]] = frozenset({"features"})
    together: ClassVar[bool] = True
    source: ClassVar[str] = "Sener & Savarese 2018"
    name: Literal["coreset"] = "coreset"
    feature: str = "aspp"
    """What is averaged over the image: `aspp`, 256 channels (DEAL's "encoder output"); `decoder`,
    the decoder's 304 input channels (DEAL's released code, with `cosine`); an encoder stage."""
    metric: Metric = "l2"

    @property
    def title(self) -> str:
        """With what is not the default."""
        changed = [
            value for value, usual in ((self.feature, "aspp"), (self.metric, "l2"))
            if value != usual
        ]  # fmt: skip
        return f"Core-set ({', '.join(changed)})" if changed else "Core-set"

    @property
    def distance(self) -> Metric:
        """How far apart two images are."""
        return self.metric

    @property
    def features(self) -> str:
        """Stage whose average goes with each score."""
        return self.feature

    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) zeros: no image has a score of its own."""
        return torch.zeros(len(batch.image_ids))
