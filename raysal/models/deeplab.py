"""DeepLabv3+ with an optional difficulty branch and an optional rating head."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from raysal.errors import ConfigError, did_you_mean
from raysal.models.backbones import BACKBONES
from raysal.models.config import ModelConfig
from raysal.models.difficulty import DifficultyBranch
from raysal.models.layers import conv_bn_relu, init_kaiming, resize
from raysal.models.rating import RatingHead
from raysal.models.torchvision_parts import ASPP

ASPP_RATES = {16: [6, 12, 18], 8: [12, 24, 36]}
ASPP_CHANNELS = 256
LOW_CHANNELS = 48


@dataclass(frozen=True)
class Output:
    """Result of one forward pass, in float32; maps are at input resolution.

    Attributes:
        logits_BCHW: class logits.
        difficulty_logits_BHW: logits of the difficulty map, or None without that branch.
        rating_B: predicted loss of each image, or None without a rating head.
    """

    logits_BCHW: Tensor
    difficulty_logits_BHW: Tensor | None
    rating_B: Tensor | None = None


class DeepLabV3Plus(nn.Module):
    """Encoder, ASPP, decoder; 5,813,483 parameters for 11 classes on MobileNetV2.

    Every resampling is bilinear with aligned corners. Dropout layers: 0.5 after the ASPP and two
    in the decoder, active in training only; `channel_dropout` acts on the encoder's two outputs,
    outside the backbone, so that dropout passes work with any backbone.
    """

    def __init__(self, config: ModelConfig, classes: int) -> None:
        super().__init__()
        self.config = config
        self.classes = classes
        self.encoder = BACKBONES[config.name].make(config.stride)
        channels = self.encoder.stage_channels
        self.aspp = ASPP(channels[self.encoder.high], ASPP_RATES[config.stride], ASPP_CHANNELS)
        self.low = conv_bn_relu(channels[self.encoder.low], LOW_CHANNELS, 1)
        first, second = config.decoder_dropout
        decoder_channels = ASPP_CHANNELS + LOW_CHANNELS
        self.decoder = nn.Sequential(
            conv_bn_relu(decoder_channels, 256, 3),
            nn.Dropout(first),
            conv_bn_relu(256, 256, 3),
            nn.Dropout(second),
        )
        self.drop = nn.Dropout2d(config.channel_dropout)
        self.classify = nn.Conv2d(256, classes, kernel_size=1)
        for head in (self.aspp, self.low, self.decoder, self.classify):
            init_kaiming(head)
        self.difficulty: DifficultyBranch | None = None
        if config.difficulty.branch in ("late", "early"):
            self.difficulty = DifficultyBranch(config.difficulty, classes, decoder_channels)
            init_kaiming(self.difficulty)
        self.rating: RatingHead | None = None
        if config.rating_stages not in ("none", "auto"):
            self.rating = RatingHead(self._rating_channels(config))

    def forward(self, image_BDHW: Tensor) -> Output:
        """Logits at input size from normalised RGB images of any size."""
        size = (image_BDHW.shape[-2], image_BDHW.shape[-1])
        stages = self.encoder(image_BDHW)
        high, low = self.drop(stages[self.encoder.high]), self.drop(stages[self.encoder.low])
        decoder_in = self.decoder_input(high, low)
        logits_BCHW = self.classify(self.decoder(decoder_in))
        difficulty = None
        if self.difficulty is not None:
            difficulty = self.difficulty(logits_BCHW, decoder_in, size)
        rating = None if self.rating is None else self.rating(stages)
        return Output(resize(logits_BCHW.float(), size), difficulty, rating)

    def decoder_input(self, high_BDHW: Tensor, low_BDHW: Tensor) -> Tensor:
        """(B, 304, H/4, W/4) input of the decoder, from the encoder's two stages."""
        low = self.low(low_BDHW)
        return torch.cat([resize(self.aspp(high_BDHW), (low.shape[-2], low.shape[-1])), low], dim=1)

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameters of `encoder`, `heads` and `rating`, which have learning rates of their own."""
        groups: dict[str, list[nn.Parameter]] = {"encoder": [], "heads": [], "rating": []}
        for name, parameter in self.named_parameters():
            part = name.split(".", 1)[0]
            groups[part if part in groups else "heads"].append(parameter)
        return groups

    def _rating_channels(self, config: ModelConfig) -> dict[str, int]:
        stages = config.rating_stages
        names = self.encoder.rating_stages[stages] if isinstance(stages, str) else stages
        channels = self.encoder.stage_channels
        for name in names:
            if name not in channels:
                raise ConfigError(
                    f"model.rating_stages: {config.name} has no stage '{name}'"
                    f"{did_you_mean(name, channels)}"
                )
        return {name: channels[name] for name in names}
