"""DeepLabv3+ with an optional difficulty branch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchvision.models.segmentation.deeplabv3 import ASPP

from raysal.models.config import ModelConfig
from raysal.models.difficulty import DifficultyBranch
from raysal.models.layers import conv_bn_relu, init_kaiming, resize
from raysal.models.mobilenet import MobileNetV2Encoder

ASPP_RATES = {16: [6, 12, 18], 8: [12, 24, 36]}
ASPP_CHANNELS = 256
LOW_CHANNELS = 48


@dataclass(frozen=True)
class Output:
    """What one forward pass gives, at input resolution, in float32.

    Attributes:
        logits_BCHW: class logits.
        difficulty_logits_BHW: logits of the difficulty map, or None without that branch.
    """

    logits_BCHW: Tensor
    difficulty_logits_BHW: Tensor | None


class DeepLabV3Plus(nn.Module):
    """Encoder, ASPP, decoder; 5,813,483 parameters for 11 classes on MobileNetV2.

    Every resampling is bilinear with aligned corners. Stochastic layers: dropout 0.5 after the
    ASPP and two in the decoder, active in training only.
    """

    def __init__(self, config: ModelConfig, classes: int) -> None:
        super().__init__()
        self.config = config
        self.classes = classes
        self.encoder = MobileNetV2Encoder(config.output_stride)
        self.aspp = ASPP(
            self.encoder.high_channels, ASPP_RATES[config.output_stride], ASPP_CHANNELS
        )
        self.low = conv_bn_relu(self.encoder.low_channels, LOW_CHANNELS, 1)
        first, second = config.decoder_dropout
        decoder_channels = ASPP_CHANNELS + LOW_CHANNELS
        self.decoder = nn.Sequential(
            conv_bn_relu(decoder_channels, 256, 3),
            nn.Dropout(first),
            conv_bn_relu(256, 256, 3),
            nn.Dropout(second),
        )
        self.classify = nn.Conv2d(256, classes, kernel_size=1)
        for head in (self.aspp, self.low, self.decoder, self.classify):
            init_kaiming(head)
        self.difficulty: DifficultyBranch | None = None
        if config.difficulty.branch in ("late", "early"):
            self.difficulty = DifficultyBranch(config.difficulty, classes, decoder_channels)
            init_kaiming(self.difficulty)

    def forward(self, image_BDHW: Tensor) -> Output:
        """Normalised RGB images of any size, in; logits at that size, out."""
        size = (image_BDHW.shape[-2], image_BDHW.shape[-1])
        stages = self.encoder(image_BDHW)
        low = self.low(stages["c24"])
        high = resize(self.aspp(stages["c320"]), (low.shape[-2], low.shape[-1]))
        decoder_in = torch.cat([high, low], dim=1)
        logits_BCHW = self.classify(self.decoder(decoder_in))
        difficulty = None
        if self.difficulty is not None:
            difficulty = self.difficulty(logits_BCHW, decoder_in, size)
        return Output(resize(logits_BCHW.float(), size), difficulty)

    def parameter_groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """(encoder, heads): the heads may learn faster (`optim.head_lr_mult`)."""
        encoder = list(self.encoder.parameters())
        inside = {id(p) for p in encoder}
        return encoder, [p for p in self.parameters() if id(p) not in inside]
