"""An example of a network: one convolution on the last stage of the example of a backbone."""

from __future__ import annotations

from torch import Tensor, nn

from raysal.models.backbones import BACKBONES
from raysal.models.config import ModelConfig
from raysal.models.network import Decoded, Network, Stages


class Flat(Network):
    """Logits at 1/16 of the image's size."""

    def __init__(
        self,
        config: ModelConfig,
        classes: int,
        in_channels: int = 3,
        *,
        size: tuple[int, int] | None = None,
        pretrained: bool = True,
    ) -> None:
        super().__init__(config, classes, in_channels)
        self.encoder = BACKBONES["shallow"].make(16)
        self.stage_channels = self.encoder.stage_channels
        self.decoder_stages = ("s16",)
        self.classify = nn.Conv2d(self.stage_channels["s16"], classes, 1)
        self.add_branches()

    def stages(self, image_BDHW: Tensor) -> Stages:
        """All of the backbone's."""
        stages: Stages = self.encoder(image_BDHW)
        return stages

    def decode(self, stages: Stages, size: tuple[int, int]) -> Decoded:
        """The last stage's classes."""
        return Decoded(self.classify(stages["s16"]))

    def load_initial_weights(self) -> None:
        """There are none."""
