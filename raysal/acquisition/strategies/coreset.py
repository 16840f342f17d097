"""Core-set: images are chosen jointly, so that every image is close to a labelled one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from raysal.acquisition.base import Strategy
from raysal.acquisition.batch import PoolBatch
from raysal.acquisition.needs import Features, Metric, Needs

if TYPE_CHECKING:
    from torch import Tensor


class CoreSet(Strategy):
    """K-center greedy: repeatedly the image whose features are farthest from those of all labelled
    and chosen images."""

    source: ClassVar[str] = "Sener & Savarese 2018"
    name: Literal["coreset"] = "coreset"
    feature: str = "aspp"
    """The feature map that is averaged over the image: `aspp`, 256 channels (DEAL's "encoder
    output"); `decoder`, the decoder's 304 input channels (DEAL's released code, with `cosine`);
    or an encoder stage. In networks without an ASPP, `aspp` is the encoder's last stage."""
    metric: Metric = "l2"

    @property
    def needs(self) -> Needs:
        """One vector per image."""
        return Needs(features=Features(self.feature, self.metric))

    @property
    def title(self) -> str:
        """`Core-set`, with the settings that are not the default."""
        settings = ((self.feature, "aspp"), (self.metric, "l2"))
        changed = [value for value, default in settings if value != default]
        return f"Core-set ({', '.join(changed)})" if changed else "Core-set"

    def score(self, batch: PoolBatch) -> Tensor:
        """(B,) zeros: no image has a score of its own."""
        import torch

        return torch.zeros(len(batch.image_ids))
