"""All backbones, chosen by `model.name`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torchvision.models import (
    MobileNet_V2_Weights,
    ResNet18_Weights,
    ResNet50_Weights,
    WeightsEnum,
)

from raysal.models.drn import DRNEncoder
from raysal.models.encoder import Encoder
from raysal.models.mobilenet import MobileNetV2Encoder
from raysal.models.resnet import ResNetEncoder

NetworkName = Literal[
    "deeplabv3plus_mobilenet_v2",
    "deeplabv3plus_drn_d_22",
    "deeplabv3plus_drn_d_38",
    "deeplabv3plus_drn_d_54",
    "deeplabv3plus_resnet18",
    "deeplabv3plus_resnet50",
]


@dataclass(frozen=True)
class Backbone:
    """How a backbone is made.

    Attributes:
        make: the encoder for an output stride.
        strides: output strides it can have, the usual one first.
        layout: whose weight files it reads.
        imagenet: where its ImageNet weights are published; None if only a file will do.
    """

    make: Callable[[int], Encoder]
    strides: tuple[int, ...]
    layout: str
    imagenet: WeightsEnum | None


def _drn(depth: int) -> Backbone:
    return Backbone(lambda stride: DRNEncoder(depth), (8,), f"the authors' drn_d_{depth}", None)


BACKBONES: dict[str, Backbone] = {
    "deeplabv3plus_mobilenet_v2": Backbone(
        MobileNetV2Encoder, (16, 8), "torchvision MobileNetV2", MobileNet_V2_Weights.IMAGENET1K_V1
    ),
    "deeplabv3plus_drn_d_22": _drn(22),
    "deeplabv3plus_drn_d_38": _drn(38),
    "deeplabv3plus_drn_d_54": _drn(54),
    "deeplabv3plus_resnet18": Backbone(
        lambda stride: ResNetEncoder(18, stride), (16, 8), "torchvision ResNet-18",
        ResNet18_Weights.IMAGENET1K_V1,
    ),
    "deeplabv3plus_resnet50": Backbone(
        lambda stride: ResNetEncoder(50, stride), (16, 8), "torchvision ResNet-50",
        ResNet50_Weights.IMAGENET1K_V2,
    ),
}  # fmt: skip
