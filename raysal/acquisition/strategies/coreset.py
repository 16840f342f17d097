"""Core-set: images are chosen together, so that every other image is near a labelled one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from raysal.acquisition.base import Strategy
from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.needs import Features, Metric, Needs

if TYPE_CHECKING:
    from torch import Tensor


class CoreSet(Strategy):
    """The image whose features are farthest from all that are labelled or chosen, again and again:
    k-center greedy."""

    source: ClassVar[str] = "Sener & Savarese 2018"
    name: Literal["coreset"] = "coreset"
    feature: str = "aspp"
    """What is averaged over the image: `aspp`, 256 channels (DEAL's "encoder output"); `decoder`,
    the decoder's 304 input channels (DEAL's released code, with `cosine`); an encoder stage."""
    metric: Metric = "l2"

    @property
    def needs(self) -> Needs:
        """One vector per image."""
        return Needs(features=Features(self.feature, self.metric))

    @property
    def title(self) -> str:
        """With every setting that is not the default."""
        settings = ((self.feature, "aspp"), (self.metric, "l2"))
        changed = [value for value, default in settings if value != default]
        return f"Core-set ({', '.join(changed)})" if changed else "Core-set"

    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) zeros: no image has a score of its own."""
        import torch

        return torch.zeros(len(batch.image_ids))
